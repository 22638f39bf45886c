//! How late beats start: the one figure that tells whether anything moves the beat.

use std::fmt;
use std::time::Duration;

/// Percentiles are those of the newest beats.
const KEPT: usize = 4096;

/// Lateness of the beats since the start.
#[derive(Debug, Default)]
pub struct Lateness {
    beats: u64,
    max: Duration,
    /// Microseconds; a ring.
    newest: Vec<u32>,
}

/// [`Lateness`] summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BeatReport {
    /// Beats since the start.
    pub beats: u64,
    /// Median of the newest 4096.
    pub p50: Duration,
    /// 99th percentile of the newest 4096.
    pub p99: Duration,
    /// The worst since the start.
    pub max: Duration,
}

impl Lateness {
    /// Notes a beat that started this late.
    pub fn note(&mut self, late: Duration) {
        let micros = u32::try_from(late.as_micros()).unwrap_or(u32::MAX);
        let place = usize::try_from(self.beats % KEPT as u64).unwrap_or(0);
        match self.newest.get_mut(place) {
            Some(slot) => *slot = micros,
            None => self.newest.push(micros),
        }
        self.beats += 1;
        self.max = self.max.max(late);
    }

    /// How many there were.
    #[must_use]
    pub fn beats(&self) -> u64 {
        self.beats
    }

    /// Sums up.
    #[must_use]
    pub fn report(&self) -> BeatReport {
        let mut sorted = self.newest.clone();
        sorted.sort_unstable();
        let percentile = |p: usize| {
            let place = (sorted.len() * p).div_ceil(100).saturating_sub(1);
            Duration::from_micros(sorted.get(place).copied().unwrap_or(0).into())
        };
        BeatReport { beats: self.beats, p50: percentile(50), p99: percentile(99), max: self.max }
    }
}

impl fmt::Display for BeatReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |d: Duration| d.as_secs_f64() * 1000.0;
        write!(
            f,
            "{} beats, started late by {:.1} ms in the median, {:.1} ms at the 99th percentile, \
             {:.1} ms at worst",
            self.beats,
            ms(self.p50),
            ms(self.p99),
            ms(self.max)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_newest_beats_and_the_worst_is_kept() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.report(), BeatReport::default());
        lateness.note(Duration::from_secs(3));
        for i in 1..=5000 {
            lateness.note(Duration::from_micros(i % 100 + 1));
        }
        let report = lateness.report();
        assert_eq!((report.beats, report.max), (5001, Duration::from_secs(3)));
        assert!((49..=51).contains(&report.p50.as_micros()), "{report}");
        assert!((98..=100).contains(&report.p99.as_micros()), "{report}");
    }
}
