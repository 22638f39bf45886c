//! Who may do what, decided without a clock, a socket or a cipher.
//!
//! In the order of life: [`password`] says which passwords are good enough, [`lockout`]
//! whether another guess is allowed, [`sessions`] how long somebody who guessed right
//! stays known, [`rate`] how much anybody may ask at all.

pub mod lockout;
pub mod password;
pub mod rate;
pub mod sessions;

use serde::{Deserialize, Serialize};

/// What somebody may do. Each may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everybody: that the program is there, and nothing more.
    Anyone,
    /// Sees the dashboard.
    Viewer,
    /// Changes it.
    Admin,
}

impl Role {
    /// The word for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Role::Anyone => "anyone",
            Role::Viewer => "viewer",
            Role::Admin => "admin",
        }
    }
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// To look on.
    Read,
    /// Everything.
    Admin,
}

impl Scope {
    /// The role of its bearer.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Scope::Read => Role::Viewer,
            Scope::Admin => Role::Admin,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Admin => "admin",
        }
    }

    /// The scope of a word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Scope> {
        [Scope::Read, Scope::Admin].into_iter().find(|scope| scope.code() == code)
    }
}
