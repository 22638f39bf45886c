//! What Discord answers: the walk of a request from its path to its effect.
//!
//! In Discord's order: is there such a path, such a webhook, does the token fit; is there room
//! in the limits; can the body be read, is it too large, is it valid; and only then the effect.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::http::{Head, Reply};
use super::limits::{Ask, Scope, Standing, Verdict};
use super::payload::{self, Payload};
use super::record::{Edit, File, Message};
use super::rules::{self, Kind};
use super::schema::Fault;
use super::script::{Act, On};
use super::state::{State, Webhook};

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/webhooks/{id}/{token}`, and the message below it.
    Webhook {
        id: String,
        token: String,
        message: Option<String>,
    },
    /// A version that Discord does not have (any more).
    BadVersion,
    Nowhere,
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        let mut words = path.split('/').skip(1).peekable();
        if words.next() != Some("api") {
            return Self::Nowhere;
        }
        let version = words.next_if(|word| word.strip_prefix('v').is_some_and(is_digits));
        if version.is_some_and(|v| !matches!(v, "v6" | "v7" | "v8" | "v9" | "v10")) {
            return Self::BadVersion;
        }
        let words: Vec<&str> = words.collect();
        let (id, token, message) = match words.as_slice() {
            ["webhooks", id, token] => (id, token, None),
            ["webhooks", id, token, "messages", message] => (id, token, Some(*message)),
            _ => return Self::Nowhere,
        };
        Self::Webhook {
            id: (*id).to_owned(),
            token: (*token).to_owned(),
            message: message.map(str::to_owned),
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What kind of request this is for scripts and buckets; `None` where the method has no use.
pub(crate) fn kind(method: &str, route: &Route) -> Option<On> {
    let Route::Webhook { message, .. } = route else { return None };
    match (method, message) {
        ("POST", None) => Some(On::Posts),
        ("PATCH", Some(_)) => Some(On::Edits),
        ("DELETE", _) => Some(On::Deletes),
        ("GET", _) => Some(On::Gets),
        _ => None,
    }
}

/// A request with its body.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) number: usize,
    pub(crate) head: &'a Head,
    pub(crate) bytes: &'a [u8],
    pub(crate) act: Option<Act>,
}

impl State {
    /// Judges a request that has arrived in full, lets it have its effect, and gives the answer.
    pub(crate) fn answer(&mut self, asked: &Asked<'_>, now: Instant) -> Reply {
        let route = Route::of(asked.head.path());
        let (id, token, message) = match route.clone() {
            Route::Webhook { id, token, message } => (id, token, message),
            Route::BadVersion => return error(400, 50041, "Invalid API version"),
            Route::Nowhere => return error(404, 0, "404: Not Found"),
        };
        let Some(kind) = kind(&asked.head.method, &route) else {
            return error(405, 0, "405: Method Not Allowed");
        };
        let read = matches!(kind, On::Posts | On::Edits)
            .then(|| payload::read(asked.head.header("content-type"), asked.bytes));
        let read = read.unwrap_or_default();
        self.note_payload(asked.number, kind, &read);
        let Some(webhook) = self.webhooks.iter().find(|w| w.id == id && !w.deleted).cloned() else {
            return status_reply(404, 10015);
        };
        if webhook.token != token {
            return status_reply(401, 50027);
        }
        let bucket = format!("{} {kind:?}", webhook.name);
        if let Some(reply) = self.act_out(asked, &bucket, now) {
            return reply;
        }
        let ask = Ask {
            bucket: &bucket,
            channel: (kind == On::Posts).then_some(webhook.channel.as_str()),
        };
        let limits = self.options.limits;
        let verdict = self.buckets.ask(&limits, ask, now);
        if let Verdict { refused: Some((wait, scope)), standing } = verdict {
            // Rounded up, so that who waits as told comes neither early nor in vain.
            let told = (wait.as_secs_f64() * 1000.0).ceil() / 1000.0;
            self.note_scope(asked.number, scope);
            return with_limits(self.refuse(&bucket, told, scope, now), standing, &bucket);
        }
        let reply = match (kind, message) {
            (On::Posts, _) => self.create(asked, &webhook, read),
            (On::Edits, Some(id)) => self.edit(asked, &webhook, &id, read),
            (On::Deletes, message) => self.delete(asked, &webhook, message.as_deref()),
            (_, message) => self.show(asked, &webhook, message.as_deref()),
        };
        with_limits(reply, verdict.standing, &bucket)
    }

    /// A scripted answer that takes the place of the true one.
    fn act_out(&mut self, asked: &Asked<'_>, bucket: &str, now: Instant) -> Option<Reply> {
        match asked.act.as_ref()? {
            Act::Status { code } => Some(status_reply(*code, 0)),
            Act::UnknownWebhook => Some(status_reply(404, 10015)),
            Act::UnknownMessage => Some(status_reply(404, 10008)),
            Act::RateLimited { retry_after, scope } => {
                self.note_scope(asked.number, *scope);
                Some(self.refuse(bucket, *retry_after, *scope, now))
            }
            Act::Banned { retry_after } => {
                let wait = Duration::from_secs((*retry_after).into());
                self.not_before.insert("*".to_owned(), now + wait);
                let mut reply = Reply::empty(429)
                    .with("Content-Type", "text/plain; charset=UTF-8")
                    .with("Retry-After", retry_after.to_string());
                reply.body = b"error code: 1015".to_vec();
                Some(reply)
            }
            Act::Garbage { code } | Act::Huge { code, .. } if *code >= 300 => {
                Some(status_reply(*code, 0))
            }
            // These change how the true answer is sent, or were dealt with before.
            Act::Garbage { .. }
            | Act::Huge { .. }
            | Act::Slow { .. }
            | Act::Drip { .. }
            | Act::LoseAnswer
            | Act::Hang { .. }
            | Act::CutBefore
            | Act::CutAfter => None,
        }
    }

    fn refuse(&mut self, bucket: &str, retry_after: f64, scope: Scope, now: Instant) -> Reply {
        let wait = Duration::try_from_secs_f64(retry_after).unwrap_or_default();
        let global = scope == Scope::Global;
        let key = if global { "*" } else { bucket };
        self.not_before.insert(key.to_owned(), now + wait);
        let message = match scope {
            Scope::Shared => "The resource is being rate limited.",
            Scope::User | Scope::Global => "You are being rate limited.",
        };
        let body = json!({ "message": message, "retry_after": retry_after, "global": global });
        let reply = Reply::json(429, &body)
            .with("Retry-After", format!("{}", retry_after.ceil()))
            .with("X-RateLimit-Scope", scope.word());
        if global { reply.with("X-RateLimit-Global", "true") } else { reply }
    }

    fn create(&mut self, asked: &Asked<'_>, webhook: &Webhook, read: Payload) -> Reply {
        if let Some(reply) = self.refusal(asked, Kind::Create, &read, &[]) {
            return reply;
        }
        let id = self.snowflake();
        let Payload { body, mut files, .. } = read;
        for file in &mut files {
            file.id = self.snowflake();
        }
        let message = Message {
            id: id.clone(),
            webhook: webhook.name.clone(),
            channel: webhook.channel.clone(),
            at_ms: now_ms(),
            after: self.record.start.elapsed(),
            original: body.clone(),
            body,
            files,
            edits: Vec::new(),
            deleted: false,
            request: asked.number,
        };
        let shown = shown(webhook, &message);
        self.record.messages.push(message);
        self.note_taken(asked.number, Some(id));
        if matches!(asked.head.query("wait"), Some("true" | "True" | "1")) {
            Reply::json(200, &shown)
        } else {
            Reply::empty(204)
        }
    }

    fn edit(&mut self, asked: &Asked<'_>, webhook: &Webhook, id: &str, read: Payload) -> Reply {
        let Some(message) = self.record.message(&webhook.name, id) else {
            return status_reply(404, 10008);
        };
        let (had, before) = (message.files.clone(), message.body.clone());
        if let Some(reply) = self.refusal(asked, Kind::Edit, &read, &had) {
            return reply;
        }
        let Payload { body, files, .. } = read;
        let mut kept = had;
        let mut new = files;
        if let Some(list) = body.get("attachments").and_then(Value::as_array) {
            let listed = |id: &str| list.iter().any(|entry| entry["id"] == id);
            kept.retain(|file| listed(&file.id));
            new.retain(|file| listed(file.part.trim_matches(|c: char| !c.is_ascii_digit())));
        }
        for mut file in new {
            file.id = self.snowflake();
            kept.push(file);
        }
        let merged = merge(&before, &body);
        if rules::is_empty(&merged, kept.len()) {
            return error(400, 50006, "Cannot send an empty message");
        }
        let Some(message) = self.record.message(&webhook.name, id) else {
            return status_reply(404, 10008);
        };
        message.body = merged;
        message.files = kept;
        message.edits.push(Edit { at_ms: now_ms(), body });
        let shown = shown(webhook, message);
        self.note_taken(asked.number, Some(id.to_owned()));
        Reply::json(200, &shown)
    }

    fn delete(&mut self, asked: &Asked<'_>, webhook: &Webhook, message: Option<&str>) -> Reply {
        match message {
            Some(id) => match self.record.message(&webhook.name, id) {
                Some(message) => message.deleted = true,
                None => return status_reply(404, 10008),
            },
            None => self.delete_webhook(&webhook.name),
        }
        self.note_taken(asked.number, message.map(str::to_owned));
        Reply::empty(204)
    }

    fn show(&mut self, asked: &Asked<'_>, webhook: &Webhook, message: Option<&str>) -> Reply {
        let body = match message {
            Some(id) => match self.record.message(&webhook.name, id) {
                Some(message) => shown(webhook, message),
                None => return status_reply(404, 10008),
            },
            None => json!({
                "application_id": null, "avatar": null, "channel_id": webhook.channel_id,
                "guild_id": GUILD, "id": webhook.id, "name": webhook.name, "type": 1,
                "token": webhook.token,
            }),
        };
        self.note_taken(asked.number, message.map(str::to_owned));
        Reply::json(200, &body)
    }

    /// Why a body is not accepted, if it is not.
    fn refusal(
        &mut self,
        asked: &Asked<'_>,
        kind: Kind,
        read: &Payload,
        kept: &[File],
    ) -> Option<Reply> {
        if let Some((code, message)) = &read.unreadable {
            return Some(error(400, *code, message));
        }
        if read.files.iter().any(|file| file.size > self.options.most_in_file) {
            return Some(error(413, 40005, "Request entity too large"));
        }
        let faults = all_faults(kind, read, kept);
        self.note_faults(asked.number, faults.iter().map(Fault::to_string).collect());
        if !faults.is_empty() {
            return Some(invalid_form(&faults));
        }
        if kind == Kind::Create && rules::is_empty(&read.body, read.files.len()) {
            self.note_faults(asked.number, vec!["Cannot send an empty message".to_owned()]);
            return Some(error(400, 50006, "Cannot send an empty message"));
        }
        None
    }
}

/// Faults of the form, of the attachments, and of the body.
pub(crate) fn all_faults(kind: Kind, read: &Payload, kept: &[File]) -> Vec<Fault> {
    let names: Vec<String> = read.files.iter().chain(kept).map(|file| file.name.clone()).collect();
    let mut faults = read.faults.clone();
    faults.extend(payload::dangling(read, kept));
    faults.extend(rules::faults(kind, &read.body, &names));
    faults
}

const GUILD: &str = "1080000000000000001";

fn error(status: u16, code: u32, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message, "code": code }))
}

/// The body Discord has for a status, or where it has several, for one of its codes.
fn status_reply(status: u16, code: u32) -> Reply {
    match (status, code) {
        (400, _) => invalid_form(&[Fault::new(
            &["embeds".to_owned(), "0".to_owned()],
            "SCRIPTED",
            "Refused because the test wants it so.",
        )]),
        (401, _) => error(401, 50027, "Invalid Webhook Token"),
        (403, _) => error(403, 50013, "Missing Permissions"),
        (404, 10008) => error(404, 10008, "Unknown Message"),
        (404, 10015) => error(404, 10015, "Unknown Webhook"),
        (404, _) => error(404, 0, "404: Not Found"),
        (413, _) => error(413, 40005, "Request entity too large"),
        (500, _) => error(500, 0, "500: Internal Server Error"),
        (502..=504, _) => {
            let mut reply = Reply::empty(status).with("Content-Type", "text/html");
            reply.body = html(status).into_bytes();
            reply
        }
        _ => error(status, 0, "An answer of its own kind"),
    }
}

/// A page of the front server, which speaks no JSON.
pub(crate) fn html(status: u16) -> String {
    format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body><center><h1>{status}</h1>\
         </center><hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
    )
}

/// 400 with code 50035: every fault at its place in a tree.
fn invalid_form(faults: &[Fault]) -> Reply {
    let mut errors = json!({});
    for fault in faults {
        let mut place = &mut errors;
        for key in &fault.path {
            if !place.is_object() {
                break;
            }
            place = &mut place[key.as_str()];
            if place.is_null() {
                *place = json!({});
            }
        }
        let entry = json!({ "code": fault.code, "message": fault.message });
        match place["_errors"].as_array_mut() {
            Some(list) => list.push(entry),
            None => place["_errors"] = json!([entry]),
        }
    }
    let message = "Invalid Form Body";
    Reply::json(400, &json!({ "message": message, "code": 50035, "errors": errors }))
}

fn with_limits(reply: Reply, standing: Option<Standing>, bucket: &str) -> Reply {
    let Some(Standing { limit, remaining, reset_after }) = standing else { return reply };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    reply
        .with("X-RateLimit-Limit", limit.to_string())
        .with("X-RateLimit-Remaining", remaining.to_string())
        .with("X-RateLimit-Reset", format!("{:.3}", (now + reset_after).as_secs_f64()))
        .with("X-RateLimit-Reset-After", format!("{:.3}", reset_after.as_secs_f64()))
        .with("X-RateLimit-Bucket", super::state::digest(bucket, 32, "0123456789abcdef"))
}

/// A body after an edit: what the edit names replaces what was there.
fn merge(before: &Value, edit: &Value) -> Value {
    let mut merged = before.as_object().cloned().unwrap_or_else(Map::new);
    for (key, value) in edit.as_object().into_iter().flatten() {
        merged.insert(key.clone(), value.clone());
    }
    Value::Object(merged)
}

/// The message object of an answer.
fn shown(webhook: &Webhook, message: &Message) -> Value {
    let folder = format!("https://cdn.discordapp.com/attachments/{}", webhook.channel_id);
    let url = |file: &File| format!("{folder}/{}/{}", file.id, file.name);
    let attachments: Vec<Value> = message
        .files
        .iter()
        .map(|file| {
            json!({
                "id": file.id, "filename": file.name, "size": file.size, "url": url(file),
                "proxy_url": url(file), "content_type": file.content_type,
            })
        })
        .collect();
    let embeds: Vec<Value> = rules::list(&message.body, "embeds")
        .iter()
        .map(|embed| {
            let mut embed = embed.clone();
            embed["type"] = json!("rich");
            let picture =
                embed["image"]["url"].as_str().and_then(|at| at.strip_prefix("attachment://"));
            let file = picture.and_then(|name| message.files.iter().find(|f| f.name == name));
            if let Some(file) = file {
                embed["image"]["url"] = json!(url(file));
            }
            embed
        })
        .collect();
    let username = message.body["username"].as_str().unwrap_or(&webhook.name);
    json!({
        "id": message.id, "type": 0, "channel_id": webhook.channel_id,
        "content": message.body["content"].as_str().unwrap_or_default(),
        "author": {
            "id": webhook.id, "bot": true, "username": username, "avatar": null,
            "discriminator": "0000",
        },
        "attachments": attachments, "embeds": embeds, "mentions": [], "mention_roles": [],
        "mention_everyone": false, "pinned": false, "tts": false, "flags": 0, "components": [],
        "timestamp": iso(message.at_ms),
        "edited_timestamp": message.edits.last().map(|edit| iso(edit.at_ms)),
        "webhook_id": webhook.id,
    })
}

fn iso(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_string()
}

/// The wall clock in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
