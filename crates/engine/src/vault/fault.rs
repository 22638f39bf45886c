//! What can be wrong with a vault, and why something was not done with it.

use std::io;

use cafesentinel_domain::access::password::Weakness;

use super::FILE;
use super::body::MOST_TOKENS;
use super::container::Unreadable;
use super::crypt::Broken;

/// What keeps a vault from being used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// This installation was set up, and its vault is gone.
    #[error(
        "the vault ({FILE}) of this installation is gone: somebody deleted it. The recovery \
         code brings back control (cafesentinel-headless recover)"
    )]
    Missing,
    /// It is the vault of another installation.
    #[error(
        "the vault ({FILE}) is not the one that this installation was set up with: somebody \
         put another in its place. The recovery code brings back control \
         (cafesentinel-headless recover)"
    )]
    Replaced,
    /// It does not open.
    #[error(
        "the vault ({FILE}) cannot be opened: {0}. If this computer or its mainboard is new, \
         or the file was damaged, the recovery code heals it (cafesentinel-headless recover)"
    )]
    Unreadable(#[from] Unreadable),
    /// The disk does not give it out.
    #[error("the vault ({FILE}) cannot be read: {0}")]
    Io(String),
}

/// In which condition the vault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// There never was one: the installation waits to be set up.
    Fresh,
    /// It is open.
    Open,
    /// It was set up and cannot be used.
    Faulty(Fault),
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// It is set up already.
    #[error("this installation is set up already")]
    NotFresh,
    /// It is not set up yet.
    #[error("this installation is not set up yet")]
    NotSetUp,
    /// It cannot be used.
    #[error("{0}")]
    Faulty(#[from] Fault),
    /// Passwords that are not good enough, with their names.
    #[error("{}", .0.iter().map(|(n, w)| format!("the {n} password {w}")).collect::<Vec<_>>().join("; "))]
    Weak(Vec<(&'static str, Weakness)>),
    /// The admin password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The recovery code is not of this installation.
    #[error("this recovery code is not the one of this installation")]
    WrongCode,
    /// This machine has nothing that tells it from others.
    #[error("this system has no identity (/etc/machine-id is missing or empty)")]
    NoIdentity,
    /// The name of a token.
    #[error("{0}")]
    BadName(&'static str),
    /// There are very many already.
    #[error("there are {} tokens already: revoke one first", MOST_TOKENS)]
    TooManyTokens,
    /// There is none with this number.
    #[error("there is no token with this number")]
    NoToken,
    /// The disk refuses.
    #[error("{FILE} cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The system's random numbers or ciphers fail.
    #[error("the system's cryptography does not work")]
    Broken,
}

impl From<Broken> for VaultError {
    fn from(_: Broken) -> Self {
        VaultError::Broken
    }
}

/// Which password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The owner's.
    Admin,
    /// The staff's, for the privacy mode.
    Privacy,
}

/// Something happened to the file that nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was changed by another process of ours (the command line).
    Reread,
    /// It was deleted or replaced while we run; it was put back.
    PutBack,
}
