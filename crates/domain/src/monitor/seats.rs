//! Seats as witnesses: who answers, and who fell silent together.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use crate::config::SeatConfig;
use crate::event::LinkState;
use crate::probe::SeatKey;
use crate::time::{Moment, Tick};

/// Seats lost within this span are lost together.
const GROUP_SPAN: Duration = Duration::from_secs(3);
/// A group is at least this many.
const GROUP_MIN: usize = 3;

/// One seat.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) key: SeatKey,
    pub(crate) config: SeatConfig,
    pub(crate) state: LinkState,
    pub(crate) since: Moment,
    pub(crate) last_answer: Option<Moment>,
    pub(crate) rtt: Option<Duration>,
    answered: Option<Tick>,
    silent_since: Option<Moment>,
}

/// All seats, in the order of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    list: Vec<Seat>,
    /// Position in `list` by key; keys are handed out one by one and never again.
    places: Vec<Option<u32>>,
    fallen: VecDeque<(SeatKey, Moment)>,
    group_due: Option<Tick>,
}

/// Seats that fell silent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) names: Vec<String>,
    pub(crate) online_before: u32,
    pub(crate) start: Moment,
}

impl Seats {
    /// Takes over a list of seats. One known before keeps its state: by its MAC where
    /// both name one, else by its address, never by its position.
    pub(crate) fn configure(&mut self, wanted: &[SeatConfig], now: Moment) {
        let mut old: Vec<Option<Seat>> =
            std::mem::take(&mut self.list).into_iter().map(Some).collect();
        let mut by_address: std::collections::BTreeMap<IpAddr, usize> =
            std::collections::BTreeMap::new();
        let mut by_mac = std::collections::BTreeMap::new();
        for (i, seat) in old.iter().enumerate() {
            if let Some(seat) = seat {
                by_address.insert(seat.config.address, i);
                if let Some(mac) = &seat.config.mac {
                    by_mac.insert(format!("{mac:?}"), i);
                }
            }
        }
        for config in wanted {
            let known = config
                .mac
                .as_ref()
                .and_then(|mac| by_mac.get(&format!("{mac:?}")))
                .or_else(|| by_address.get(&config.address))
                .copied();
            let kept = known.and_then(|i| old.get_mut(i).and_then(Option::take));
            let seat = match kept {
                Some(seat) => Seat { config: config.clone(), ..seat },
                None => Seat {
                    key: self.new_key(),
                    config: config.clone(),
                    state: LinkState::Unknown,
                    since: now,
                    last_answer: None,
                    rtt: None,
                    answered: None,
                    silent_since: None,
                },
            };
            self.list.push(seat);
        }
        self.places.iter_mut().for_each(|p| *p = None);
        for (i, seat) in self.list.iter().enumerate() {
            if let Some(place) = self.places.get_mut(seat.key.0 as usize) {
                *place = u32::try_from(i).ok();
            }
        }
    }

    fn new_key(&mut self) -> SeatKey {
        let key = SeatKey(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        self.places.push(None);
        key
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.list.iter()
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.list.len()).unwrap_or(u32::MAX)
    }

    fn get_mut(&mut self, key: SeatKey) -> Option<&mut Seat> {
        let place = (*self.places.get(key.0 as usize)?)?;
        self.list.get_mut(place as usize)
    }

    pub(crate) fn answer(&mut self, key: SeatKey, sent: Tick, rtt: Duration, now: Moment) {
        let Some(seat) = self.get_mut(key) else {
            return;
        };
        if seat.answered.is_some_and(|newest| newest > sent) {
            return;
        }
        seat.answered = Some(sent);
        if seat.silent_since.is_some_and(|first| sent < first.tick) {
            return;
        }
        seat.silent_since = None;
        seat.last_answer = Some(now);
        seat.rtt = Some(rtt);
        if seat.state != LinkState::Up {
            if seat.state != LinkState::Suspect {
                seat.since = now;
            }
            seat.state = LinkState::Up;
        }
    }

    pub(crate) fn silence(&mut self, key: SeatKey, sent: Moment, now: Moment) {
        let Some(seat) = self.get_mut(key) else {
            return;
        };
        if seat.answered.is_some_and(|newest| newest >= sent.tick) {
            return;
        }
        seat.rtt = None;
        let first = *seat.silent_since.get_or_insert(sent);
        match seat.state {
            LinkState::Up => seat.state = LinkState::Suspect,
            LinkState::Suspect => {
                seat.state = LinkState::Down;
                seat.since = first;
                self.fallen.push_back((key, first));
                self.group_due.get_or_insert(now.tick + GROUP_SPAN);
            }
            LinkState::Unknown => {
                seat.state = LinkState::Down;
                seat.since = first;
            }
            LinkState::Down => {}
        }
    }

    pub(crate) fn refused(&mut self, key: SeatKey, now: Moment) {
        let Some(seat) = self.get_mut(key) else {
            return;
        };
        if seat.state != LinkState::Unknown {
            seat.state = LinkState::Unknown;
            seat.since = now;
            seat.rtt = None;
        }
    }

    /// Seats that answer; one missed beat does not count against them.
    pub(crate) fn online(&self) -> u32 {
        let online =
            self.list.iter().filter(|s| matches!(s.state, LinkState::Up | LinkState::Suspect));
        u32::try_from(online.count()).unwrap_or(u32::MAX)
    }

    /// Witnesses of a fall at `start`: how many had answered within `memory` before it,
    /// and how many of these answer now.
    pub(crate) fn witnesses(&self, start: Tick, memory: Duration) -> (u32, u32) {
        let mut of = (0, 0);
        for seat in &self.list {
            if seat.last_answer.is_some_and(|at| at.tick >= start - memory) {
                of.0 += 1;
                if seat.state == LinkState::Up {
                    of.1 += 1;
                }
            }
        }
        of
    }

    pub(crate) fn group_due(&self) -> Option<Tick> {
        self.group_due
    }

    /// Seats lost together, once their time is up. `others_stay`: router or server
    /// answer, so it is not everything that fell.
    pub(crate) fn take_group(&mut self, now: Tick, others_stay: bool) -> Option<Group> {
        if self.group_due.is_none_or(|due| due > now) {
            return None;
        }
        self.group_due = None;
        let fallen: Vec<_> = self.fallen.drain(..).collect();
        let start = fallen.iter().map(|(_, at)| *at).min_by_key(|at| at.tick)?;
        let names: Vec<String> = fallen
            .iter()
            .filter(|(_, at)| at.tick <= start.tick + GROUP_SPAN)
            .filter_map(|(key, _)| {
                let place = (*self.places.get(key.0 as usize)?)?;
                let seat = self.list.get(place as usize)?;
                (seat.state == LinkState::Down).then(|| seat.config.name.clone())
            })
            .collect();
        let online = self.online();
        let online_before = online + u32::try_from(names.len()).unwrap_or(u32::MAX);
        let many = names.len() >= GROUP_MIN && names.len() * 2 >= online_before as usize;
        (many && (online > 0 || others_stay)).then_some(Group { names, online_before, start })
    }
}
