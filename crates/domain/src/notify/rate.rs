//! How fast a webhook may be used: what Discord's headers say, and what a refusal taught.
//!
//! The headers tell of the webhook's own allowance (about 5 in 2 s, but only they know).
//! The channel behind it takes about 30 messages a minute, of which no header tells ahead:
//! we keep below that from the beginning, and lower when a refusal shows that it is less.

use std::collections::VecDeque;
use std::time::Duration;

use super::answer::{Reply, Scope};
use crate::time::Tick;

/// The span in which a channel's messages are counted.
const SPAN: Duration = Duration::from_secs(60);
/// Messages in that span.
const PER_SPAN: usize = 30;
/// A refusal teaches nothing below so many in that span.
const LEAST: usize = 10;
/// What a refusal taught is forgotten after this.
const TAUGHT: Duration = Duration::from_secs(3600);

/// The allowance of one webhook.
#[derive(Debug, Clone)]
pub struct Rate {
    remaining: Option<u32>,
    resets: Tick,
    blocked: Tick,
    sent: VecDeque<Tick>,
    per_span: usize,
    taught: Option<Tick>,
}

impl Default for Rate {
    fn default() -> Self {
        Rate {
            remaining: None,
            resets: Tick(i64::MIN),
            blocked: Tick(i64::MIN),
            sent: VecDeque::new(),
            per_span: PER_SPAN,
            taught: None,
        }
    }
}

impl Rate {
    /// The earliest moment at which it may be used.
    #[must_use]
    pub fn ready_at(&self, now: Tick) -> Tick {
        let mut at = self.blocked.max(now);
        if self.remaining == Some(0) {
            at = at.max(self.resets);
        }
        let recent = self.sent.iter().filter(|t| **t + SPAN > now).count();
        if let Some(over) = recent.checked_sub(self.per_span)
            && let Some(oldest) = self.sent.iter().filter(|t| **t + SPAN > now).nth(over)
        {
            at = at.max(*oldest + SPAN);
        }
        at
    }

    /// It is used now.
    pub fn used(&mut self, now: Tick) {
        while self.sent.front().is_some_and(|t| *t + SPAN <= now) {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
        if now >= self.resets {
            self.remaining = None;
        }
        self.remaining = self.remaining.map(|r| r.saturating_sub(1));
        if self.taught.is_some_and(|at| at + TAUGHT <= now) {
            self.taught = None;
            self.per_span = PER_SPAN;
        }
    }

    /// What the headers of an answer say.
    pub fn learn(&mut self, reply: &Reply, now: Tick) {
        // Discord counts from the arrival, which lies between sending and answer: the later
        // moment is the safe one.
        if let Some(last) = self.sent.back_mut() {
            *last = now;
        }
        if let Some(remaining) = reply.remaining {
            let resets = now + reply.pause_span();
            // Answers may overtake one another: within one window the lower count holds.
            let same = resets.since(self.resets).max(self.resets.since(resets)) < SLACK;
            self.remaining = match self.remaining {
                Some(known) if same => Some(known.min(remaining)),
                Some(_) | None => Some(remaining),
            };
            self.resets = resets;
        }
    }

    /// A refusal: nothing for `wait`.
    pub fn limited(&mut self, wait: Duration, scope: Scope, now: Tick) {
        self.block(now + wait);
        let recent = self.sent.iter().filter(|t| **t + SPAN > now).count();
        // Refused although our own allowance was not used up: the channel takes less than we
        // thought. After a few messages only it was others who filled it, and what they do
        // next is not for us to guess.
        if scope == Scope::Shared && recent > LEAST {
            self.per_span = self.per_span.min(recent - 1);
            self.taught = Some(now);
        }
    }

    /// Nothing before then.
    pub fn block(&mut self, until: Tick) {
        self.blocked = self.blocked.max(until);
    }
}

/// Two tellings of the same reset differ by the way of the answers.
const SLACK: Duration = Duration::from_millis(250);
