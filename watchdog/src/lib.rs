//! The guardian's rule: the program gives a sign of life at every beat, and whoever guards
//! it decides from the signs, and the time handed in, whether it still lives.
//!
//! Only the rule is here so far. There is no guarding process yet: nothing starts, watches or
//! restarts anything.

use std::time::Duration;

/// What the signs of life say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It gave a sign within the patience.
    Alive,
    /// It has been silent for longer than the patience.
    Silent {
        /// Since its last sign, or since the guarding began when there never was one.
        since: Duration,
    },
}

/// The signs of life of one guarded process.
///
/// Times are readings of one monotonic clock, given by the caller as the time since an
/// arbitrary but fixed moment; nothing here reads a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    patience: Duration,
    last: Duration,
}

impl Heartbeat {
    /// Begins to guard at `now`: the process has `patience` to give its first sign.
    #[must_use]
    pub fn new(patience: Duration, now: Duration) -> Self {
        Self { patience, last: now }
    }

    /// Takes a sign of life. One that arrives late, with an older time, takes nothing back.
    pub fn heard(&mut self, now: Duration) {
        self.last = self.last.max(now);
    }

    /// What to believe at `now`.
    #[must_use]
    pub fn verdict(&self, now: Duration) -> Verdict {
        if now.saturating_sub(self.last) > self.patience {
            Verdict::Silent { since: self.last }
        } else {
            Verdict::Alive
        }
    }

    /// The first moment at which, without another sign, the verdict may change.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.last.saturating_add(self.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_process_has_its_patience_for_the_first_sign() {
        let guarded = Heartbeat::new(at(10), at(100));
        assert_eq!(guarded.verdict(at(110)), Verdict::Alive);
        assert_eq!(
            guarded.verdict(at(110) + Duration::from_millis(1)),
            Verdict::Silent { since: at(100) }
        );
    }

    #[test]
    fn each_sign_renews_the_patience() {
        let mut guarded = Heartbeat::new(at(10), at(0));
        guarded.heard(at(9));
        assert_eq!(guarded.verdict(at(19)), Verdict::Alive);
        assert_eq!(guarded.deadline(), at(19));
        assert_eq!(guarded.verdict(at(20)), Verdict::Silent { since: at(9) });
    }

    #[test]
    fn a_late_sign_takes_nothing_back() {
        let mut guarded = Heartbeat::new(at(10), at(0));
        guarded.heard(at(9));
        guarded.heard(at(3));
        assert_eq!(guarded.verdict(at(19)), Verdict::Alive);
    }
}
