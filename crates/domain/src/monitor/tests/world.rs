//! A café in memory: hosts, cables, a provider, and a clock that only tests move.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::capture::{Capture, Privacy};
use crate::config::{Config, Host, Mac};
use crate::event::{
    Cause, EndReason, Event, Incident, IncidentChange, IncidentKind, LinkState, Session, Target,
};
use crate::monitor::{
    ArpFault, Input, Monitor, Output, ProbeId, ProbeRequest, Restored, SeatMinute, SendFault,
};
use crate::notify::{BatchEntry, Channel, Outgoing, Told};
use crate::occupancy::Memory;
use crate::time::{Moment, Tick, Utc};
use crate::view::TargetView;

const RTT_US: i64 = 400;
const EPOCH_MS: i64 = 1_800_000_000_000;

pub(super) struct World {
    pub(super) monitor: Monitor,
    pub(super) us: i64,
    pub(super) wall_shift_ms: i64,
    /// Hosts that are switched off or cut off: "router", "server", "pc3".
    pub(super) dead: BTreeSet<String>,
    /// Hosts that drop ping but work: only "router" makes a difference.
    pub(super) mute: BTreeSet<String>,
    /// Hosts that drop ping and answer ARP.
    pub(super) firewalled: BTreeSet<String>,
    pub(super) arp_asked: Vec<(f64, Ipv4Addr)>,
    pub(super) memories: BTreeMap<IpAddr, Memory>,
    pub(super) minutes: Vec<SeatMinute>,
    pub(super) provider: bool,
    pub(super) cable: bool,
    pub(super) switch: bool,
    pub(super) fault: Option<SendFault>,
    /// Nobody is on a local link: ARP can say nothing.
    pub(super) off_link: bool,
    pub(super) events: Vec<(f64, Event)>,
    pub(super) probes: u64,
    /// What was told, and when.
    pub(super) notices: Vec<(f64, Outgoing)>,
    /// Changes of sessions that wait, as a store would keep them.
    pub(super) batch: Vec<BatchEntry>,
    pub(super) captures: Vec<Capture>,
    pub(super) privacy: Option<Privacy>,
    replies: Vec<(i64, Answer, IpAddr)>,
}

#[derive(Clone, Copy)]
enum Answer {
    Ping(ProbeId),
    Arp,
}

pub(super) fn config(seats: usize) -> Config {
    let mut config = Config::default();
    config.monitor.interval = Duration::from_secs(1);
    config.monitor.seats.truncate(seats);
    config
}

impl World {
    pub(super) fn new(config: Config) -> World {
        World::with(config, Restored::nothing())
    }

    /// A café in which everybody has been in a session for a while.
    pub(super) fn busy(seats: usize) -> World {
        let mut world = World::new(config(seats)).with_arp();
        world.run(240.0);
        assert_eq!(world.sessions().len(), seats);
        world
    }

    /// The program dies now and is started again `seconds` later.
    pub(super) fn restart_after(&mut self, seconds: f64) {
        let config = self.monitor.config().clone();
        self.restart_with(config, seconds);
    }

    /// The same, and somebody edits the configuration meanwhile.
    pub(super) fn restart_with(&mut self, config: Config, seconds: f64) {
        let mut restored = self.restored();
        let of = |target| match target {
            Target::Router => Some(&config.targets.router),
            Target::Server => config.targets.server.as_ref(),
            Target::Internet => Some(&config.targets.internet),
        };
        restored.seen.retain(|(target, host)| of(*target) == Some(host));
        self.us += (seconds * 1e6) as i64;
        self.monitor = Monitor::start(config, restored, self.now());
        self.replies.clear();
        self.input(Input::ArpAvailable(Some(Duration::from_secs(1))));
    }

    /// A café in which everything has answered before.
    pub(super) fn healthy(seats: usize) -> World {
        let mut world = World::new(config(seats));
        world.run(30.0);
        assert_eq!(world.state(Target::Router), LinkState::Up);
        world
    }

    pub(super) fn with(config: Config, restored: Restored) -> World {
        World::at(config, restored, 1_000_000_000)
    }

    pub(super) fn at(config: Config, restored: Restored, us: i64) -> World {
        let now = Moment { tick: Tick(us * 1000), utc: Utc(EPOCH_MS + us / 1000) };
        World {
            monitor: Monitor::start(config, restored, now),
            us,
            wall_shift_ms: 0,
            dead: BTreeSet::new(),
            mute: BTreeSet::new(),
            firewalled: BTreeSet::new(),
            arp_asked: Vec::new(),
            memories: BTreeMap::new(),
            minutes: Vec::new(),
            provider: true,
            cable: true,
            switch: true,
            fault: None,
            off_link: false,
            events: Vec::new(),
            probes: 0,
            notices: Vec::new(),
            batch: Vec::new(),
            captures: Vec::new(),
            privacy: None,
            replies: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Moment {
        Moment {
            tick: Tick(self.us * 1000),
            utc: Utc(EPOCH_MS + self.us / 1000 + self.wall_shift_ms),
        }
    }

    /// Seconds since the world began (it begins at 1000 s of the tick).
    pub(super) fn seconds(&self) -> f64 {
        self.us as f64 / 1e6
    }

    pub(super) fn kill(&mut self, host: &str) {
        self.dead.insert(host.into());
    }
    pub(super) fn revive(&mut self, host: &str) {
        self.dead.remove(host);
    }
    pub(super) fn pull_cable(&mut self) {
        self.cable = false;
        self.input(Input::Carrier(Some(false)));
    }
    pub(super) fn plug_cable(&mut self) {
        self.cable = true;
        self.input(Input::Carrier(Some(true)));
    }

    fn name_of(&self, address: IpAddr) -> String {
        let is = |h: &Host| *h == Host::Address(address);
        let config = self.monitor.config();
        if is(&config.targets.router) {
            "router".into()
        } else if config.targets.server.as_ref().is_some_and(is) {
            "server".into()
        } else if is(&config.targets.internet) {
            "primary".into()
        } else if is(&config.verification.secondary_target) {
            "secondary".into()
        } else {
            let at = config.monitor.seats.iter().position(|s| s.address == address);
            format!("pc{}", at.map_or(0, |i| i + 1))
        }
    }

    fn answers(&self, address: IpAddr, by_arp: bool) -> bool {
        let name = self.name_of(address);
        let deaf = !by_arp && self.firewalled.contains(&name);
        let alive = !self.dead.contains(&name) && !self.mute.contains(&name) && !deaf;
        let outside = name == "primary" || name == "secondary";
        alive
            && self.cable
            && self.switch
            && (!outside || (self.provider && !self.dead.contains("router")))
    }

    pub(super) fn input(&mut self, input: Input) {
        let now = self.now();
        self.monitor.handle(input, now);
        self.drain();
    }

    fn drain(&mut self) {
        let mut refused = Vec::new();
        let mut unasked = Vec::new();
        while let Some(output) = self.monitor.poll() {
            match output {
                Output::Probe(ProbeRequest { id, address }) => {
                    self.probes += 1;
                    if let Some(fault) = self.fault {
                        refused.push((id, fault));
                    } else if self.answers(address, false) {
                        self.replies.push((self.us + RTT_US, Answer::Ping(id), address));
                    }
                }
                Output::Arp(address) => {
                    if self.off_link {
                        unasked.push(address);
                        continue;
                    }
                    self.arp_asked.push((self.seconds(), address));
                    if self.answers(IpAddr::V4(address), true) {
                        self.replies.push((self.us + RTT_US, Answer::Arp, IpAddr::V4(address)));
                    }
                }
                Output::SeatMinute(minute) => self.minutes.push(minute),
                Output::Remember { address, memory } => {
                    match memory {
                        Some(memory) => self.memories.insert(address, memory),
                        None => self.memories.remove(&address),
                    };
                }
                Output::Event(stamped) => {
                    if let Event::Privacy { on, until } = stamped.event {
                        let until = until.map(|utc| self.now().at_utc(utc));
                        self.privacy = Some(Privacy { on, since: stamped.at, until });
                    }
                    self.events.push((self.seconds(), stamped.event));
                }
                Output::Told(Told::Notice(notice)) => {
                    self.notices.push((self.seconds(), notice));
                }
                Output::Told(Told::Hold(entry)) => self.batch.push(entry),
                Output::Told(Told::Release) => self.batch.clear(),
                Output::Capture(capture) => self.captures.push(capture),
                Output::Sample(_)
                | Output::StateTime(_)
                | Output::Seen { .. }
                | Output::CycleCompleted { .. } => {}
            }
        }
        for (id, fault) in refused {
            self.input(Input::Refused { id, fault });
        }
        for address in unasked {
            self.input(Input::ArpRefused { address, fault: ArpFault::OffLink });
        }
    }

    /// Lets the world go on for some seconds.
    pub(super) fn run(&mut self, seconds: f64) {
        let end = self.us + (seconds * 1e6) as i64;
        loop {
            let reply = self.replies.iter().map(|r| r.0).min();
            let deadline = self
                .monitor
                .next_deadline()
                .map(|(t, _)| (t.0 + 999).div_euclid(1000).max(self.us));
            let next = [reply, deadline].into_iter().flatten().min().unwrap_or(i64::MAX);
            if next > end {
                break;
            }
            self.us = next;
            let now = self.now();
            if let Some(i) = self.replies.iter().position(|r| r.0 <= self.us) {
                let (_, answer, address) = self.replies.remove(i);
                let rtt = Duration::from_micros(RTT_US as u64);
                let input = match (answer, address) {
                    (Answer::Ping(id), _) => Input::Reply { id, address, rtt },
                    (Answer::Arp, IpAddr::V4(v4)) => {
                        let [_, _, c, d] = v4.octets();
                        Input::ArpReply { address: v4, mac: Mac([2, 0, 0, 0, c, d]) }
                    }
                    (Answer::Arp, IpAddr::V6(_)) => unreachable!("ARP is of IPv4"),
                };
                self.monitor.handle(input, now);
            } else {
                self.monitor.advance(now);
                let (next, why) = self.monitor.next_deadline().expect("there is always a beat");
                assert!(
                    next > now.tick,
                    "a deadline in the past: {why:?} at {next:?}, now {now:?}"
                );
            }
            self.drain();
        }
        self.us = end;
        self.check_fold();
    }

    pub(super) fn show(&self, target: Target) -> TargetView {
        self.monitor.view(self.now()).targets[target.index()].clone()
    }
    pub(super) fn state(&self, target: Target) -> LinkState {
        self.show(target).state
    }

    /// Every incident that was opened, in its latest form, parts of others left out.
    pub(super) fn incidents(&self) -> Vec<Incident> {
        let mut all = self.incidents_and_parts();
        all.retain(|i| i.part_of.is_none());
        all
    }

    fn incidents_and_parts(&self) -> Vec<Incident> {
        let mut all: Vec<Incident> = Vec::new();
        for (_, event) in &self.events {
            if let Event::Incident { incident, .. } = event {
                match all.iter_mut().find(|i| i.id == incident.id) {
                    Some(known) => *known = incident.clone(),
                    None => all.push(incident.clone()),
                }
            }
        }
        all
    }

    /// Codes of what was told in a channel.
    pub(super) fn codes(&self, channel: Channel) -> Vec<&'static str> {
        let of = self.notices.iter().filter(|(_, n)| n.channel == channel);
        of.map(|(_, n)| n.notice.code()).collect()
    }

    /// Every session, in its latest form.
    pub(super) fn sessions(&self) -> Vec<Session> {
        let mut all: Vec<Session> = Vec::new();
        for (_, event) in &self.events {
            if let Event::Session { session, .. } = event {
                match all.iter_mut().find(|s| s.id == session.id) {
                    Some(known) => *known = session.clone(),
                    None => all.push(session.clone()),
                }
            }
        }
        all
    }

    /// Seconds of this world at which something in UTC was.
    pub(super) fn at_seconds(&self, utc: Utc) -> f64 {
        (utc.0 - EPOCH_MS) as f64 / 1000.0
    }

    /// Lets the machine ask by ARP, too.
    pub(super) fn with_arp(mut self) -> World {
        self.input(Input::ArpAvailable(Some(Duration::from_secs(1))));
        self
    }

    pub(super) fn causes(&self) -> Vec<Cause> {
        self.incidents().iter().map(|i| i.cause).collect()
    }

    /// The one incident there is.
    #[track_caller]
    pub(super) fn only(&self, cause: Cause) -> Incident {
        let all = self.incidents();
        assert_eq!(all.len(), 1, "one incident, not {all:#?}");
        assert_eq!(all[0].cause, cause);
        all[0].clone()
    }

    pub(super) fn told(&self, change: IncidentChange, cause: Cause) -> usize {
        self.events
            .iter()
            .filter(|(_, e)| {
                matches!(e, Event::Incident { change: c, incident: i }
                    if *c == change && i.cause == cause && i.part_of.is_none())
            })
            .count()
    }

    pub(super) fn jitters(&self) -> usize {
        self.events.iter().filter(|(_, e)| matches!(e, Event::Jitter { .. })).count()
    }

    /// When an incident began, in seconds of this world.
    pub(super) fn start_of(&self, incident: &Incident) -> f64 {
        (incident.start.0 - EPOCH_MS) as f64 / 1000.0
    }

    /// The view is the fold of the events: nothing is shown that was not told.
    #[track_caller]
    pub(super) fn check_fold(&self) {
        let view = self.monitor.view(self.now());
        for target in Target::ALL {
            let mut state = LinkState::Unknown;
            let mut warning = None;
            for (_, event) in &self.events {
                match event {
                    Event::Link { target: t, to, .. } if *t == target => state = *to,
                    Event::Warning { target: t, warning: w } if *t == target => warning = *w,
                    Event::Started { .. } => (state, warning) = (LinkState::Unknown, None),
                    _ => {}
                }
            }
            let shown = &view.targets[target.index()];
            assert_eq!((shown.state, shown.warning), (state, warning), "{target:?}");
        }
        for session in self.sessions() {
            let seat = view.seats.iter().find(|s| s.session == Some(session.id));
            assert_eq!(session.end.is_none(), seat.is_some(), "{session:#?}");
            assert!(session.duration_ms.is_none_or(|ms| ms >= 0), "{session:#?}");
        }
        let frozen = self.events.iter().rev().find_map(|(_, e)| match e {
            Event::Frozen { frozen } => Some(*frozen),
            Event::Started { .. } => Some(false),
            _ => None,
        });
        assert_eq!(view.frozen, frozen.unwrap_or(false));
        for incident in self.incidents() {
            let running = self.monitor.book.running(incident.cause);
            let same = running.is_some_and(|o| o.incident.id == incident.id);
            assert_eq!(incident.end.is_none(), same, "{incident:#?}");
            if let (Some(duration), Some(_)) = (incident.duration_ms, incident.end) {
                assert!(duration >= 0);
                assert!(
                    incident.kind == IncidentKind::Unstable || incident.down_ms <= duration + 1
                );
            }
            assert!(incident.end_reason != Some(EndReason::Merged));
        }
    }

    /// What a store would give back after a crash at this moment.
    pub(super) fn restored(&self) -> Restored {
        let moment =
            |utc: Utc| self.now().at(Tick(self.us * 1000 - (self.now().utc.0 - utc.0) * 1_000_000));
        let mut restored = Restored::nothing();
        let config = self.monitor.config();
        for target in Target::ALL {
            let host = match target {
                Target::Router => Some(&config.targets.router),
                Target::Server => config.targets.server.as_ref(),
                Target::Internet => Some(&config.targets.internet),
            };
            if let Some(host) = host
                && self.monitor.link(target).is_some_and(crate::link::Link::seen)
            {
                restored.seen.push((target, host.clone()));
            }
            let last = self.events.iter().rev().find_map(|(_, e)| match e {
                Event::Link { target: t, to, since, .. }
                    if *t == target && *to != LinkState::Suspect =>
                {
                    Some((*to, *since))
                }
                _ => None,
            });
            if let Some((LinkState::Down, since)) = last {
                restored.down.push((target, moment(since)));
            }
        }
        let all = self.incidents_and_parts();
        let runs = |id| all.iter().any(|i| Some(i.id) == id && i.end.is_none());
        for incident in all.clone() {
            restored.next_incident = restored.next_incident.max(incident.id.0 + 1);
            let start = moment(incident.start);
            if incident.end.is_none() || runs(incident.part_of) {
                restored.open.push((incident, start));
            } else if incident.kind == IncidentKind::Outage && incident.part_of.is_none() {
                restored.recent.push((incident, start));
            }
        }
        for session in self.sessions() {
            restored.stays.next_session = restored.stays.next_session.max(session.id.0 + 1);
            if session.end.is_none() {
                let start = moment(session.start);
                restored.stays.open.push((session, start));
            }
        }
        restored.stays.memories = self.memories.iter().map(|(a, m)| (*a, *m)).collect();
        restored.last_alive = Some(self.now());
        restored.batch = self.batch.clone();
        restored.privacy = self.privacy;
        restored
    }
}
