use serde_json::json;

use super::*;

fn body(embeds: &Value) -> Value {
    json!({ "username": "Café", "embeds": embeds, "allowed_mentions": { "parse": [] } })
}

#[track_caller]
fn passes(body: &Value) {
    assert_eq!(validate(body), [""; 0], "{body}");
}

#[track_caller]
fn fails(body: &Value, with: &str) {
    let found = validate(body);
    assert!(found.len() == 1 && found[0].contains(with), "{found:?} instead of {with}");
}

#[test]
fn six_thousand_characters_over_all_embeds_and_no_more() {
    // Beyond the basic plane, so that bytes and UTF-16 units would give other sums.
    let text = |length: usize| "\u{1f4f7}".repeat(length);
    let of = |last: usize| {
        body(&json!([
            { "title": text(256), "description": text(3744), "author": { "name": text(100) } },
            {
                "description": text(1000), "footer": { "text": text(500), "icon_url": "https://a/b" },
                "fields": [{ "name": text(100), "value": text(200) }, { "name": "n", "value": text(last) }],
                "url": "https://does.not/count",
            },
        ]))
    };
    assert_eq!(embed_characters(&of(99)), 6000);
    passes(&of(99));
    fails(&of(100), "MAX_EMBED_SIZE_EXCEEDED");
    assert_eq!(embed_characters(&json!({ "content": "does not count" })), 0);
}

#[test]
fn names_that_discord_keeps_for_itself_are_refused() {
    for name in ["Discord", "my dISCORd café", "Clyde", "Bonnie & CLYDE"] {
        let mut body = body(&json!([{ "title": "t" }]));
        body["username"] = json!(name);
        fails(&body, "USERNAME_INVALID_CONTAINS");
    }
    let mut body = body(&json!([{ "title": "t" }]));
    body["username"] = json!("Disco Lounge");
    passes(&body);
    body["username"] = json!("  ");
    fails(&body, "BASE_TYPE_REQUIRED");
    body["username"] = json!("n".repeat(81));
    fails(&body, "BASE_TYPE_MAX_LENGTH");
}

#[test]
fn an_embed_shows_something_and_so_do_its_fields() {
    fails(&body(&json!([{ "color": 5 }])), "embeds.0.description");
    fails(&body(&json!([{ "title": "t" }, { "title": " " }])), "embeds.1.description");
    for part in [
        json!({ "description": "d" }),
        json!({ "footer": { "text": "f" } }),
        json!({ "author": { "name": "a" } }),
        json!({ "image": { "url": "https://a/b.png" } }),
        json!({ "fields": [{ "name": "n", "value": "v" }] }),
    ] {
        passes(&body(&json!([part])));
    }
    fails(
        &body(&json!([{ "fields": [{ "name": "n", "value": "\n" }] }])),
        "embeds.0.fields.0.value",
    );
    fails(&body(&json!([{ "fields": [{ "name": "", "value": "v" }] }])), "embeds.0.fields.0.name");
}

#[test]
fn a_message_shows_something() {
    fails(&body(&json!([])), "50006");
    let mut with_file = body(&json!([]));
    with_file["attachments"] = json!([{ "id": "0", "filename": "a.txt" }]);
    passes(&with_file);
    let edit = json!({ "allowed_mentions": { "parse": [] }, "embeds": [] });
    assert_eq!(validate_edit(&edit), [""; 0], "what an edit leaves is seen only with its message");
}

#[test]
fn links_lead_to_the_web_or_to_a_picture_of_the_message() {
    let with = |url: &str, files: Value| {
        let mut body = body(&json!([{ "title": "t", "image": { "url": url } }]));
        body["attachments"] = files;
        body
    };
    let evidence = json!([{ "id": "0", "filename": "evidence.webp" }]);
    passes(&with("attachment://evidence.webp", evidence.clone()));
    passes(&with("https://example.org/a", json!([])));
    fails(&with("attachment://routine.webp", evidence), "ATTACHMENT_NOT_FOUND");
    let text = json!([{ "id": "0", "filename": "a.bmp" }]);
    fails(&with("attachment://a.bmp", text), "ATTACHMENT_BAD_TYPE");
    fails(&with("ftp://a/b.png", json!([])), "URL_TYPE_INVALID_SCHEME");
    fails(&with("evidence.webp", json!([])), "URL_TYPE_INVALID_URL");
    let page = json!([{ "title": "t", "url": "attachment://a.png" }]);
    fails(&body(&page), "URL_TYPE_INVALID_SCHEME");
}

#[test]
fn mentions_are_switched_off_in_so_many_words() {
    let with = |mentions: Value| {
        let mut body = body(&json!([{ "title": "@everyone" }]));
        body["allowed_mentions"] = mentions;
        body
    };
    passes(&with(json!({ "parse": [] })));
    for loose in [json!(null), json!({}), json!({ "parse": null }), json!({ "parse": ["users"] })] {
        fails(&with(loose), "allowed_mentions");
    }
    fails(&with(json!({ "parse": [], "users": ["1"] })), "allowed_mentions.users");
    let mut without = with(json!(null));
    without.as_object_mut().unwrap().remove("allowed_mentions");
    fails(&without, "allowed_mentions");
    assert!(
        validate_edit(&json!({ "embeds": [{ "title": "t" }] }))[0].contains("allowed_mentions")
    );
}

#[test]
fn keys_that_discord_would_drop_are_found() {
    fails(&body(&json!([{ "title": "t", "colour": 5 }])), "embeds.0.colour");
    fails(&body(&json!([{ "title": "t", "footer": { "text": "f", "icon": "x" } }])), "footer.icon");
    fails(
        &body(&json!([{ "fields": [{ "name": "n", "value": "v", "in_line": true }] }])),
        "in_line",
    );
    let mut extra = body(&json!([{ "title": "t" }]));
    extra["embed"] = json!({});
    fails(&extra, "embed: Discord does not know");
}

#[test]
fn a_message_like_those_of_the_program_passes() {
    let restored = json!({
        "username": "Café Central",
        "embeds": [{
            "title": "Internet Restored",
            "description": "**Duration:** 0:04:12\n**Active:** 7",
            "color": 15_158_332,
            "timestamp": "2026-03-01T10:04:12.345Z",
            "fields": [
                { "name": "Start Time", "value": "10:00 AM", "inline": true },
                { "name": "End Time", "value": "10:04 AM", "inline": true },
            ],
            "image": { "url": "attachment://evidence.webp" },
            "footer": { "text": "Café Central Monitor • 2026-03-01" },
        }],
        "attachments": [{ "id": "0", "filename": "evidence.webp" }],
        "allowed_mentions": { "parse": [] },
    });
    passes(&restored);
    let mut edit = restored.clone();
    edit.as_object_mut().unwrap().remove("username");
    assert_eq!(validate_edit(&edit), [""; 0]);
    assert_eq!(validate_edit(&restored).len(), 1, "the name of a message cannot be edited");
}
