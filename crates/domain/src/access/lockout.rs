//! Guessing passwords: slower with each wrong one, locked after five, never for others.
//!
//! An attempt counts as wrong from its beginning until it is found right: many guesses at
//! once, or guesses broken off half way, are no way around.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::time::Tick;

/// This many wrong ones in a row lock their source.
pub const TRIES: u32 = 5;
/// The first lock; each next one of the same source is twice as long …
pub const FIRST_LOCK: Duration = Duration::from_secs(60);
/// … up to this.
pub const LONGEST_LOCK: Duration = Duration::from_secs(3600);
/// How long the answer to the first wrong one waits; each next one twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// After so much quiet all is forgotten.
const FORGET: Duration = Duration::from_secs(24 * 3600);
/// More sources than any café has; beyond them the quietest is forgotten.
const MOST_SOURCES: usize = 10_000;

/// Whose guesses are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The program's own window.
    Window,
    /// An address; of IPv6 the network of 64 bits that one household or machine has.
    Address(IpAddr),
}

impl Source {
    /// The source of a client's address.
    #[must_use]
    pub fn of(address: IpAddr) -> Source {
        Source::Address(match address.to_canonical() {
            v4 @ IpAddr::V4(_) => v4,
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & (u128::MAX << 64);
                let local = v6.is_loopback();
                IpAddr::V6(if local { v6 } else { Ipv6Addr::from_bits(network) })
            }
        })
    }
}

/// A guess that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// How long its answer is held back if it is wrong.
    pub delay: Duration,
    /// The lock that it brings if it is wrong.
    pub lock: Option<Duration>,
    /// The wrong ones of this source so far, this one included.
    pub wrong: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Record {
    /// Since the last lock.
    row: u32,
    wrong: u32,
    locks: u32,
    until: Option<Tick>,
    last: Tick,
}

/// All sources that guessed wrong.
#[derive(Debug, Default)]
pub struct Lockout {
    records: BTreeMap<Source, Record>,
}

impl Lockout {
    /// Begins an attempt.
    ///
    /// # Errors
    /// How long the source is still locked.
    pub fn begin(&mut self, source: Source, now: Tick) -> Result<Attempt, Duration> {
        if !self.records.contains_key(&source) && self.records.len() >= MOST_SOURCES {
            self.make_room(now);
        }
        let record = self.records.entry(source).or_default();
        if let Some(until) = record.until.filter(|until| *until > now) {
            return Err(until.since(now));
        }
        if now.since(record.last) >= FORGET {
            *record = Record::default();
        }
        record.until = None;
        record.last = now;
        record.row += 1;
        record.wrong += 1;
        let delay = FIRST_DELAY * 2_u32.pow(record.row - 1);
        let mut lock = None;
        if record.row >= TRIES {
            let length = FIRST_LOCK.saturating_mul(2_u32.saturating_pow(record.locks));
            let length = length.min(LONGEST_LOCK);
            record.row = 0;
            record.locks = record.locks.saturating_add(1);
            record.until = Some(now + length);
            lock = Some(length);
        }
        Ok(Attempt { delay, lock, wrong: record.wrong })
    }

    /// Forgets a tenth: those that are not locked first, the quietest first.
    fn make_room(&mut self, now: Tick) {
        let locked = |r: &Record| r.until.is_some_and(|until| until > now);
        let mut order: Vec<_> =
            self.records.iter().map(|(source, r)| (locked(r), r.last, *source)).collect();
        order.sort_unstable();
        for (_, _, source) in order.iter().take(MOST_SOURCES / 10) {
            self.records.remove(source);
        }
    }

    /// The attempt was right: nothing is held against this source any more.
    pub fn right(&mut self, source: Source) {
        self.records.remove(&source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Source = Source::Window;

    fn at(s: u64) -> Tick {
        Tick(0) + Duration::from_secs(s)
    }

    fn address(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    #[test]
    fn each_wrong_one_is_answered_later_and_the_fifth_locks_for_a_minute() {
        let mut lockout = Lockout::default();
        let mut delays = Vec::new();
        for n in 1..=5 {
            let attempt = lockout.begin(ME, at(0)).unwrap();
            assert_eq!((attempt.lock, attempt.wrong), ((n == 5).then_some(FIRST_LOCK), n));
            delays.push(attempt.delay.as_millis());
        }
        assert_eq!(delays, [250, 500, 1000, 2000, 4000]);
        assert_eq!(lockout.begin(ME, at(1)), Err(Duration::from_secs(59)));
        assert!(lockout.begin(ME, at(60)).is_ok());
    }

    #[test]
    fn locks_double_up_to_an_hour_and_knocking_at_a_locked_door_changes_nothing() {
        let mut lockout = Lockout::default();
        let mut now = 0;
        let mut locks = Vec::new();
        for _ in 0..8 {
            let lock = (0..5).find_map(|_| lockout.begin(ME, at(now)).unwrap().lock).unwrap();
            locks.push(lock.as_secs());
            for _ in 0..50 {
                assert!(lockout.begin(ME, at(now)).is_err());
            }
            now += lock.as_secs();
        }
        assert_eq!(locks, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }

    #[test]
    fn a_stranger_locks_out_only_himself() {
        let mut lockout = Lockout::default();
        while lockout.begin(address("192.168.1.66"), at(0)).is_ok() {}
        assert!(lockout.begin(address("192.168.1.2"), at(0)).is_ok());
        assert!(lockout.begin(ME, at(0)).is_ok());
        while lockout.begin(address("2001:db8::1"), at(0)).is_ok() {}
        assert!(lockout.begin(address("2001:db8::ffff:2"), at(0)).is_err(), "same network");
        assert!(lockout.begin(address("2001:db8:0:1::1"), at(0)).is_ok());
        assert_eq!(address("::ffff:10.0.0.1"), address("10.0.0.1"));
        assert_ne!(address("::1"), address("::2"));
    }

    #[test]
    fn a_right_one_is_forgiven_everything_and_a_day_forgets() {
        let mut lockout = Lockout::default();
        for _ in 0..4 {
            lockout.begin(ME, at(0)).unwrap();
        }
        lockout.right(ME);
        assert_eq!(lockout.begin(ME, at(0)).unwrap().wrong, 1);
        while lockout.begin(ME, at(0)).is_ok() {}
        let later = lockout.begin(ME, at(25 * 3600)).unwrap();
        assert_eq!((later.wrong, later.lock), (1, None));
    }

    #[test]
    fn however_many_guess_the_memory_is_bounded_and_locks_are_kept_longest() {
        let mut lockout = Lockout::default();
        while lockout.begin(ME, at(0)).is_ok() {}
        for n in 0..20_000_u32 {
            let stranger = Source::of(IpAddr::from(n.to_be_bytes()));
            lockout.begin(stranger, at(1)).unwrap();
        }
        assert!(lockout.records.len() <= MOST_SOURCES);
        assert!(lockout.begin(ME, at(2)).is_err(), "still locked");
    }
}
