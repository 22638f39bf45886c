//! From seats to sessions: when seats are frozen, what counts as proof, the hour, the minute.

use super::Monitor;
use super::io::{Output, SeatMinute};
use crate::event::{Cause, Event, LinkState, Target};
use crate::occupancy::{self, Change, GROUP_HOLD, Memory};
use crate::probe::SeatKey;
use crate::time::{Moment, Tick, Utc};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// A snapshot that comes later than this would not be true of its hour.
const HOUR_SLACK_MS: i64 = 120_000;

/// The minute that is being counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Minute {
    at: i64,
    last: Option<u32>,
    peak: u32,
}

/// Hours since 1970.
pub(super) fn hour_of(utc: Utc) -> i64 {
    utc.0.div_euclid(HOUR_MS)
}

impl Monitor {
    pub(super) fn restore_stays(
        &mut self,
        restored: occupancy::Restored,
        last_alive: Option<Moment>,
        now: Moment,
    ) {
        self.configure_stays(now);
        self.occupancy.restore(restored, last_alive, now);
    }

    pub(super) fn configure_stays(&mut self, now: Moment) {
        let seats = self.seats.iter().map(|s| (s.key, &s.config));
        self.occupancy.configure(seats, &self.config.occupancy, now);
    }

    /// A seat has answered.
    pub(super) fn seat_seen(&mut self, key: SeatKey, now: Moment) {
        let mac = self.seats.get(key).and_then(|s| s.mac);
        self.occupancy.seen(key, mac, now);
    }

    /// Whether silence of the seats says nothing, because the way to them is in doubt.
    fn is_blind(&self) -> bool {
        self.book.is_down(Cause::LanDown)
            || self.carrier_lost.is_some()
            || self.refused_since.is_some()
            || self.link(Target::Router).is_some_and(|l| l.outage().is_some())
    }

    /// Freezes and thaws as router and local network go and come.
    pub(super) fn settle_stays(&mut self, now: Moment) {
        let blind = self.is_blind();
        if blind == self.occupancy.is_frozen() {
            return;
        }
        if blind {
            self.occupancy.freeze();
            self.falls.clear();
        } else {
            let seats = &self.seats;
            let present = |key| match seats.get(key)?.state {
                LinkState::Up | LinkState::Suspect => Some(true),
                LinkState::Down => Some(false),
                LinkState::Unknown => None,
            };
            self.occupancy.thaw(present, now);
        }
        self.tell(Event::Frozen { frozen: blind }, now);
    }

    /// An answer to a probe sent at `sent` proves that the way to the seats works.
    pub(super) fn occupancy_proof(&mut self, sent: Tick) {
        let falls = &self.falls;
        self.occupancy.proof(sent, |key| falls.is_open(key));
    }

    /// Whether a target's answer proves it. The router's does, and that of what lies
    /// behind it; anybody's where the router has never answered.
    pub(super) fn is_proof(&self, target: Target) -> bool {
        match target {
            Target::Router | Target::Internet => true,
            Target::Server => !self.link(Target::Router).is_some_and(crate::link::Link::seen),
        }
    }

    /// Whether even a seat's answer proves it: there is no router to ask.
    pub(super) fn nobody_else_proves(&self) -> bool {
        let silent = |t| self.link(t).is_none_or(|l| !l.seen());
        Target::ALL.into_iter().all(silent)
    }

    /// Judges who fell with whom.
    pub(super) fn judge_falls(&mut self, now: Moment) {
        let blind = self.is_blind()
            || self
                .link(Target::Router)
                .is_some_and(|l| l.state() == LinkState::Suspect && l.silent_since().is_some());
        if blind {
            // Whoever fell with the router did not fall by themselves.
            return;
        }
        let others = [Target::Router, Target::Server]
            .into_iter()
            .any(|t| self.link(t).is_some_and(|l| l.state() == LinkState::Up));
        let (seats, neighbours) = (&self.seats, &self.neighbours);
        let doubtful = |until: Tick| {
            seats.iter().any(|s| match s.state {
                LinkState::Suspect => s.silent_since.is_some_and(|at| at.tick <= until),
                LinkState::Up => neighbours.in_doubt(s.key, until),
                LinkState::Down | LinkState::Unknown => false,
            })
        };
        let down = |key| seats.get(key).is_some_and(|s| s.state == LinkState::Down);
        let online = usize::try_from(seats.online()).unwrap_or(usize::MAX);
        let Some(group) = self.falls.take(now.tick, doubtful, down, online, others) else {
            return;
        };
        let names: Vec<String> = group
            .keys
            .iter()
            .filter_map(|key| Some(self.seats.get(*key)?.config.name.clone()))
            .collect();
        let lost = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let event = Event::SeatGroupLost {
            seats: names,
            online_before: self.seats.online().saturating_add(lost),
            start: group.start.utc,
        };
        self.occupancy.hold(&group.keys, group.start.tick + GROUP_HOLD);
        self.tell(event, now);
    }

    /// A beat is over: counts, and the hour.
    pub(super) fn count_seats(&mut self, now: Moment) {
        let online = self.seats.online();
        let minute = now.utc.0.div_euclid(MINUTE_MS);
        if self.minute.at != minute {
            self.close_minute();
            self.minute = Minute { at: minute, last: None, peak: 0 };
        }
        if self.config.occupancy.enabled && !self.occupancy.is_frozen() {
            self.minute.last = Some(online);
            self.minute.peak = self.minute.peak.max(online);
        }
        let hour = hour_of(now.utc);
        // A clock set back by an hour or less does not tell an hour twice.
        if hour > self.hour || hour < self.hour - 1 {
            let struck = hour > self.hour && now.utc.0 - hour * HOUR_MS <= HOUR_SLACK_MS;
            self.hour = hour;
            let wanted = self.config.occupancy.enabled && self.config.occupancy.hourly_snapshot;
            if struck && wanted {
                let frozen = self.occupancy.is_frozen();
                let event = Event::HourlySnapshot {
                    hour: Utc(hour * HOUR_MS),
                    // While nobody can be seen, those whose sessions run are taken to be there.
                    online: if frozen { self.occupancy.running().max(online) } else { online },
                    total: self.seats.len(),
                };
                self.tell(event, now);
            }
        }
    }

    fn close_minute(&mut self) {
        if let Some(online) = self.minute.last {
            self.out.push_back(Output::SeatMinute(SeatMinute {
                at: Utc(self.minute.at * MINUTE_MS),
                online,
                peak: self.minute.peak,
                total: self.seats.len(),
            }));
        }
    }

    /// Gives out what happened to the stays.
    pub(super) fn tell_stays(&mut self, now: Moment) {
        for change in self.occupancy.take_changes() {
            match change {
                Change::Session(change, session) => {
                    self.tell(Event::Session { change, session }, now);
                }
                Change::ShortStay { seat, start, end } => {
                    let address = seat.address.to_string();
                    self.tell(Event::ShortStay { seat: seat.name, address, start, end }, now);
                }
                Change::Remember(seat, memory) => {
                    let memory: Option<Memory> = memory;
                    self.out.push_back(Output::Remember { address: seat.address, memory });
                }
            }
        }
    }
}
