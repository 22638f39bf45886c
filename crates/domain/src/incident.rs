//! The book of incidents: one running incident per cause at most, and what ended lately.
//!
//! ```text
//!            open            answered            5 s held, answered again
//!   (none) ───────► Down ─────────────► Holding ──────────────────────────► closed
//!                    ▲ │ held/released     │ relapse
//!                    │ └ (explained by     │
//!                    │    another fault)   │
//!                    └─────────────────────┘
//! ```
//! The third incident of a cause within 30 minutes opens as "unstable" and takes the
//! earlier ones in. Its outages are counted as parts of it; it ends after ten quiet
//! minutes (`Quiet` instead of `Holding`).

use std::collections::VecDeque;
use std::time::Duration;

use crate::event::{Cause, EndReason, Gap, Incident, IncidentChange, IncidentId, IncidentKind};
use crate::time::{Moment, Tick, millis};

/// A recovery is told after the link has held this long.
pub const HOLD: Duration = Duration::from_secs(5);
/// Incidents of one cause that start within this span become one.
pub const UNSTABLE_WINDOW: Duration = Duration::from_secs(30 * 60);
/// How many of them.
pub const UNSTABLE_COUNT: usize = 3;
/// An unstable incident ends after this long without an outage.
pub const QUIET: Duration = Duration::from_secs(10 * 60);

/// Where a running incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The outage goes on.
    Down,
    /// Answering since `up`; told when it has held. `asked`: the last check is out.
    Holding {
        /// The first answer.
        up: Moment,
        /// Whether the closing question was asked.
        asked: bool,
    },
    /// Unstable, and answering since `up`; over when it stays so until `until`.
    Quiet {
        /// The first answer after the last outage.
        up: Moment,
        /// Ten minutes later, and what nobody observed of them on top.
        until: Tick,
    },
}

/// A running incident.
#[derive(Debug, Clone)]
pub struct Open {
    /// The record.
    pub incident: Incident,
    /// Where it stands.
    pub phase: Phase,
    start: Moment,
    /// The present outage began here.
    down_since: Moment,
    down_before: Duration,
    held_since: Option<Moment>,
    /// The outage being counted into an unstable incident.
    part: Option<(Incident, Moment)>,
    /// It stems from an earlier run and was not met in this one yet.
    unconfirmed: bool,
}

impl Open {
    /// One that an earlier run left, with those of its parts that are over and the one that
    /// is not. `unobserved`: how long nobody looked.
    fn resumed(
        incident: Incident,
        start: Moment,
        over: &[(Incident, Moment)],
        part: Option<(Incident, Moment)>,
        unobserved: Duration,
    ) -> Open {
        let ms = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let end = |(i, start): &(Incident, Moment)| Moment {
            tick: start.tick + ms(i.duration_ms.unwrap_or(0)),
            utc: i.end.unwrap_or(start.utc),
        };
        let last = over.iter().map(end).max_by_key(|end| end.tick);
        let phase = match last {
            // Between two outages: the next one is counted, and time alone is no downtime.
            Some(up) if part.is_none() => Phase::Quiet { up, until: up.tick + QUIET + unobserved },
            Some(_) | None => Phase::Down,
        };
        Open {
            unconfirmed: phase == Phase::Down,
            down_since: part.as_ref().map(|(_, since)| *since).or(last).unwrap_or(start),
            down_before: over.iter().map(|(i, _)| ms(i.down_ms)).sum(),
            incident,
            phase,
            start,
            held_since: None,
            part,
        }
    }

    /// Explained by another fault at the moment.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held_since.is_some()
    }

    /// An outage within an unstable incident that is not counted yet.
    #[must_use]
    pub fn is_uncounted(&self) -> bool {
        self.incident.kind == IncidentKind::Unstable
            && self.phase == Phase::Down
            && self.part.is_none()
            && !self.unconfirmed
    }

    /// Since when the present outage lasts.
    #[must_use]
    pub fn down_since(&self) -> Moment {
        self.down_since
    }
}

/// A change to be told.
pub type Change = (IncidentChange, Incident);

/// The book. See the module.
#[derive(Debug, Default)]
pub struct Book {
    next: i64,
    open: [Option<Open>; 4],
    past: [VecDeque<(Incident, Moment)>; 4],
    absence: Option<(Gap, Tick)>,
    changes: Vec<Change>,
}

fn slot(cause: Cause) -> usize {
    match cause {
        Cause::RouterDown => 0,
        Cause::ServerDown => 1,
        Cause::IspDown => 2,
        Cause::LanDown => 3,
    }
}

impl Book {
    /// Takes over what an earlier run left. `absence` is the time in which nobody looked.
    #[must_use]
    pub fn restored(
        next: i64,
        open: Vec<(Incident, Moment)>,
        recent: Vec<(Incident, Moment)>,
        last_alive: Option<Moment>,
        now: Moment,
    ) -> Self {
        let mut book = Book { next: next.max(1), ..Book::default() };
        if let Some(alive) = last_alive {
            book.absence = Some((Gap { from: alive.utc, to: now.utc }, now.tick));
        }
        let absence = book.absence.map(|(gap, _)| gap);
        // Parts of an unstable incident first, so that the whole can take its part in.
        let (parts, whole): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(i, _)| i.part_of.is_some());
        for (mut incident, start) in whole {
            incident.gaps.extend(absence);
            incident.held = false;
            book.next = book.next.max(incident.id.0 + 1);
            let of = parts.iter().filter(|(p, _)| p.part_of == Some(incident.id));
            let (over, running): (Vec<_>, Vec<_>) = of.cloned().partition(|(p, _)| p.end.is_some());
            let unobserved = last_alive.map_or(Duration::ZERO, |at| now.tick.since(at.tick));
            let open =
                Open::resumed(incident, start, &over, running.into_iter().next(), unobserved);
            let cause = open.incident.cause;
            book.open[slot(cause)] = Some(open);
        }
        for (incident, start) in recent {
            book.past[slot(incident.cause)].push_back((incident, start));
        }
        book
    }

    /// The running incident of a cause.
    #[must_use]
    pub fn running(&self, cause: Cause) -> Option<&Open> {
        self.open[slot(cause)].as_ref()
    }

    /// All running incidents.
    pub fn all_running(&self) -> impl Iterator<Item = &Open> {
        self.open.iter().flatten()
    }

    /// Whether an outage of this cause is going on (and not just being watched recover).
    #[must_use]
    pub fn is_down(&self, cause: Cause) -> bool {
        self.running(cause).is_some_and(|o| o.phase == Phase::Down)
    }

    /// What has changed since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Opens an incident that began at `start`, or an "unstable" one in its place.
    pub fn open(&mut self, cause: Cause, start: Moment, uncertain: bool, seats: u32, now: Moment) {
        let gaps: Vec<Gap> = self
            .absence
            .filter(|(_, end)| start.tick < *end)
            .map(|(gap, _)| Gap { from: gap.from.max(start.utc), to: gap.to })
            .into_iter()
            .collect();
        let mut incident = Incident {
            id: self.number(),
            cause,
            kind: IncidentKind::Outage,
            start: start.utc,
            end: None,
            duration_ms: None,
            down_ms: 0,
            outages: 1,
            gaps,
            end_reason: None,
            held: false,
            uncertain,
            seats_at_start: seats,
            part_of: None,
        };
        self.forget_past(cause, now);
        let mut opened = Open {
            incident: incident.clone(),
            phase: Phase::Down,
            start,
            down_since: start,
            down_before: Duration::ZERO,
            held_since: None,
            part: None,
            unconfirmed: false,
        };
        if self.past[slot(cause)].len() + 1 >= UNSTABLE_COUNT {
            let id = self.number();
            let parts: Vec<_> = self.past[slot(cause)].drain(..).collect();
            opened.start = parts.first().map_or(start, |(_, s)| *s);
            for (mut part, _) in parts {
                opened.down_before +=
                    Duration::from_millis(u64::try_from(part.down_ms).unwrap_or(0));
                opened.incident.outages += 1;
                opened.incident.gaps.extend(part.gaps.iter().copied());
                part.part_of = Some(id);
                self.changes.push((IncidentChange::Merged, part));
            }
            incident.part_of = Some(id);
            opened.incident.id = id;
            opened.incident.kind = IncidentKind::Unstable;
            opened.incident.start = opened.start.utc;
            opened.incident.down_ms = millis(opened.down_before);
            self.changes.push((IncidentChange::Opened, opened.incident.clone()));
            self.changes.push((IncidentChange::Opened, incident.clone()));
            opened.part = Some((incident, start));
        } else {
            self.changes.push((IncidentChange::Opened, incident));
        }
        self.open[slot(cause)] = Some(opened);
    }

    /// An outage left by an earlier run was met again: the same incident goes on.
    pub fn confirm(&mut self, cause: Cause) {
        if let Some(open) = &mut self.open[slot(cause)]
            && open.unconfirmed
        {
            open.unconfirmed = false;
            self.changes.push((IncidentChange::Resumed, open.incident.clone()));
        }
    }

    /// The first answer after an outage.
    pub fn answered(&mut self, cause: Cause, up: Moment) {
        self.release(cause, up);
        let Some(open) = &mut self.open[slot(cause)] else {
            return;
        };
        if open.phase != Phase::Down {
            return;
        }
        open.unconfirmed = false;
        open.down_before += up.tick.since(open.down_since.tick);
        open.incident.down_ms = millis(open.down_before);
        match open.incident.kind {
            IncidentKind::Outage => open.phase = Phase::Holding { up, asked: false },
            IncidentKind::Unstable => {
                open.phase = Phase::Quiet { up, until: up.tick + QUIET };
                if let Some((mut part, start)) = open.part.take() {
                    close(&mut part, start, up, EndReason::Restored);
                    part.down_ms = millis(up.tick.since(start.tick));
                    self.changes.push((IncidentChange::Closed, part));
                }
            }
        }
    }

    /// The link went down again before the incident was over.
    pub fn relapse(&mut self, cause: Cause, start: Moment) {
        let Some(open) = &mut self.open[slot(cause)] else {
            return;
        };
        if let Phase::Holding { up, .. } | Phase::Quiet { up, .. } = open.phase {
            open.phase = Phase::Down;
            // Never counted twice: what lay before the answer is booked already.
            open.down_since = if start.tick > up.tick { start } else { up };
        }
    }

    /// An outage within an unstable incident has lasted long enough to count.
    pub fn count(&mut self, cause: Cause, seats: u32) {
        let id = self.number();
        let Some(open) = &mut self.open[slot(cause)] else {
            return;
        };
        open.incident.outages += 1;
        let part = Incident {
            id,
            kind: IncidentKind::Outage,
            start: open.down_since.utc,
            down_ms: 0,
            outages: 1,
            gaps: Vec::new(),
            seats_at_start: seats,
            part_of: Some(open.incident.id),
            ..open.incident.clone()
        };
        self.changes.push((IncidentChange::Opened, part.clone()));
        self.changes.push((IncidentChange::Counted, open.incident.clone()));
        open.part = Some((part, open.down_since));
    }

    /// Another fault explains this one for the time being.
    pub fn hold(&mut self, cause: Cause, now: Moment) {
        if let Some(open) = &mut self.open[slot(cause)]
            && open.held_since.is_none()
        {
            open.held_since = Some(now);
            open.incident.held = true;
            self.changes.push((IncidentChange::Held, open.incident.clone()));
        }
    }

    /// Nothing else explains it any more. What lay between was not observed.
    pub fn release(&mut self, cause: Cause, now: Moment) {
        if let Some(open) = &mut self.open[slot(cause)]
            && let Some(since) = open.held_since.take()
        {
            open.incident.held = false;
            open.incident.gaps.push(Gap { from: since.utc, to: now.utc });
            self.changes.push((IncidentChange::Released, open.incident.clone()));
        }
    }

    /// Closes what runs under a cause.
    pub fn close(&mut self, cause: Cause, end: Moment, reason: EndReason, now: Moment) {
        self.release(cause, end);
        let Some(mut open) = self.open[slot(cause)].take() else {
            return;
        };
        if open.phase == Phase::Down {
            open.down_before += end.tick.since(open.down_since.tick);
        }
        if let Some((mut part, start)) = open.part.take() {
            part.down_ms = millis(end.tick.since(start.tick));
            close(&mut part, start, end, reason);
            self.changes.push((IncidentChange::Closed, part));
        }
        open.incident.down_ms = millis(open.down_before);
        close(&mut open.incident, open.start, end, reason);
        self.changes.push((IncidentChange::Closed, open.incident.clone()));
        if open.incident.kind == IncidentKind::Outage && reason == EndReason::Restored {
            self.past[slot(cause)].push_back((open.incident, open.start));
        }
        self.forget_past(cause, now);
    }

    /// A subject of this cause answered a probe sent at `sent`: enough to close?
    pub fn heard(&mut self, cause: Cause, sent: Tick, now: Moment) {
        if let Some(Open { phase: Phase::Holding { up, .. }, .. }) = self.open[slot(cause)]
            && sent >= up.tick + HOLD
        {
            self.close(cause, up, EndReason::Restored, now);
        }
    }

    /// Causes whose hold is over and whose closing question is still to be asked.
    pub fn take_due_checks(&mut self, now: Tick) -> Vec<Cause> {
        let mut due = Vec::new();
        for cause in Cause::ALL {
            if let Some(Open { phase: Phase::Holding { up, asked }, .. }) =
                &mut self.open[slot(cause)]
                && !*asked
                && up.tick + HOLD <= now
            {
                *asked = true;
                due.push(cause);
            }
        }
        due
    }

    /// Closes unstable incidents that have been quiet long enough.
    pub fn close_quiet(&mut self, now: Moment) {
        for cause in Cause::ALL {
            if let Some(Open { phase: Phase::Quiet { up, until }, .. }) = self.open[slot(cause)]
                && until <= now.tick
            {
                self.close(cause, up, EndReason::Restored, now);
            }
        }
    }

    /// Nobody looked between these moments.
    pub fn unobserved(&mut self, gap: Gap) {
        for open in self.open.iter_mut().flatten() {
            open.incident.gaps.push(gap);
        }
    }

    /// Moments at which something is due.
    pub fn deadlines(&self) -> impl Iterator<Item = Tick> + '_ {
        self.all_running().filter_map(|open| match open.phase {
            Phase::Holding { up, asked: false } => Some(up.tick + HOLD),
            Phase::Quiet { until, .. } => Some(until),
            Phase::Holding { asked: true, .. } | Phase::Down => None,
        })
    }

    fn number(&mut self) -> IncidentId {
        let id = IncidentId(self.next);
        self.next += 1;
        id
    }

    fn forget_past(&mut self, cause: Cause, now: Moment) {
        self.past[slot(cause)].retain(|(_, start)| now.tick.since(start.tick) <= UNSTABLE_WINDOW);
    }
}

fn close(incident: &mut Incident, start: Moment, end: Moment, reason: EndReason) {
    incident.end = Some(end.utc);
    incident.duration_ms = Some(millis(end.tick.since(start.tick)));
    incident.end_reason = Some(reason);
}
