//! Looking at all links together: what explains what, and which incidents follow.

use std::time::Duration;

use super::{Monitor, Told};
use crate::cascade::{self, Facts, Verdict};
use crate::event::{Cause, EndReason, Event, LinkState, Reason, Target, Warning};
use crate::incident::{Open, Phase};
use crate::link::Link;
use crate::time::{Moment, Tick};

/// Who answered within this time before a fall is a witness of it.
const WITNESS_MEMORY: Duration = Duration::from_secs(600);
/// The provider's line re-dials after the router has come back; that long it is not blamed.
const GRACE: Duration = Duration::from_secs(120);

/// The cause that stands for a target's own fault.
pub(super) fn cause_of(target: Target) -> Cause {
    match target {
        Target::Router => Cause::RouterDown,
        Target::Server => Cause::ServerDown,
        Target::Internet => Cause::IspDown,
    }
}

/// The target that a cause speaks of; none for the whole local network.
pub(super) fn target_of(cause: Cause) -> Option<Target> {
    match cause {
        Cause::RouterDown => Some(Target::Router),
        Cause::ServerDown => Some(Target::Server),
        Cause::IspDown => Some(Target::Internet),
        Cause::LanDown => None,
    }
}

impl Monitor {
    /// Draws the conclusions from the present state of all links. Idempotent.
    pub(super) fn settle(&mut self, now: Moment) {
        self.settled = now.tick;
        self.doubt_router(now);
        self.note_refusals(now);
        self.explain(now);
        self.open_local(now);
        for target in Target::ALL {
            self.judge(target, now);
        }
        self.explain(now);
        self.book.close_quiet(now);
        self.settle_stays(now);
        self.tell_links(now);
        self.tell_incidents(now);
    }

    /// Moments at which a conclusion may change by time alone.
    pub(super) fn incident_deadlines(&self) -> impl Iterator<Item = Tick> + '_ {
        let matures = Target::ALL.into_iter().filter_map(|target| {
            let link = self.link(target)?;
            let start = self.effective_start(target, link.outage()?);
            let mature = start.tick + self.config.verification.min_incident_duration;
            Some(if target == Target::Internet {
                self.grace_until.map_or(mature, |grace| grace.max(mature))
            } else {
                mature
            })
        });
        let refused =
            self.refused_since.map(|at| at.tick + self.config.verification.min_incident_duration);
        // What is already past waits for an answer or a verdict, not for time.
        let settled = self.settled;
        let cut =
            self.carrier_lost.map(|at| at.tick + self.config.verification.min_incident_duration);
        matures.chain(refused).chain(cut).filter(move |t| *t > settled).chain(self.book.deadlines())
    }

    /// The router was vouched for by what lies behind it; that has fallen silent.
    fn doubt_router(&mut self, now: Moment) {
        let delay = self.config.verification.retry_delay;
        let behind_silent = self.link(Target::Internet).and_then(|internet| {
            (internet.state() != LinkState::Up).then(|| internet.silent_since().unwrap_or(now))
        });
        if let (Some(first), Some(router)) =
            (behind_silent, &mut self.links[Target::Router.index()])
            && router.warning() == Some(Warning::NoPingReply)
            && router.state() == LinkState::Up
            && !self.neighbours.answers_after(Target::Router, first.tick)
        {
            router.doubt(first, delay, now);
        }
    }

    /// "Network unreachable" for every target at once is the local network.
    fn note_refusals(&mut self, now: Moment) {
        let mut links = self.links.iter().flatten().filter(|l| l.address().is_some()).peekable();
        let all = links.peek().is_some() && links.all(Link::is_refused_by_route);
        let ever = self.links.iter().flatten().any(Link::seen)
            || self.seats.iter().any(|s| s.last_answer.is_some());
        if all && ever {
            let earliest = self
                .links
                .iter()
                .flatten()
                .filter_map(Link::outage)
                .fold(now, |a, b| if b.tick < a.tick { b } else { a });
            let start = if self.book.all_running().any(|o| o.phase == Phase::Down) {
                now
            } else {
                earliest
            };
            self.refused_since.get_or_insert(start);
        } else {
            self.refused_since = None;
        }
    }

    /// A fault of the local network that no target's outage stands for.
    fn open_local(&mut self, now: Moment) {
        // A cable pulled while the router's own outage runs brings no new outage of a
        // target; the carrier is the only sign of it.
        let cut = self.carrier_lost.filter(|at| {
            self.book.is_down(Cause::RouterDown) && self.facts(*at).point_to_the_local_network()
        });
        let Some(start) = self.refused_since.or(cut) else {
            return;
        };
        let min = self.config.verification.min_incident_duration;
        if self.book.is_down(Cause::LanDown) {
            self.book.confirm(Cause::LanDown);
        } else if now.tick >= start.tick + min || self.book.running(Cause::LanDown).is_some() {
            self.open_lan(start, now);
        }
    }

    fn open_lan(&mut self, start: Moment, now: Moment) {
        for cause in [Cause::RouterDown, Cause::ServerDown, Cause::IspDown] {
            // What was just recovering has recovered: this is a new fault.
            if let Some(Open { phase: Phase::Holding { up, .. }, .. }) = self.book.running(cause) {
                let up = *up;
                self.book.close(cause, up, EndReason::Restored, now);
            }
        }
        if self.book.running(Cause::LanDown).is_some() {
            self.book.relapse(Cause::LanDown, start);
            if self.book.running(Cause::LanDown).is_some_and(Open::is_uncounted) {
                self.book.count(Cause::LanDown, self.seats.online());
            }
        } else {
            let seats = self.seats_before(start);
            self.book.open(Cause::LanDown, start, false, seats, now);
        }
    }

    /// Decides about the outage of one target, if it has one that is not decided yet.
    fn judge(&mut self, target: Target, now: Moment) {
        let Some(outage) = self.link(target).and_then(Link::outage) else {
            return;
        };
        if self.link(target).is_some_and(|l| l.state() != LinkState::Down) {
            return;
        }
        let cause = cause_of(target);
        let start = self.effective_start(target, outage);
        if self.book.is_down(cause) && !self.book.running(cause).is_some_and(Open::is_uncounted) {
            self.book.confirm(cause);
            return;
        }
        // A server explained by the router is still judged: it may show the fall of all.
        if self.explained[target.index()]
            && (target != Target::Server || self.book.is_down(Cause::LanDown))
        {
            return;
        }
        let facts = self.facts(start);
        let local = facts.point_to_the_local_network();
        if self.book.running(cause).is_some() && !self.book.is_down(cause) && !local {
            // Within the hold, or within an unstable spell: it goes on.
            self.book.relapse(cause, start);
        }
        if self.book.is_down(cause) && !self.book.running(cause).is_some_and(Open::is_uncounted) {
            return;
        }
        let mut mature = start.tick + self.config.verification.min_incident_duration;
        if target == Target::Internet {
            mature = self.grace_until.map_or(mature, |grace| grace.max(mature));
        }
        let relapse_of_lan =
            local && self.book.running(Cause::LanDown).is_some() && !facts.lan_down;
        if now.tick < mature && !relapse_of_lan {
            return;
        }
        match cascade::decide(cause, &facts) {
            Verdict::Open { cause: Cause::LanDown, .. } => {
                let start = self.fall_of_all(start);
                self.open_lan(start, now);
                self.explain(now);
            }
            Verdict::Open { cause, uncertain } => {
                if self.book.running(cause).is_some_and(Open::is_uncounted) {
                    self.book.count(cause, self.seats.online());
                } else {
                    let seats = self.seats_before(start);
                    self.book.open(cause, start, uncertain, seats, now);
                }
                self.explain(now);
            }
            Verdict::Explained | Verdict::Wait => {}
        }
    }

    /// Notes which silences another fault explains; holds and releases what runs.
    fn explain(&mut self, now: Moment) {
        let lan = self.book.is_down(Cause::LanDown);
        let router_out = self
            .link(Target::Router)
            .is_some_and(|l| l.state() == LinkState::Down && l.outage().is_some());
        for target in Target::ALL {
            let silent = self.link(target).is_some_and(|l| {
                l.state() != LinkState::Up && l.reason() != Some(Reason::NotWatched)
            });
            let explained = silent
                && (lan
                    || match target {
                        Target::Internet => router_out,
                        Target::Server => {
                            router_out
                                && self.seats.online() == 0
                                && self.book.running(Cause::ServerDown).is_none()
                        }
                        Target::Router => false,
                    });
            let was = std::mem::replace(&mut self.explained[target.index()], explained);
            if was != explained {
                self.clock_states(now);
            }
            if was && !explained && silent {
                // From here on it has to answer for itself.
                self.released[target.index()] = Some(now);
                if target == Target::Internet {
                    self.grace_until = Some(now.tick + GRACE);
                }
            }
            let cause = cause_of(target);
            if self.book.is_down(cause) {
                let held = lan || (target == Target::Internet && router_out);
                if held {
                    self.book.hold(cause, now);
                } else {
                    self.book.release(cause, now);
                }
            }
        }
    }

    /// Somebody on this side of the provider answered a probe sent at `sent`.
    pub(super) fn lan_heard(&mut self, sent: Tick, now: Moment) {
        let Some(open) = self.book.running(Cause::LanDown) else {
            return;
        };
        match open.phase {
            Phase::Down if sent > open.down_since().tick => {
                self.book.answered(Cause::LanDown, now);
                self.settle(now);
            }
            Phase::Holding { .. } => {
                self.book.heard(Cause::LanDown, sent, now);
                self.settle(now);
            }
            Phase::Down | Phase::Quiet { .. } => {}
        }
    }

    /// The outage's start, or the end of what explained it, whichever is later.
    fn effective_start(&self, target: Target, outage: Moment) -> Moment {
        match self.released[target.index()] {
            Some(released) if released.tick > outage.tick => released,
            Some(_) | None => outage,
        }
    }

    /// Where a fall of everything began: the first of those outages that no incident
    /// stands for yet.
    fn fall_of_all(&self, start: Moment) -> Moment {
        Target::ALL
            .into_iter()
            .filter(|t| {
                !self.explained[t.index()]
                    && !self.book.is_down(cause_of(*t))
                    && self.link(*t).is_some_and(|l| l.state() == LinkState::Down)
            })
            .filter_map(|t| Some(self.effective_start(t, self.link(t)?.outage()?)))
            .fold(start, |a, b| if b.tick < a.tick { b } else { a })
    }

    fn seats_before(&self, start: Moment) -> u32 {
        // Those that answered until the fall: a fall of all leaves nobody online now.
        self.seats.witnesses(start.tick, self.config.monitor.interval * 2).0
    }

    fn facts(&self, start: Moment) -> Facts {
        let router = self.link(Target::Router);
        let server = self.link(Target::Server);
        let internet = self.link(Target::Internet);
        let (mut witnesses, mut answering) = self.seats.witnesses(start.tick, WITNESS_MEMORY);
        if let Some(server) = server
            && server.last_answer().is_some_and(|at| at.tick >= start.tick - WITNESS_MEMORY)
        {
            witnesses += 1;
            if server.state() == LinkState::Up {
                answering += 1;
            }
        }
        let state = |link: Option<&Link>, state| link.is_some_and(|l| l.state() == state);
        Facts {
            router_down: state(router, LinkState::Down),
            router_silent: router.is_some_and(|l| {
                l.state() != LinkState::Up && (l.silent_since().is_some() || l.outage().is_some())
            }),
            router_suspect: state(router, LinkState::Suspect),
            internet_silent: !state(internet, LinkState::Up),
            witnesses,
            witnesses_answering: answering,
            seats_answering: self.seats.online(),
            no_carrier: self.carrier == Some(false),
            all_refused: self.refused_since.is_some(),
            lan_down: self.book.is_down(Cause::LanDown),
        }
    }

    pub(super) fn tell_links(&mut self, now: Moment) {
        for target in Target::ALL {
            let (state, since, reason, warning) = match self.link(target) {
                Some(l) => (l.state(), l.since(), l.reason(), l.warning()),
                None => (LinkState::Unknown, now, Some(Reason::NotWatched), None),
            };
            let told = self.told[target.index()];
            if told.state != state || told.reason != reason {
                let event =
                    Event::Link { target, from: told.state, to: state, reason, since: since.utc };
                self.tell(event, now);
            }
            if told.warning != warning {
                self.tell(Event::Warning { target, warning }, now);
            }
            self.told[target.index()] = Told { state, reason, warning };
        }
    }

    fn tell_incidents(&mut self, now: Moment) {
        for (change, incident) in self.book.take_changes() {
            self.tell(Event::Incident { change, incident }, now);
        }
    }
}
