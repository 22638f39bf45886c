//! What is in the vault.

use cafesentinel_domain::access::Scope;
use cafesentinel_domain::time::Utc;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::bytes;
use super::crypt::{self, Broken, NONCE, SALT};
use super::password::{Costs, Hash, stretch};

/// The most tokens.
pub(super) const MOST_TOKENS: usize = 100;

/// The contents of the vault, as JSON within it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Body {
    /// Tells vaults apart; stays when passwords change.
    pub(super) id: String,
    pub(super) admin: Hash,
    pub(super) privacy: Hash,
    pub(super) stand_down: StandDown,
    #[serde(default)]
    pub(super) tokens: Vec<Token>,
    #[serde(default)]
    pub(super) next_token: u32,
}

/// A token as kept: not itself, only by what it is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    #[serde(flatten)]
    pub(super) about: TokenInfo,
    #[serde(with = "bytes")]
    pub(super) hash: Vec<u8>,
}

/// What is told of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// Its number, never given out twice.
    pub id: u32,
    /// Whose it is, in the owner's words.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// When it was made, in milliseconds since 1970.
    pub created: Utc,
}

/// What is wrong with the name of a token, if anything.
pub(super) fn name_fault(name: &str) -> Option<&'static str> {
    let length = name.chars().count();
    if !(1..=64).contains(&length) || name.trim() != name {
        return Some("name: expected 1 to 64 characters without spaces around");
    }
    name.chars().any(char::is_control).then_some("name: must not hold control characters")
}

/// The key that signs stand-downs, sealed under the admin password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StandDown {
    costs: Costs,
    #[serde(with = "bytes")]
    salt: Vec<u8>,
    #[serde(with = "bytes")]
    nonce: Vec<u8>,
    /// The private half: PKCS #8 (RFC 8410), sealed.
    #[serde(with = "bytes")]
    sealed: Vec<u8>,
    /// The public half: 32 bytes (RFC 8032).
    #[serde(with = "bytes")]
    pub(super) public: Vec<u8>,
}

const PURPOSE: &[u8] = b"CafeSentinel stand-down, 1";

impl StandDown {
    /// A new pair.
    pub(super) fn new(admin: &str, costs: Costs) -> Result<StandDown, Broken> {
        let random = ring::rand::SystemRandom::new();
        let pair = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| Broken)?;
        Self::sealing(&Zeroizing::new(pair.as_ref().to_vec()), admin, costs)
    }

    fn sealing(pair: &[u8], admin: &str, costs: Costs) -> Result<StandDown, Broken> {
        let public = Ed25519KeyPair::from_pkcs8(pair).map_err(|_| Broken)?;
        let public = public.public_key().as_ref().to_vec();
        let (salt, nonce) = (crypt::random::<SALT>()?, crypt::random::<NONCE>()?);
        let sealed = crypt::seal(&stretch(admin, &salt, costs)?, nonce, PURPOSE, pair)?;
        Ok(StandDown { costs, salt: salt.to_vec(), nonce: nonce.to_vec(), sealed, public })
    }

    fn open(&self, admin: &str) -> Option<Zeroizing<Vec<u8>>> {
        let key = stretch(admin, &self.salt, self.costs).ok()?;
        let nonce = self.nonce.as_slice().try_into().ok()?;
        crypt::open(&key, nonce, PURPOSE, &self.sealed).ok()
    }

    /// The same pair under another password; none if the old one is wrong.
    pub(super) fn under(&self, old: &str, new: &str, costs: Costs) -> Option<StandDown> {
        Self::sealing(&self.open(old)?, new, costs).ok()
    }

    /// Signs; none if the password is wrong.
    pub(super) fn sign(&self, admin: &str, message: &[u8]) -> Option<[u8; 64]> {
        let pair = Ed25519KeyPair::from_pkcs8(&self.open(admin)?).ok()?;
        pair.sign(message).as_ref().try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn only_the_admin_password_signs_and_a_new_password_signs_for_the_same_key() {
        let key = StandDown::new("correct horse", Costs::CHEAP).unwrap();
        assert_eq!(key.sign("wrong horse", b"stop"), None);
        let again = key.under("correct horse", "new password", Costs::CHEAP).unwrap();
        assert_eq!(again.public, key.public);
        assert_eq!(again.sign("correct horse", b"stop"), None);
        assert!(key.under("wrong", "new password", Costs::CHEAP).is_none());
        let signature = again.sign("new password", b"stop").unwrap();
        let public = UnparsedPublicKey::new(&ED25519, &key.public);
        public.verify(b"stop", &signature).unwrap();
        assert!(public.verify(b"stay", &signature).is_err());
    }

    #[test]
    fn names_of_tokens_are_short_and_printable() {
        assert_eq!(name_fault("Manager, Málaga"), None);
        for bad in ["", " x", "x ", "a\nb", &"x".repeat(65)] {
            assert!(name_fault(bad).is_some(), "{bad:?}");
        }
    }
}
