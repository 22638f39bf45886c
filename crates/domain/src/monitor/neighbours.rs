//! Questions by ARP (RFC 826): who is to be asked, how many at a time, who answered.
//!
//! Every question is a broadcast that wakes each PC of the café, so there is a budget.
//! Seats that are believed to be there go first, because their verdict may end a session;
//! every fourth question is for the others, so that they do not starve.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use super::io::ArpFault;
use crate::event::Target;
use crate::probe::SeatKey;
use crate::time::{Moment, Tick};

/// The budget: 64 broadcasts in a second, given out in quarters of one.
const SLICE: Duration = Duration::from_millis(250);
const PER_SLICE: u32 = 16;
/// One question in so many is for a seat that is not believed to be there.
const FOR_THE_ABSENT: u32 = 4;
/// Where ARP cannot say anything, it is tried again after this.
const OFF: Duration = Duration::from_secs(10);
/// A seat's Ethernet address is asked for at most this often.
const MAC_AGAIN: Duration = Duration::from_secs(3600);

/// Whom a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// A seat that is silent on ping: its answer decides.
    Seat(SeatKey),
    /// A seat that answers ping: only its Ethernet address is of interest.
    Mac(SeatKey),
    /// Router or server.
    Target(Target),
}

/// A question that has been put.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) asked: Asked,
    pub(super) address: Ipv4Addr,
    pub(super) sent: Moment,
    /// The first unanswered ping that led to it.
    pub(super) since: Moment,
    deadline: Tick,
}

/// All questions. See the module.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    patience: Option<Duration>,
    /// Put and open, in the order of their deadlines.
    open: VecDeque<Question>,
    present: VecDeque<SeatKey>,
    absent: VecDeque<SeatKey>,
    curious: VecDeque<SeatKey>,
    /// Seats in one of the first two queues, and their first unanswered ping.
    wanted: BTreeMap<SeatKey, Moment>,
    /// Of whom ARP cannot say anything, until then.
    off: BTreeMap<Ipv4Addr, Tick>,
    mac_asked: BTreeMap<SeatKey, Tick>,
    slice: Tick,
    used: u32,
    /// Per target: when the newest answered question was put.
    answered: [Option<Tick>; 3],
}

impl Neighbours {
    /// How long an answer may take; none: ARP cannot be asked.
    pub(super) fn available(&mut self, patience: Option<Duration>) {
        self.patience = patience;
        if patience.is_none() {
            self.open.clear();
            self.present.clear();
            self.absent.clear();
            self.curious.clear();
            self.wanted.clear();
        }
    }

    pub(super) fn can_ask(&self, address: Ipv4Addr, now: Tick) -> bool {
        self.patience.is_some() && self.off.get(&address).is_none_or(|until| *until <= now)
    }

    /// A seat is silent on ping since `since`.
    pub(super) fn want(&mut self, key: SeatKey, since: Moment, present: bool) {
        let waiting = self.open.iter().any(|q| q.asked == Asked::Seat(key));
        if waiting || self.wanted.contains_key(&key) {
            return;
        }
        self.wanted.insert(key, since);
        if present { self.present.push_back(key) } else { self.absent.push_back(key) }
    }

    /// A seat answers ping: nothing is to be asked, except who it is.
    pub(super) fn pinged(&mut self, key: SeatKey, knows_mac: bool, now: Tick) {
        self.wanted.remove(&key);
        if knows_mac || self.patience.is_none() {
            return;
        }
        let asked = self.mac_asked.get(&key);
        if asked.is_none_or(|at| now >= *at + MAC_AGAIN) {
            self.mac_asked.insert(key, now);
            self.curious.push_back(key);
        }
    }

    /// Whether a seat believed to be there has been silent on ping since `until` or
    /// before, and has no verdict by ARP yet.
    pub(super) fn in_doubt(&self, key: SeatKey, until: Tick) -> bool {
        let early = |since: &Moment| since.tick <= until;
        self.wanted.get(&key).is_some_and(early)
            || self.open.iter().any(|q| q.asked == Asked::Seat(key) && early(&q.since))
    }

    /// The next seat to be asked, within the budget, and since when it is silent.
    pub(super) fn next(&mut self, now: Tick) -> Option<(Asked, Option<Moment>)> {
        self.patience?;
        if now >= self.slice + SLICE {
            self.slice = now;
            self.used = 0;
        }
        while self.used < PER_SLICE && !self.queues_are_empty() {
            let absent_first = self.used % FOR_THE_ABSENT == FOR_THE_ABSENT - 1;
            let [first, second] = if absent_first {
                [&mut self.absent, &mut self.present]
            } else {
                [&mut self.present, &mut self.absent]
            };
            if let Some(key) = first.pop_front().or_else(|| second.pop_front()) {
                // Who answered ping meanwhile is not wanted any more.
                let Some(since) = self.wanted.remove(&key) else { continue };
                self.used += 1;
                return Some((Asked::Seat(key), Some(since)));
            }
            if let Some(key) = self.curious.pop_front() {
                self.used += 1;
                return Some((Asked::Mac(key), None));
            }
        }
        None
    }

    fn queues_are_empty(&self) -> bool {
        self.present.is_empty() && self.absent.is_empty() && self.curious.is_empty()
    }

    /// A question goes out now.
    pub(super) fn put(&mut self, asked: Asked, address: Ipv4Addr, since: Moment, now: Moment) {
        let Some(patience) = self.patience else { return };
        let deadline = now.tick + patience;
        self.open.push_back(Question { asked, address, sent: now, since, deadline });
    }

    /// Whether a target's question is open.
    pub(super) fn is_asking(&self, target: Target) -> bool {
        self.open.iter().any(|q| q.asked == Asked::Target(target))
    }

    /// An answer: all questions that it answers.
    pub(super) fn answer(&mut self, address: Ipv4Addr) -> Vec<Question> {
        let answered = self.withdraw(address);
        for question in &answered {
            if let Asked::Target(target) = question.asked {
                self.answered[target.index()] = Some(question.sent.tick);
            }
        }
        answered
    }

    fn withdraw(&mut self, address: Ipv4Addr) -> Vec<Question> {
        let gone: Vec<_> = self.open.iter().filter(|q| q.address == address).copied().collect();
        if !gone.is_empty() {
            self.open.retain(|q| q.address != address);
        }
        gone
    }

    /// A question that could not be put: withdrawn.
    pub(super) fn refused(
        &mut self,
        address: Ipv4Addr,
        fault: ArpFault,
        now: Tick,
    ) -> Vec<Question> {
        let refused = self.withdraw(address);
        match fault {
            ArpFault::Busy => {
                // Not before the next slice: asking at once would be refused at once.
                self.slice = now;
                self.used = PER_SLICE;
            }
            ArpFault::OffLink | ArpFault::Unable => {
                self.off.insert(address, now + OFF);
                // Nothing was broadcast, so the budget is that of before.
                let seats = refused.iter().filter(|q| !matches!(q.asked, Asked::Target(_))).count();
                self.used = self.used.saturating_sub(u32::try_from(seats).unwrap_or(u32::MAX));
            }
        }
        refused
    }

    /// The next question whose time is over, if one is due.
    pub(super) fn next_lost(&mut self, now: Tick) -> Option<Question> {
        if self.open.front()?.deadline > now {
            return None;
        }
        self.open.pop_front()
    }

    /// Whether a target answered a question put after `then`.
    pub(super) fn answers_after(&self, target: Target, then: Tick) -> bool {
        self.answered[target.index()].is_some_and(|at| at > then)
    }

    /// When something is due.
    pub(super) fn next_deadline(&self) -> Option<Tick> {
        let verdict = self.open.front().map(|q| q.deadline);
        let slice = (!self.queues_are_empty()).then(|| self.slice + SLICE);
        [verdict, slice].into_iter().flatten().min()
    }

    /// Nobody looked: what is open gets no verdict.
    pub(super) fn write_off(&mut self) {
        self.open.clear();
        self.answered = [None; 3];
    }

    /// The configuration changed: addresses may be on the link that were not.
    pub(super) fn reconsider(&mut self, exists: impl Fn(SeatKey) -> bool) {
        self.off.clear();
        self.wanted.retain(|key, _| exists(*key));
        self.mac_asked.retain(|key, _| exists(*key));
        for queue in [&mut self.present, &mut self.absent, &mut self.curious] {
            queue.retain(|key| exists(*key));
        }
    }
}
