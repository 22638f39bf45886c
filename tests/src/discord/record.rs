//! What arrived: every request as it came, and every message as a person would see it now.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::limits::Scope;

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its snowflake, once it belongs to a message.
    pub id: String,
    /// The name of its part in the form (`files[0]`).
    pub part: String,
    /// The name of the file.
    pub name: String,
    /// The type it was sent as.
    pub content_type: Option<String>,
    /// Its length in bytes.
    pub size: usize,
    /// What is in it.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// One request, whatever became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Counted from 1 over all webhooks, in the order of arrival.
    pub number: usize,
    /// When its head had arrived, in milliseconds since 1970.
    pub at_ms: i64,
    /// The same, since the fake was started: for distances in time.
    pub after: Duration,
    /// `POST`, `PATCH`, …
    pub method: String,
    /// The path and the query. Beware: the token of the webhook is in it.
    pub path: String,
    /// The name of the webhook, where the path names one of ours with its token.
    pub webhook: Option<String>,
    /// The header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The JSON of the body, or of its `payload_json`.
    pub body: Option<Value>,
    /// The files of a multipart body.
    pub files: Vec<File>,
    /// What Discord has against it.
    pub faults: Vec<String>,
    /// What our own contract has against it.
    pub breaches: Vec<String>,
    /// Whether it came before the time that the last 429 for it had told to wait for.
    pub early: bool,
    /// The status that was answered; none while it is held, and when the connection was cut.
    pub status: Option<u16>,
    /// The scope that was told with a 429.
    pub scope: Option<Scope>,
    /// Whether it had an effect: a message made, changed or removed, or an answer given.
    pub taken: bool,
    /// The message it made or was about.
    pub message: Option<String>,
}

impl Request {
    /// The first header field of that name (given in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// An edit that a message went through.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edit {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The body of the edit.
    pub body: Value,
}

/// A message in a channel, as a person would see it now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Its snowflake.
    pub id: String,
    /// The name of the webhook that made it.
    pub webhook: String,
    /// The name of the channel it is in.
    pub channel: String,
    /// When it arrived, in milliseconds since 1970.
    pub at_ms: i64,
    /// The same, since the fake was started.
    pub after: Duration,
    /// The body that made it.
    pub original: Value,
    /// The body with every edit done.
    pub body: Value,
    /// Its files.
    pub files: Vec<File>,
    /// What became of it, oldest first.
    pub edits: Vec<Edit>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The number of the request that made it.
    pub request: usize,
}

impl Message {
    /// Its first embed, `null` without one.
    #[must_use]
    pub fn embed(&self) -> &Value {
        &self.body["embeds"][0]
    }

    /// The titles of its embeds.
    #[must_use]
    pub fn titles(&self) -> Vec<String> {
        let embeds = super::rules::list(&self.body, "embeds").iter();
        embeds.filter_map(|embed| embed["title"].as_str().map(str::to_owned)).collect()
    }

    /// Every text of it, a line each: name, content, and the texts of the embeds.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        let mut say = |value: &Value| lines.extend(value.as_str().map(str::to_owned));
        say(&self.body["username"]);
        say(&self.body["content"]);
        for embed in super::rules::list(&self.body, "embeds") {
            say(&embed["author"]["name"]);
            say(&embed["title"]);
            say(&embed["description"]);
            for field in super::rules::list(embed, "fields") {
                say(&field["name"]);
                say(&field["value"]);
            }
            say(&embed["footer"]["text"]);
        }
        lines.join("\n")
    }
}

/// Counts over everything that came.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Requests in all.
    pub requests: usize,
    /// Messages made (deleted ones too).
    pub messages: usize,
    /// Edits done.
    pub edits: usize,
    /// Answers with 429.
    pub limited: usize,
    /// Requests that came before a 429 allowed them.
    pub early: usize,
    /// Answers with 401, 403 or 429, those of scope `shared` excepted: 10,000 of them in ten
    /// minutes ban an address (Discord: invalid request limit).
    pub invalid: usize,
    /// Requests in which Discord found a fault.
    pub faulty: usize,
    /// Requests that break our own contract.
    pub breaching: usize,
    /// Requests that were never answered.
    pub unanswered: usize,
}

/// Everything that came.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) start: Instant,
    pub(crate) requests: Vec<Request>,
    pub(crate) messages: Vec<Message>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), requests: Vec::new(), messages: Vec::new() }
    }

    /// Enters a request and gives its number.
    pub(crate) fn enter(&mut self, mut request: Request) -> usize {
        request.number = self.requests.len() + 1;
        let number = request.number;
        self.requests.push(request);
        number
    }

    pub(crate) fn request(&mut self, number: usize) -> Option<&mut Request> {
        self.requests.get_mut(number.checked_sub(1)?)
    }

    /// A message that is there.
    pub(crate) fn message(&mut self, webhook: &str, id: &str) -> Option<&mut Message> {
        self.messages.iter_mut().find(|m| m.id == id && m.webhook == webhook && !m.deleted)
    }

    pub(crate) fn summary(&self) -> Summary {
        let count = |fits: &dyn Fn(&Request) -> bool| {
            self.requests.iter().filter(|request| fits(request)).count()
        };
        Summary {
            requests: self.requests.len(),
            messages: self.messages.len(),
            edits: self.messages.iter().map(|message| message.edits.len()).sum(),
            limited: count(&|r| r.status == Some(429)),
            early: count(&|r| r.early),
            invalid: count(&|r| {
                matches!(r.status, Some(401 | 403 | 429)) && r.scope != Some(Scope::Shared)
            }),
            faulty: count(&|r| !r.faults.is_empty()),
            breaching: count(&|r| !r.breaches.is_empty()),
            unanswered: count(&|r| r.status.is_none()),
        }
    }
}
