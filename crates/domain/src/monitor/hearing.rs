//! Answers, silences, refusals: what each does to the link or seat it speaks of.

use std::net::IpAddr;
use std::time::Duration;

use super::io::{Output, ProbeId, Sample, SendFault};
use super::seats::Turn;
use super::{Monitor, settle};
use crate::event::{Event, LinkState, Target};
use crate::link::Recovery;
use crate::probe::{Hearing, Probe, Purpose, Side, Subject};
use crate::time::{Moment, Tick, millis};

impl Monitor {
    pub(super) fn hear(&mut self, id: ProbeId, address: IpAddr, rtt: Duration, now: Moment) {
        let Hearing::Answer(probe) = self.ledger.reply(id, address, rtt) else {
            return;
        };
        match probe.subject {
            Subject::Seat(key) => {
                if self.seats.answer(key, probe.sent.tick, Some(rtt), now) == Turn::Seen {
                    let knows = self.seats.get(key).is_some_and(|s| s.mac.is_some());
                    self.neighbours.pinged(key, knows, now.tick);
                    self.seat_seen(key, now);
                }
                self.lan_heard(probe.sent.tick, now);
                if self.nobody_else_proves() {
                    self.occupancy_proof(probe.sent.tick);
                }
            }
            Subject::Target(target, side) => {
                // What is due before this answer is decided before it.
                self.settle(now);
                self.clock_states(now);
                let beat = matches!(probe.purpose, Purpose::Beat(_));
                let Some(link) = &mut self.links[target.index()] else {
                    return;
                };
                let first = !link.seen();
                if beat && side == Side::Primary {
                    link.note(Some(rtt));
                    self.out.push_back(Output::Sample(Sample {
                        target,
                        at: probe.sent.utc,
                        rtt: Some(rtt),
                    }));
                }
                let recovery = link.answer(side, probe.sent.tick, rtt, now);
                if first && link.seen() {
                    let host = link.host().clone();
                    self.out.push_back(Output::Seen { target, host });
                }
                self.recovered(target, recovery, now);
                if self.link(target).is_some_and(|l| l.state() == LinkState::Up) {
                    self.book.heard(settle::cause_of(target), probe.sent.tick, now);
                }
                if target == Target::Internet {
                    self.heard_indirectly(Target::Router, probe.sent.tick, now);
                }
                self.lan_heard(probe.sent.tick, now);
                self.settle(now);
                if self.is_proof(target) {
                    self.occupancy_proof(probe.sent.tick);
                }
            }
        }
        self.complete_beats(now);
    }

    pub(super) fn miss(&mut self, probe: Probe, now: Moment) {
        match probe.subject {
            Subject::Seat(key) => self.seat_silent(key, probe.sent, now),
            Subject::Target(target, side) => {
                self.clock_states(now);
                let beat = matches!(probe.purpose, Purpose::Beat(_));
                if beat && side == Side::Primary {
                    self.out.push_back(Output::Sample(Sample {
                        target,
                        at: probe.sent.utc,
                        rtt: None,
                    }));
                }
                let internet = self.links[Target::Internet.index()].clone();
                let neighbours = &self.neighbours;
                let behind = |then: Tick| {
                    neighbours.answers_after(target, then)
                        || target == Target::Router
                            && internet.as_ref().is_some_and(|l| l.answers_after(then))
                };
                let delay = self.config.verification.retry_delay;
                let Some(link) = &mut self.links[target.index()] else {
                    return;
                };
                if beat && side == Side::Primary {
                    link.note(None);
                }
                let recovery = link.silence(side, probe.sent, !beat, delay, now, &behind);
                if recovery.is_some() {
                    self.recovered(target, recovery, now);
                }
            }
        }
    }

    pub(super) fn refuse(&mut self, id: ProbeId, fault: SendFault, now: Moment) {
        let Some(probe) = self.ledger.refuse(id) else {
            return;
        };
        match probe.subject {
            Subject::Seat(key) => {
                if fault != SendFault::Busy && self.seats.refused(key, now) {
                    self.occupancy.lost_sight(key);
                }
            }
            Subject::Target(target, side) => {
                self.clock_states(now);
                let delay = self.config.verification.retry_delay;
                if let Some(link) = &mut self.links[target.index()] {
                    link.refused(side, fault, now);
                    if probe.purpose == Purpose::Retry {
                        link.retry_again(now.tick + delay);
                    }
                }
                self.settle(now);
            }
        }
        self.complete_beats(now);
    }

    /// A link answers: the end of a blip, or the beginning of the end of an incident.
    pub(super) fn recovered(&mut self, target: Target, recovery: Option<Recovery>, now: Moment) {
        let cause = settle::cause_of(target);
        if self.link(target).is_none_or(|l| l.state() != LinkState::Up) {
            return;
        }
        let uncounted = self.book.running(cause).is_some_and(crate::incident::Open::is_uncounted);
        let running = self.book.is_down(cause) && !uncounted;
        self.book.answered(cause, now);
        let explained = self.explained[target.index()];
        self.released[target.index()] = None;
        if target == Target::Internet {
            self.grace_until = None;
        }
        if let (Target::Router, Some(recovery)) = (target, recovery) {
            self.router_blip = Some((recovery.start.tick, now.tick));
        }
        let behind_router = target == Target::Internet
            && recovery.is_some_and(|own| {
                let slack = self.config.monitor.interval;
                self.link(Target::Router)
                    .is_some_and(|r| r.state() != LinkState::Up && r.silent_since().is_some())
                    || self.router_blip.is_some_and(|(from, to)| {
                        own.start.tick + slack >= from && own.start.tick <= to
                    })
            });
        if let Some(recovery) = recovery
            && !running
            && !explained
            && !behind_router
            && (recovery.confirmed || recovery.silences > 1)
        {
            let duration = now.tick.since(recovery.start.tick);
            let threshold = self.config.verification.min_incident_duration;
            if duration < threshold {
                let event = Event::Jitter {
                    target,
                    start: recovery.start.utc,
                    duration_ms: millis(duration),
                    threshold_ms: millis(threshold),
                };
                self.tell(event, now);
            }
        }
    }
}
