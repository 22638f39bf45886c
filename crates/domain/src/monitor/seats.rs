//! Seats: who answers, and how.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::config::{Mac, SeatConfig};
use crate::event::LinkState;
use crate::probe::SeatKey;
use crate::time::{Moment, Tick};

/// One seat.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) key: SeatKey,
    pub(crate) config: SeatConfig,
    pub(crate) state: LinkState,
    pub(crate) since: Moment,
    pub(crate) last_answer: Option<Moment>,
    pub(crate) rtt: Option<Duration>,
    /// The Ethernet address that has answered for it.
    pub(crate) mac: Option<Mac>,
    /// It answers ARP and not ping: a firewall.
    pub(crate) firewalled: bool,
    answered: Option<Tick>,
    pub(crate) silent_since: Option<Moment>,
}

/// What became of a seat by an answer or a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It answers.
    Seen,
    /// It is silent for the second time in a row, for the first time since then.
    Gone(Moment),
    /// Nothing follows.
    Nothing,
}

/// All seats, in the order of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    list: Vec<Seat>,
    /// Position in `list` by key; keys are handed out one by one and never again.
    places: Vec<Option<u32>>,
}

impl Seats {
    /// Takes over a list of seats. One known before keeps its state: by its MAC where
    /// both name one, else by its address, never by its position.
    pub(crate) fn configure(&mut self, wanted: &[SeatConfig], now: Moment) {
        let mut old: Vec<Option<Seat>> =
            std::mem::take(&mut self.list).into_iter().map(Some).collect();
        let seats = || old.iter().enumerate().filter_map(|(i, s)| Some((i, s.as_ref()?)));
        let by_mac: BTreeMap<Mac, usize> =
            seats().filter_map(|(i, s)| Some((s.config.mac?, i))).collect();
        let by_address: BTreeMap<IpAddr, usize> =
            seats().map(|(i, s)| (s.config.address, i)).collect();
        // All MACs first: a seat that moved must not lose itself to the one that took over
        // its address, whichever of the two is named first.
        let mut kept: Vec<Option<Seat>> = wanted
            .iter()
            .map(|config| by_mac.get(&config.mac?).and_then(|i| old.get_mut(*i)?.take()))
            .collect();
        for (config, kept) in wanted.iter().zip(&mut kept) {
            let same = |seat: &Seat| {
                config.mac.is_none() || seat.config.mac.is_none() || config.mac == seat.config.mac
            };
            if kept.is_none() {
                let known = by_address.get(&config.address).and_then(|i| old.get_mut(*i));
                *kept = known.and_then(|seat| seat.take_if(|seat| same(seat)));
            }
        }
        for (config, kept) in wanted.iter().zip(kept) {
            let seat = match kept {
                Some(seat) => Seat { config: config.clone(), ..seat },
                None => Seat {
                    key: self.new_key(),
                    config: config.clone(),
                    state: LinkState::Unknown,
                    since: now,
                    last_answer: None,
                    rtt: None,
                    mac: None,
                    firewalled: false,
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

    pub(crate) fn get(&self, key: SeatKey) -> Option<&Seat> {
        let place = (*self.places.get(key.0 as usize)?)?;
        self.list.get(place as usize)
    }

    fn get_mut(&mut self, key: SeatKey) -> Option<&mut Seat> {
        let place = (*self.places.get(key.0 as usize)?)?;
        self.list.get_mut(place as usize)
    }

    pub(crate) fn learn(&mut self, key: SeatKey, mac: Mac) {
        if let Some(seat) = self.get_mut(key) {
            seat.mac = Some(mac);
        }
    }

    /// An answer to a question put at `sent`: by ping with its round trip, or by ARP.
    pub(crate) fn answer(
        &mut self,
        key: SeatKey,
        sent: Tick,
        ping: Option<Duration>,
        now: Moment,
    ) -> Turn {
        let Some(seat) = self.get_mut(key) else {
            return Turn::Nothing;
        };
        if seat.answered.is_some_and(|newest| newest > sent) {
            return Turn::Nothing;
        }
        seat.answered = Some(sent);
        if seat.silent_since.is_some_and(|first| sent < first.tick) {
            return Turn::Nothing;
        }
        seat.silent_since = None;
        seat.last_answer = Some(now);
        seat.rtt = ping;
        seat.firewalled = ping.is_none();
        if seat.state != LinkState::Up {
            if seat.state != LinkState::Suspect {
                seat.since = now;
            }
            seat.state = LinkState::Up;
        }
        Turn::Seen
    }

    /// A question put at `sent` was left unanswered, by every means there is.
    pub(crate) fn silence(&mut self, key: SeatKey, sent: Moment) -> Turn {
        let Some(seat) = self.get_mut(key) else {
            return Turn::Nothing;
        };
        if seat.answered.is_some_and(|newest| newest >= sent.tick) {
            return Turn::Nothing;
        }
        seat.rtt = None;
        let first = *seat.silent_since.get_or_insert(sent);
        match seat.state {
            LinkState::Up => {
                seat.state = LinkState::Suspect;
                Turn::Nothing
            }
            LinkState::Suspect | LinkState::Unknown => {
                seat.state = LinkState::Down;
                seat.since = first;
                seat.firewalled = false;
                Turn::Gone(first)
            }
            LinkState::Down => Turn::Nothing,
        }
    }

    /// It cannot be asked. Says whether that is new.
    pub(crate) fn refused(&mut self, key: SeatKey, now: Moment) -> bool {
        let Some(seat) = self.get_mut(key) else {
            return false;
        };
        let new = seat.state != LinkState::Unknown;
        if new {
            seat.state = LinkState::Unknown;
            seat.since = now;
            seat.rtt = None;
            seat.firewalled = false;
        }
        new
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
}
