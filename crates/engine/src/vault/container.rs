//! The vault's file, byte by byte.
//!
//! ```text
//!   0  8  "CAFEVLT" and 0
//!   8  2  version of the layout, 1; numbers are big-endian
//!  10  2  what of the machine's identity is in the first key: bit 0 system, bit 1 hardware
//!  12  4  length of the whole file
//!  16 76  the vault's key, sealed for this machine: salt 16, nonce 12, sealed 48
//!  92 76  the vault's key, sealed under the recovery code, likewise
//! 168 12  nonce of the contents
//! 180     the contents, sealed under the vault's key
//! ```
//!
//! All is AES-256-GCM. What is sealed is bound to what stands before it: the keys to the
//! first 12 bytes, the contents to all 180. Keys for the machine and for the code come
//! from HKDF-SHA-256. Nothing is believed before its seal is verified; an altered file,
//! or one that ends early, is refused as a whole.

use zeroize::Zeroizing;

use super::crypt::{self, Broken, KEY, Key, NONCE, SALT, TAG};
use super::recovery::RecoveryCode;
use cafesentinel_platform::machine::Identity;

const MAGIC: &[u8; 8] = b"CAFEVLT\0";
const VERSION: u16 = 1;
const WRAP: usize = SALT + NONCE + KEY + TAG;
const BOUND: usize = 12;
const MACHINE: usize = 16;
const RECOVERY: usize = MACHINE + WRAP;
const CONTENTS_NONCE: usize = RECOVERY + WRAP;
const HEAD: usize = CONTENTS_NONCE + NONCE;
/// No vault is larger; nothing larger is read.
pub(super) const LARGEST: usize = 1 << 20;

const FOR_MACHINE: &str = "CafeSentinel vault, machine, 1";
const FOR_RECOVERY: &str = "CafeSentinel vault, recovery, 1";
const SYSTEM: u16 = 1;
const HARDWARE: u16 = 2;

/// Why a file is not a vault that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It does not begin like one.
    #[error("it is not a vault")]
    NotAVault,
    /// It ends early, or goes on too long.
    #[error("it is cut off or has been appended to ({found} bytes instead of {expected})")]
    Length {
        /// Bytes that are there.
        found: usize,
        /// Bytes that there should be.
        expected: usize,
    },
    /// A newer version of the program made it.
    #[error("it was made by a newer version of the program (layout {0})")]
    Newer(u16),
    /// It was altered, or belongs to another machine or code.
    #[error("it does not open with this machine's identity")]
    Foreign,
    /// The key opens, the contents do not.
    #[error("its contents were altered")]
    Altered,
}

/// The vault's key as sealed for somebody: 76 bytes that may lie anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrap([u8; WRAP]);

impl Wrap {
    fn make(key: &Key, secret: &[u8], purpose: &str, bound: &[u8]) -> Result<Wrap, Broken> {
        let (salt, nonce) = (crypt::random::<SALT>()?, crypt::random::<NONCE>()?);
        let sealed =
            crypt::seal(&crypt::derive(&salt, secret, purpose)?, nonce, bound, key.as_slice())?;
        let mut wrap = [0; WRAP];
        let parts = salt.iter().chain(&nonce).chain(&sealed);
        wrap.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        Ok(Wrap(wrap))
    }

    fn open(&self, secret: &[u8], purpose: &str, bound: &[u8]) -> Option<Key> {
        let (salt, rest) = self.0.split_first_chunk::<SALT>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        let wrapping = crypt::derive(salt, secret, purpose).ok()?;
        let opened = crypt::open(&wrapping, *nonce, bound, sealed).ok()?;
        let mut key = Key::default();
        (opened.len() == KEY).then(|| key.copy_from_slice(&opened))?;
        Some(key)
    }

    /// The key sealed under a recovery code, apart from any vault.
    pub(super) fn for_recovery(key: &Key, code: &RecoveryCode) -> Result<Wrap, Broken> {
        Wrap::make(key, code.secret(), FOR_RECOVERY, MAGIC)
    }

    /// Opens what [`Wrap::for_recovery`] made.
    pub(super) fn recover(&self, code: &RecoveryCode) -> Option<Key> {
        self.open(code.secret(), FOR_RECOVERY, MAGIC)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Wrap> {
        bytes.try_into().ok().map(Wrap)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What of the identity goes into the key: what is named by the flags, if it is there.
fn of_machine(identity: &Identity, flags: u16) -> Option<Zeroizing<String>> {
    let part = |flag: u16, text: &Option<String>| match (flags & flag != 0, text) {
        (false, _) => Some(String::new()),
        (true, Some(text)) => Some(text.clone()),
        (true, None) => None,
    };
    let (system, hardware) = (part(SYSTEM, &identity.system)?, part(HARDWARE, &identity.hardware)?);
    (flags & (SYSTEM | HARDWARE) != 0).then(|| Zeroizing::new(format!("{system}\n{hardware}")))
}

fn flags(identity: &Identity) -> u16 {
    let flag = |there: bool, flag| if there { flag } else { 0 };
    flag(identity.system.is_some(), SYSTEM) | flag(identity.hardware.is_some(), HARDWARE)
}

/// Makes a file. None if this machine cannot be told from others.
pub(super) fn write(
    contents: &[u8],
    key: &Key,
    identity: &Identity,
    recovery: &Wrap,
) -> Result<Option<Vec<u8>>, Broken> {
    let flags = flags(identity);
    let Some(secret) = of_machine(identity, flags) else { return Ok(None) };
    let length = HEAD + contents.len() + TAG;
    let mut file = Vec::with_capacity(length);
    file.extend(MAGIC);
    file.extend(VERSION.to_be_bytes());
    file.extend(flags.to_be_bytes());
    file.extend(u32::try_from(length).map_err(|_| Broken)?.to_be_bytes());
    let bound = file.get(..BOUND).unwrap_or_default();
    let machine = Wrap::make(key, secret.as_bytes(), FOR_MACHINE, bound)?;
    file.extend(machine.0);
    file.extend(recovery.0);
    let nonce = crypt::random::<NONCE>()?;
    file.extend(nonce);
    let sealed = crypt::seal(key, nonce, &file, contents)?;
    file.extend(sealed);
    Ok(Some(file))
}

/// A file that has the right shape; nothing in it is believed yet.
#[derive(Debug)]
pub(super) struct Shaped<'a> {
    file: &'a [u8],
    flags: u16,
    machine: Wrap,
    /// The key under the recovery code.
    pub(super) recovery: Wrap,
}

impl<'a> Shaped<'a> {
    pub(super) fn read(file: &'a [u8]) -> Result<Shaped<'a>, Unreadable> {
        let begins = MAGIC.get(..file.len().min(MAGIC.len())).unwrap_or_default();
        if !file.starts_with(begins) || file.is_empty() {
            return Err(Unreadable::NotAVault);
        }
        let short = || Unreadable::Length { found: file.len(), expected: HEAD + TAG };
        let number = |at: usize| -> Option<u16> {
            Some(u16::from_be_bytes(file.get(at..at + 2)?.try_into().ok()?))
        };
        let version = number(8).ok_or_else(short)?;
        if version != VERSION {
            return Err(Unreadable::Newer(version));
        }
        let flags = number(10).ok_or_else(short)?;
        let (high, low) = (number(12).ok_or_else(short)?, number(14).ok_or_else(short)?);
        let expected = (usize::from(high) << 16 | usize::from(low)).max(HEAD + TAG);
        if file.len() != expected {
            return Err(Unreadable::Length { found: file.len(), expected });
        }
        let wrap = |at: usize| file.get(at..at + WRAP).and_then(Wrap::from_bytes);
        let (machine, recovery) = (wrap(MACHINE), wrap(RECOVERY));
        Ok(Shaped {
            file,
            flags,
            machine: machine.ok_or_else(short)?,
            recovery: recovery.ok_or_else(short)?,
        })
    }

    /// The vault's key, by who this machine is.
    pub(super) fn key_of(&self, identity: &Identity) -> Result<Key, Unreadable> {
        let secret = of_machine(identity, self.flags).ok_or(Unreadable::Foreign)?;
        let bound = self.file.get(..BOUND).unwrap_or_default();
        self.machine.open(secret.as_bytes(), FOR_MACHINE, bound).ok_or(Unreadable::Foreign)
    }

    /// What is in it.
    pub(super) fn contents(&self, key: &Key) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let (head, sealed) = self.file.split_at_checked(HEAD).ok_or(Unreadable::Altered)?;
        let nonce = head.get(CONTENTS_NONCE..).and_then(|n| n.try_into().ok());
        let nonce = nonce.ok_or(Unreadable::Altered)?;
        crypt::open(key, nonce, head, sealed).map_err(|_| Unreadable::Altered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(system: &str, hardware: &str) -> Identity {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Identity { system: some(system), hardware: some(hardware) }
    }

    fn made() -> (Vec<u8>, Key, RecoveryCode) {
        let (key, code) = (crypt::random_key().unwrap(), RecoveryCode::random().unwrap());
        let recovery = Wrap::for_recovery(&key, &code).unwrap();
        let here = identity("here", "board");
        (write(b"contents", &key, &here, &recovery).unwrap().unwrap(), key, code)
    }

    fn read(file: &[u8], identity: &Identity) -> Result<Vec<u8>, Unreadable> {
        let shaped = Shaped::read(file)?;
        Ok(shaped.contents(&shaped.key_of(identity)?)?.to_vec())
    }

    #[test]
    fn it_opens_here_and_nowhere_else() {
        let (file, ..) = made();
        assert_eq!(read(&file, &identity("here", "board")).unwrap(), b"contents");
        for other in [
            identity("there", "board"),
            identity("here", "other"),
            identity("here", ""),
            identity("", "board"),
            identity("", ""),
            identity("herebo", "ard"),
        ] {
            assert_eq!(read(&file, &other), Err(Unreadable::Foreign), "{other:?}");
        }
    }

    #[test]
    fn what_was_not_known_when_it_was_made_is_not_asked_for() {
        let key = crypt::random_key().unwrap();
        let recovery = Wrap::for_recovery(&key, &RecoveryCode::random().unwrap()).unwrap();
        let file = write(b"x", &key, &identity("here", ""), &recovery).unwrap().unwrap();
        assert!(read(&file, &identity("here", "board")).is_ok());
        assert!(write(b"x", &key, &identity("", ""), &recovery).unwrap().is_none());
    }

    #[test]
    fn the_code_opens_it_elsewhere_and_another_code_does_not() {
        let (file, key, code) = made();
        let shaped = Shaped::read(&file).unwrap();
        assert_eq!(shaped.recovery.recover(&code), Some(key));
        assert_eq!(shaped.recovery.recover(&RecoveryCode::random().unwrap()), None);
    }

    #[test]
    fn cut_off_at_any_byte_or_with_any_bit_turned_it_is_refused_in_words() {
        let (file, ..) = made();
        let here = identity("here", "board");
        for cut in 0..file.len() {
            let error = read(&file[..cut], &here).unwrap_err();
            let named = matches!(error, Unreadable::Length { found, .. } if found == cut)
                || error == Unreadable::NotAVault && cut == 0;
            assert!(named && !error.to_string().is_empty(), "{cut}: {error}");
        }
        let longer = [file.as_slice(), &[0]].concat();
        assert!(matches!(read(&longer, &here), Err(Unreadable::Length { .. })));
        for bit in 0..file.len() * 8 {
            let mut altered = file.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&altered, &here).is_err(), "bit {bit}");
        }
        assert_eq!(read(b"MZ and so on, a real library", &here), Err(Unreadable::NotAVault));
    }

    proptest::proptest! {
        #[test]
        fn whatever_lies_there_is_refused_and_never_believed(
            head in 0..200_usize,
            rest in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
        ) {
            // Random bytes, and random bytes behind the beginning of a real one.
            let (file, ..) = made();
            let here = identity("here", "board");
            proptest::prop_assert!(read(&rest, &here).is_err());
            let grafted = [&file[..head.min(file.len())], &rest].concat();
            proptest::prop_assert!(grafted == file || read(&grafted, &here).is_err());
            let _ = RecoveryCode::parse(&String::from_utf8_lossy(&rest));
        }
    }

    #[test]
    fn a_newer_one_is_told_from_a_broken_one() {
        let (mut file, ..) = made();
        file[9] = 2;
        assert_eq!(read(&file, &identity("here", "board")), Err(Unreadable::Newer(2)));
    }
}
