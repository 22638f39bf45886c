//! Everything a fake Discord knows, behind one lock.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Route, all_faults, kind, now_ms};
use super::http::Head;
use super::limits::{Buckets, Limits, Scope};
use super::payload::Payload;
use super::record::{Record, Request};
use super::rules::{self, Kind, MOST_IN_FILE};
use super::script::{Act, On, Scripts};

/// How a fake Discord is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The webhooks by name, and the name of the channel each one writes to.
    pub webhooks: Vec<(String, String)>,
    /// How often it lets itself be asked.
    pub limits: Limits,
    /// The largest file in bytes; Discord's limit is 10 MiB.
    pub most_in_file: usize,
}

impl Default for Options {
    /// The three webhooks of a café, a channel for each, with Discord's own limits.
    fn default() -> Self {
        let names = ["alerts", "occupancy", "screenshots"];
        Self {
            webhooks: names.map(|name| (name.to_owned(), name.to_owned())).to_vec(),
            limits: Limits::default(),
            most_in_file: MOST_IN_FILE,
        }
    }
}

impl Options {
    /// The same without limits of frequency, for tests of something else.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::default().limits(Limits::none())
    }

    /// With these limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// A webhook. Its id and token follow from its name, so that they are the same in every run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// What the test calls it.
    pub name: String,
    /// The channel it writes to.
    pub channel: String,
    /// The snowflake in its URL.
    pub id: String,
    /// The secret in its URL.
    pub token: String,
    /// The snowflake of its channel.
    pub channel_id: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

impl Webhook {
    fn new(name: &str, channel: &str) -> Self {
        const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let snowflake = |of: &str| format!("1{}", digest(of, 18, "0123456789"));
        Self {
            name: name.to_owned(),
            channel: channel.to_owned(),
            id: snowflake(&format!("webhook {name}")),
            token: digest(&format!("token {name}"), 68, LETTERS),
            channel_id: snowflake(&format!("channel {channel}")),
            deleted: false,
        }
    }
}

/// Letters that look random and follow from the text (FNV-1a, then xorshift).
pub(crate) fn digest(of: &str, length: usize, letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let mut state = of.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or_default() % letters.len()
    };
    (0..length).map(|_| next()).map(|at| letters[at]).collect()
}

/// Everything a fake Discord knows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) buckets: Buckets,
    pub(crate) scripts: Scripts,
    pub(crate) record: Record,
    /// Until when a 429 has told to wait, by bucket; `*` for all of them.
    pub(crate) not_before: BTreeMap<String, Instant>,
    snowflakes: i64,
}

impl State {
    pub(crate) fn new(options: Options) -> Self {
        let webhooks = options.webhooks.iter().map(|(n, c)| Webhook::new(n, c)).collect();
        Self {
            options,
            webhooks,
            buckets: Buckets::default(),
            scripts: Scripts::default(),
            record: Record::new(),
            not_before: BTreeMap::new(),
            snowflakes: 0,
        }
    }

    /// Adds a webhook, or brings a deleted one back.
    pub(crate) fn add_webhook(&mut self, name: &str, channel: &str) -> Webhook {
        self.webhooks.retain(|webhook| webhook.name != name);
        let webhook = Webhook::new(name, channel);
        self.webhooks.push(webhook.clone());
        webhook
    }

    pub(crate) fn delete_webhook(&mut self, name: &str) {
        for webhook in self.webhooks.iter_mut().filter(|webhook| webhook.name == name) {
            webhook.deleted = true;
        }
    }

    /// Forgets what came, what the limits had counted, and every script.
    pub(crate) fn forget(&mut self) {
        let start = self.record.start;
        self.record = Record { start, ..Record::new() };
        self.buckets = Buckets::default();
        self.scripts.clear();
        self.not_before.clear();
    }

    /// A number that grows with time and is never given twice.
    pub(crate) fn snowflake(&mut self) -> String {
        const DISCORDS_FIRST_MS: i64 = 1_420_070_400_000;
        self.snowflakes += 1;
        (((now_ms() - DISCORDS_FIRST_MS) << 22) | (self.snowflakes & 0x3f_ffff)).to_string()
    }

    /// Enters a request of which the head has arrived: its number, and what a script wants
    /// done to it.
    pub(crate) fn arrived(&mut self, head: &Head, now: Instant) -> (usize, Option<Act>) {
        let route = Route::of(head.path());
        let kind = kind(&head.method, &route);
        let webhook = match &route {
            Route::Webhook { id, token, .. } => {
                self.webhooks.iter().find(|w| w.id == *id && w.token == *token)
            }
            Route::BadVersion | Route::Nowhere => None,
        };
        let webhook = webhook.map(|webhook| webhook.name.clone());
        let message = match route {
            Route::Webhook { message, .. } => message,
            Route::BadVersion | Route::Nowhere => None,
        };
        let (act, early) = match (&webhook, kind) {
            (Some(name), Some(kind)) => {
                let held = |key: &str| self.not_before.get(key).is_some_and(|until| now < *until);
                let early = held("*") || held(&format!("{name} {kind:?}"));
                (self.scripts.next(name, kind), early)
            }
            _ => (None, false),
        };
        let number = self.record.enter(Request {
            number: 0,
            at_ms: now_ms(),
            after: now - self.record.start,
            method: head.method.clone(),
            path: head.target.clone(),
            webhook,
            headers: head.headers.clone(),
            body: None,
            files: Vec::new(),
            faults: Vec::new(),
            breaches: Vec::new(),
            early,
            status: None,
            scope: None,
            taken: false,
            message,
        });
        (number, act)
    }

    /// Enters what a body said, and what is to be said against it, whatever is answered.
    pub(crate) fn note_payload(&mut self, number: usize, kind: On, read: &Payload) {
        let kind = match kind {
            On::Posts => Kind::Create,
            On::Edits => Kind::Edit,
            On::Any | On::Deletes | On::Gets => return,
        };
        let Some(request) = self.record.request(number) else { return };
        request.files.clone_from(&read.files);
        match &read.unreadable {
            Some((_, why)) => request.faults = vec![why.clone()],
            None => {
                request.body = Some(read.body.clone());
                request.breaches = rules::breaches(kind, &read.body, read.files.len());
                // What an edit keeps is known only with its message, and judged there.
                if kind == Kind::Create {
                    let faults = all_faults(kind, read, &[]);
                    request.faults = faults.iter().map(ToString::to_string).collect();
                }
            }
        }
    }

    pub(crate) fn note_faults(&mut self, number: usize, faults: Vec<String>) {
        if let Some(request) = self.record.request(number) {
            request.faults = faults;
        }
    }

    pub(crate) fn note_scope(&mut self, number: usize, scope: Scope) {
        if let Some(request) = self.record.request(number) {
            request.scope = Some(scope);
        }
    }

    pub(crate) fn note_taken(&mut self, number: usize, message: Option<String>) {
        if let Some(request) = self.record.request(number) {
            request.taken = true;
            request.message = message;
        }
    }

    pub(crate) fn note_status(&mut self, number: usize, status: Option<u16>) {
        if let Some(request) = self.record.request(number) {
            request.status = status;
        }
    }

    /// Everything said against what came, a line each.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for request in &self.record.requests {
            let name = request.webhook.as_deref().unwrap_or("no webhook");
            let mut say = |what: String| {
                lines.push(format!(
                    "request {} ({} {name}): {what}",
                    request.number, request.method
                ));
            };
            request.faults.iter().for_each(|fault| say(fault.clone()));
            request.breaches.iter().for_each(|breach| say(breach.clone()));
            if request.early {
                say("came before a 429 allowed it".to_owned());
            }
        }
        lines
    }

    /// The webhooks as JSON, with their URLs below a base.
    pub(crate) fn webhooks_at(&self, base: &str) -> Value {
        let list = self.webhooks.iter().map(|webhook| {
            serde_json::json!({
                "name": webhook.name, "channel": webhook.channel, "deleted": webhook.deleted,
                "url": webhook.url(base),
            })
        });
        Value::Array(list.collect())
    }
}

impl Webhook {
    /// Its URL below a base such as `https://discord.com`.
    #[must_use]
    pub fn url(&self, base: &str) -> String {
        format!("{base}/api/webhooks/{}/{}", self.id, self.token)
    }
}
