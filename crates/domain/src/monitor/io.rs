//! What goes into the monitor and what comes out.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::capture::{Capture, Privacy};
use crate::config::{Config, Host, Mac};
use crate::event::{Incident, Stamped, Target};
use crate::notify::{BatchEntry, PictureId, Told};
use crate::occupancy::{self, Memory};
use crate::time::{Moment, Utc};

/// Number of a probe: consecutive within one run of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(pub u64);

/// Why a probe could not be sent. Not a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendFault {
    /// The system does not allow it.
    NoPermission,
    /// There is no socket for this address family.
    NoSocket,
    /// The system knows no way there: "network unreachable", no address, link gone.
    NoRoute,
    /// The send queue was full; the next beat asks again.
    Busy,
}

/// Why a question by ARP could not be put. Not a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArpFault {
    /// The address is not on a local link: ARP can say nothing about it.
    OffLink,
    /// Too many questions at once; to be put again.
    Busy,
    /// The system does not allow it, or has no way to do it.
    Unable,
}

/// Something that the world did.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// An answer that carried our identifier and the number of a probe.
    Reply {
        /// The probe it answers.
        id: ProbeId,
        /// Who answered.
        address: IpAddr,
        /// From sending to the kernel's receipt.
        rtt: Duration,
    },
    /// A probe could not be sent.
    Refused {
        /// Which.
        id: ProbeId,
        /// Why.
        fault: SendFault,
    },
    /// Whether the interface towards the router has a carrier; none where the system
    /// cannot tell. Sent at each change and once at the start.
    Carrier(Option<bool>),
    /// A host name was looked up; none when that failed (the last address stays in use).
    Resolved {
        /// The name.
        name: String,
        /// Its address.
        address: Option<IpAddr>,
    },
    /// A picture was taken, or could not be.
    Captured {
        /// Which.
        id: PictureId,
        /// Whether it is there.
        there: bool,
    },
    /// Switch the privacy mode.
    Privacy {
        /// Whether it is to be on.
        on: bool,
        /// For how long; none: until it is switched off.
        lasts: Option<Duration>,
    },
    /// How long an answer by ARP may take; none while ARP cannot be asked at all. Sent
    /// once at the start and at each change.
    ArpAvailable(Option<Duration>),
    /// Somebody answered by ARP for an address that was asked.
    ArpReply {
        /// For which.
        address: Ipv4Addr,
        /// The Ethernet address that speaks for it.
        mac: Mac,
    },
    /// A question by ARP could not be put.
    ArpRefused {
        /// To whom.
        address: Ipv4Addr,
        /// Why.
        fault: ArpFault,
    },
    /// A new configuration is in force.
    Config(Box<Config>),
    /// Nobody looked for this long (sleep, a frozen process) until now.
    Woke {
        /// The unobserved stretch.
        asleep: Duration,
    },
}

/// A probe to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeRequest {
    /// Its number, to be carried in the packet.
    pub id: ProbeId,
    /// Whom to ask.
    pub address: IpAddr,
}

/// The verdict on one probe of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Which target.
    pub target: Target,
    /// When the probe was sent.
    pub at: Utc,
    /// The round trip; none if it was lost.
    pub rtt: Option<Duration>,
}

/// How long a target was in which state, since the last such note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateTime {
    /// Which target.
    pub target: Target,
    /// The stretch ended here; it lies within one minute of the wall clock.
    pub at: Utc,
    /// Milliseconds up (suspect counts as up until it is confirmed).
    pub up_ms: u32,
    /// Milliseconds down.
    pub down_ms: u32,
    /// Milliseconds in which we ran but could not know.
    pub unknown_ms: u32,
}

/// How many seats were online in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatMinute {
    /// The minute: its first millisecond.
    pub at: Utc,
    /// Seats online at the last beat of it.
    pub online: u32,
    /// The most at any beat of it.
    pub peak: u32,
    /// All seats.
    pub total: u32,
}

/// Something that the shell is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send it.
    Probe(ProbeRequest),
    /// Store it, log it, tell it.
    Event(Stamped),
    /// Store it.
    Sample(Sample),
    /// Store it.
    StateTime(StateTime),
    /// A target answered for the first time under this address: remember it.
    Seen {
        /// Which target.
        target: Target,
        /// As configured.
        host: Host,
    },
    /// Ask this address by ARP.
    Arp(Ipv4Addr),
    /// Store it.
    SeatMinute(SeatMinute),
    /// Remember this of the seat at this address, or, if none, forget what was remembered.
    Remember {
        /// The seat's.
        address: IpAddr,
        /// What.
        memory: Option<Memory>,
    },
    /// Store it with the events of this turn.
    Told(Told),
    /// Take a picture of the screen.
    Capture(Capture),
    /// All probes of a beat are judged.
    CycleCompleted {
        /// Its number, from 1.
        number: u64,
    },
}

/// What an earlier run left behind. Ticks are translated to this run by the shell: for
/// something from the same boot they are exact, else derived from the wall clock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Restored {
    /// Targets that have answered under the address now configured.
    pub seen: Vec<(Target, Host)>,
    /// Targets that were down when the program ended, and since when.
    pub down: Vec<(Target, Moment)>,
    /// Incidents that were running, and all parts of those, with their true start.
    pub open: Vec<(Incident, Moment)>,
    /// Incidents of the last 30 minutes that are over, for the "unstable" rule.
    pub recent: Vec<(Incident, Moment)>,
    /// The first free incident number.
    pub next_incident: i64,
    /// When the program was last known to run.
    pub last_alive: Option<Moment>,
    /// Sessions, and what was remembered of seats.
    pub stays: occupancy::Restored,
    /// Changes of sessions that waited to be told together.
    pub batch: Vec<BatchEntry>,
    /// The privacy mode.
    pub privacy: Option<Privacy>,
}

impl Restored {
    /// A first start: nothing is known.
    #[must_use]
    pub fn nothing() -> Self {
        Restored { next_incident: 1, ..Restored::default() }
    }
}
