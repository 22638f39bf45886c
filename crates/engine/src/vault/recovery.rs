//! The recovery code: what the owner writes down, and what opens the vault when the
//! machine that it was bound to is gone.
//!
//! 130 random bits and 10 bits that tell a slip of the pen, as 28 characters of
//! Crockford's base 32 in groups of four: no `I`, `L`, `O` or `U` to be misread. The
//! chance in it is more than anybody can try, so no slow hash is needed.

use zeroize::Zeroizing;

use super::crypt::{self, Broken};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of chance, five bits each.
const CHANCE: usize = 26;
/// Characters that check them.
const CHECK: usize = 2;
const GROUP: usize = 4;

/// A code that is at least well-formed.
pub struct RecoveryCode(Zeroizing<[u8; CHANCE]>);

/// It cannot be a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// Too few or too many characters.
    #[error("a recovery code has 28 letters and digits, in seven groups of four")]
    Length,
    /// A character that does not occur in one.
    #[error("a recovery code has only digits and letters, and no U")]
    Character,
    /// The check at the end does not fit.
    #[error("a letter or digit of the recovery code is wrong")]
    Check,
}

impl RecoveryCode {
    /// A new one.
    pub(super) fn random() -> Result<RecoveryCode, Broken> {
        let mut digits = Zeroizing::new(crypt::random::<CHANCE>()?);
        digits.iter_mut().for_each(|digit| *digit &= 31);
        Ok(RecoveryCode(digits))
    }

    /// Understands what somebody typed: any case, with or without dashes and spaces,
    /// `O` for 0 and `I` or `L` for 1.
    ///
    /// # Errors
    /// What cannot be right about it.
    pub fn parse(text: &str) -> Result<RecoveryCode, Misread> {
        let mut digits = Zeroizing::new(Vec::with_capacity(CHANCE + CHECK + 1));
        for c in text.chars().filter(|c| !c.is_whitespace() && !"-–—_.".contains(*c)) {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let digit = ALPHABET.iter().position(|a| char::from(*a) == c);
            digits.push(digit.and_then(|d| u8::try_from(d).ok()).ok_or(Misread::Character)?);
            if digits.len() > CHANCE + CHECK {
                return Err(Misread::Length);
            }
        }
        let (chance, check) = digits.split_at_checked(CHANCE).ok_or(Misread::Length)?;
        if check.len() != CHECK {
            return Err(Misread::Length);
        }
        let mut code = RecoveryCode(Zeroizing::new([0; CHANCE]));
        code.0.copy_from_slice(chance);
        if check == code.check() { Ok(code) } else { Err(Misread::Check) }
    }

    fn check(&self) -> [u8; CHECK] {
        let digest = crypt::sha256(self.0.as_slice());
        [digest[0] & 31, digest[1] & 31]
    }

    /// The code as it is written down.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(40));
        for (n, digit) in self.0.iter().copied().chain(self.check()).enumerate() {
            if n > 0 && n % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(digit & 31)]));
        }
        text
    }

    /// What keys are derived from.
    pub(super) fn secret(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode(••••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_understood_however_it_is_typed() {
        let code = RecoveryCode(Zeroizing::new(std::array::from_fn(|n| n as u8)));
        let text = code.reveal();
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4; 7]);
        assert!(text.starts_with("0123-4567-89AB-CDEF-GHJK-MNPQ"), "{}", *text);
        let slack = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        for typed in [text.as_str(), &slack, &format!(" {} \n", text.replace('-', ""))] {
            assert_eq!(RecoveryCode::parse(typed).unwrap().secret(), code.secret(), "{typed}");
        }
        assert_eq!(format!("{code:?}"), "RecoveryCode(••••)");
    }

    #[test]
    fn a_slip_of_the_pen_is_told_as_such() {
        let text = RecoveryCode::random().unwrap().reveal();
        assert_eq!(RecoveryCode::parse(&text[..33]).unwrap_err(), Misread::Length);
        assert_eq!(RecoveryCode::parse(&format!("{}0", *text)).unwrap_err(), Misread::Length);
        assert_eq!(RecoveryCode::parse("").unwrap_err(), Misread::Length);
        assert_eq!(RecoveryCode::parse("U123").unwrap_err(), Misread::Character);
        assert_eq!(RecoveryCode::parse("ü").unwrap_err(), Misread::Character);
        assert_eq!(RecoveryCode::parse(&"0".repeat(1 << 20)).unwrap_err(), Misread::Length);
        let mut slips = 0;
        for at in (0..text.len()).filter(|at| text.as_bytes()[*at] != b'-') {
            let mut slip = text.as_bytes().to_vec();
            slip[at] = if slip[at] == b'7' { b'8' } else { b'7' };
            let slip = String::from_utf8(slip).unwrap();
            slips += usize::from(RecoveryCode::parse(&slip).is_err());
        }
        assert!(slips >= 27, "one in a thousand may pass: {slips}");
    }

    #[test]
    fn no_two_are_the_same() {
        let all: std::collections::BTreeSet<_> =
            (0..100).map(|_| RecoveryCode::random().unwrap().reveal().to_string()).collect();
        assert_eq!(all.len(), 100);
    }
}
