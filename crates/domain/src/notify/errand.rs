//! What goes into a lane and what comes out of it.

use super::{Notice, NoticeId, PictureId};
use crate::event::Incident;
use crate::time::Utc;

/// A notice that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its number.
    pub id: NoticeId,
    /// When it became known.
    pub at: Utc,
    /// What.
    pub notice: Notice,
    /// How often it was tried.
    pub attempts: u32,
}

/// Whether a picture is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// It is being taken.
    Pending,
    /// Here it is.
    Ready,
    /// There is none, or not any more.
    None,
}

/// Why a lane is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dead {
    /// Since when.
    pub since: Utc,
    /// What Discord answered: 401 or 404.
    pub status: u16,
}

/// What a lane is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneState {
    /// Switched off, or without a URL.
    Off,
    /// Everything is delivered.
    Idle,
    /// Something waits.
    Waiting,
    /// Discord does not know the webhook.
    Dead(Dead),
}

/// What is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Errand {
    /// A new message.
    Post {
        /// Of which notice.
        id: NoticeId,
        /// When that became known.
        at: Utc,
        /// The notice.
        notice: Notice,
        /// It tells of the beginning, too, which could not be told before.
        merged: bool,
        /// The picture to send with it.
        picture: Option<PictureId>,
    },
    /// The message that told of an outage is to show that it is over.
    Edit {
        /// Of which notice.
        id: NoticeId,
        /// When that became known.
        at: Utc,
        /// Number of the message.
        message: String,
        /// The record of the incident at its end.
        incident: Incident,
    },
}

/// What has become of a notice.
#[derive(Debug, Clone, PartialEq)]
pub enum MarkState {
    /// It waits; why, and until when.
    Waiting {
        /// Why it did not go.
        error: String,
        /// When it is tried again.
        next_try: Utc,
    },
    /// Discord has it.
    Delivered {
        /// Number of the message.
        message: Option<String>,
    },
    /// Told together with another.
    Merged,
    /// Given up; why.
    Dropped(String),
    /// Discord does not take it; why.
    Refused(String),
    /// The delivered message shows the end of the outage, or is no more.
    Edited,
}

/// To be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Of which notice.
    pub id: NoticeId,
    /// How often it was tried.
    pub attempts: u32,
    /// When this became so.
    pub at: Utc,
    /// What.
    pub state: MarkState,
}
