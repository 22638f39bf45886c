//! Moments: the two clocks that every decision is handed.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on the monotonic clock of this machine, in nanoseconds since it booted,
/// time asleep included. Never printed. May be negative for something that began
/// before the machine was started (an outage remembered from an earlier boot).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(pub i64);

/// A point on the wall clock: milliseconds since 1970-01-01T00:00:00Z. Only for
/// printing and storing; no duration is ever computed from it while we run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Utc(pub i64);

/// One instant, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// For durations.
    pub tick: Tick,
    /// For people.
    pub utc: Utc,
}

impl Tick {
    /// The time from `earlier` to `self`; zero if `earlier` is in fact later.
    #[must_use]
    pub fn since(self, earlier: Tick) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Tick {
    type Output = Tick;
    fn add(self, d: Duration) -> Tick {
        Tick(self.0.saturating_add(i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Tick {
    type Output = Tick;
    fn sub(self, d: Duration) -> Tick {
        Tick(self.0.saturating_sub(i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl Moment {
    /// This moment moved back to `tick`, the wall clock moved by as much. Used to date
    /// something back to the probe that first saw it.
    #[must_use]
    pub fn at(self, tick: Tick) -> Moment {
        let delta_ms = (tick.0 - self.tick.0).div_euclid(1_000_000);
        Moment { tick, utc: Utc(self.utc.0.saturating_add(delta_ms)) }
    }
}

impl Moment {
    /// The moment at which the wall clock shows `utc`, if nobody sets it in between.
    #[must_use]
    pub fn at_utc(self, utc: Utc) -> Moment {
        let delta_ms = utc.0.saturating_sub(self.utc.0);
        Moment { tick: Tick(self.tick.0.saturating_add(delta_ms.saturating_mul(1_000_000))), utc }
    }
}

/// Whole milliseconds of a duration, as stored and shown.
#[must_use]
pub fn millis(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}
