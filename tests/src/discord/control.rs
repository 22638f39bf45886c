//! The keyboard and the screen of a fake Discord that runs by itself: a small HTTP API on a
//! port of its own.
//!
//! | request                               | what it does                                      |
//! | ------------------------------------- | ------------------------------------------------- |
//! | `GET /control/webhooks`               | names, channels and URLs                          |
//! | `GET /control/messages[?webhook=…]`   | messages as a person would see them now           |
//! | `GET /control/requests[?webhook=…]`   | everything that came                              |
//! | `GET /control/summary`                | counts                                            |
//! | `GET /control/problems`               | everything said against what came                 |
//! | `GET /control/files/{message}/{n}`    | the bytes of the n-th file of a message, from 0   |
//! | `GET /control/script`                 | the orders in force                               |
//! | `POST /control/script`                | one more: `{"do": "hang", "seconds": 9}`          |
//! | `DELETE /control/script`              | ends all of them                                  |
//! | `PUT /control/limits`                 | other limits, those not named as Discord's        |
//! | `PUT /control/offline`                | `true` or `false`                                 |
//! | `PUT /control/webhooks/{name}`        | a webhook more; the body is its channel, a string |
//! | `DELETE /control/webhooks/{name}`     | deletes a webhook                                 |
//! | `POST /control/forget`                | forgets what came, and every script               |
//!
//! A body that cannot be read is 400 with the reason, an unknown path 404.

use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::http::{Head, Reply, read_body, read_head};
use super::record::{Message, Request};
use super::serve::{IDLE, Shared};

/// One client, from its first request to its last.
pub(crate) fn client(shared: &Arc<Shared>, base: &str, stream: TcpStream) {
    // Errors here are the client's: it went away, or does not speak our language.
    let _ = stream.set_read_timeout(Some(IDLE));
    let _ = talk(shared, base, stream);
}

fn talk(shared: &Shared, base: &str, stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(head) = read_head(&mut stream)? {
        if head.expects_word() {
            stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = read_body(&head, &mut stream)?;
        act(shared, base, &head, &body).write(stream.get_mut())?;
        if head.closes() {
            break;
        }
    }
    Ok(())
}

fn act(shared: &Shared, base: &str, head: &Head, body: &[u8]) -> Reply {
    let words: Vec<&str> = head.path().split('/').skip(1).collect();
    let wanted = head.query("webhook");
    let done = || Reply::empty(204);
    match (head.method.as_str(), words.as_slice()) {
        ("GET", ["control", "webhooks"]) => Reply::json(200, &shared.lock().webhooks_at(base)),
        ("GET", ["control", "messages"]) => {
            let state = shared.lock();
            let fits = |m: &&Message| !m.deleted && wanted.is_none_or(|name| name == m.webhook);
            show(&state.record.messages.iter().filter(fits).collect::<Vec<_>>())
        }
        ("GET", ["control", "requests"]) => {
            let state = shared.lock();
            let fits = |r: &&Request| wanted.is_none() || wanted == r.webhook.as_deref();
            show(&state.record.requests.iter().filter(fits).collect::<Vec<_>>())
        }
        ("GET", ["control", "summary"]) => show(&shared.lock().record.summary()),
        ("GET", ["control", "problems"]) => show(&shared.lock().problems()),
        ("GET", ["control", "files", message, n]) => file(shared, message, n),
        ("GET", ["control", "script"]) => show(&shared.lock().scripts.list()),
        ("POST", ["control", "script"]) => read(body, |script| {
            shared.change(|state| state.scripts.add(script));
        }),
        ("DELETE", ["control", "script"]) => {
            shared.change(|state| state.scripts.clear());
            done()
        }
        ("PUT", ["control", "limits"]) => read(body, |limits| {
            shared.change(|state| state.options.limits = limits);
        }),
        ("PUT", ["control", "offline"]) => read(body, |offline| shared.offline(offline)),
        ("PUT", ["control", "webhooks", name]) => read(body, |channel: String| {
            shared.change(|state| state.add_webhook(name, &channel));
        }),
        ("DELETE", ["control", "webhooks", name]) => {
            shared.change(|state| state.delete_webhook(name));
            done()
        }
        ("POST", ["control", "forget"]) => {
            shared.change(super::state::State::forget);
            done()
        }
        _ => Reply::json(404, &json!({ "error": "nothing of that kind here" })),
    }
}

fn file(shared: &Shared, message: &str, n: &str) -> Reply {
    let state = shared.lock();
    let message = state.record.messages.iter().find(|m| m.id == message);
    match (message, n.parse::<usize>()) {
        (Some(message), Ok(n)) if n < message.files.len() => {
            let file = &message.files[n];
            let kind = file.content_type.as_deref().unwrap_or("application/octet-stream");
            let mut reply = Reply::empty(200).with("Content-Type", kind);
            reply.body.clone_from(&file.bytes);
            reply
        }
        _ => Reply::json(404, &json!({ "error": "no such file" })),
    }
}

fn show(value: &impl Serialize) -> Reply {
    match serde_json::to_value(value) {
        Ok(value) => Reply::json(200, &value),
        Err(error) => Reply::json(500, &Value::String(error.to_string())),
    }
}

fn read<T: DeserializeOwned>(body: &[u8], work: impl FnOnce(T)) -> Reply {
    match serde_json::from_slice(body) {
        Ok(value) => {
            work(value);
            Reply::empty(204)
        }
        Err(error) => Reply::json(400, &json!({ "error": error.to_string() })),
    }
}
