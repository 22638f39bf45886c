//! The search: a question to everyone, and what became of it.
//!
//! ```text
//! waiting ── ping ──▶ pinged ── answer ─────────────────────────▶ settled
//!                       │ silent, or it could not be put            ▲
//!                       ▼                                           │
//!                     silent ── ARP ──▶ asked by ARP ── silence ────┤
//!                                           │ answer                │
//!                                           ▼                       │
//!                                         again ── second ping ─────┘
//! ```
//!
//! Who answers ARP is pinged a second time, so that one lost packet makes nobody
//! "firewalled". Both kinds of question are put singly, 64 in a second at most: each ARP
//! question is a broadcast, and each ping to an address where nobody is makes the system
//! put one, too. An answer counts whenever it comes while the search runs.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Serialize;

use super::lane::{Lane, PER_SECOND};
use crate::config::Mac;
use crate::monitor::{ArpFault, SendFault};
use crate::time::Tick;

/// What is left to the search even if the running monitor asks as much as it may.
const LEAST_PER_SECOND: u32 = 16;

/// A question to be put now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// By ICMP echo.
    Ping(Ipv4Addr),
    /// By ARP.
    Arp(Ipv4Addr),
}

/// By what an address answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// ICMP echo; nothing is known of its Ethernet address.
    Icmp,
    /// ARP alone.
    Arp,
    /// ICMP echo and ARP, be it that the system itself had asked.
    Both,
}

/// Somebody who answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Under which address.
    pub address: Ipv4Addr,
    /// By what.
    pub via: Via,
    /// Of the ping.
    pub rtt: Option<Duration>,
    /// Its Ethernet address.
    pub mac: Option<Mac>,
    /// Answers ARP, but was silent on two pings: a firewall.
    pub firewalled: bool,
}

/// How far the search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Addresses to ask.
    pub total: usize,
    /// Addresses to which a question was put.
    pub asked: usize,
    /// Addresses of which nothing more is expected.
    pub settled: usize,
    /// Addresses that answered.
    pub found: usize,
}

impl Progress {
    /// From 0 to 1: the question is half of the way, the verdict the other half.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        if self.settled == self.total {
            1.0
        } else {
            (self.asked + self.settled) as f64 / (2 * self.total) as f64
        }
    }
}

/// Why questions could not be put. Not a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// By ping.
    Ping(SendFault),
    /// By ARP.
    Arp(ArpFault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Pinged,
    Silent,
    AskedByArp,
    Again,
    PingedAgain,
    Settled,
}

#[derive(Debug, Clone, Copy)]
struct Host {
    address: Ipv4Addr,
    stage: Stage,
    /// A ping, or a question by ARP, was really put.
    pinged: bool,
    asked_by_arp: bool,
    rtt: Option<Duration>,
    mac: Option<Mac>,
    answered_arp: bool,
}

impl Host {
    fn asked(&self) -> bool {
        self.pinged || self.asked_by_arp
    }

    fn answered(&self) -> bool {
        self.rtt.is_some() || self.answered_arp
    }
}

/// The search. See the module.
#[derive(Debug)]
pub struct Search {
    hosts: Vec<Host>,
    places: BTreeMap<Ipv4Addr, usize>,
    ping: Lane,
    /// None: ARP cannot be asked.
    arp: Option<Lane>,
    settled: usize,
    unasked: Vec<(Unasked, usize)>,
}

impl Search {
    /// A search that asks these addresses in this order. An answer to a ping may take
    /// `timeout`, one by ARP `arp_patience`; where ARP cannot be asked that is none.
    #[must_use]
    pub fn new(
        addresses: &[Ipv4Addr],
        timeout: Duration,
        arp_patience: Option<Duration>,
    ) -> Search {
        let mut search = Search {
            hosts: Vec::with_capacity(addresses.len()),
            places: BTreeMap::new(),
            ping: Lane::new(timeout),
            arp: arp_patience.map(Lane::new),
            settled: 0,
            unasked: Vec::new(),
        };
        for address in addresses {
            if search.places.contains_key(address) {
                continue;
            }
            let place = search.hosts.len();
            search.places.insert(*address, place);
            search.ping.queue.push_back(place);
            search.hosts.push(Host {
                address: *address,
                stage: Stage::Waiting,
                pinged: false,
                asked_by_arp: false,
                rtt: None,
                mac: None,
                answered_arp: false,
            });
        }
        search
    }

    /// The monitor beside us has put so many questions by ARP in the last second: the
    /// budget is one for both.
    pub fn share(&mut self, others: u32) {
        if let Some(arp) = &mut self.arp {
            let ours = PER_SECOND.saturating_sub(others).max(LEAST_PER_SECOND);
            arp.pace(ours);
        }
    }

    /// The next question that is due, if one is. To be called until there is none.
    pub fn poll(&mut self, now: Tick) -> Option<Question> {
        self.advance(now);
        while self.ping.next <= now {
            let Some(place) = self.ping.queue.pop_front() else { break };
            let stage = match self.hosts[place].stage {
                Stage::Waiting => Stage::Pinged,
                Stage::Again => Stage::PingedAgain,
                // Answered meanwhile.
                Stage::Pinged
                | Stage::Silent
                | Stage::AskedByArp
                | Stage::PingedAgain
                | Stage::Settled => continue,
            };
            self.hosts[place].stage = stage;
            self.hosts[place].pinged = true;
            self.ping.put(place, now);
            return Some(Question::Ping(self.hosts[place].address));
        }
        let arp = self.arp.as_mut()?;
        while arp.next <= now {
            let place = arp.queue.pop_front()?;
            let host = &mut self.hosts[place];
            // Answered meanwhile.
            if host.stage != Stage::Silent {
                continue;
            }
            host.stage = Stage::AskedByArp;
            host.asked_by_arp = true;
            arp.put(place, now);
            return Some(Question::Arp(host.address));
        }
        None
    }

    /// Silences that have become verdicts.
    fn advance(&mut self, now: Tick) {
        while let Some(place) = self.ping.next_lost(now) {
            match self.hosts[place].stage {
                Stage::Pinged => self.silent_on_ping(place),
                Stage::PingedAgain => self.settle(place),
                Stage::Waiting
                | Stage::Silent
                | Stage::AskedByArp
                | Stage::Again
                | Stage::Settled => {}
            }
        }
        while let Some(place) = self.arp.as_mut().and_then(|arp| arp.next_lost(now)) {
            if self.hosts[place].stage == Stage::AskedByArp {
                self.settle(place);
            }
        }
    }

    fn silent_on_ping(&mut self, place: usize) {
        match &mut self.arp {
            Some(arp) => {
                self.hosts[place].stage = Stage::Silent;
                arp.queue.push_back(place);
            }
            None => self.settle(place),
        }
    }

    fn settle(&mut self, place: usize) {
        if self.hosts[place].stage != Stage::Settled {
            self.hosts[place].stage = Stage::Settled;
            self.settled += 1;
        }
    }

    /// An answer to a ping.
    pub fn ping_reply(&mut self, address: Ipv4Addr, rtt: Duration) {
        let Some(&place) = self.places.get(&address) else { return };
        let host = &mut self.hosts[place];
        // Nobody answers what was not asked.
        if host.pinged {
            host.rtt.get_or_insert(rtt);
            self.ping.stalled = None;
            self.settle(place);
        }
    }

    /// An answer by ARP.
    pub fn arp_reply(&mut self, address: Ipv4Addr, mac: Mac) {
        let Some(&place) = self.places.get(&address) else { return };
        let host = &mut self.hosts[place];
        if !host.asked_by_arp {
            return;
        }
        host.mac = Some(mac);
        host.answered_arp = true;
        if let Some(arp) = &mut self.arp {
            arp.stalled = None;
        }
        if host.stage == Stage::AskedByArp && host.pinged {
            host.stage = Stage::Again;
            self.ping.queue.push_back(place);
        } else if host.stage == Stage::AskedByArp {
            self.settle(place);
        }
    }

    /// What the system's own table says. It is no sign of life, but of who answered a ping
    /// it tells the Ethernet address.
    pub fn neighbour(&mut self, address: Ipv4Addr, mac: Mac) {
        if let Some(&place) = self.places.get(&address) {
            let host = &mut self.hosts[place];
            if host.rtt.is_some() {
                host.mac.get_or_insert(mac);
            }
        }
    }

    /// A ping could not be put.
    pub fn ping_refused(&mut self, address: Ipv4Addr, fault: SendFault, now: Tick) {
        let Some(&place) = self.places.get(&address) else { return };
        let again = match self.hosts[place].stage {
            Stage::Pinged => false,
            Stage::PingedAgain => true,
            Stage::Waiting | Stage::Silent | Stage::AskedByArp | Stage::Again | Stage::Settled => {
                return;
            }
        };
        self.ping.open.retain(|(_, open)| *open != place);
        self.hosts[place].pinged = again;
        if fault == SendFault::Busy {
            self.hosts[place].stage = if again { Stage::Again } else { Stage::Waiting };
            if !self.ping.busy(place, now) {
                for place in std::mem::take(&mut self.ping.queue) {
                    self.unpinged(place, fault);
                }
            }
        } else {
            self.unpinged(place, fault);
        }
    }

    fn unpinged(&mut self, place: usize, fault: SendFault) {
        match self.hosts[place].stage {
            Stage::Waiting | Stage::Pinged => {
                self.note(Unasked::Ping(fault));
                self.silent_on_ping(place);
            }
            Stage::Again | Stage::PingedAgain => self.settle(place),
            Stage::Silent | Stage::AskedByArp | Stage::Settled => {}
        }
    }

    /// A question by ARP could not be put.
    pub fn arp_refused(&mut self, address: Ipv4Addr, fault: ArpFault, now: Tick) {
        let (Some(&place), Some(arp)) = (self.places.get(&address), &mut self.arp) else { return };
        if self.hosts[place].stage != Stage::AskedByArp {
            return;
        }
        arp.open.retain(|(_, open)| *open != place);
        self.hosts[place].asked_by_arp = false;
        let mut given_up = VecDeque::from([place]);
        if fault == ArpFault::Busy {
            self.hosts[place].stage = Stage::Silent;
            if arp.busy(place, now) {
                return;
            }
            given_up = std::mem::take(&mut arp.queue);
        }
        for place in given_up {
            if self.hosts[place].stage != Stage::Settled {
                self.note(Unasked::Arp(fault));
                self.settle(place);
            }
        }
    }

    fn note(&mut self, why: Unasked) {
        match self.unasked.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.unasked.push((why, 1)),
        }
    }

    /// Whether nothing more is expected of anyone.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.settled == self.hosts.len()
    }

    /// When something is due; none when it is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Tick> {
        if self.is_over() {
            return None;
        }
        let arp = self.arp.as_ref().and_then(Lane::next_deadline);
        [self.ping.next_deadline(), arp].into_iter().flatten().min()
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            total: self.hosts.len(),
            asked: self.hosts.iter().filter(|h| h.asked()).count(),
            settled: self.settled,
            found: self.hosts.iter().filter(|h| h.answered()).count(),
        }
    }

    /// Who answered so far, by address.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        let hosts = self.places.values().map(|place| &self.hosts[*place]);
        let found = |host: &Host| Found {
            address: host.address,
            via: match (host.rtt.is_some(), host.mac.is_some()) {
                (true, true) => Via::Both,
                (true, false) => Via::Icmp,
                (false, _) => Via::Arp,
            },
            rtt: host.rtt,
            mac: host.mac,
            firewalled: host.rtt.is_none() && host.pinged && host.stage == Stage::Settled,
        };
        hosts.filter(|host| host.answered()).map(found).collect()
    }

    /// How many could not be asked by which kind of question, and why.
    #[must_use]
    pub fn unasked(&self) -> &[(Unasked, usize)] {
        &self.unasked
    }
}
