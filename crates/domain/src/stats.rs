//! Adding up round trips: what is kept per target and minute.

use serde::Serialize;

/// Statistics over a run of probes. Times are in milliseconds; none where nothing answered.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Probes judged.
    pub sent: u32,
    /// Probes without an answer in time.
    pub lost: u32,
    /// Shortest round trip.
    pub rtt_min_ms: Option<f64>,
    /// Mean round trip.
    pub rtt_avg_ms: Option<f64>,
    /// Longest round trip.
    pub rtt_max_ms: Option<f64>,
    /// 95th percentile by the nearest-rank method.
    pub rtt_p95_ms: Option<f64>,
    /// Mean absolute difference of consecutive round trips (two answers in a row).
    pub jitter_ms: Option<f64>,
}

/// Sums up verdicts in the order in which the probes were sent; `None` is a lost probe.
#[must_use]
pub fn summarize(verdicts: &[Option<f64>]) -> Summary {
    let mut answered: Vec<f64> = verdicts.iter().flatten().copied().collect();
    let sent = u32::try_from(verdicts.len()).unwrap_or(u32::MAX);
    let got = u32::try_from(answered.len()).unwrap_or(u32::MAX);
    let mut summary = Summary { sent, lost: sent - got, ..Summary::default() };
    if answered.is_empty() {
        return summary;
    }
    let steps: Vec<f64> = verdicts
        .windows(2)
        .filter_map(|pair| match pair {
            [Some(a), Some(b)] => Some((a - b).abs()),
            _ => None,
        })
        .collect();
    if !steps.is_empty() {
        summary.jitter_ms = Some(steps.iter().sum::<f64>() / steps.len() as f64);
    }
    summary.rtt_avg_ms = Some(answered.iter().sum::<f64>() / answered.len() as f64);
    answered.sort_by(f64::total_cmp);
    summary.rtt_min_ms = answered.first().copied();
    summary.rtt_max_ms = answered.last().copied();
    // Nearest rank: the smallest value with at least 95 % of the values at or below it.
    let rank = (answered.len() * 95).div_ceil(100);
    summary.rtt_p95_ms = answered.get(rank.saturating_sub(1)).copied();
    summary
}

#[cfg(test)]
mod tests {
    use super::summarize;

    #[test]
    fn nothing_sent_is_nothing_known() {
        let s = summarize(&[]);
        assert_eq!((s.sent, s.lost, s.rtt_avg_ms), (0, 0, None));
    }

    #[test]
    fn lost_probes_count_but_do_not_weigh_on_the_round_trip() {
        let s = summarize(&[Some(1.0), None, Some(3.0), Some(5.0)]);
        assert_eq!((s.sent, s.lost), (4, 1));
        assert_eq!(s.rtt_min_ms, Some(1.0));
        assert_eq!(s.rtt_avg_ms, Some(3.0));
        assert_eq!(s.rtt_max_ms, Some(5.0));
        assert_eq!(s.jitter_ms, Some(2.0), "only 3 and 5 follow each other");
    }

    #[test]
    fn p95_is_the_nearest_rank() {
        let hundred: Vec<_> = (1..=100).map(|n| Some(f64::from(n))).collect();
        assert_eq!(summarize(&hundred).rtt_p95_ms, Some(95.0));
        assert_eq!(summarize(&[Some(7.0)]).rtt_p95_ms, Some(7.0));
    }
}
