//! Who is present: ping first, ARP for those that are silent on it.

use std::net::{IpAddr, Ipv4Addr};

use super::io::{ArpFault, Output};
use super::neighbours::Asked;
use super::seats::Turn;
use super::{Monitor, settle};
use crate::config::{Mac, Presence};
use crate::event::{LinkState, Target, Warning};
use crate::probe::SeatKey;
use crate::time::{Moment, Tick};

impl Monitor {
    /// A seat left a ping unanswered that was sent at `sent`.
    pub(super) fn seat_silent(&mut self, key: SeatKey, sent: Moment, now: Moment) {
        let Some(seat) = self.seats.get(key) else { return };
        let by_arp = match (self.config.monitor.presence, seat.config.address) {
            (Presence::Icmp, _) | (_, IpAddr::V6(_)) => false,
            (Presence::Auto | Presence::Arp, IpAddr::V4(a)) => self.neighbours.can_ask(a, now.tick),
        };
        if by_arp {
            let present = matches!(seat.state, LinkState::Up | LinkState::Suspect);
            self.neighbours.want(key, sent, present);
        } else {
            self.seat_verdict(key, sent, now);
        }
    }

    /// A seat is silent by every means.
    fn seat_verdict(&mut self, key: SeatKey, sent: Moment, now: Moment) {
        let was = self.seats.get(key).map(|s| s.state);
        if let Turn::Gone(first) = self.seats.silence(key, sent) {
            self.occupancy.gone(key, now);
            if was == Some(LinkState::Suspect) {
                self.falls.fell(key, first);
            }
        }
    }

    /// Where seats are asked by ARP alone, the beat asks them here.
    pub(super) fn beat_by_arp(&mut self, now: Moment) {
        let seats: Vec<_> = self.seats.iter().map(|s| (s.key, s.config.address, s.state)).collect();
        for (key, address, state) in seats {
            match address {
                IpAddr::V4(a) if self.neighbours.can_ask(a, now.tick) => {
                    let present = matches!(state, LinkState::Up | LinkState::Suspect);
                    self.neighbours.want(key, now, present);
                }
                IpAddr::V4(_) | IpAddr::V6(_) => {
                    if self.seats.refused(key, now) {
                        self.occupancy.lost_sight(key);
                    }
                }
            }
        }
    }

    /// Router and server are asked by ARP too while their ping is not plainly answered.
    pub(super) fn ask_target_by_arp(&mut self, target: Target, now: Moment) {
        let Some(link) = self.link(target) else { return };
        if target == Target::Internet || self.config.monitor.presence == Presence::Icmp {
            return;
        }
        let plain = link.state() == LinkState::Up && link.warning().is_none();
        let Some(IpAddr::V4(address)) = link.address() else { return };
        if plain || self.neighbours.is_asking(target) || !self.neighbours.can_ask(address, now.tick)
        {
            return;
        }
        self.neighbours.put(Asked::Target(target), address, now, now);
        self.out.push_back(Output::Arp(address));
    }

    /// Puts as many questions as the budget allows.
    pub(super) fn ask_arp(&mut self, now: Moment) {
        while let Some((asked, since)) = self.neighbours.next(now.tick) {
            let (Asked::Seat(key) | Asked::Mac(key)) = asked else { continue };
            let Some(IpAddr::V4(address)) = self.seats.get(key).map(|s| s.config.address) else {
                continue;
            };
            self.neighbours.put(asked, address, since.unwrap_or(now), now);
            self.out.push_back(Output::Arp(address));
        }
    }

    /// An answer by ARP.
    pub(super) fn hear_arp(&mut self, address: Ipv4Addr, mac: Mac, now: Moment) {
        for question in self.neighbours.answer(address) {
            match question.asked {
                Asked::Seat(key) => {
                    self.seats.learn(key, mac);
                    if self.seats.answer(key, question.sent.tick, None, now) == Turn::Seen {
                        self.seat_seen(key, now);
                    }
                    self.lan_heard(question.sent.tick, now);
                }
                Asked::Mac(key) => self.seats.learn(key, mac),
                Asked::Target(target) => {
                    if let Some(link) = &mut self.links[target.index()]
                        && link.heard_by_arp(now)
                    {
                        let host = link.host().clone();
                        self.out.push_back(Output::Seen { target, host });
                    }
                    self.heard_indirectly(target, question.sent.tick, now);
                    self.lan_heard(question.sent.tick, now);
                    if target == Target::Router {
                        self.occupancy_proof(question.sent.tick);
                    }
                }
            }
        }
    }

    /// A target that drops ping gave a sign of life: its recovery holds.
    pub(super) fn heard_indirectly(&mut self, target: Target, sent: Tick, now: Moment) {
        let vouched = self.link(target).is_some_and(|l| {
            l.state() == LinkState::Up && l.warning() == Some(Warning::NoPingReply)
        });
        if vouched {
            self.book.heard(settle::cause_of(target), sent, now);
        }
    }

    /// A question by ARP could not be put: ping alone decides, or it is put again.
    pub(super) fn refuse_arp(&mut self, address: Ipv4Addr, fault: ArpFault, now: Moment) {
        for question in self.neighbours.refused(address, fault, now.tick) {
            if let Asked::Seat(key) = question.asked {
                self.seat_silent(key, question.since, now);
            }
        }
        // What was not broadcast leaves room for the next.
        self.ask_arp(now);
    }

    /// Questions by ARP whose time is over.
    pub(super) fn miss_arp(&mut self, now: Moment) {
        while let Some(question) = self.neighbours.next_lost(now.tick) {
            match question.asked {
                Asked::Seat(key) => self.seat_verdict(key, question.since, now),
                Asked::Mac(_) => {}
                Asked::Target(target) => self.target_silent_on_arp(target, question.sent, now),
            }
        }
    }

    /// What ARP vouched for is silent on it now.
    fn target_silent_on_arp(&mut self, target: Target, sent: Moment, now: Moment) {
        let vouched = target == Target::Router
            && self.link(Target::Internet).is_some_and(|l| l.answers_after(sent.tick));
        let delay = self.config.verification.retry_delay;
        if let Some(link) = &mut self.links[target.index()]
            && link.warning() == Some(Warning::NoPingReply)
            && link.state() == LinkState::Up
            && !vouched
        {
            self.clock_states(now);
            if let Some(link) = &mut self.links[target.index()] {
                link.doubt(sent, delay, now);
            }
        }
    }
}
