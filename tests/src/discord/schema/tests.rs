use serde_json::json;

use super::*;

fn schema() -> Schema {
    Schema::read().unwrap()
}

fn codes(value: &Value) -> Vec<String> {
    schema()
        .check(CREATE, value)
        .iter()
        .map(|f| format!("{} {}", f.path.join("."), f.code))
        .collect()
}

/// Every limit of the copy, at its bound and one beyond.
#[test]
fn every_length_and_number_is_kept_to_the_unit() {
    let embed = |value: Value| json!({ "embeds": [value] });
    let text = |length: usize| Value::from("ü".repeat(length));
    type Make = Box<dyn Fn(usize) -> Value>;
    let of = |key: &'static str| -> Make { Box::new(move |n| json!({ key: text(n) })) };
    let in_embed =
        |key: &'static str| -> Make { Box::new(move |n| embed(json!({ key: text(n) }))) };
    let part = |part: &'static str, key: &'static str| -> Make {
        Box::new(move |n| embed(json!({ part: { key: text(n) } })))
    };
    let url = |part: &'static str, key: &'static str| -> Make {
        Box::new(move |n| {
            let url = format!("https://{}", "a".repeat(n - 8));
            embed(if part.is_empty() { json!({ key: url }) } else { json!({ part: { key: url } }) })
        })
    };
    let cases: Vec<(usize, Make)> = vec![
        (2000, of("content")),
        (80, of("username")),
        (100, of("thread_name")),
        (256, in_embed("title")),
        (4096, in_embed("description")),
        (152_133, in_embed("type")),
        (256, part("author", "name")),
        (2048, part("footer", "text")),
        (256, part("provider", "name")),
        (4096, part("image", "description")),
        (64, part("thumbnail", "placeholder")),
        (64, part("video", "placeholder")),
        (2048, url("", "url")),
        (2048, url("image", "url")),
        (2048, url("thumbnail", "url")),
        (2048, url("author", "icon_url")),
        (2048, url("footer", "icon_url")),
        (2048, Box::new(|n| json!({ "avatar_url": format!("https://{}", "a".repeat(n - 8)) }))),
        (256, Box::new(move |n| embed(json!({ "fields": [{ "name": text(n), "value": "v" }] })))),
        (1024, Box::new(move |n| embed(json!({ "fields": [{ "name": "n", "value": text(n) }] })))),
        (1024, Box::new(move |n| json!({ "attachments": [{ "id": "0", "filename": text(n) }] }))),
        (
            1024,
            Box::new(move |n| json!({ "attachments": [{ "id": "0", "description": text(n) }] })),
        ),
        (400, Box::new(move |n| json!({ "attachments": [{ "id": "0", "waveform": text(n) }] }))),
        (10, Box::new(|n| json!({ "embeds": vec![json!({}); n] }))),
        (
            25,
            Box::new(move |n| {
                embed(json!({ "fields": vec![json!({ "name": "n", "value": "v" }); n] }))
            }),
        ),
        (10, Box::new(|n| json!({ "attachments": vec![json!({ "id": "0" }); n] }))),
        (5, Box::new(|n| json!({ "applied_tags": vec!["1"; n] }))),
        (16_777_215, Box::new(move |n| embed(json!({ "color": n })))),
        (2_147_483_647, Box::new(move |n| embed(json!({ "image": { "placeholder_version": n } })))),
        (
            2_147_483_647,
            Box::new(|n| json!({ "attachments": [{ "id": "0", "duration_secs": n }] })),
        ),
        (
            100,
            Box::new(|n| {
                let users: Vec<String> = (0..n).map(|n| n.to_string()).collect();
                json!({ "allowed_mentions": { "users": users } })
            }),
        ),
    ];
    for (most, make) in cases {
        assert_eq!(codes(&make(most)), [""; 0], "{most} passes");
        let beyond = make(most + 1);
        let found = codes(&beyond);
        assert_eq!(
            found.len(),
            1,
            "{most} + 1 does not: {}",
            &beyond.to_string()[..60.min(beyond.to_string().len())]
        );
    }
}

#[test]
fn types_are_kept() {
    for (value, expected) in [
        (json!("text"), " BASE_TYPE_BAD_TYPE"),
        (json!({ "content": 5 }), "content BASE_TYPE_BAD_TYPE"),
        (json!({ "embeds": {} }), "embeds BASE_TYPE_BAD_TYPE"),
        (json!({ "embeds": [null] }), "embeds.0 BASE_TYPE_BAD_TYPE"),
        (json!({ "embeds": [{ "color": "red" }] }), "embeds.0.color BASE_TYPE_BAD_TYPE"),
        (json!({ "embeds": [{ "color": 1.5 }] }), "embeds.0.color BASE_TYPE_BAD_TYPE"),
        (json!({ "embeds": [{ "color": -1 }] }), "embeds.0.color NUMBER_TYPE_MIN"),
        (
            json!({ "embeds": [{ "footer": { "text": 1 } }] }),
            "embeds.0.footer.text BASE_TYPE_BAD_TYPE",
        ),
        (json!({ "tts": "yes" }), "tts BASE_TYPE_BAD_TYPE"),
        (json!({ "username": "" }), "username BASE_TYPE_MIN_LENGTH"),
        (json!({ "attachments": [{ "filename": "a" }] }), "attachments.0.id BASE_TYPE_REQUIRED"),
        (json!({ "attachments": [{ "id": "01" }] }), "attachments.0.id NUMBER_TYPE_COERCE"),
        (
            json!({ "attachments": [{ "id": "0", "filename": "" }] }),
            "attachments.0.filename BASE_TYPE_MIN_LENGTH",
        ),
        (
            json!({ "embeds": [{ "fields": [{ "name": "n" }] }] }),
            "embeds.0.fields.0.value BASE_TYPE_REQUIRED",
        ),
        (
            json!({ "allowed_mentions": { "parse": ["all"] } }),
            "allowed_mentions.parse.0 BASE_TYPE_CHOICES",
        ),
        (
            json!({ "allowed_mentions": { "parse": ["users", "users"] } }),
            "allowed_mentions.parse SET_TYPE_ALREADY_CONTAINS_VALUE",
        ),
        (json!({ "avatar_url": "no address" }), "avatar_url URL_TYPE_INVALID_URL"),
    ] {
        assert!(codes(&value).contains(&expected.to_owned()), "{value}: {:?}", codes(&value));
    }
}

#[test]
fn null_stands_for_absent_where_discord_says_so() {
    let nothing = json!({
        "content": null, "embeds": null, "allowed_mentions": null, "username": null,
        "attachments": null, "avatar_url": null,
    });
    assert_eq!(codes(&nothing), [""; 0]);
    let embed = json!({ "embeds": [{
        "title": null, "fields": null, "footer": null, "image": null, "timestamp": null,
        "color": 0,
    }] });
    assert_eq!(codes(&embed), [""; 0]);
    assert_eq!(
        codes(&json!({ "embeds": [{ "fields": [{ "name": null, "value": "v" }] }] })).len(),
        1
    );
}

#[test]
fn a_timestamp_is_that_of_rfc_3339() {
    for good in [
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00.123Z",
        "2026-03-01T10:00:00+01:00",
        "2026-03-01T10:00:00.5-03:30",
        "2024-02-29T23:59:59Z",
    ] {
        assert!(is_date_time(good), "{good}");
    }
    for bad in [
        "",
        "now",
        "2026-03-01",
        "2026-03-01 10:00:00Z",
        "2026-03-01T10:00:00",
        "2026-03-01T10:00Z",
        "2026-02-29T10:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T10:00:00.Z",
        "2026-03-01T10:00:00+0100",
        "2026-03-01T10:00:00Z[UTC]",
        "1767261600",
    ] {
        assert!(!is_date_time(bad), "{bad}");
    }
}

#[test]
fn errors_of_discord_have_the_shape_it_publishes() {
    let error = json!({ "message": "Invalid Form Body", "code": 50035, "errors": {
        "embeds": { "0": { "title": { "_errors": [{ "code": 1, "message": "m" }] } } },
    } });
    assert_eq!(schema().check("Error", &error), []);
    assert_eq!(schema().check("ErrorResponse", &error), []);
    assert_eq!(schema().check("Error", &json!({ "message": "m" })).len(), 1);
}

#[test]
fn a_description_with_a_word_unknown_is_not_read() {
    let with = |schema: Value| Schema::parse(&json!({ "$defs": { "A": schema } }).to_string());
    for bad in [
        json!({ "exclusiveMaximum": 5 }),
        json!({ "pattern": "^a$" }),
        json!({ "format": "ipv4" }),
        json!({ "type": "text" }),
        json!({ "type": [] }),
        json!({ "$ref": "#/$defs/B" }),
        json!({ "maxLength": "many" }),
        json!({ "properties": { "a": { "items": { "minItems": 1 } } } }),
        json!({ "oneOf": [{ "not": {} }] }),
        json!(true),
    ] {
        assert!(with(bad.clone()).is_err(), "{bad}");
    }
    assert!(with(json!({ "type": "string", "maxLength": 5, "description": "d" })).is_ok());
    assert!(Schema::parse("{}").is_err());
}
