//! New messages: who may write, what, and what comes back.

use serde_json::json;

use super::*;

#[test]
fn a_message_comes_back_only_to_those_who_wait_for_it() {
    let discord = unlimited();
    let quiet = send(&discord, "POST", &path(&discord, "alerts"), &good("one")).unwrap();
    assert_eq!((quiet.status, quiet.body.as_str()), (204, ""));
    let answer = post(&discord, "alerts", &good("two"));
    assert_eq!(answer.status, 200);
    let message = json_of(&answer);
    assert_eq!(message["embeds"][0]["title"], "two");
    assert_eq!(message["author"]["username"], "Café Central");
    assert_eq!(message["webhook_id"], discord.webhook("alerts").id);
    assert!(message["id"].as_str().unwrap().parse::<u64>().unwrap() > 1 << 60);
    let messages = discord.messages("alerts");
    assert_eq!(discord.titles("alerts"), ["one", "two"]);
    assert!(messages[0].id.parse::<u64>().unwrap() < messages[1].id.parse::<u64>().unwrap());
    assert!(discord.messages("occupancy").is_empty());
    assert_eq!(discord.problems(), [""; 0]);
    let requests = discord.requests_to("alerts");
    assert!(requests.iter().all(|r| r.taken && r.method == "POST" && !r.early));
    assert_eq!(requests[0].header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(requests[1].body.as_ref(), Some(&good("two")));
}

#[test]
fn every_version_that_lives_is_served() {
    let discord = unlimited();
    let plain = path(&discord, "alerts");
    for (version, status) in [("/api/v10", 204), ("/api/v9", 204), ("/api/v11", 400)] {
        let path = plain.replacen("/api", version, 1);
        let answer = send(&discord, "POST", &path, &good("x")).unwrap();
        assert_eq!(answer.status, status, "{version}");
    }
    assert_eq!(send(&discord, "POST", "/api/users/@me", &good("x")).unwrap().status, 404);
    assert_eq!(send(&discord, "PUT", &plain, &good("x")).unwrap().status, 405);
}

#[test]
fn a_wrong_token_is_401_and_no_webhook_404() {
    let discord = unlimited();
    let path = path(&discord, "alerts");
    let wrong = send(&discord, "POST", &format!("{path}x"), &good("x")).unwrap();
    assert_eq!(refusal(&wrong), (401, 50027));
    let nobody = path.replacen("webhooks/1", "webhooks/2", 1);
    assert_eq!(refusal(&send(&discord, "POST", &nobody, &good("x")).unwrap()), (404, 10015));
    assert!(discord.requests().iter().all(|request| request.webhook.is_none()));
    discord.delete_webhook("alerts");
    assert_eq!(refusal(&post(&discord, "alerts", &good("x"))), (404, 10015));
    assert_eq!(post(&discord, "occupancy", &good("x")).status, 200);
    let url = discord.add_webhook("alerts", "alerts");
    assert!(url.ends_with(&path));
    assert_eq!(post(&discord, "alerts", &good("x")).status, 200);
    assert_eq!(discord.summary().invalid, 1);
}

#[test]
fn the_webhook_tells_about_itself() {
    let discord = unlimited();
    let path = path(&discord, "alerts");
    let answer = try_ask(&discord, "GET", &path, &[], b"").unwrap();
    assert_eq!(json_of(&answer)["token"], discord.token("alerts"));
    let gone = try_ask(&discord, "DELETE", &path, &[], b"").unwrap();
    assert_eq!(gone.status, 204);
    assert_eq!(refusal(&try_ask(&discord, "GET", &path, &[], b"").unwrap()), (404, 10015));
}

#[test]
fn a_fault_is_told_at_its_place() {
    let discord = unlimited();
    let mut body = good(&"t".repeat(257));
    body["embeds"][0]["fields"] = json!([{ "name": "n", "value": "" }, { "name": "n" }]);
    let answer = post(&discord, "alerts", &body);
    assert_eq!(refusal(&answer), (400, 50035));
    let errors = &json_of(&answer)["errors"]["embeds"]["0"];
    assert_eq!(errors["title"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
    assert_eq!(errors["title"]["_errors"][0]["message"], "Must be 256 or fewer in length.");
    assert_eq!(errors["fields"]["0"]["value"]["_errors"][0]["code"], "BASE_TYPE_REQUIRED");
    assert_eq!(errors["fields"]["1"]["value"]["_errors"][0]["code"], "BASE_TYPE_REQUIRED");
    assert!(discord.messages("alerts").is_empty());
    let request = &discord.requests()[0];
    assert_eq!((request.status, request.taken, request.faults.len()), (Some(400), false, 3));
    assert_eq!(discord.problems().len(), 3);
}

#[test]
fn an_empty_message_is_none() {
    let discord = unlimited();
    let quiet = json!({ "parse": [] });
    for body in [
        json!({ "allowed_mentions": quiet }),
        json!({ "allowed_mentions": quiet, "content": " \n", "embeds": [] }),
    ] {
        assert_eq!(refusal(&post(&discord, "alerts", &body)), (400, 50006), "{body}");
    }
    let body = json!({ "allowed_mentions": quiet, "content": "." });
    assert_eq!(post(&discord, "alerts", &body).status, 200);
    assert_eq!(discord.summary().faulty, 2);
}

#[test]
fn what_is_no_json_is_refused_as_such() {
    let discord = unlimited();
    let path = path(&discord, "alerts");
    let json = [("Content-Type", "application/json")];
    let answer = try_ask(&discord, "POST", &path, &json, b"{\"content\": ").unwrap();
    assert_eq!(refusal(&answer), (400, 50109));
    let answer = try_ask(&discord, "POST", &path, &[], b"{\"content\": \"x\"}").unwrap();
    assert_eq!(refusal(&answer), (400, 50035));
    let answer = try_ask(&discord, "POST", &path, &json, b"[]").unwrap();
    assert_eq!(refusal(&answer), (400, 50035));
}

#[test]
fn a_breach_of_our_own_contract_passes_discord_and_is_noted() {
    let discord = unlimited();
    let mut body = good("x");
    body["embeds"][0]["footer_text"] = json!("dropped without a word");
    body["allowed_mentions"] = json!({ "parse": ["everyone"] });
    assert_eq!(post(&discord, "alerts", &body).status, 200);
    let problems = discord.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("allowed_mentions"), "{problems:?}");
    assert!(problems[1].contains("embeds.0.footer_text"), "{problems:?}");
    assert_eq!(discord.summary().breaching, 1);
    assert_eq!(discord.summary().faulty, 0);
}

#[test]
fn many_requests_share_a_connection() {
    use std::io::{Read, Write};
    let discord = unlimited();
    let mut stream = TcpStream::connect(discord.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let body = good("x").to_string();
    for n in 1..=3 {
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            path(&discord, "alerts"),
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        while !text.contains("204 No Content") || !text.ends_with("\r\n\r\n") {
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).unwrap();
            assert_ne!(read, 0, "{text}");
            text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        assert!(text.starts_with("HTTP/1.1 100 Continue\r\n"), "{text}");
        assert_eq!(discord.messages("alerts").len(), n);
    }
}
