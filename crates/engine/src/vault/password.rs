//! Passwords as kept: Argon2id (RFC 9106), with the costs beside the hash, so that they
//! can rise without locking anybody out.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

use super::bytes;
use super::crypt::{self, Broken, KEY, Key, SALT};

/// What one try costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Costs {
    /// OWASP's Password Storage Cheat Sheet: 19 MiB and two passes, or more.
    pub const USUAL: Costs = Costs { memory_kib: 19_456, passes: 2 };
    /// For tests, which are not attacked.
    pub const CHEAP: Costs = Costs { memory_kib: 8, passes: 1 };
    /// What an altered vault may not exceed, so that it cannot eat the machine.
    const MOST: Costs = Costs { memory_kib: 1 << 20, passes: 100 };

    fn bounded(self) -> bool {
        self.memory_kib <= Self::MOST.memory_kib && self.passes <= Self::MOST.passes
    }
}

/// A key that only the password gives, for this salt.
pub(super) fn stretch(password: &str, salt: &[u8], costs: Costs) -> Result<Key, Broken> {
    if !costs.bounded() {
        return Err(Broken);
    }
    let params = Params::new(costs.memory_kib, costs.passes, 1, Some(KEY)).map_err(|_| Broken)?;
    let mut key = Key::default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| Broken)?;
    Ok(key)
}

/// A password's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hash {
    costs: Costs,
    #[serde(with = "bytes")]
    salt: Vec<u8>,
    #[serde(with = "bytes")]
    hash: Vec<u8>,
}

impl Hash {
    pub(super) fn of(password: &str, costs: Costs) -> Result<Hash, Broken> {
        let salt = crypt::random::<SALT>()?;
        let hash = stretch(password, &salt, costs)?.to_vec();
        Ok(Hash { costs, salt: salt.to_vec(), hash })
    }

    /// Whether it is this password. As slow as [`Costs`] say, whatever the answer.
    pub(super) fn is_of(&self, password: &str) -> bool {
        stretch(password, &self.salt, self.costs)
            .is_ok_and(|tried| crypt::same(tried.as_slice(), &self.hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_two_hashes_of_it_differ() {
        let hash = Hash::of("correct horse", Costs::CHEAP).unwrap();
        assert!(hash.is_of("correct horse"));
        for wrong in ["", "correct horse ", "Correct horse", "correct\0horse"] {
            assert!(!hash.is_of(wrong), "{wrong}");
        }
        assert_ne!(hash, Hash::of("correct horse", Costs::CHEAP).unwrap());
    }

    #[test]
    fn costs_that_would_eat_the_machine_are_refused() {
        let mut hash = Hash::of("correct horse", Costs::CHEAP).unwrap();
        hash.costs.memory_kib = u32::MAX;
        assert!(!hash.is_of("correct horse"));
        hash.costs = Costs { passes: u32::MAX, ..Costs::CHEAP };
        assert!(!hash.is_of("correct horse"));
    }

    /// RFC 9106, 5.3, uses a secret and data that we do not; this one is of the reference
    /// implementation (`argon2 somesalt -id -t 2 -m 16 -p 1`, "password").
    #[test]
    fn it_is_the_argon2id_of_others() {
        let costs = Costs { memory_kib: 1 << 16, passes: 2 };
        let key = stretch("password", b"somesalt", costs).unwrap();
        let hex: String = key.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
    }
}
