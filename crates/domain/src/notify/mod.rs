//! What people are told: from an event to a message that Discord takes.
//!
//! In the order of life: the [`Herald`] makes [`Notice`]s of events, each small enough to
//! be one message; the shell stores them together with their events; a [`Lane`] per
//! channel decides what is sent when, and what an answer means; [`body`] puts a notice
//! into words, in the language in force when it is sent, with the times at which it
//! happened.

mod answer;
mod batch;
pub mod body;
mod errand;
mod escape;
mod herald;
mod lane;
mod rate;
#[cfg(test)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, Reply, Scope};
pub use batch::{BatchEntry, SessionLine};
pub use errand::{Dead, Errand, Item, LaneState, Mark, MarkState, Pictures};
pub(crate) use herald::Beside;
pub use herald::{Herald, Told};
pub use lane::Lane;
pub use rate::Rate;

use crate::config::{Config, Secret};
use crate::event::{Cause, Event, Incident, IncidentId, Tampering};
use crate::time::Utc;

/// One of the three webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Outages and what else the owner must know.
    Alerts,
    /// Sessions, snapshots, digests.
    Occupancy,
    /// Pictures.
    Screenshots,
}

impl Channel {
    /// All three.
    pub const ALL: [Channel; 3] = [Channel::Alerts, Channel::Occupancy, Channel::Screenshots];

    /// The word in JSON and SQL.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Channel::Alerts => "alerts",
            Channel::Occupancy => "occupancy",
            Channel::Screenshots => "screenshots",
        }
    }

    /// The inverse of [`Channel::code`].
    #[must_use]
    pub fn from_code(code: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|c| c.code() == code)
    }

    /// Position in [`Channel::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Channel::Alerts => 0,
            Channel::Occupancy => 1,
            Channel::Screenshots => 2,
        }
    }

    /// The URL behind it, as configured.
    #[must_use]
    pub fn webhook(self, config: &Config) -> &Secret {
        match self {
            Channel::Alerts => &config.discord.webhook_alerts,
            Channel::Occupancy => &config.discord.webhook_occupancy,
            Channel::Screenshots => &config.discord.webhook_screenshots,
        }
    }

    /// Whether anything is told there: Discord is switched on and there is a URL.
    #[must_use]
    pub fn is_on(self, config: &Config) -> bool {
        config.discord.enabled && !self.webhook(config).is_empty()
    }
}

/// Number of a notice, unique within one installation, growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoticeId(pub i64);

/// Number of a picture, unique over all runs. Pictures live in memory only, so a number of
/// an earlier run finds none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PictureId(pub u64);

/// What an hour or a day amounts to, as told in the digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayFigures {
    /// Most seats online at once.
    pub peak: u32,
    /// When that was.
    pub peak_at: Option<Utc>,
    /// Hours used ÷ (open hours × seats), 0 to 1; none where nothing was observed.
    pub average: Option<f64>,
    /// Hours of all sessions together.
    pub hours: f64,
    /// Sessions that began.
    pub sessions: u32,
    /// Outages that began, unstable ones counted once.
    pub outages: u32,
    /// Seconds of them.
    pub outage_seconds: u64,
}

/// Something to be told: facts, not words. Each is one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Notice {
    /// An outage, or a row of them, began.
    OutageBegan {
        /// The record as it was then.
        incident: Incident,
    },
    /// It is over, or nobody watches it any more.
    OutageOver {
        /// The record.
        incident: Incident,
        /// Seats active at that moment.
        active: u32,
        /// The evidence.
        picture: Option<PictureId>,
    },
    /// Many seats fell silent at once.
    SeatsLost {
        /// Some of their names.
        seats: Vec<String>,
        /// How many fell.
        lost: u32,
        /// How many were online before.
        online_before: u32,
        /// When.
        start: Utc,
    },
    /// Sessions began.
    SessionsStarted {
        /// Names of their seats.
        seats: Vec<String>,
        /// How many there are in the whole batch.
        count: u32,
    },
    /// Sessions ended.
    SessionsEnded {
        /// Which.
        sessions: Vec<SessionLine>,
        /// How many there are in the whole batch.
        count: u32,
    },
    /// The clock struck.
    HourlySnapshot {
        /// The hour.
        hour: Utc,
        /// Seats online.
        online: u32,
        /// All seats.
        total: u32,
    },
    /// A picture of the screen, taken as a matter of routine.
    RoutinePicture {
        /// Which.
        picture: PictureId,
    },
    /// A picture of the screen, taken when an outage was over.
    EvidencePicture {
        /// Which.
        picture: PictureId,
        /// Of which outage.
        incident: IncidentId,
        /// Its cause.
        cause: Cause,
        /// Its start.
        start: Utc,
    },
    /// The privacy mode was switched.
    PrivacySwitched {
        /// Whether it is on now.
        on: bool,
        /// When it ends by itself.
        until: Option<Utc>,
    },
    /// Settings were changed.
    ConfigChanged {
        /// Paths of the keys, like `monitor_settings.interval_seconds`; no values.
        changed: Vec<String>,
        /// How many changed in all.
        count: u32,
    },
    /// Discord does not know a webhook any more.
    WebhookDead {
        /// Which.
        channel: Channel,
    },
    /// What waited too long for a webhook to be replaced.
    Missed {
        /// How many notices.
        count: u32,
        /// The oldest.
        from: Utc,
        /// The newest.
        to: Utc,
    },
    /// The day in numbers.
    Digest {
        /// The day's opening.
        from: Utc,
        /// Its closing.
        to: Utc,
        /// Its figures.
        day: DayFigures,
        /// Those of the same weekday a week before.
        before: Option<DayFigures>,
        /// Seats with most hours first: name and hours.
        seats: Vec<(String, f64)>,
    },
    /// Somebody guessed a password wrong too often.
    LockedOut {
        /// From where.
        source: String,
        /// Wrong guesses so far.
        wrong: u32,
        /// For how long it is locked, in seconds.
        seconds: u64,
    },
    /// The vault was tampered with.
    Tampering {
        /// How.
        what: Tampering,
    },
    /// Somebody tries whether the webhook works.
    Test,
}

impl Notice {
    /// The word in JSON and SQL.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Notice::OutageBegan { .. } => "outage_began",
            Notice::OutageOver { .. } => "outage_over",
            Notice::SeatsLost { .. } => "seats_lost",
            Notice::SessionsStarted { .. } => "sessions_started",
            Notice::SessionsEnded { .. } => "sessions_ended",
            Notice::HourlySnapshot { .. } => "hourly_snapshot",
            Notice::RoutinePicture { .. } => "routine_picture",
            Notice::EvidencePicture { .. } => "evidence_picture",
            Notice::PrivacySwitched { .. } => "privacy_switched",
            Notice::ConfigChanged { .. } => "config_changed",
            Notice::WebhookDead { .. } => "webhook_dead",
            Notice::Missed { .. } => "missed",
            Notice::Digest { .. } => "digest",
            Notice::LockedOut { .. } => "locked_out",
            Notice::Tampering { .. } => "tampering",
            Notice::Test => "test",
        }
    }

    /// The incident that it tells of.
    #[must_use]
    pub fn incident(&self) -> Option<IncidentId> {
        match self {
            Notice::OutageBegan { incident } | Notice::OutageOver { incident, .. } => {
                Some(incident.id)
            }
            Notice::EvidencePicture { incident, .. } => Some(*incident),
            Notice::SeatsLost { .. }
            | Notice::SessionsStarted { .. }
            | Notice::SessionsEnded { .. }
            | Notice::HourlySnapshot { .. }
            | Notice::RoutinePicture { .. }
            | Notice::PrivacySwitched { .. }
            | Notice::ConfigChanged { .. }
            | Notice::WebhookDead { .. }
            | Notice::Missed { .. }
            | Notice::Digest { .. }
            | Notice::LockedOut { .. }
            | Notice::Tampering { .. }
            | Notice::Test => None,
        }
    }

    /// The picture that goes with it.
    #[must_use]
    pub fn picture(&self) -> Option<PictureId> {
        match self {
            Notice::OutageOver { picture, .. } => *picture,
            Notice::RoutinePicture { picture } | Notice::EvidencePicture { picture, .. } => {
                Some(*picture)
            }
            Notice::OutageBegan { .. }
            | Notice::SeatsLost { .. }
            | Notice::SessionsStarted { .. }
            | Notice::SessionsEnded { .. }
            | Notice::HourlySnapshot { .. }
            | Notice::PrivacySwitched { .. }
            | Notice::ConfigChanged { .. }
            | Notice::WebhookDead { .. }
            | Notice::Missed { .. }
            | Notice::Digest { .. }
            | Notice::LockedOut { .. }
            | Notice::Tampering { .. }
            | Notice::Test => None,
        }
    }
}

/// A notice on its way to a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Where to.
    pub channel: Channel,
    /// When it became known.
    pub at: Utc,
    /// What.
    pub notice: Notice,
}

impl Outgoing {
    /// What people are told of something that happened at the door, not in the network.
    #[must_use]
    pub fn of_security(event: &Event, at: Utc) -> Option<Outgoing> {
        let notice = if let Event::LockedOut { source, wrong, seconds } = event {
            Notice::LockedOut { source: source.clone(), wrong: *wrong, seconds: *seconds }
        } else if let Event::Tampering { what } = event {
            Notice::Tampering { what: *what }
        } else {
            return None;
        };
        Some(Outgoing { channel: Channel::Alerts, at, notice })
    }
}
