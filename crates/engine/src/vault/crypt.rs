//! The few things of cryptography that the vault is made of, under names that say what
//! for. All of it is *ring*'s, but the password hash, which ring does not have.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(super) const KEY: usize = 32;
/// Bytes of a salt.
pub(super) const SALT: usize = 16;
/// Bytes of a nonce (RFC 5116: AES-GCM).
pub(super) const NONCE: usize = NONCE_LEN;
/// Bytes that sealing adds.
pub(super) const TAG: usize = 16;

/// A key in memory, overwritten when it is dropped.
pub(super) type Key = Zeroizing<[u8; KEY]>;

/// What is sealed does not open: another key, or altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("does not open with this key, or was altered")]
pub(super) struct NotOpened;

/// The system has no random numbers, or something as unlikely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's cryptography does not work")]
pub(super) struct Broken;

/// Random bytes from the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Broken> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Broken)?;
    Ok(bytes)
}

/// A random key.
pub(super) fn random_key() -> Result<Key, Broken> {
    random().map(Zeroizing::new)
}

/// SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Whether two digests are the same, in a time that does not depend on where they differ.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    // Only the lengths, which are no secret, end it early.
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

/// A key for one purpose (RFC 5869) from something that holds enough chance already.
pub(super) fn derive(salt: &[u8], secret: &[u8], purpose: &str) -> Result<Key, Broken> {
    struct Length;
    impl ring::hkdf::KeyType for Length {
        fn len(&self) -> usize {
            KEY
        }
    }
    let mut key = Key::default();
    let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
    let purpose = [purpose.as_bytes()];
    let expanded = extracted.expand(&purpose, Length).map_err(|_| Broken)?;
    expanded.fill(key.as_mut_slice()).map_err(|_| Broken)?;
    Ok(key)
}

fn cipher(key: &Key) -> Result<LessSafeKey, Broken> {
    let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| Broken)?;
    Ok(LessSafeKey::new(key))
}

/// Seals under a nonce that was never used with this key; `about` is bound to it, not
/// hidden.
pub(super) fn seal(
    key: &Key,
    nonce: [u8; NONCE],
    about: &[u8],
    clear: &[u8],
) -> Result<Vec<u8>, Broken> {
    let mut bytes = clear.to_vec();
    bytes.reserve_exact(TAG);
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut bytes)
        .map_err(|_| Broken)?;
    Ok(bytes)
}

/// Opens what [`seal`] made.
pub(super) fn open(
    key: &Key,
    nonce: [u8; NONCE],
    about: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = cipher(key)
        .map_err(|_| NotOpened)?
        .open_in_place(nonce, Aad::from(about), &mut bytes)
        .map_err(|_| NotOpened)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}

/// A nonce made of what is sealed (as in RFC 5297): the same text at the same place
/// always looks the same sealed, and no nonce serves two texts.
pub(super) fn synthetic_nonce(key: &Key, about: &[u8], clear: &[u8]) -> [u8; NONCE] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()));
    context.update(&(about.len() as u64).to_be_bytes());
    context.update(about);
    context.update(clear);
    let mut nonce = [0; NONCE];
    for (to, from) in nonce.iter_mut().zip(context.sign().as_ref()) {
        *to = *from;
    }
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_nonce_and_purpose_only() {
        let key = random_key().unwrap();
        let sealed = seal(&key, [1; NONCE], b"about", b"clear").unwrap();
        assert_eq!(sealed.len(), 5 + TAG);
        assert_eq!(open(&key, [1; NONCE], b"about", &sealed).unwrap().as_slice(), b"clear");
        assert!(open(&random_key().unwrap(), [1; NONCE], b"about", &sealed).is_err());
        assert!(open(&key, [2; NONCE], b"about", &sealed).is_err());
        assert!(open(&key, [1; NONCE], b"above", &sealed).is_err());
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, [1; NONCE], b"about", &altered).is_err(), "{bit}");
        }
        for cut in 0..sealed.len() {
            assert!(open(&key, [1; NONCE], b"about", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn a_key_depends_on_salt_secret_and_purpose_and_on_nothing_else() {
        let purpose = "a test";
        let a = derive(b"salt", b"secret", purpose).unwrap();
        assert_eq!(a, derive(b"salt", b"secret", purpose).unwrap());
        for other in [
            derive(b"salt2", b"secret", purpose),
            derive(b"salt", b"secret2", purpose),
            derive(b"salt", b"secret", "other"),
        ] {
            assert_ne!(a, other.unwrap());
        }
    }

    #[test]
    fn equal_texts_at_one_place_have_one_nonce_and_others_another() {
        let key = random_key().unwrap();
        let nonce = synthetic_nonce(&key, b"a", b"text");
        assert_eq!(nonce, synthetic_nonce(&key, b"a", b"text"));
        assert_ne!(nonce, synthetic_nonce(&key, b"at", b"ext"));
        assert_ne!(nonce, synthetic_nonce(&key, b"a", b"texts"));
    }

    #[test]
    fn sameness_looks_at_every_byte() {
        assert!(same(b"", b"") && same(b"abc", b"abc"));
        assert!(!same(b"abc", b"abx") && !same(b"xbc", b"abc") && !same(b"ab", b"abc"));
    }
}
