//! Seats that fall silent together: a switch or a fuse, not people who leave.

use std::time::Duration;

use crate::probe::SeatKey;
use crate::time::{Moment, Tick};

/// Seats lost within this span are lost together.
const SPAN: Duration = Duration::from_secs(3);
/// A group is at least this many.
const MIN: usize = 3;

/// Seats that have fallen and are not yet judged, oldest first.
#[derive(Debug, Default)]
pub(super) struct Falls {
    list: Vec<(SeatKey, Moment)>,
}

/// Seats that fell silent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) keys: Vec<SeatKey>,
    pub(super) start: Moment,
}

impl Falls {
    /// A seat is down; `first`: its first unanswered probe.
    pub(super) fn fell(&mut self, key: SeatKey, first: Moment) {
        self.list.retain(|(k, _)| *k != key);
        let place = self.list.partition_point(|(_, at)| at.tick <= first.tick);
        self.list.insert(place, (key, first));
    }

    /// Whether it is still open with whom this one fell.
    pub(super) fn is_open(&self, key: SeatKey) -> bool {
        self.list.iter().any(|(k, _)| *k == key)
    }

    /// The next moment at which the oldest fall can be judged; none while that waits for
    /// the verdict on another seat.
    pub(super) fn due(&self, settled: Tick) -> Option<Tick> {
        self.list.first().map(|(_, at)| at.tick + SPAN).filter(|due| *due > settled)
    }

    /// Nothing can be concluded from these falls: everything fell.
    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    /// Judges what can be judged. `doubtful`: whether a seat that fell silent up to then
    /// has no verdict yet; `down`: whether a seat is still down; `online`: seats online
    /// now; `others_stay`: router or server answer, so it is not everything that fell.
    pub(super) fn take(
        &mut self,
        now: Tick,
        doubtful: impl Fn(Tick) -> bool,
        down: impl Fn(SeatKey) -> bool,
        online: usize,
        others_stay: bool,
    ) -> Option<Group> {
        while let Some((_, start)) = self.list.first().copied() {
            let end = start.tick + SPAN;
            if now < end || doubtful(end) {
                return None;
            }
            let keys: Vec<SeatKey> = self
                .list
                .iter()
                .take_while(|(_, at)| at.tick <= end)
                .map(|(key, _)| *key)
                .filter(|key| down(*key))
                .collect();
            let many = keys.len() >= MIN && keys.len() * 2 >= online + keys.len();
            if many && (online > 0 || others_stay) {
                self.list.retain(|(_, at)| at.tick > end);
                return Some(Group { keys, start });
            }
            self.list.remove(0);
        }
        None
    }
}
