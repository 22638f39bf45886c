//! What is wrong with a configuration, said with path and bound.

use std::fmt;

use serde::Serialize;

/// The kind of a fault; codes are contract, texts are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// Not JSON, or not an object.
    Syntax,
    /// A number where a text belongs, and the like.
    WrongType,
    /// A number outside its bounds, or a text of the wrong length.
    OutOfRange,
    /// A key that does not exist.
    UnknownKey,
    /// Of the right type, but not acceptable.
    BadValue,
    /// A secret that was sealed elsewhere, or whose vault is shut.
    Sealed,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where: `monitor_settings.interval_seconds`.
    pub path: String,
    /// What kind.
    pub code: FaultCode,
    /// A sentence with path and bound.
    pub message: String,
}

/// Where a document with very many faults stops being listed.
const MOST_FAULTS: usize = 1000;

/// Cuts a list that nobody would read to its end, and says so.
pub(super) fn limited(mut faults: Vec<Fault>) -> Vec<Fault> {
    if let Some(more) = faults.len().checked_sub(MOST_FAULTS).filter(|more| *more > 0) {
        faults.truncate(MOST_FAULTS);
        let message = format!("and {more} more faults");
        faults.push(Fault { path: String::new(), code: FaultCode::BadValue, message });
    }
    faults
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The known key that an unknown one was probably meant to be.
pub(super) fn suggestion(unknown: &str, known: &[&'static str]) -> Option<&'static str> {
    // Names that people use and that resemble their key too little to be found by spelling.
    const MEANT: [(&str, &str); 5] = [
        ("session_stability_seconds", "min_session_minutes"),
        ("session_stability_minutes", "min_session_minutes"),
        ("hourly_snapshot", "hourly_snapshot_enabled"),
        ("timeout_ms", "probe_timeout_ms"),
        ("stealth", "env_state"),
    ];
    if let Some((_, meant)) = MEANT.iter().find(|(name, _)| *name == unknown) {
        return known.iter().copied().find(|k| k == meant);
    }
    let wanted = unknown.to_lowercase().replace('-', "_");
    // The same words in another order: `pc_range_start`.
    let words = |name: &str| {
        let mut words: Vec<String> = name.split('_').map(str::to_owned).collect();
        words.sort();
        words
    };
    if let Some(key) = known.iter().copied().find(|k| words(k) == words(&wanted)) {
        return Some(key);
    }
    known
        .iter()
        .map(|k| (distance(&wanted, k), *k))
        .filter(|(d, k)| {
            *d <= (k.len().max(wanted.len()) / 3).max(1)
                || (wanted.len() >= 4 && (k.starts_with(&wanted) || wanted.starts_with(k)))
        })
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Levenshtein distance; inputs are bounded by the size of a configuration file, long
/// ones are cut, for nobody misspells sixty characters.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(60).collect();
    let b: Vec<char> = b.chars().take(60).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(x != y)).min(*cell + 1).min(left + 1);
            diagonal = *cell;
            *cell = cost;
            left = cost;
        }
    }
    row.last().copied().unwrap_or(0)
}
