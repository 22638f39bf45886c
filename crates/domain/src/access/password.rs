//! Which passwords are good enough.

use std::fmt;

/// The fewest characters.
pub const SHORTEST: usize = 8;
/// The most bytes: a bound, not a recommendation.
pub const LONGEST: usize = 1024;

/// What is wrong with a password that somebody chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Less than [`SHORTEST`] characters.
    TooShort,
    /// More than [`LONGEST`] bytes.
    TooLong,
    /// Made of one character, or of blanks.
    Monotonous,
    /// The privacy password is the admin password.
    Same,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Weakness::TooShort => write!(f, "must have at least {SHORTEST} characters"),
            Weakness::TooLong => write!(f, "must have at most {LONGEST} bytes"),
            Weakness::Monotonous => f.write_str("must not be one character again and again"),
            Weakness::Same => f.write_str("must differ from the other password"),
        }
    }
}

/// What is wrong with one password, if anything.
#[must_use]
pub fn weakness(password: &str) -> Option<Weakness> {
    let mut characters = password.chars().filter(|c| !c.is_whitespace());
    let first = characters.next();
    if password.chars().count() < SHORTEST {
        Some(Weakness::TooShort)
    } else if password.len() > LONGEST {
        Some(Weakness::TooLong)
    } else if characters.all(|c| Some(c) == first) {
        Some(Weakness::Monotonous)
    } else {
        None
    }
}

/// What is wrong with the pair; of each the first fault, named `admin` or `privacy`.
#[must_use]
pub fn weaknesses(admin: &str, privacy: &str) -> Vec<(&'static str, Weakness)> {
    let mut found: Vec<_> = [("admin", admin), ("privacy", privacy)]
        .into_iter()
        .filter_map(|(which, password)| Some((which, weakness(password)?)))
        .collect();
    if admin == privacy && found.is_empty() {
        found.push(("privacy", Weakness::Same));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_not_bytes() {
        assert_eq!(weakness("ñandú 12"), None);
        assert_eq!(weakness("ñandú12"), Some(Weakness::TooShort));
        assert_eq!(weakness(&"ab".repeat(513)), Some(Weakness::TooLong));
        assert_eq!(weakness("aaaaaaaaaa"), Some(Weakness::Monotonous));
        assert_eq!(weakness("          "), Some(Weakness::Monotonous));
    }

    #[test]
    fn both_must_be_good_and_differ() {
        assert_eq!(weaknesses("correct horse", "battery staple"), []);
        assert_eq!(weaknesses("correct horse", "correct horse"), [("privacy", Weakness::Same)]);
        let short = Weakness::TooShort;
        assert_eq!(weaknesses("a", "a"), [("admin", short), ("privacy", short)]);
    }
}
