//! The sentence at the top of the page: decided here, worded at the edge.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::time::Utc;

/// What the site is like, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadlineCode {
    /// Everything that is watched answers.
    AllWell,
    /// No verdict yet.
    Starting,
    /// This PC is cut off.
    LanDown,
    /// The router is down.
    RouterDown,
    /// The provider is down.
    IspDown,
    /// The server is down.
    ServerDown,
    /// Something keeps falling and coming back.
    Unstable,
    /// The system does not let us ask.
    CannotProbe,
    /// Nothing has ever answered: probably wrong addresses.
    NeverSeen,
    /// Works, with an oddity.
    Warning,
}

/// A code with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Headline {
    /// What.
    pub code: HeadlineCode,
    /// Since when.
    pub since: Option<Utc>,
    /// What the sentence needs: counts, the cause, whether it is certain.
    pub params: Map<String, Value>,
}
