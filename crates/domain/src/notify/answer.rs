//! What an answer of Discord means.
//!
//! Sources: Discord's developer documentation, "Rate Limits" (429, `retry_after`, the
//! `X-RateLimit-*` headers) and "Opcodes and Status Codes" (JSON error codes).

use std::time::Duration;

use serde_json::Value;

/// JSON code "Unknown Webhook".
const UNKNOWN_WEBHOOK: i64 = 10015;
/// JSON code "Unknown Message".
const UNKNOWN_MESSAGE: i64 = 10008;
/// Waits that Discord asks for are bounded, against rubbish.
const LONGEST_WAIT: f64 = 24.0 * 3600.0;
/// Of an error text.
const TEXT_MAX: usize = 200;

/// What a limit holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This webhook.
    User,
    /// What it shares with others: the channel.
    Shared,
    /// Everything that comes from us.
    Global,
}

/// An answer as it came over the wire.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `X-RateLimit-Remaining`.
    pub remaining: Option<u32>,
    /// `X-RateLimit-Reset-After`, in seconds.
    pub reset_after: Option<f64>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<f64>,
    /// `X-RateLimit-Scope`.
    pub scope: Option<String>,
    /// The body, if it was JSON.
    pub body: Option<Value>,
}

/// What it means.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It is there, under this number if we were told.
    Done {
        /// Number of the message.
        message: Option<String>,
    },
    /// Not now.
    Limited {
        /// How long to wait.
        wait: Duration,
        /// For what.
        scope: Scope,
    },
    /// Try again later: no network, no answer, or a fault of theirs. Why, for people.
    Failed(String),
    /// This message will never be taken. Why, for people.
    Refused(String),
    /// The webhook is no more; the status.
    Gone(u16),
    /// The message that was to be edited is no more.
    MessageGone,
}

fn seconds(value: f64) -> Duration {
    if value.is_finite() && value > 0.0 {
        Duration::from_secs_f64(value.min(LONGEST_WAIT))
    } else {
        Duration::ZERO
    }
}

impl Reply {
    fn code(&self) -> Option<i64> {
        self.body.as_ref()?.get("code")?.as_i64()
    }

    fn text(&self) -> String {
        let said = self.body.as_ref().and_then(|b| b.get("message")).and_then(Value::as_str);
        let text: String =
            said.unwrap_or_default().chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect();
        if text.is_empty() {
            format!("Discord answered {}", self.status)
        } else {
            format!("Discord answered {}: {text}", self.status)
        }
    }

    /// How long until the allowance is full again, by the headers.
    #[must_use]
    pub(super) fn pause_span(&self) -> Duration {
        seconds(self.reset_after.unwrap_or(1.0))
    }

    /// What it means.
    #[must_use]
    pub fn answer(&self) -> Answer {
        match self.status {
            200..=299 => Answer::Done {
                message: self
                    .body
                    .as_ref()
                    .and_then(|b| b.get("id"))
                    .and_then(Value::as_str)
                    .filter(|id| !id.is_empty() && id.len() <= 32)
                    .filter(|id| id.bytes().all(|b| b.is_ascii_digit()))
                    .map(str::to_owned),
            },
            429 => self.limited(),
            401 => Answer::Gone(401),
            404 if self.code() == Some(UNKNOWN_MESSAGE) => Answer::MessageGone,
            404 if self.code() == Some(UNKNOWN_WEBHOOK) => Answer::Gone(404),
            // A body that no Discord wrote comes from something in between.
            400 | 413 if self.body.is_some() || self.status == 413 => Answer::Refused(self.text()),
            _ => Answer::Failed(self.text()),
        }
    }

    fn limited(&self) -> Answer {
        let body = self.body.as_ref();
        let in_body = body.and_then(|b| b.get("retry_after")).and_then(Value::as_f64);
        let wait = in_body.or(self.retry_after).or(self.reset_after).unwrap_or(5.0);
        let global = body.and_then(|b| b.get("global")).and_then(Value::as_bool) == Some(true);
        let scope = match self.scope.as_deref() {
            Some("global") => Scope::Global,
            Some("shared") => Scope::Shared,
            Some(_) | None if global => Scope::Global,
            Some(_) | None => Scope::User,
        };
        Answer::Limited { wait: seconds(wait), scope }
    }
}
