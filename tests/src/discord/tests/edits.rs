//! Messages that are changed and removed.

use serde_json::json;

use super::*;

#[test]
fn an_edit_changes_what_it_names_and_leaves_the_rest() {
    let discord = unlimited();
    let mut body = good("Internet Down");
    body["content"] = json!("stays");
    let id = id(&post(&discord, "alerts", &body));
    let edit = json!({
        "embeds": [{ "title": "Internet Restored" }], "allowed_mentions": { "parse": [] },
    });
    let answer = patch(&discord, "alerts", &id, &edit);
    assert_eq!(answer.status, 200);
    assert_eq!(json_of(&answer)["content"], "stays");
    assert!(json_of(&answer)["edited_timestamp"].is_string());
    let message = &discord.messages("alerts")[0];
    assert_eq!(message.titles(), ["Internet Restored"]);
    assert_eq!(message.original["embeds"][0]["title"], "Internet Down");
    assert_eq!(message.edits[0].body, edit);
    assert_eq!(message.text(), "Café Central\nstays\nInternet Restored");
    assert_eq!(discord.summary().edits, 1);
    assert_eq!(discord.problems(), [""; 0]);
}

#[test]
fn an_edit_is_judged_like_a_message() {
    let discord = unlimited();
    let id = id(&post(&discord, "alerts", &good("x")));
    let faulty = json!({ "embeds": [{ "title": "t".repeat(257) }] });
    assert_eq!(refusal(&patch(&discord, "alerts", &id, &faulty)), (400, 50035));
    let empty = json!({ "embeds": [], "allowed_mentions": { "parse": [] } });
    assert_eq!(refusal(&patch(&discord, "alerts", &id, &empty)), (400, 50006));
    assert_eq!(discord.titles("alerts"), ["x"]);
    assert_eq!(discord.summary().edits, 0);
    assert_eq!(discord.summary().breaching, 1, "{:?}", discord.problems());
}

#[test]
fn a_message_is_found_only_by_its_own_webhook() {
    let discord = unlimited();
    let id = id(&post(&discord, "alerts", &good("x")));
    assert_eq!(refusal(&patch(&discord, "occupancy", &id, &good("y"))), (404, 10008));
    assert_eq!(refusal(&patch(&discord, "alerts", "123", &good("y"))), (404, 10008));
    let path = format!("{}/messages/{id}", path(&discord, "alerts"));
    assert_eq!(try_ask(&discord, "GET", &path, &[], b"").unwrap().status, 200);
    assert_eq!(try_ask(&discord, "DELETE", &path, &[], b"").unwrap().status, 204);
    assert_eq!(refusal(&try_ask(&discord, "GET", &path, &[], b"").unwrap()), (404, 10008));
    assert_eq!(refusal(&patch(&discord, "alerts", &id, &good("y"))), (404, 10008));
    assert!(discord.messages("alerts").is_empty());
    assert_eq!(discord.summary().messages, 1);
}
