//! Stays: from "it answers" to "somebody sits there".
//!
//! One small machine per seat:
//!
//! ```text
//!            seen                 held for the window
//!   away ───────────► arriving ─────────────────────► here ◄──────┐
//!    ▲                   │                             │          │ seen
//!    │       gone        │                        gone │          │
//!    ├───────────────────┘                             ▼          │
//!    └──────────────────────────────────────────── leaving ───────┘
//!      proof: the way to the seats works, and the seat was silent for the window
//! ```
//!
//! A session's start and end are dated back to the first and the last moment seen. What
//! matters most is what does *not* end a session: no outage of the router or the local
//! network, no sleep of the machine, no restart of the program. So the end needs a proof
//! ([`Occupancy::proof`]): an answer of the router to a probe sent a whole window after
//! the seat's last sign of life, and after the last moment at which we could not see.

mod stay;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{Mac, OccupancyMode, OccupancySettings, SeatConfig};
use crate::event::{Gap, Session, SessionChange, SessionEnd, SessionId};
use crate::probe::SeatKey;
use crate::time::{Moment, Tick, Utc};
use stay::{Running, State, Stay};

/// Sessions of seats that fell silent together are held this long: a switch or a fuse
/// comes back, and the people are still there.
pub const GROUP_HOLD: Duration = Duration::from_secs(600);
/// After an unobserved stretch longer than this nobody can say that it is the same stay.
pub const LONGEST_GAP: Duration = Duration::from_secs(4 * 3600);

/// What is remembered of a seat between two runs of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Present since then, not yet a session.
    Arriving(Moment),
    /// In a session, but silent; last seen then.
    Leaving(Moment),
    /// The same, and it fell silent with a group.
    Held(Moment),
}

/// What happened to the stays, to be told and stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A session began, resumed or ended.
    Session(SessionChange, Session),
    /// Somebody was there for less than the window.
    ShortStay {
        /// Which seat.
        seat: SeatConfig,
        /// First moment seen.
        start: Utc,
        /// Last moment seen.
        end: Utc,
    },
    /// What is to be remembered of a seat; none: nothing.
    Remember(SeatConfig, Option<Memory>),
}

/// How a seat stands, for the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody there.
    Away,
    /// Present, too short to be a session.
    Arriving(Utc),
    /// In a session since then.
    Here(SessionId, Utc),
    /// In a session since then, but silent at the moment.
    Leaving(SessionId, Utc),
}

/// What an earlier run left behind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Restored {
    /// Sessions that were running, with their true start.
    pub open: Vec<(Session, Moment)>,
    /// What was remembered of seats, by address.
    pub memories: Vec<(std::net::IpAddr, Memory)>,
    /// The first free session number.
    pub next_session: i64,
}

/// The machine. See the module.
#[derive(Debug)]
pub struct Occupancy {
    kept: bool,
    window: Duration,
    stays: BTreeMap<SeatKey, Stay>,
    frozen: bool,
    next_id: i64,
    out: Vec<Change>,
}

impl Occupancy {
    /// Nothing is known of anybody.
    #[must_use]
    pub fn new(settings: &OccupancySettings, next_session: i64) -> Occupancy {
        Occupancy {
            kept: is_kept(settings),
            window: settings.min_session,
            stays: BTreeMap::new(),
            frozen: false,
            next_id: next_session.max(1),
            out: Vec::new(),
        }
    }

    /// Takes up what the last run left. To be called once, after [`Occupancy::configure`].
    /// `last_alive`: when that run was last known to look.
    pub fn restore(&mut self, restored: Restored, last_alive: Option<Moment>, now: Moment) {
        self.next_id = self.next_id.max(restored.next_session);
        let away = last_alive.map_or(Duration::MAX, |at| now.tick.since(at.tick));
        for (session, start) in restored.open {
            // It was there at least until the last sign of life of the program.
            let seen = last_alive.filter(|at| at.tick > start.tick).unwrap_or(start);
            let running = Running { session, start: start.tick };
            let stay = self.kept.then(|| self.find(&running.session)).flatten();
            let Some(stay) = stay else {
                let ended = running.end(seen, SessionEnd::NoLongerWatched);
                self.out.push(Change::Session(SessionChange::Ended, ended));
                continue;
            };
            stay.last = Some(seen);
            stay.not_before = now.tick;
            stay.unproven = Some(seen);
            stay.state = State::Here(running);
        }
        for (address, memory) in restored.memories {
            let Some(stay) = self.stays.values_mut().find(|s| s.seat.address == address) else {
                continue;
            };
            match (memory, &stay.state) {
                (Memory::Leaving(last) | Memory::Held(last), State::Here(_)) => {
                    stay.last = Some(last);
                    stay.unproven = Some(last);
                    stay.leave();
                    if let Memory::Held(_) = memory {
                        stay.hold_until = Some(last.tick + GROUP_HOLD);
                    }
                }
                (Memory::Arriving(first), State::Away) if self.kept && away < self.window => {
                    stay.last = last_alive;
                    stay.state = State::Arriving { first, held: first.tick };
                }
                (Memory::Arriving(_) | Memory::Leaving(_) | Memory::Held(_), _) => {
                    self.out.push(Change::Remember(stay.seat.clone(), None));
                }
            }
        }
    }

    /// Takes over seats and settings. Running stays go on; a seat that is gone, or
    /// switching sessions off, ends its session at the last moment seen.
    pub fn configure<'a>(
        &mut self,
        seats: impl Iterator<Item = (SeatKey, &'a SeatConfig)>,
        settings: &OccupancySettings,
        now: Moment,
    ) {
        self.window = settings.min_session;
        self.kept = is_kept(settings);
        let mut old = std::mem::take(&mut self.stays);
        let mut moved = Vec::new();
        for (key, seat) in seats {
            let stay = match old.remove(&key) {
                Some(mut stay) => {
                    if stay.seat.address != seat.address {
                        self.out.push(Change::Remember(stay.seat.clone(), None));
                        moved.push(key);
                    }
                    stay.seat = seat.clone();
                    stay
                }
                None => Stay::new(seat.clone(), now),
            };
            self.stays.insert(key, stay);
        }
        for stay in old.into_values() {
            self.drop_stay(stay);
        }
        // After all is forgotten of the old addresses, which may be others' new ones.
        for key in moved {
            self.remember(key);
        }
        if !self.kept {
            let all = std::mem::take(&mut self.stays);
            for (key, stay) in all {
                self.stays.insert(key, Stay::new(stay.seat.clone(), now));
                self.drop_stay(stay);
            }
        }
    }

    fn drop_stay(&mut self, stay: Stay) {
        if !matches!(stay.state, State::Away) {
            self.out.push(Change::Remember(stay.seat.clone(), None));
        }
        if let State::Here(running) | State::Leaving(running) = stay.state {
            let last = stay.last.unwrap_or_default();
            let ended = running.end(last, SessionEnd::NoLongerWatched);
            self.out.push(Change::Session(SessionChange::Ended, ended));
        }
    }

    /// A seat has answered, heard at `now`.
    pub fn seen(&mut self, key: SeatKey, mac: Option<Mac>, now: Moment) {
        let (window, frozen, kept) = (self.window, self.frozen, self.kept);
        let Some(stay) = self.stays.get_mut(&key).filter(|_| kept) else {
            return;
        };
        stay.last = Some(now);
        stay.blind = false;
        stay.hold_until = None;
        if let Some(from) = stay.unproven.take() {
            self.resume(key, from, now);
            return;
        }
        match &mut stay.state {
            State::Away => {
                let held = if frozen { Tick(i64::MAX) } else { now.tick };
                stay.state = State::Arriving { first: now, held };
                self.remember(key);
            }
            State::Arriving { first, held } => {
                if !frozen && now.tick >= *held + window {
                    let first = *first;
                    self.start(key, first, mac);
                }
            }
            State::Here(running) => {
                if running.session.mac.is_none() {
                    running.session.mac = mac.map(|m| m.to_string());
                }
            }
            State::Leaving(_) => {
                stay.come_back();
                self.out.push(Change::Remember(stay.seat.clone(), None));
            }
        }
    }

    /// A seat has been silent twice in a row.
    pub fn gone(&mut self, key: SeatKey, now: Moment) {
        let frozen = self.frozen;
        let Some(stay) = self.stays.get_mut(&key) else {
            return;
        };
        if std::mem::take(&mut stay.blind) {
            // It may have been silent for long, unseen: absence counts from here.
            stay.not_before = now.tick;
        }
        match &stay.state {
            State::Arriving { first, .. } => {
                let first = stay.brief.map_or(*first, |(first, _)| first);
                stay.brief = stay.last.filter(|_| !frozen).map(|last| (first, last));
                stay.state = State::Away;
                self.remember(key);
            }
            State::Here(_) if !frozen => {
                stay.leave();
                self.remember(key);
            }
            State::Here(_) | State::Leaving(_) | State::Away => {}
        }
    }

    /// Nothing can be said of a seat any more: its probes are refused by the system.
    pub fn lost_sight(&mut self, key: SeatKey) {
        let Some(stay) = self.stays.get_mut(&key) else {
            return;
        };
        stay.blind = true;
        if let State::Arriving { .. } = stay.state {
            stay.state = State::Away;
            stay.brief = None;
            self.remember(key);
        }
    }

    /// The way to the seats works: somebody who proves it answered a probe sent at `sent`.
    /// `undecided`: seats of which it is not yet known whether they fell in a group.
    pub fn proof(&mut self, sent: Tick, undecided: impl Fn(SeatKey) -> bool) {
        if self.frozen {
            return;
        }
        let mut ended = Vec::new();
        for (key, stay) in &mut self.stays {
            let Some(last) = stay.last.filter(|_| !stay.blind) else { continue };
            let base = last.tick.max(stay.not_before);
            if sent < base + self.window {
                continue;
            }
            match &stay.state {
                State::Away => {
                    if let Some((first, last)) = stay.brief.take() {
                        self.out.push(Change::ShortStay {
                            seat: stay.seat.clone(),
                            start: first.utc,
                            end: last.utc,
                        });
                    }
                }
                State::Leaving(_)
                    if stay.hold_until.is_none_or(|until| sent >= until) && !undecided(*key) =>
                {
                    ended.push(*key);
                }
                State::Leaving(_) | State::Arriving { .. } | State::Here(_) => {}
            }
        }
        for key in ended {
            self.end(key, SessionEnd::Left);
        }
    }

    /// Whether anything waits for a proof.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Router or local network are down: from now on silence says nothing.
    pub fn freeze(&mut self) {
        self.frozen = true;
        for stay in self.stays.values_mut() {
            if let State::Arriving { held, .. } = &mut stay.state {
                *held = Tick(i64::MAX);
            }
        }
    }

    /// Silence counts again, from now on. `present`: who answers, who does not; none where
    /// a seat cannot be asked.
    pub fn thaw(&mut self, present: impl Fn(SeatKey) -> Option<bool>, now: Moment) {
        self.frozen = false;
        let keys: Vec<SeatKey> = self.stays.keys().copied().collect();
        for key in keys {
            let Some(stay) = self.stays.get_mut(&key) else { continue };
            stay.not_before = now.tick;
            let Some(here) = present(key) else {
                self.lost_sight(key);
                continue;
            };
            match &mut stay.state {
                State::Arriving { held, .. } if here => *held = now.tick,
                State::Arriving { .. } => {
                    stay.state = State::Away;
                    stay.brief = None;
                    self.remember(key);
                }
                State::Here(_) if !here => {
                    stay.leave();
                    self.remember(key);
                }
                State::Here(_) | State::Leaving(_) | State::Away => {}
            }
        }
    }

    /// These fell silent together: a fault of a switch or a fuse is suspected.
    pub fn hold(&mut self, keys: &[SeatKey], until: Tick) {
        for key in keys {
            if let Some(stay) = self.stays.get_mut(key) {
                stay.hold_until = Some(until);
                self.remember(*key);
            }
        }
    }

    /// Nobody looked since `asleep` until now.
    pub fn woke(&mut self, asleep: Moment, now: Moment) {
        let away = now.tick.since(asleep.tick);
        let keys: Vec<SeatKey> = self.stays.keys().copied().collect();
        for key in keys {
            let Some(stay) = self.stays.get_mut(&key) else { continue };
            stay.not_before = now.tick;
            match &mut stay.state {
                State::Here(_) | State::Leaving(_) => {
                    let seen = stay.last.unwrap_or(asleep);
                    stay.unproven.get_or_insert(seen);
                }
                State::Arriving { .. } if away >= self.window => {
                    stay.state = State::Away;
                    stay.brief = None;
                    self.remember(key);
                }
                State::Arriving { .. } | State::Away => {}
            }
        }
    }

    /// How a seat stands.
    #[must_use]
    pub fn standing(&self, key: SeatKey) -> Standing {
        match self.stays.get(&key).map(|s| &s.state) {
            None | Some(State::Away) => Standing::Away,
            Some(State::Arriving { first, .. }) => Standing::Arriving(first.utc),
            Some(State::Here(running)) => Standing::Here(running.session.id, running.session.start),
            Some(State::Leaving(running)) => {
                Standing::Leaving(running.session.id, running.session.start)
            }
        }
    }

    /// Sessions that run.
    #[must_use]
    pub fn running(&self) -> u32 {
        let here = |s: &&Stay| matches!(s.state, State::Here(_) | State::Leaving(_));
        u32::try_from(self.stays.values().filter(here).count()).unwrap_or(u32::MAX)
    }

    /// What happened since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.out)
    }

    // ---- within ---------------------------------------------------------------------

    fn find(&mut self, session: &Session) -> Option<&mut Stay> {
        let by_mac = |s: &Stay| s.seat.mac.is_some_and(|m| Some(m.to_string()) == session.mac);
        let by_address = |s: &Stay| s.seat.address.to_string() == session.address;
        let free = |s: &Stay| matches!(s.state, State::Away);
        let key = self
            .stays
            .iter()
            .find(|(_, s)| by_mac(s) && free(s))
            .or_else(|| self.stays.iter().find(|(_, s)| by_address(s) && free(s)))
            .map(|(key, _)| *key)?;
        self.stays.get_mut(&key)
    }

    fn start(&mut self, key: SeatKey, first: Moment, mac: Option<Mac>) {
        let id = SessionId(self.next_id);
        let Some(stay) = self.stays.get_mut(&key) else { return };
        self.next_id += 1;
        stay.brief = None;
        let session = Session {
            id,
            seat: stay.seat.name.clone(),
            address: stay.seat.address.to_string(),
            mac: stay.seat.mac.or(mac).map(|m| m.to_string()),
            start: first.utc,
            end: None,
            duration_ms: None,
            gaps: Vec::new(),
            end_reason: None,
        };
        stay.state = State::Here(Running { session: session.clone(), start: first.tick });
        self.out.push(Change::Session(SessionChange::Started, session));
        self.out.push(Change::Remember(stay.seat.clone(), None));
    }

    fn end(&mut self, key: SeatKey, reason: SessionEnd) {
        let Some(stay) = self.stays.get_mut(&key) else { return };
        let last = stay.last.unwrap_or_default();
        match std::mem::replace(&mut stay.state, State::Away) {
            State::Here(running) | State::Leaving(running) => {
                stay.unproven = None;
                stay.hold_until = None;
                let ended = running.end(last, reason);
                self.out.push(Change::Session(SessionChange::Ended, ended));
                self.out.push(Change::Remember(stay.seat.clone(), None));
            }
            other @ (State::Away | State::Arriving { .. }) => stay.state = other,
        }
    }

    /// The first answer after a stretch in which nobody looked.
    fn resume(&mut self, key: SeatKey, from: Moment, now: Moment) {
        let (window, frozen) = (self.window, self.frozen);
        let Some(stay) = self.stays.get_mut(&key) else { return };
        let away = now.tick.since(from.tick);
        if away > LONGEST_GAP {
            stay.last = Some(from);
            self.end(key, SessionEnd::Unobserved);
            let Some(stay) = self.stays.get_mut(&key) else { return };
            stay.last = Some(now);
            let held = if frozen { Tick(i64::MAX) } else { now.tick };
            stay.state = State::Arriving { first: now, held };
            self.remember(key);
            return;
        }
        stay.come_back();
        let seat = stay.seat.clone();
        if let State::Here(running) = &mut stay.state
            && away >= window
        {
            running.session.gaps.push(Gap { from: from.utc, to: now.utc });
            let session = running.session.clone();
            self.out.push(Change::Session(SessionChange::Resumed, session));
        }
        self.out.push(Change::Remember(seat, None));
    }

    fn remember(&mut self, key: SeatKey) {
        let Some(stay) = self.stays.get(&key) else { return };
        let memory = match &stay.state {
            State::Arriving { first, .. } => Some(Memory::Arriving(*first)),
            State::Leaving(_) if stay.hold_until.is_some() => stay.last.map(Memory::Held),
            State::Leaving(_) => stay.last.map(Memory::Leaving),
            State::Away | State::Here(_) => None,
        };
        self.out.push(Change::Remember(stay.seat.clone(), memory));
    }
}

fn is_kept(settings: &OccupancySettings) -> bool {
    settings.enabled && settings.mode == OccupancyMode::Session
}
