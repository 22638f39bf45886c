//! Codes that are good once: what the program prints, or notes in its data folder, so
//! that whoever sits at this computer gets in without a password.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// A secret of 256 bits, as text; none if the system has no random numbers.
pub(super) fn secret() -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(bytes.as_mut_slice()).ok()?;
    Some(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// SHA-256 of a text.
pub(super) fn digest(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    out.copy_from_slice(digest.as_ref());
    out
}

/// The code that is good now.
#[derive(Debug)]
pub(super) struct Code {
    now: Mutex<Option<Zeroizing<String>>>,
    renewed: watch::Sender<()>,
}

impl Code {
    pub(super) fn new() -> Code {
        Code { now: Mutex::new(secret()), renewed: watch::Sender::new(()) }
    }

    /// What to print.
    pub(super) fn show(&self) -> Option<Zeroizing<String>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is this one; then it is replaced by the next.
    pub(super) fn redeem(&self, tried: &str) -> bool {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        // Digests of equal length: how far they agree tells nothing about the code.
        let right = now.as_ref().is_some_and(|now| digest(now) == digest(tried));
        if right {
            *now = secret();
            self.renewed.send_replace(());
        }
        right
    }

    /// Is told at each new one.
    pub(super) fn follow(&self) -> watch::Receiver<()> {
        self.renewed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once() {
        let code = Code::new();
        let mut renewed = code.follow();
        let first = code.show().unwrap();
        assert_eq!(first.len(), 43);
        assert!(!code.redeem("") && !code.redeem(&first[..42]));
        assert!(!renewed.has_changed().unwrap());
        assert!(code.redeem(&first));
        assert!(renewed.has_changed().unwrap());
        renewed.mark_unchanged();
        assert!(!code.redeem(&first));
        assert!(code.redeem(&code.show().unwrap()));
    }
}
