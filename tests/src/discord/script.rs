//! Misbehaviour on order: what the fake does wrong, to whom, and how often.

use serde::{Deserialize, Serialize};

use super::limits::Scope;

/// Something to do instead of answering as Discord does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Reads the request and holds it; nothing arrives, and after so many seconds the
    /// connection ends without an answer.
    Hang {
        /// How long, in seconds.
        seconds: f64,
    },
    /// Takes the request and answers as usual, but so many seconds late.
    Slow {
        /// How long, in seconds.
        seconds: f64,
    },
    /// Takes the request and answers as usual, but lets the body drip over so many seconds.
    Drip {
        /// How long, in seconds.
        seconds: f64,
    },
    /// Cuts the connection after the head of the request, before its body is read.
    CutBefore,
    /// Cuts the connection after the request was read; nothing arrives.
    CutAfter,
    /// Takes the request (the message is there), and cuts the connection instead of answering.
    LoseAnswer,
    /// Answers with a status and the body Discord has for it: 400, 401, 403, 404, 500, 502,
    /// 503, … Nothing arrives.
    Status {
        /// The status code.
        code: u16,
    },
    /// 404 with code 10015: somebody deleted the webhook.
    UnknownWebhook,
    /// 404 with code 10008: somebody deleted the message.
    UnknownMessage,
    /// 429, whatever the limits say.
    RateLimited {
        /// In seconds, fractions allowed.
        retry_after: f64,
        /// On whose account.
        scope: Scope,
    },
    /// The ban of an address that asked wrongly too often: 429 from the front server, without
    /// JSON and without the headers of a limit.
    Banned {
        /// For the `Retry-After` header, in seconds.
        retry_after: u32,
    },
    /// An answer with a body of so many bytes of JSON. With a 2xx the message is there.
    Huge {
        /// The status code.
        code: u16,
        /// The length of the body.
        bytes: u64,
    },
    /// An answer of HTML where JSON should be. With a 2xx the message is there.
    Garbage {
        /// The status code.
        code: u16,
    },
}

/// Which requests a script is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// All of them.
    #[default]
    Any,
    /// New messages.
    Posts,
    /// Edits of messages.
    Edits,
    /// Deletions of messages.
    Deletes,
    /// Questions about the webhook or a message.
    Gets,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// The webhook it is for; all of them when absent.
    #[serde(default)]
    pub webhook: Option<String>,
    /// The requests it is for.
    #[serde(default)]
    pub on: On,
    /// How many requests it is for; until it is cleared when absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// What to do.
    #[serde(flatten)]
    pub act: Act,
}

impl Script {
    /// Does it to every request, until cleared.
    #[must_use]
    pub fn always(act: Act) -> Self {
        Self { webhook: None, on: On::Any, times: None, act }
    }

    /// Does it to the next request.
    #[must_use]
    pub fn once(act: Act) -> Self {
        Self::always(act).times(1)
    }

    /// Only to the requests of one webhook.
    #[must_use]
    pub fn to(mut self, webhook: &str) -> Self {
        self.webhook = Some(webhook.to_owned());
        self
    }

    /// Only to requests of one kind.
    #[must_use]
    pub fn on(mut self, on: On) -> Self {
        self.on = on;
        self
    }

    /// Only to the next so many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// The orders in force, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    list: Vec<Script>,
}

impl Scripts {
    pub(crate) fn add(&mut self, script: Script) {
        self.list.push(script);
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    pub(crate) fn list(&self) -> &[Script] {
        &self.list
    }

    /// What to do to a request of this webhook and kind, by the oldest order that is for it;
    /// one with a number is used up by it.
    pub(crate) fn next(&mut self, webhook: &str, kind: On) -> Option<Act> {
        let fits = |script: &Script| {
            script.times != Some(0)
                && script.webhook.as_deref().is_none_or(|name| name == webhook)
                && (script.on == On::Any || script.on == kind)
        };
        let script = self.list.iter_mut().find(|script| fits(script))?;
        if let Some(times) = &mut script.times {
            *times -= 1;
        }
        let act = script.act.clone();
        self.list.retain(|script| script.times != Some(0));
        Some(act)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_used_up_in_the_order_they_were_given() {
        let mut scripts = Scripts::default();
        scripts.add(Script::once(Act::CutBefore).to("alerts"));
        scripts.add(Script::always(Act::Status { code: 500 }).on(On::Posts).times(2));
        assert_eq!(scripts.next("occupancy", On::Gets), None);
        assert_eq!(scripts.next("alerts", On::Posts), Some(Act::CutBefore));
        assert_eq!(scripts.next("alerts", On::Posts), Some(Act::Status { code: 500 }));
        assert_eq!(scripts.next("occupancy", On::Posts), Some(Act::Status { code: 500 }));
        assert_eq!(scripts.next("occupancy", On::Posts), None);
        assert!(scripts.list().is_empty());
        scripts.add(Script::always(Act::UnknownWebhook));
        for _ in 0..3 {
            assert_eq!(scripts.next("alerts", On::Edits), Some(Act::UnknownWebhook));
        }
        scripts.clear();
        assert_eq!(scripts.next("alerts", On::Edits), None);
    }

    #[test]
    fn an_order_reads_as_it_is_written() {
        let text = r#"{"webhook":"alerts","times":3,"do":"rate_limited","retry_after":1.5,"scope":"shared"}"#;
        let script: Script = serde_json::from_str(text).unwrap();
        let act = Act::RateLimited { retry_after: 1.5, scope: Scope::Shared };
        assert_eq!(script, Script::always(act).to("alerts").times(3));
        assert!(serde_json::from_str::<Script>(r#"{"do":"dance"}"#).is_err());
        assert!(serde_json::from_str::<Script>(r#"{"do":"hang"}"#).is_err());
    }
}
