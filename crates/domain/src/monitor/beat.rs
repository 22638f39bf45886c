//! The beat: who is asked when, and the time spent in each state.

use std::net::IpAddr;
use std::time::Duration;

use super::io::{Output, ProbeRequest, StateTime};
use super::{ASK_WITNESSES_ABOVE, Monitor, settle};
use crate::config::Presence;
use crate::event::{LinkState, Target};
use crate::link::Link;
use crate::probe::{Purpose, Subject};
use crate::time::{Moment, Utc, millis};

/// Questions put at once …
const SLICE: usize = 512;
/// … and the time until the next ones: 4,096 seats are asked within 0.2 s.
const SLICE_SPACING: Duration = Duration::from_millis(25);

impl Monitor {
    /// Gives out how long each target was in which state since the last call. To be
    /// called before state is flushed to disk; the beat does it at each new minute.
    pub fn account(&mut self, now: Moment) {
        self.clock_states(now);
        for target in Target::ALL {
            let clocked = std::mem::take(&mut self.clocked[target.index()]);
            let ms = |d: Duration| u32::try_from(millis(d)).unwrap_or(u32::MAX);
            let time = StateTime {
                target,
                at: self.accounted.utc,
                up_ms: ms(clocked.up),
                down_ms: ms(clocked.down),
                unknown_ms: ms(clocked.unknown),
            };
            if time.up_ms + time.down_ms + time.unknown_ms > 0 {
                self.out.push_back(Output::StateTime(time));
            }
        }
    }

    pub(super) fn start_beat(&mut self, now: Moment) {
        let interval = self.config.monitor.interval;
        self.next_beat = self.next_beat + interval;
        while self.next_beat <= now.tick {
            self.missed_beats += 1;
            self.next_beat = self.next_beat + interval;
        }
        let minute = |utc: Utc| utc.0.div_euclid(60_000);
        if minute(now.utc) != minute(self.accounted.utc) || interval >= Duration::from_secs(20) {
            self.account(now);
        }
        self.beat += 1;
        let mut questions: Vec<(Subject, IpAddr)> = Vec::new();
        for link in self.links.iter().flatten() {
            let target = link.target();
            questions
                .extend(link.beat_addresses().map(|(side, a)| (Subject::Target(target, side), a)));
        }
        if self.config.monitor.presence == Presence::Arp {
            self.beat_by_arp(now);
        } else {
            questions.extend(self.seats.iter().map(|s| (Subject::Seat(s.key), s.config.address)));
        }
        for target in [Target::Router, Target::Server] {
            self.ask_target_by_arp(target, now);
        }
        // What could not be put in a whole interval is overtaken by this beat.
        for _ in self.unasked.drain(..) {
            self.ledger.skip(self.beat - 1);
        }
        self.ledger.begin_beat(self.beat, questions.len());
        self.unasked.extend(questions);
        self.ask_slice(now);
    }

    /// Puts the next questions of the beat: a café's at once, the thousands of a hall in
    /// slices, so that no burst overruns a socket's buffer.
    pub(super) fn ask_slice(&mut self, now: Moment) {
        let purpose = Purpose::Beat(self.beat);
        for _ in 0..SLICE {
            let Some((subject, address)) = self.unasked.pop_front() else { break };
            self.ask(subject, address, purpose, now);
        }
        self.next_slice = (!self.unasked.is_empty()).then(|| now.tick + SLICE_SPACING);
    }

    /// The configuration changed: whom this beat has not asked yet, the next one will.
    pub(super) fn forget_unasked(&mut self) {
        for _ in self.unasked.drain(..) {
            self.ledger.skip(self.beat);
        }
        self.next_slice = None;
    }

    pub(super) fn ask(&mut self, subject: Subject, address: IpAddr, purpose: Purpose, now: Moment) {
        let timeout = self.config.monitor.probe_timeout;
        let id = self.ledger.ask(subject, address, purpose, now, timeout);
        self.out.push_back(Output::Probe(ProbeRequest { id, address }));
    }

    pub(super) fn ask_target(&mut self, target: Target, now: Moment) {
        let addresses: Vec<_> =
            self.link(target).into_iter().flat_map(Link::all_addresses).collect();
        for (side, address) in addresses {
            self.ask(Subject::Target(target, side), address, Purpose::Retry, now);
        }
        self.ask_target_by_arp(target, now);
    }

    /// Second questions that are due, and the closing question of held recoveries.
    pub(super) fn ask_again(&mut self, now: Moment) {
        for target in Target::ALL {
            let Some(link) = &mut self.links[target.index()] else {
                continue;
            };
            if link.retry_at().is_none_or(|at| at > now.tick) {
                continue;
            }
            link.retried();
            self.ask_target(target, now);
            if target == Target::Router {
                // Whoever could prove that it is not the router, or not only the router.
                let steady = |m: &Self, t: Target| {
                    m.link(t)
                        .is_some_and(|l| l.retry_at().is_none() && l.state() != LinkState::Suspect)
                };
                for other in [Target::Server, Target::Internet] {
                    if steady(self, other) {
                        self.ask_target(other, now);
                    }
                }
                if self.config.monitor.interval > ASK_WITNESSES_ABOVE {
                    let seats: Vec<_> = self
                        .seats
                        .iter()
                        .filter(|s| s.state == LinkState::Up)
                        .map(|s| (Subject::Seat(s.key), s.config.address))
                        .collect();
                    for (subject, address) in seats {
                        self.ask(subject, address, Purpose::Retry, now);
                    }
                }
            }
        }
        for cause in self.book.take_due_checks(now.tick) {
            match settle::target_of(cause) {
                Some(target) => self.ask_target(target, now),
                None => {
                    for target in Target::ALL {
                        self.ask_target(target, now);
                    }
                }
            }
        }
    }

    pub(super) fn complete_beats(&mut self, now: Moment) {
        while let Some(number) = self.ledger.completed_beat() {
            self.completed += 1;
            self.count_seats(now);
            self.out.push_back(Output::CycleCompleted { number });
        }
    }

    pub(super) fn clock_states(&mut self, now: Moment) {
        let span = now.tick.since(self.accounted.tick);
        self.accounted = now;
        for target in Target::ALL {
            let Some(link) = self.link(target) else {
                continue;
            };
            let state = link.state();
            let clocked = &mut self.clocked[target.index()];
            match state {
                // Silence behind another fault is not this target's downtime.
                LinkState::Down if self.explained[target.index()] => clocked.unknown += span,
                LinkState::Down => clocked.down += span,
                LinkState::Up | LinkState::Suspect => clocked.up += span,
                LinkState::Unknown => clocked.unknown += span,
            }
        }
    }
}
