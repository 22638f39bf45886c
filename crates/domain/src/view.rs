//! The one read model: what the page, the tray and the API show.

use serde::Serialize;

use crate::capture::PrivacyView;
use crate::event::{
    Cause, IncidentId, IncidentKind, LinkState, Reason, SessionId, Target, Warning,
};
use crate::headline::Headline;
use crate::time::Utc;

/// What explains a target that is down without an incident of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Explanation {
    /// It lies behind the router, which is down.
    Router,
    /// The local network is down: nothing can be said of anything.
    Lan,
}

/// One target as shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetView {
    /// Which.
    pub target: Target,
    /// As configured.
    pub address: String,
    /// What we believe.
    pub state: LinkState,
    /// Since when.
    pub since: Option<Utc>,
    /// Why, when unknown.
    pub reason: Option<Reason>,
    /// A standing oddity.
    pub warning: Option<Warning>,
    /// What explains its silence.
    pub explained_by: Option<Explanation>,
    /// The newest round trip, in milliseconds.
    pub rtt_ms: Option<f64>,
    /// Probes judged in the last minute of probes (the `recent` ones).
    pub sent: u32,
    /// How many of them were lost.
    pub lost: u32,
    /// The last 60 verdicts, oldest first: round trip in milliseconds, or none if lost.
    pub recent: Vec<Option<f64>>,
}

/// How somebody stays at a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stay {
    /// Nobody there.
    Away,
    /// Present, too short to be a session.
    Arriving,
    /// In a session.
    Here,
    /// In a session, but silent at the moment.
    Leaving,
}

/// One seat as shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeatView {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// What we believe.
    pub state: LinkState,
    /// Since when.
    pub since: Option<Utc>,
    /// The newest round trip, in milliseconds.
    pub rtt_ms: Option<f64>,
    /// It answers ARP, not ping: a firewall.
    pub firewalled: bool,
    /// Its Ethernet address, where it was learnt.
    pub mac: Option<String>,
    /// How somebody stays there.
    pub stay: Stay,
    /// Since when (the first moment seen); none while away.
    pub stay_since: Option<Utc>,
    /// The number of the running session.
    pub session: Option<SessionId>,
}

/// A running incident as shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenIncidentView {
    /// Its number.
    pub id: IncidentId,
    /// Whose fault.
    pub cause: Cause,
    /// One outage or a row of them.
    pub kind: IncidentKind,
    /// Since when.
    pub start: Utc,
    /// Explained by another at the moment.
    pub held: bool,
}

/// The state of the site. Times are UTC milliseconds here; the edge prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteView {
    /// When this was true.
    pub at: Utc,
    /// Completed cycles since the start.
    pub cycle: u64,
    /// Beats that could not be started because the machine was busy.
    pub missed_beats: u64,
    /// Interval of the beat, in milliseconds.
    pub interval_ms: u64,
    /// The sentence at the top.
    pub headline: Headline,
    /// Router, server, internet.
    pub targets: Vec<TargetView>,
    /// Every seat, in the order of the configuration.
    pub seats: Vec<SeatView>,
    /// Seats that answer.
    pub seats_online: u32,
    /// All seats.
    pub seats_total: u32,
    /// Running sessions.
    pub sessions: u32,
    /// Router or local network are down: nothing is concluded about the seats.
    pub frozen: bool,
    /// Running incidents.
    pub incidents: Vec<OpenIncidentView>,
    /// Whether pictures of the screen are taken.
    pub privacy: PrivacyView,
}
