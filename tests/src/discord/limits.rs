//! How often Discord lets itself be asked. Values only: the moment is always handed in.
//!
//! Three limits stand one behind the other. The **global** one counts everything. The
//! **bucket** of a webhook and kind of request (5 in 2 s) is told in headers with every
//! answer. The limit of a **channel** (30 new messages in 60 s) is hidden: no header speaks of
//! it before it strikes. A window begins with its first request and empties all at once, as
//! Discord's do.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The most requests in one window; 0 switches the limit off.
    pub requests: u32,
    /// The length of the window in seconds.
    pub seconds: f64,
}

impl Limit {
    /// So many requests in so many seconds.
    #[must_use]
    pub fn new(requests: u32, seconds: f64) -> Self {
        Self { requests, seconds }
    }

    /// No limit at all.
    #[must_use]
    pub fn none() -> Self {
        Self { requests: 0, seconds: 0.0 }
    }

    fn window(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds).unwrap_or_default()
    }
}

/// Whom a 429 concerns, as `X-RateLimit-Scope` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// This sender on this route.
    User,
    /// Everyone on this resource.
    Shared,
    /// This sender on every route.
    Global,
}

impl Scope {
    /// The word in the header.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shared => "shared",
            Self::Global => "global",
        }
    }
}

/// All limits of a fake Discord.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Per webhook and kind of request; told in headers. Discord: 5 in 2 s.
    pub bucket: Limit,
    /// New messages per channel; hidden. Discord: 30 in 60 s.
    pub channel: Limit,
    /// The scope told when the limit of a channel strikes.
    pub channel_scope: Scope,
    /// Everything together. Discord: 50 in 1 s.
    pub global: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bucket: Limit::new(5, 2.0),
            channel: Limit::new(30, 60.0),
            channel_scope: Scope::Shared,
            global: Limit::new(50, 1.0),
        }
    }
}

impl Limits {
    /// No limits: for tests of something else.
    #[must_use]
    pub fn none() -> Self {
        let none = Limit::none();
        Self { bucket: none, channel: none, channel_scope: Scope::Shared, global: none }
    }
}

/// What one request asks of the limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// Which bucket it falls into: the webhook and the kind of request.
    pub(crate) bucket: &'a str,
    /// The channel in which it makes a new message, if it does.
    pub(crate) channel: Option<&'a str>,
}

/// The state of a bucket after a request, for the headers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset_after: Duration,
}

/// Let through, or how long to wait and on whose account; with the standing of the bucket
/// where there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) refused: Option<(Duration, Scope)>,
    pub(crate) standing: Option<Standing>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    used: u32,
}

/// Every window that runs.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    windows: BTreeMap<String, Window>,
}

impl Buckets {
    /// Judges a request, and counts it when it may pass. A refused one counts nowhere.
    pub(crate) fn ask(&mut self, limits: &Limits, ask: Ask<'_>, now: Instant) -> Verdict {
        let bucket = format!("bucket {}", ask.bucket);
        let channel = ask.channel.map(|channel| format!("channel {channel}"));
        let mut gates = vec![
            ("global", &limits.global, Scope::Global),
            (bucket.as_str(), &limits.bucket, Scope::User),
        ];
        if let Some(channel) = &channel {
            gates.push((channel.as_str(), &limits.channel, limits.channel_scope));
        }
        let shut = gates.iter().find_map(|(key, limit, scope)| {
            let standing = self.standing(key, limit, now)?;
            (standing.remaining == 0).then_some((standing.reset_after, *scope))
        });
        if shut.is_none() {
            for (key, limit, _) in &gates {
                self.count(key, limit, now);
            }
        }
        Verdict { refused: shut, standing: self.standing(&bucket, &limits.bucket, now) }
    }

    fn standing(&self, key: &str, limit: &Limit, now: Instant) -> Option<Standing> {
        if limit.requests == 0 {
            return None;
        }
        let running = self.windows.get(key).filter(|w| now < w.began + limit.window());
        let (used, reset_after) = match running {
            Some(window) => (window.used, window.began + limit.window() - now),
            None => (0, limit.window()),
        };
        let remaining = limit.requests.saturating_sub(used);
        Some(Standing { limit: limit.requests, remaining, reset_after })
    }

    fn count(&mut self, key: &str, limit: &Limit, now: Instant) {
        let window = self.windows.entry(key.to_owned()).or_insert(Window { began: now, used: 0 });
        if now >= window.began + limit.window() {
            *window = Window { began: now, used: 0 };
        }
        window.used += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            bucket: Limit::new(2, 2.0),
            channel: Limit::new(3, 60.0),
            channel_scope: Scope::Shared,
            global: Limit::new(5, 1.0),
        }
    }

    fn post(bucket: &str) -> Ask<'_> {
        Ask { bucket, channel: Some("c") }
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_bucket_empties_all_at_once_when_its_window_is_over() {
        let (mut buckets, start) = (Buckets::default(), Instant::now());
        let limits = Limits { channel: Limit::none(), ..limits() };
        let first = buckets.ask(&limits, post("a"), start);
        let standing = Standing { limit: 2, remaining: 1, reset_after: seconds(2.0) };
        assert_eq!(first, Verdict { refused: None, standing: Some(standing) });
        assert_eq!(buckets.ask(&limits, post("a"), start + seconds(1.5)).refused, None);
        let third = buckets.ask(&limits, post("a"), start + seconds(1.5));
        assert_eq!(third.refused, Some((seconds(0.5), Scope::User)));
        assert_eq!(buckets.ask(&limits, post("b"), start + seconds(1.5)).refused, None);
        for _ in 0..2 {
            assert_eq!(buckets.ask(&limits, post("a"), start + seconds(2.0)).refused, None);
        }
        assert!(buckets.ask(&limits, post("a"), start + seconds(3.9)).refused.is_some());
    }

    #[test]
    fn the_limit_of_a_channel_is_hidden_until_it_strikes() {
        let (mut buckets, start) = (Buckets::default(), Instant::now());
        for n in 0..3 {
            let verdict = buckets.ask(&limits(), post("a"), start + seconds(2.0 * f64::from(n)));
            assert_eq!(verdict.standing.map(|s| s.remaining), Some(1));
        }
        let at = start + seconds(6.0);
        let fourth = buckets.ask(&limits(), post("b"), at);
        assert_eq!(fourth.refused, Some((seconds(54.0), Scope::Shared)));
        assert_eq!(fourth.standing.map(|s| s.remaining), Some(2), "refused, so not counted");
        let edit = Ask { bucket: "b", channel: None };
        assert_eq!(buckets.ask(&limits(), edit, at).refused, None);
    }

    #[test]
    fn the_global_limit_counts_everything() {
        let (mut buckets, start) = (Buckets::default(), Instant::now());
        for bucket in ["a", "b", "c", "d", "e"] {
            let ask = Ask { bucket, channel: None };
            assert_eq!(buckets.ask(&limits(), ask, start).refused, None);
        }
        let ask = Ask { bucket: "f", channel: None };
        let sixth = buckets.ask(&limits(), ask, start + seconds(0.25));
        assert_eq!(sixth.refused, Some((seconds(0.75), Scope::Global)));
    }

    #[test]
    fn no_limits_refuse_nothing_and_tell_nothing() {
        let (mut buckets, now) = (Buckets::default(), Instant::now());
        for _ in 0..1000 {
            let verdict = buckets.ask(&Limits::none(), post("a"), now);
            assert_eq!(verdict, Verdict { refused: None, standing: None });
        }
    }
}
