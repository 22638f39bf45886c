//! What happened: the facts that the monitor gives out.
//!
//! The view is a fold of these, so a client that has every event knows the state.
//! Events for which [`Event::is_durable`] holds are stored and get a row number;
//! the others (a single lost probe) are too frequent to keep and only move the view.

use serde::{Deserialize, Serialize};

use crate::time::Utc;

/// A watched piece of infrastructure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The café's router: the way out.
    Router,
    /// The café's server (disks, billing); may be unwatched.
    Server,
    /// The world behind the provider.
    Internet,
}

impl Target {
    /// All three, in the order in which they are shown.
    pub const ALL: [Target; 3] = [Target::Router, Target::Server, Target::Internet];

    /// Position in [`Target::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Target::Router => 0,
            Target::Server => 1,
            Target::Internet => 2,
        }
    }

    /// The word in JSON, SQL and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Target::Router => "router",
            Target::Server => "server",
            Target::Internet => "internet",
        }
    }

    /// The word in log lines, as the ancestor wrote it (`ISP jitter detected`).
    #[must_use]
    pub fn log_name(self) -> &'static str {
        match self {
            Target::Router => "ROUTER",
            Target::Server => "SERVER",
            Target::Internet => "ISP",
        }
    }
}

/// What we believe of a target or a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Not known: see the [`Reason`].
    Unknown,
    /// It answers.
    Up,
    /// One silence; asked again before anything is said.
    Suspect,
    /// Confirmed silent.
    Down,
}

/// Why a link is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No answer and no verdict yet since the start.
    Starting,
    /// It has never answered since it was configured: not an outage.
    NeverSeen,
    /// The system does not let us send ICMP.
    NoPermission,
    /// No socket could be opened or used.
    NoSocket,
    /// The host name was never resolved.
    Unresolved,
    /// The system knows no way to this address (but does to others).
    NoRoute,
    /// Not configured.
    NotWatched,
}

/// A standing oddity of a target that is nevertheless up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// The router does not answer ping while the internet behind it does.
    NoPingReply,
    /// The primary internet address is silent, the secondary answers.
    PrimarySilent,
}

/// Whose fault an incident is. The codes are those of the CSV, the database and the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// The router is silent while the local network answers, or nobody can say.
    #[serde(rename = "ROUTER_DOWN")]
    RouterDown,
    /// The server is silent while others answer.
    #[serde(rename = "SERVER_DOWN")]
    ServerDown,
    /// Router fine, world silent: the provider.
    #[serde(rename = "ISP_DOWN")]
    IspDown,
    /// Everything fell at once: this PC's cable, its network card, or the switch.
    #[serde(rename = "LAN_DOWN")]
    LanDown,
}

impl Cause {
    /// All causes.
    pub const ALL: [Cause; 4] =
        [Cause::RouterDown, Cause::ServerDown, Cause::IspDown, Cause::LanDown];

    /// The code in CSV, SQL and JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Cause::RouterDown => "ROUTER_DOWN",
            Cause::ServerDown => "SERVER_DOWN",
            Cause::IspDown => "ISP_DOWN",
            Cause::LanDown => "LAN_DOWN",
        }
    }

    /// The inverse of [`Cause::code`].
    #[must_use]
    pub fn from_code(code: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|c| c.code() == code)
    }

    /// The word in log lines (`ISP DOWN | Timer Started`).
    #[must_use]
    pub fn log_name(self) -> &'static str {
        match self {
            Cause::RouterDown => "ROUTER",
            Cause::ServerDown => "SERVER",
            Cause::IspDown => "ISP",
            Cause::LanDown => "LAN",
        }
    }
}

/// Number of an incident, unique within one installation, growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub i64);

/// One outage, or a row of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// One outage.
    Outage,
    /// Three or more within half an hour, told as one.
    Unstable,
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// It answers again.
    Restored,
    /// The configuration changed: nobody watches it any more.
    NoLongerWatched,
    /// It was folded into an "unstable" incident.
    Merged,
}

/// A stretch of an incident during which nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Its start.
    pub from: Utc,
    /// Its end.
    pub to: Utc,
}

/// An incident as stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Whose fault.
    pub cause: Cause,
    /// One outage or a row of them.
    pub kind: IncidentKind,
    /// The first unanswered probe.
    pub start: Utc,
    /// The first answer after the last outage; none while it runs.
    pub end: Option<Utc>,
    /// From start to end on the monotonic clock, in milliseconds; none while it runs.
    pub duration_ms: Option<i64>,
    /// Time down within it, in milliseconds (less than the duration when unstable).
    pub down_ms: i64,
    /// How many outages it holds: 1, or more when unstable.
    pub outages: u32,
    /// Unobserved stretches.
    pub gaps: Vec<Gap>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// Explained by another at the moment; it goes on but is not counted twice.
    pub held: bool,
    /// Fewer than two witnesses were there: it may be this PC's own cable or switch.
    pub uncertain: bool,
    /// Seats online when it began.
    pub seats_at_start: u32,
    /// The "unstable" incident it was folded into.
    pub part_of: Option<IncidentId>,
}

/// Number of a session, unique within one installation, growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub i64);

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The seat was silent for a whole stability window.
    Left,
    /// The configuration changed: the seat is gone, or sessions are not kept any more.
    NoLongerWatched,
    /// Nobody looked for so long that nothing can be said of the time in between.
    Unobserved,
}

/// A stay of a seat online, as stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Name of the seat when it began.
    pub seat: String,
    /// Address of the seat when it began.
    pub address: String,
    /// Ethernet address of the PC, where it is known.
    pub mac: Option<String>,
    /// The first moment seen.
    pub start: Utc,
    /// The last moment seen; none while it runs.
    pub end: Option<Utc>,
    /// From start to end on the monotonic clock, in milliseconds; none while it runs.
    pub duration_ms: Option<i64>,
    /// Unobserved stretches within it.
    pub gaps: Vec<Gap>,
    /// Why it ended.
    pub end_reason: Option<SessionEnd>,
}

/// What happened to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionChange {
    /// It has held long enough to be one.
    Started,
    /// It goes on after a restart of the program or a sleep of the machine.
    Resumed,
    /// It ended.
    Ended,
}

/// Something that happened. `at` is carried beside it (see [`Stamped`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The program began to watch; the time before was unobserved since `last_alive`.
    Started {
        /// When the program was last known to run.
        last_alive: Option<Utc>,
    },
    /// The machine slept or the program was frozen: nobody looked in between.
    Unobserved {
        /// The stretch.
        gap: Gap,
    },
    /// A link changed its state.
    Link {
        /// Of which target.
        target: Target,
        /// The state left.
        from: LinkState,
        /// The state entered.
        to: LinkState,
        /// Why, when unknown.
        reason: Option<Reason>,
        /// Since when the new state holds (the first unanswered probe for down).
        since: Utc,
    },
    /// A warning of a target was raised or withdrawn.
    Warning {
        /// Of which target.
        target: Target,
        /// The warning in force now, if any.
        warning: Option<Warning>,
    },
    /// Silent for less than an incident.
    Jitter {
        /// Of which target.
        target: Target,
        /// First unanswered probe.
        start: Utc,
        /// How long, in milliseconds.
        duration_ms: i64,
        /// The threshold it stayed under, in milliseconds.
        threshold_ms: i64,
    },
    /// An incident was opened, changed (held, unstable, relapsed) or closed: its whole record.
    Incident {
        /// What happened to it.
        change: IncidentChange,
        /// The record as it stands now.
        incident: Incident,
    },
    /// Many seats fell silent at once while others stayed: a switch or a fuse.
    SeatGroupLost {
        /// Their names.
        seats: Vec<String>,
        /// How many were online before.
        online_before: u32,
        /// The first unanswered probe.
        start: Utc,
    },
    /// A session began, went on after a gap, or ended: its whole record.
    Session {
        /// What happened to it.
        change: SessionChange,
        /// The record as it stands now.
        session: Session,
    },
    /// A seat was online for less than the stability window: counted, not a session.
    ShortStay {
        /// Its name.
        seat: String,
        /// Its address.
        address: String,
        /// The first moment seen.
        start: Utc,
        /// The last moment seen.
        end: Utc,
    },
    /// Router or local network are down, so nothing can be said of the seats; or again it can.
    Frozen {
        /// Whether seats are frozen now.
        frozen: bool,
    },
    /// The clock struck the hour (UTC).
    HourlySnapshot {
        /// Which hour: its first millisecond.
        hour: Utc,
        /// Seats online.
        online: u32,
        /// All seats.
        total: u32,
    },
    /// A new configuration is in force.
    ConfigChanged {
        /// Paths of the keys that changed, like `monitor_settings.interval_seconds`.
        #[serde(default)]
        changed: Vec<String>,
    },
    /// The privacy mode was switched, or ended by itself.
    Privacy {
        /// Whether it is on now.
        on: bool,
        /// When it ends by itself.
        until: Option<Utc>,
    },
    /// Somebody guessed a password wrong too often and is locked out for a while.
    LockedOut {
        /// From where: an address, or `this window`.
        source: String,
        /// Wrong guesses from there so far.
        wrong: u32,
        /// For how long, in seconds.
        seconds: u64,
    },
    /// The vault, which guards the way in, was tampered with.
    Tampering {
        /// How.
        what: Tampering,
    },
}

/// What was done to the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tampering {
    /// It was deleted while the program did not run.
    VaultMissing,
    /// Another one lies in its place.
    VaultReplaced,
    /// It does not open here: copied from another machine, or damaged.
    VaultShut,
    /// It was deleted or replaced while the program ran, which has put it back.
    VaultPutBack,
}

/// What happened to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentChange {
    /// It was opened.
    Opened,
    /// It goes on after a restart of the program.
    Resumed,
    /// Another fault explains it for the time being.
    Held,
    /// It is no longer explained by another.
    Released,
    /// Another outage was counted into it (unstable).
    Counted,
    /// It ended.
    Closed,
    /// It became part of another.
    Merged,
}

impl Event {
    /// Whether it is worth a row in the database.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        match self {
            Event::Link { from, to, .. } => {
                *to != LinkState::Suspect && !(*from == LinkState::Suspect && *to == LinkState::Up)
            }
            Event::Started { .. }
            | Event::Unobserved { .. }
            | Event::Warning { .. }
            | Event::Jitter { .. }
            | Event::Incident { .. }
            | Event::SeatGroupLost { .. }
            | Event::Session { .. }
            | Event::ShortStay { .. }
            | Event::Frozen { .. }
            | Event::HourlySnapshot { .. }
            | Event::ConfigChanged { .. }
            | Event::Privacy { .. }
            | Event::LockedOut { .. }
            | Event::Tampering { .. } => true,
        }
    }

    /// The word by which streams and the database file it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Event::Started { .. } => "started",
            Event::Unobserved { .. } => "unobserved",
            Event::Link { .. } => "link",
            Event::Warning { .. } => "warning",
            Event::Jitter { .. } => "jitter",
            Event::Incident { .. } => "incident",
            Event::SeatGroupLost { .. } => "seat_group_lost",
            Event::Session { .. } => "session",
            Event::ShortStay { .. } => "short_stay",
            Event::Frozen { .. } => "frozen",
            Event::HourlySnapshot { .. } => "hourly_snapshot",
            Event::ConfigChanged { .. } => "config_changed",
            Event::Privacy { .. } => "privacy",
            Event::LockedOut { .. } => "locked_out",
            Event::Tampering { .. } => "tampering",
        }
    }
}

/// An event and when it became known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// When it became known (not when it began: see the event's own fields).
    pub at: Utc,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}
