//! How much one address may ask: a bucket of turns that fills at a steady pace.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::time::Tick;

/// More addresses than a network of this kind has; beyond them full buckets are forgotten,
/// and if there are none, all.
const MOST: usize = 10_000;

/// One bucket per address.
#[derive(Debug)]
pub struct Rate {
    /// One turn comes back each.
    every: Duration,
    burst: u32,
    /// When the bucket of an address will be full again.
    full_at: BTreeMap<IpAddr, Tick>,
}

impl Rate {
    /// `burst` turns at once, and one more each `every`.
    #[must_use]
    pub fn new(every: Duration, burst: u32) -> Rate {
        Rate { every, burst, full_at: BTreeMap::new() }
    }

    /// Takes a turn.
    ///
    /// # Errors
    /// How long until there is one again.
    pub fn take(&mut self, address: IpAddr, now: Tick) -> Result<(), Duration> {
        if self.full_at.len() >= MOST && !self.full_at.contains_key(&address) {
            self.full_at.retain(|_, full| *full > now);
            if self.full_at.len() >= MOST {
                self.full_at.clear();
            }
        }
        let full = self.full_at.entry(address).or_insert(now);
        let after = (*full).max(now) + self.every;
        let (deep, depth) = (after.since(now), self.every * self.burst);
        if deep > depth {
            return Err(deep - depth);
        }
        *full = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn at(ms: u64) -> Tick {
        Tick(0) + Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_is_free_then_turns_come_back_one_by_one() {
        let mut rate = Rate::new(Duration::from_millis(100), 3);
        for _ in 0..3 {
            rate.take(A, at(0)).unwrap();
        }
        assert_eq!(rate.take(A, at(0)), Err(Duration::from_millis(100)));
        assert_eq!(rate.take(A, at(40)), Err(Duration::from_millis(60)));
        rate.take(A, at(100)).unwrap();
        assert!(rate.take(A, at(150)).is_err());
        assert!(rate.take(IpAddr::from([10, 0, 0, 2]), at(150)).is_ok(), "another address");
        for _ in 0..3 {
            rate.take(A, at(10_000)).unwrap();
        }
        assert!(rate.take(A, at(10_000)).is_err(), "never more than a burst");
    }

    #[test]
    fn however_many_ask_the_memory_is_bounded() {
        let mut rate = Rate::new(Duration::from_millis(100), 3);
        for n in 0..50_000_u32 {
            rate.take(IpAddr::from(n.to_be_bytes()), at(0)).unwrap();
        }
        assert!(rate.full_at.len() <= MOST);
    }
}
