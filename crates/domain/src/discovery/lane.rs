//! One kind of question: who is to be asked, how many in a second, and who has not answered.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Tick;

/// Questions of one kind in a second, at most.
pub const PER_SECOND: u32 = 64;
/// After "too many at once" the next question waits this long …
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// … and if none could be put for this long, no more is tried.
const STALLED: Duration = Duration::from_secs(15);

/// One kind of question. See the module.
#[derive(Debug)]
pub(super) struct Lane {
    /// How long an answer may take.
    patience: Duration,
    gap: Duration,
    /// Not before.
    pub(super) next: Tick,
    /// Since when every question is one too many.
    pub(super) stalled: Option<Tick>,
    pub(super) queue: VecDeque<usize>,
    /// In the order of their deadlines, for all wait equally long.
    pub(super) open: VecDeque<(Tick, usize)>,
}

/// Questions that were due while a busy machine did not get to them are made up for, so
/// many at most …
const MADE_UP: u32 = 2;

/// … and the time between two is longer by as much, so that even then no second sees more
/// than `per_second`.
fn gap(per_second: u32) -> Duration {
    Duration::from_secs(1) / per_second.saturating_sub(MADE_UP + 2).max(1)
}

impl Lane {
    pub(super) fn new(patience: Duration) -> Lane {
        Lane {
            patience,
            gap: gap(PER_SECOND),
            next: Tick(i64::MIN),
            stalled: None,
            queue: VecDeque::new(),
            open: VecDeque::new(),
        }
    }

    /// From now on so many in a second.
    pub(super) fn pace(&mut self, per_second: u32) {
        self.gap = gap(per_second);
    }

    pub(super) fn put(&mut self, host: usize, now: Tick) {
        self.open.push_back((now + self.patience, host));
        self.next = (self.next + self.gap).max(now - MADE_UP * self.gap);
    }

    pub(super) fn next_lost(&mut self, now: Tick) -> Option<usize> {
        let (deadline, host) = *self.open.front()?;
        if deadline > now {
            return None;
        }
        self.open.pop_front();
        self.stalled = None;
        Some(host)
    }

    /// Too many at once: it is to be put again, unless that has been so for too long.
    pub(super) fn busy(&mut self, host: usize, now: Tick) -> bool {
        self.queue.push_front(host);
        self.next = now + BUSY_PAUSE;
        now.since(*self.stalled.get_or_insert(now)) < STALLED
    }

    pub(super) fn next_deadline(&self) -> Option<Tick> {
        let verdict = self.open.front().map(|(deadline, _)| *deadline);
        let question = (!self.queue.is_empty()).then_some(self.next);
        [verdict, question].into_iter().flatten().min()
    }
}
