//! The whole machine: the beat, the links, what explains what, the incidents, the view.
//!
//! The life of a beat: [`Monitor::advance`] finds it due, asks every address at once and
//! notes the next one (from the last beat, not from now, so nothing drifts). Answers come
//! in by [`Monitor::handle`], silences by [`Monitor::advance`]; each moves one link. Then
//! `settle` looks at all links together and opens, holds and closes incidents. Nothing
//! calls back; what is to be done lies in a queue behind [`Monitor::poll`].

mod io;
mod seats;
mod settle;
mod show;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

pub use io::*;

use crate::config::{Config, Host};
use crate::event::{Event, Gap, LinkState, Reason, Stamped, Target, Warning};
use crate::incident::Book;
use crate::link::{Link, Recovery, Voice};
use crate::probe::{Hearing, Ledger, Probe, Purpose, Side, Stray, Subject};
use crate::time::{Moment, Tick, Utc, millis};
use seats::Seats;

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
    /// A probe's time is over.
    Verdict,
    /// A second question is due.
    Retry,
    /// An incident matures, is over, or is to be decided.
    Incident,
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
    ledger: Ledger,
    book: Book,
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
            ledger: Ledger::default(),
            book: Book::default(),
            carrier: None,
            carrier_lost: None,
            refused_since: None,
            released: [None; 3],
            explained: [false; 3],
            router_blip: None,
            grace_until: None,
            next_beat: now.tick,
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
        let seats = monitor.config.monitor.seats.clone();
        monitor.seats.configure(&seats, now);
        monitor.tell(Event::Started { last_alive: last_alive.map(|m| m.utc) }, now);
        monitor.tell_links(now);
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
        }
    }

    /// Does what is due.
    pub fn advance(&mut self, now: Moment) {
        while let Some(probe) = self.ledger.next_lost(now.tick) {
            self.miss(probe, now);
        }
        self.settle(now);
        self.ask_again(now);
        if self.next_beat <= now.tick {
            self.start_beat(now);
        }
        if let Some(group) = self.take_group(now) {
            let event = Event::SeatGroupLost {
                seats: group.names,
                online_before: group.online_before,
                start: group.start.utc,
            };
            self.tell(event, now);
        }
        self.complete_beats();
        self.ledger.forget(now.tick, LEDGER_MEMORY);
    }

    /// When to call [`Monitor::advance`] next, and why.
    #[must_use]
    pub fn next_deadline(&self) -> Option<(Tick, Why)> {
        let retries = self.links.iter().flatten().filter_map(Link::retry_at);
        let candidates = std::iter::once((self.next_beat, Why::Beat))
            .chain(self.ledger.next_deadline().map(|t| (t, Why::Verdict)))
            .chain(retries.map(|t| (t, Why::Retry)))
            .chain(self.incident_deadlines().map(|t| (t, Why::Incident)))
            .chain(self.seats.group_due().map(|t| (t, Why::Incident)));
        candidates.min_by_key(|(tick, _)| *tick)
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

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

    fn tell(&mut self, event: Event, now: Moment) {
        self.out.push_back(Output::Event(Stamped { at: now.utc, event }));
    }

    // ---- the beat ----------------------------------------------------------------

    fn start_beat(&mut self, now: Moment) {
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
        let purpose = Purpose::Beat(self.beat);
        let mut questions: Vec<(Subject, IpAddr)> = Vec::new();
        for link in self.links.iter().flatten() {
            let target = link.target();
            questions
                .extend(link.beat_addresses().map(|(side, a)| (Subject::Target(target, side), a)));
        }
        questions.extend(self.seats.iter().map(|s| (Subject::Seat(s.key), s.config.address)));
        for (subject, address) in questions {
            self.ask(subject, address, purpose, now);
        }
    }

    fn ask(&mut self, subject: Subject, address: IpAddr, purpose: Purpose, now: Moment) {
        let timeout = self.config.monitor.probe_timeout;
        let id = self.ledger.ask(subject, address, purpose, now, timeout);
        self.out.push_back(Output::Probe(ProbeRequest { id, address }));
    }

    fn ask_target(&mut self, target: Target, now: Moment) {
        let addresses: Vec<_> =
            self.link(target).into_iter().flat_map(Link::all_addresses).collect();
        for (side, address) in addresses {
            self.ask(Subject::Target(target, side), address, Purpose::Retry, now);
        }
    }

    /// Second questions that are due, and the closing question of held recoveries.
    fn ask_again(&mut self, now: Moment) {
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

    fn complete_beats(&mut self) {
        while let Some(number) = self.ledger.completed_beat() {
            self.completed += 1;
            self.out.push_back(Output::CycleCompleted { number });
        }
    }

    // ---- answers, silences, refusals ----------------------------------------------

    fn hear(&mut self, id: ProbeId, address: IpAddr, rtt: Duration, now: Moment) {
        let Hearing::Answer(probe) = self.ledger.reply(id, address, rtt) else {
            return;
        };
        match probe.subject {
            Subject::Seat(key) => {
                self.seats.answer(key, probe.sent.tick, rtt, now);
                self.lan_heard(probe.sent.tick, now);
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
                self.lan_heard(probe.sent.tick, now);
                self.settle(now);
            }
        }
        self.complete_beats();
    }

    fn miss(&mut self, probe: Probe, now: Moment) {
        match probe.subject {
            Subject::Seat(key) => self.seats.silence(key, probe.sent, now),
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
                let behind = |then: Tick| {
                    target == Target::Router
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

    fn refuse(&mut self, id: ProbeId, fault: SendFault, now: Moment) {
        let Some(probe) = self.ledger.refuse(id) else {
            return;
        };
        match probe.subject {
            Subject::Seat(key) => {
                if fault != SendFault::Busy {
                    self.seats.refused(key, now);
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
        self.complete_beats();
    }

    /// A link answers: the end of a blip, or the beginning of the end of an incident.
    fn recovered(&mut self, target: Target, recovery: Option<Recovery>, now: Moment) {
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

    // ---- the machine around us ------------------------------------------------------

    fn wake(&mut self, asleep: Duration, now: Moment) {
        // The time asleep belongs to no state.
        let fell_asleep = now.at(now.tick - asleep);
        if fell_asleep.tick > self.accounted.tick {
            self.clock_states(fell_asleep);
        }
        self.accounted = now;
        let gap = Gap { from: fell_asleep.utc, to: now.utc };
        self.ledger.write_off();
        self.book.unobserved(gap);
        for link in self.links.iter_mut().flatten() {
            link.woke(now);
        }
        self.next_beat = now.tick;
        self.tell(Event::Unobserved { gap }, now);
        self.complete_beats();
    }

    fn reconfigure(&mut self, config: Config, now: Moment) {
        self.account(now);
        let old = std::mem::replace(&mut self.config, config);
        if self.config.monitor.interval != old.monitor.interval {
            self.next_beat = self.next_beat.min(now.tick + self.config.monitor.interval);
        }
        for target in Target::ALL {
            let wanted = self.host_of(target);
            let present = self.link(target).map(|l| l.host().clone());
            if wanted != present {
                self.book.close(
                    settle::cause_of(target),
                    now,
                    crate::event::EndReason::NoLongerWatched,
                    now,
                );
                self.released[target.index()] = None;
                self.links[target.index()] =
                    wanted.map(|host| self.new_link(target, &host, false, None, now));
            }
        }
        if let Some(link) = &mut self.links[Target::Internet.index()] {
            link.replace_secondary(&self.config.verification.secondary_target);
        }
        let seats = self.config.monitor.seats.clone();
        self.seats.configure(&seats, now);
        self.tell(Event::ConfigChanged, now);
        self.settle(now);
    }

    fn clock_states(&mut self, now: Moment) {
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
