//! The only place that reads the clocks for the machine, and the one that lets the demo's
//! café live faster than life.

use std::time::Duration;

use cafesentinel_domain::time::{Moment, Tick, Utc, millis};

/// Where moments come from. A span of the machine's time is `pace` times as long as the
/// span of real time in which it passes; only the demo's pace is not 1.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pace: u32,
    /// The real moment at which the story begins, and the one that it begins with.
    story: Option<(Moment, Utc)>,
}

impl Clock {
    /// The machine's own clocks.
    #[must_use]
    pub fn real() -> Clock {
        Clock { pace: 1, story: None }
    }

    /// A story that begins now, at `from` on its own wall clock, told `pace` times faster.
    #[must_use]
    pub fn story(from: Utc, pace: u32) -> Clock {
        Clock { pace: pace.max(1), story: Some((read(), from)) }
    }

    /// Now, on both clocks.
    #[must_use]
    pub fn now(&self) -> Moment {
        let real = read();
        let Some((began, from)) = self.story else {
            return real;
        };
        let told = self.told(real.tick.since(began.tick));
        Moment { tick: began.tick + told, utc: Utc(from.0.saturating_add(millis(told))) }
    }

    /// How much of the machine's time passes within a real span.
    #[must_use]
    pub fn told(&self, real: Duration) -> Duration {
        real.saturating_mul(self.pace)
    }

    /// In how much real time a span of the machine's passes.
    #[must_use]
    pub fn real_span(&self, told: Duration) -> Duration {
        told / self.pace.max(1)
    }

    /// This boot of the machine, for which ticks hold.
    #[must_use]
    pub fn boot_id(&self) -> String {
        match self.story {
            None => cafesentinel_platform::clock::boot_id(),
            Some(_) => "demo".to_owned(),
        }
    }
}

fn read() -> Moment {
    Moment {
        tick: Tick(cafesentinel_platform::clock::boottime_nanos()),
        utc: Utc(cafesentinel_platform::clock::utc_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_runs_at_its_pace_on_both_clocks() {
        let clock = Clock::story(Utc(1_000_000), 60);
        let first = read();
        let a = clock.now();
        let inner = read();
        while read().tick.since(inner.tick) < Duration::from_millis(20) {
            std::thread::yield_now();
        }
        let inner = read().tick.since(inner.tick);
        let b = clock.now();
        let outer = read().tick.since(first.tick);
        let told = b.tick.since(a.tick);
        assert!(60 * inner <= told && told <= 60 * outer, "{inner:?} {told:?} {outer:?}");
        assert!((b.utc.0 - a.utc.0 - millis(told)).abs() <= 1);
        assert_eq!(clock.real_span(clock.told(Duration::from_secs(7))), Duration::from_secs(7));
    }
}
