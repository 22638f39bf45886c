//! One line: format, category, and what must never stand in it.

use std::fmt::{Debug, Write};

use jiff::civil::DateTime;
use tracing::field::{Field, Visit};
use tracing::{Level, Metadata};

const CATEGORIES: [&str; 15] = [
    "SYSTEM", "CONFIG", "NETWORK", "ALERT", "RECOVERY", "DAEMON", "TASK", "SETTINGS", "STEALTH",
    "LOGGER", "WATCHDOG", "ERROR", "ARCHIVE", "DISCORD", "SECURITY",
];
/// By a word of the module path that logs.
const BY_MODULE: [(&str, &str); 12] = [
    ("config", "CONFIG"),
    ("pinger", "NETWORK"),
    ("driver", "NETWORK"),
    ("outbox", "DISCORD"),
    ("discord", "DISCORD"),
    ("vault", "SECURITY"),
    ("auth", "SECURITY"),
    ("api", "DAEMON"),
    ("capture", "TASK"),
    ("logs", "LOGGER"),
    ("watchdog", "WATCHDOG"),
    ("guard", "WATCHDOG"),
];
const MAX_CHARS: usize = 8000;

/// What an event carries.
#[derive(Default)]
pub(super) struct Fields {
    message: String,
    category: String,
    others: String,
}

impl Fields {
    pub(super) fn category(&self) -> &str {
        &self.category
    }

    pub(super) fn into_message(mut self) -> String {
        self.message.push_str(&self.others);
        self.message
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            "category" => self.category.push_str(value),
            name => self.record_other(name, &format_args!("{value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            // Writing to a String does not fail.
            "message" => _ = write!(self.message, "{value:?}"),
            "category" => _ = write!(self.category, "{value:?}"),
            name => self.record_other(name, value),
        }
    }
}

impl Fields {
    fn record_other(&mut self, name: &str, value: &dyn Debug) {
        _ = write!(self.others, " {name}={value:?}");
    }
}

pub(super) fn category(given: &str, meta: &Metadata<'_>) -> &'static str {
    if let Some(known) = CATEGORIES.iter().find(|c| c.eq_ignore_ascii_case(given)) {
        return known;
    }
    if *meta.level() == Level::ERROR {
        return "ERROR";
    }
    let module = |word: &str| meta.target().split("::").any(|part| part.starts_with(word));
    BY_MODULE.iter().find(|(word, _)| module(word)).map_or("SYSTEM", |(_, category)| category)
}

pub(super) fn format(at: DateTime, category: &str, message: &str) -> String {
    format!("[{}] [{category}] {message}", at.strftime("%Y-%m-%d %H:%M:%S"))
}

/// A message without secrets, on one line, of bounded length.
pub(super) fn clean(message: &str) -> String {
    let redacted = redact(message);
    let mut out = String::with_capacity(redacted.len());
    for (n, c) in redacted.chars().enumerate() {
        if n == MAX_CHARS {
            out.push('…');
            break;
        }
        // Line ends would forge lines; escapes and direction marks would forge a display.
        let forging = matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || forging {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// `…/webhooks/<id>/<token>` → `…/webhooks/<id>/••••`, also where the slashes are escaped
/// (`\/` in JSON, `%2F` in a query).
fn redact(message: &str) -> String {
    const WORD: &str = "webhooks";
    // ASCII case folding keeps every byte position.
    let folded = message.to_ascii_lowercase();
    let mut out = String::with_capacity(message.len());
    let mut done = 0;
    while let Some(found) = folded[done..].find(WORD) {
        let after = done + found + WORD.len();
        let id = after + slashes(&folded[after..]);
        let id_end = id + word(&folded[id..]);
        let token = id_end + slashes(&folded[id_end..]);
        let token_end = token + word(&folded[token..]);
        if after < id && id < id_end && id_end < token && token < token_end {
            out.push_str(&message[done..token]);
            out.push_str("••••");
            done = token_end;
        } else {
            out.push_str(&message[done..after]);
            done = after;
        }
    }
    out.push_str(&message[done..]);
    out
}

fn slashes(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        if rest.starts_with(['/', '\\']) {
            length += 1;
        } else if rest.starts_with("%2f") {
            length += 3;
        } else {
            return length;
        }
    }
}

fn word(text: &str) -> usize {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~'));
    text.find(ends).unwrap_or(text.len())
}
