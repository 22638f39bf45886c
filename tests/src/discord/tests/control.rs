//! The second port: everything a test can do in the process, by HTTP.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde_json::json;

use super::*;

fn with_control() -> (Discord, SocketAddr) {
    let mut discord = unlimited();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let control = discord.serve_control(listener).unwrap();
    (discord, control)
}

fn ask(control: SocketAddr, method: &str, path: &str, body: &str) -> Answer {
    let stream = TcpStream::connect(control).unwrap();
    exchange(stream, "control", method, path, &[], body.as_bytes()).unwrap()
}

fn get(control: SocketAddr, path: &str) -> Value {
    let answer = ask(control, "GET", path, "");
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    json_of(&answer)
}

#[test]
fn what_came_can_be_read() {
    let (discord, control) = with_control();
    post(&discord, "alerts", &good("one"));
    post(&discord, "occupancy", &json!({ "content": "two" }));
    let webhooks = get(control, "/control/webhooks");
    assert_eq!(webhooks[0]["url"], discord.url("alerts"));
    let messages = get(control, "/control/messages");
    assert_eq!(messages.as_array().unwrap().len(), 2);
    let messages = get(control, "/control/messages?webhook=occupancy");
    assert_eq!(messages[0]["body"]["content"], "two");
    assert_eq!(messages.as_array().unwrap().len(), 1);
    let requests = get(control, "/control/requests?webhook=alerts");
    assert_eq!((&requests[0]["status"], &requests[0]["method"]), (&json!(200), &json!("POST")));
    assert_eq!(get(control, "/control/summary")["messages"], 2);
    assert_eq!(get(control, "/control/problems").as_array().unwrap().len(), 1);
    assert_eq!(ask(control, "POST", "/control/forget", "").status, 204);
    assert_eq!(get(control, "/control/messages"), json!([]));
}

#[test]
fn files_can_be_fetched() {
    let (discord, control) = with_control();
    let form = "--cut\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.png\"\r\n\
                Content-Type: image/png\r\n\r\nbytes\r\n--cut--\r\n";
    let kind = [("Content-Type", "multipart/form-data; boundary=cut")];
    let path = path(&discord, "alerts");
    assert_eq!(try_ask(&discord, "POST", &path, &kind, form.as_bytes()).unwrap().status, 204);
    let message = get(control, "/control/messages")[0].clone();
    assert_eq!(message["files"][0]["size"], 5);
    let id = message["id"].as_str().unwrap();
    let answer = ask(control, "GET", &format!("/control/files/{id}/0"), "");
    assert_eq!((answer.body.as_str(), answer.header("content-type")), ("bytes", Some("image/png")));
    assert_eq!(ask(control, "GET", &format!("/control/files/{id}/1"), "").status, 404);
}

#[test]
fn orders_are_given_shown_and_ended() {
    let (discord, control) = with_control();
    let script = json!({ "webhook": "alerts", "do": "status", "code": 503 });
    assert_eq!(ask(control, "POST", "/control/script", &script.to_string()).status, 204);
    assert_eq!(get(control, "/control/script")[0]["code"], 503);
    assert_eq!(post(&discord, "alerts", &good("x")).status, 503);
    assert_eq!(ask(control, "DELETE", "/control/script", "").status, 204);
    assert_eq!(post(&discord, "alerts", &good("x")).status, 200);
    for nonsense in ["", "{}", r#"{"do":"dance"}"#, r#"{"do":"hang","seconds":1,"second":2}"#] {
        let answer = ask(control, "POST", "/control/script", nonsense);
        assert_eq!(answer.status, 400, "{nonsense}");
    }
    assert_eq!(get(control, "/control/script"), json!([]));
}

#[test]
fn limits_webhooks_and_the_cable_can_be_changed() {
    let (discord, control) = with_control();
    let limits = json!({ "bucket": { "requests": 1, "seconds": 60.0 } });
    assert_eq!(ask(control, "PUT", "/control/limits", &limits.to_string()).status, 204);
    assert_eq!(post(&discord, "alerts", &good("x")).status, 200);
    assert_eq!(post(&discord, "alerts", &good("x")).status, 429);
    assert_eq!(ask(control, "PUT", "/control/webhooks/new", "\"alerts\"").status, 204);
    assert_eq!(discord.webhook("new").channel, "alerts");
    assert_eq!(ask(control, "DELETE", "/control/webhooks/new", "").status, 204);
    assert_eq!(refusal(&post(&discord, "new", &good("x"))), (404, 10015));
    assert_eq!(ask(control, "PUT", "/control/offline", "true").status, 204);
    assert!(try_ask(&discord, "GET", &path(&discord, "alerts"), &[], b"").is_err());
    assert_eq!(ask(control, "PUT", "/control/offline", "false").status, 204);
    assert!(try_ask(&discord, "GET", &path(&discord, "alerts"), &[], b"").is_ok());
    assert_eq!(ask(control, "GET", "/control/nothing", "").status, 404);
}
