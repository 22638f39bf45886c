//! What is known of one seat's stay.

use crate::config::SeatConfig;
use crate::event::{Session, SessionEnd};
use crate::time::{Moment, Tick, millis};

/// A running session and its start on the clock that durations come from.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) session: Session,
    pub(super) start: Tick,
}

impl Running {
    pub(super) fn end(mut self, last: Moment, reason: SessionEnd) -> Session {
        let end = if last.tick < self.start {
            Moment { tick: self.start, utc: self.session.start }
        } else {
            last
        };
        self.session.end = Some(end.utc);
        self.session.duration_ms = Some(millis(end.tick.since(self.start)));
        self.session.end_reason = Some(reason);
        self.session
    }
}

#[derive(Debug, Clone)]
pub(super) enum State {
    Away,
    /// Present; `held`: since when the hold counts.
    Arriving {
        first: Moment,
        held: Tick,
    },
    Here(Running),
    Leaving(Running),
}

#[derive(Debug, Clone)]
pub(super) struct Stay {
    pub(super) seat: SeatConfig,
    pub(super) state: State,
    /// The last moment seen.
    pub(super) last: Option<Moment>,
    /// Absence counts from here at the earliest: we could not see before.
    pub(super) not_before: Tick,
    /// It fell with a group.
    pub(super) hold_until: Option<Tick>,
    /// Its probes are refused.
    pub(super) blind: bool,
    /// In a session that nobody has looked at since then.
    pub(super) unproven: Option<Moment>,
    /// Was there for less than the window: counted once it has stayed away.
    pub(super) brief: Option<(Moment, Moment)>,
}

impl Stay {
    pub(super) fn new(seat: SeatConfig, now: Moment) -> Stay {
        Stay {
            seat,
            state: State::Away,
            last: None,
            not_before: now.tick,
            hold_until: None,
            blind: false,
            unproven: None,
            brief: None,
        }
    }

    pub(super) fn leave(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Away) {
            State::Here(running) => State::Leaving(running),
            other @ (State::Away | State::Arriving { .. } | State::Leaving(_)) => other,
        };
    }

    pub(super) fn come_back(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Away) {
            State::Leaving(running) => State::Here(running),
            other @ (State::Away | State::Arriving { .. } | State::Here(_)) => other,
        };
    }
}
