//! The whole machine: the beat, the links, what explains what, the incidents, the view.
//!
//! The life of a beat: [`Monitor::advance`] finds it due, asks every address at once and
//! notes the next one (from the last beat, not from now, so nothing drifts). Answers come
//! in by [`Monitor::handle`], silences by [`Monitor::advance`]; each moves one link. Then
//! `settle` looks at all links together and opens, holds and closes incidents; seats go
//! on to the occupancy, which makes sessions of them. Nothing calls back; what is to be
//! done lies in a queue behind [`Monitor::poll`].

mod beat;
mod change;
mod group;
mod hearing;
mod io;
mod neighbours;
mod presence;
mod seats;
mod settle;
mod show;
mod stays;
mod telling;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

pub use io::*;

use crate::capture::Photographer;
use crate::config::{Config, Host};
use crate::event::{Event, LinkState, Reason, Target, Warning};
use crate::incident::Book;
use crate::link::{Link, Voice};
use crate::notify::Herald;
use crate::occupancy::Occupancy;
use crate::probe::{Ledger, Stray, Subject};
use crate::time::{Moment, Tick};
use group::Falls;
use neighbours::Neighbours;
use seats::Seats;
use stays::Minute;

/// Verdicts are remembered this long, to tell late replies from strangers.
const LEDGER_MEMORY: Duration = Duration::from_secs(10);
/// A longer beat leaves the witnesses unasked while the router is being checked, so the
/// second question goes to them too.
const ASK_WITNESSES_ABOVE: Duration = Duration::from_secs(5);

/// Why the monitor wants to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The next beat.
    Beat,
    /// The next questions of a large beat.
    Slice,
    /// A probe's time is over.
    Verdict,
    /// A second question is due.
    Retry,
    /// An incident matures, is over, or is to be decided.
    Incident,
    /// Somebody may be asked by ARP again, or has let that question's time pass.
    Arp,
    /// What was gathered is to be told.
    Notice,
    /// A picture is due, or the privacy mode is over.
    Capture,
}

/// What was last told of a link; the next difference is an event.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Told {
    state: LinkState,
    reason: Option<Reason>,
    warning: Option<Warning>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Clocked {
    up: Duration,
    down: Duration,
    unknown: Duration,
}

/// The machine. See the module.
#[derive(Debug)]
pub struct Monitor {
    config: Config,
    links: [Option<Link>; 3],
    told: [Told; 3],
    seats: Seats,
    falls: Falls,
    neighbours: Neighbours,
    occupancy: Occupancy,
    minute: Minute,
    /// The last hour (since 1970) that a snapshot was told of or passed over.
    hour: i64,
    ledger: Ledger,
    book: Book,
    herald: Herald,
    photographer: Photographer,
    carrier: Option<bool>,
    carrier_lost: Option<Moment>,
    /// Since when the system refuses everything.
    refused_since: Option<Moment>,
    /// Per target: when the fault that explained its silence ended.
    released: [Option<Moment>; 3],
    explained: [bool; 3],
    /// The router's last blip, first silence to first answer: the internet's silence
    /// within it was the router's.
    router_blip: Option<(Tick, Tick)>,
    /// The provider's line may still be dialling until then.
    grace_until: Option<Tick>,
    next_beat: Tick,
    /// Questions of this beat that are still to be put, and when.
    unasked: VecDeque<(Subject, IpAddr)>,
    next_slice: Option<Tick>,
    beat: u64,
    completed: u64,
    missed_beats: u64,
    clocked: [Clocked; 3],
    accounted: Moment,
    out: VecDeque<Output>,
    /// When conclusions were last drawn: a deadline up to here has been met.
    settled: Tick,
}

impl Monitor {
    /// Begins to watch. The first beat is due at once.
    #[must_use]
    pub fn start(config: Config, restored: Restored, now: Moment) -> Self {
        let nothing = Told { state: LinkState::Unknown, reason: None, warning: None };
        let mut monitor = Monitor {
            links: [None, None, None],
            told: [nothing; 3],
            seats: Seats::default(),
            falls: Falls::default(),
            neighbours: Neighbours::default(),
            occupancy: Occupancy::new(&config.occupancy, 1),
            minute: Minute::default(),
            hour: stays::hour_of(now.utc),
            ledger: Ledger::default(),
            book: Book::default(),
            herald: Herald::restored(restored.batch, now),
            photographer: Photographer::start(restored.privacy, now),
            carrier: None,
            carrier_lost: None,
            refused_since: None,
            released: [None; 3],
            explained: [false; 3],
            router_blip: None,
            grace_until: None,
            next_beat: now.tick,
            unasked: VecDeque::new(),
            next_slice: None,
            beat: 0,
            completed: 0,
            missed_beats: 0,
            clocked: [Clocked::default(); 3],
            accounted: now,
            out: VecDeque::new(),
            settled: now.tick,
            config,
        };
        let last_alive = restored.last_alive.filter(|alive| alive.tick <= now.tick);
        for target in Target::ALL {
            let Some(host) = monitor.host_of(target) else {
                continue;
            };
            let seen = restored.seen.iter().any(|(t, h)| *t == target && *h == host);
            let down = restored.down.iter().find(|(t, _)| *t == target).map(|(_, since)| *since);
            monitor.links[target.index()] = Some(monitor.new_link(target, &host, seen, down, now));
        }
        monitor.book =
            Book::restored(restored.next_incident, restored.open, restored.recent, last_alive, now);
        monitor.close_unwatched(last_alive.unwrap_or(now), now);
        let seats = monitor.config.monitor.seats.clone();
        monitor.seats.configure(&seats, now);
        monitor.restore_stays(restored.stays, last_alive, now);
        monitor.tell(Event::Started { last_alive: last_alive.map(|m| m.utc) }, now);
        monitor.tell_links(now);
        monitor.tell_stays(now);
        monitor
    }

    /// Takes an input.
    pub fn handle(&mut self, input: Input, now: Moment) {
        match input {
            Input::Reply { id, address, rtt } => self.hear(id, address, rtt, now),
            Input::Refused { id, fault } => self.refuse(id, fault, now),
            Input::Carrier(carrier) => {
                self.carrier = carrier;
                self.carrier_lost = match carrier {
                    Some(false) => self.carrier_lost.or(Some(now)),
                    Some(true) | None => None,
                };
                self.settle(now);
            }
            Input::Resolved { name, address } => {
                for link in self.links.iter_mut().flatten() {
                    link.resolved(&name, address, now);
                }
                self.settle(now);
            }
            Input::Config(config) => self.reconfigure(*config, now),
            Input::Woke { asleep } => self.wake(asleep, now),
            Input::ArpAvailable(patience) => self.neighbours.available(patience),
            Input::ArpReply { address, mac } => self.hear_arp(address, mac, now),
            Input::ArpRefused { address, fault } => self.refuse_arp(address, fault, now),
            Input::Captured { id, there } => self.picture_taken(id, there, now),
            Input::Privacy { on, lasts } => self.switch_privacy(on, lasts, now),
        }
        self.tell_stays(now);
    }

    /// Does what is due.
    pub fn advance(&mut self, now: Moment) {
        while let Some(probe) = self.ledger.next_lost(now.tick) {
            self.miss(probe, now);
        }
        self.miss_arp(now);
        self.settle(now);
        self.ask_again(now);
        if self.next_beat <= now.tick {
            self.start_beat(now);
        } else if self.next_slice.is_some_and(|at| at <= now.tick) {
            self.ask_slice(now);
        }
        self.ask_arp(now);
        self.judge_falls(now);
        self.complete_beats(now);
        self.ledger.forget(now.tick, LEDGER_MEMORY);
        self.tell_stays(now);
        self.tell_due(now);
    }

    /// When to call [`Monitor::advance`] next, and why.
    #[must_use]
    pub fn next_deadline(&self) -> Option<(Tick, Why)> {
        let retries = self.links.iter().flatten().filter_map(Link::retry_at);
        let candidates = std::iter::once((self.next_beat, Why::Beat))
            .chain(self.ledger.next_deadline().map(|t| (t, Why::Verdict)))
            .chain(retries.map(|t| (t, Why::Retry)))
            .chain(self.incident_deadlines().map(|t| (t, Why::Incident)))
            .chain(self.next_slice.map(|t| (t, Why::Slice)))
            .chain(self.falls.due(self.settled).map(|t| (t, Why::Incident)))
            .chain(self.neighbours.next_deadline().map(|t| (t, Why::Arp)))
            .chain(self.herald.next_deadline(&self.config).map(|t| (t, Why::Notice)))
            .chain(self.photographer.next_deadline(&self.config).map(|t| (t, Why::Capture)));
        candidates.min_by_key(|(tick, _)| *tick)
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Replies that did not count.
    #[must_use]
    pub fn stray(&self) -> Stray {
        self.ledger.stray()
    }

    fn host_of(&self, target: Target) -> Option<Host> {
        match target {
            Target::Router => Some(self.config.targets.router.clone()),
            Target::Server => self.config.targets.server.clone(),
            Target::Internet => Some(self.config.targets.internet.clone()),
        }
    }

    fn new_link(
        &self,
        target: Target,
        host: &Host,
        seen: bool,
        down: Option<Moment>,
        now: Moment,
    ) -> Link {
        let secondary = (target == Target::Internet)
            .then(|| Voice::new(&self.config.verification.secondary_target));
        Link::new(target, Voice::new(host), secondary, seen, down, now)
    }

    fn link(&self, target: Target) -> Option<&Link> {
        self.links[target.index()].as_ref()
    }
}
