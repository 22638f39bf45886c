//! The fake keeps its word: every rule is shown by what passes it and by what does not, from
//! the side of a client that knows nothing but HTTP.

mod control;
mod edits;
mod files;
mod frequency;
mod posts;
mod scripts;

use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Discord, Limits, Options};
use crate::lab::{Answer, exchange};

const LONG: Duration = Duration::from_secs(10);

fn unlimited() -> Discord {
    Discord::start_with(Options::unlimited()).unwrap()
}

fn limited(limits: Limits) -> Discord {
    Discord::start_with(Options::default().limits(limits)).unwrap()
}

/// The path of a webhook, from `/api` on.
fn path(discord: &Discord, webhook: &str) -> String {
    let url = discord.url(webhook);
    url[url.find("/api").unwrap()..].to_owned()
}

fn try_ask(
    discord: &Discord,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> anyhow::Result<Answer> {
    let stream = TcpStream::connect(discord.address())?;
    stream.set_read_timeout(Some(LONG))?;
    exchange(stream, &discord.address().to_string(), method, path, headers, body)
}

fn send(discord: &Discord, method: &str, path: &str, body: &Value) -> anyhow::Result<Answer> {
    let json = [("Content-Type", "application/json; charset=utf-8")];
    try_ask(discord, method, path, &json, body.to_string().as_bytes())
}

/// Posts to a webhook and asks for the message.
fn post(discord: &Discord, webhook: &str, body: &Value) -> Answer {
    send(discord, "POST", &format!("{}?wait=true", path(discord, webhook)), body).unwrap()
}

fn patch(discord: &Discord, webhook: &str, message: &str, body: &Value) -> Answer {
    let path = format!("{}/messages/{message}", path(discord, webhook));
    send(discord, "PATCH", &path, body).unwrap()
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

/// Status and code of a refusal.
fn refusal(answer: &Answer) -> (u16, u64) {
    (answer.status, json_of(answer)["code"].as_u64().unwrap())
}

/// A body that nobody has anything against.
fn good(title: &str) -> Value {
    json!({
        "username": "Café Central",
        "embeds": [{ "title": title, "color": 15158332, "timestamp": "2026-03-01T10:00:00Z" }],
        "allowed_mentions": { "parse": [] },
    })
}

/// The id of the message that an answer shows.
fn id(answer: &Answer) -> String {
    json_of(answer)["id"].as_str().unwrap().to_owned()
}
