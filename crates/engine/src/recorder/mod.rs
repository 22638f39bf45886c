//! The recorder: the one thread that owns the database.
//!
//! Events are stored at once, in one transaction with what belongs to them, and only then
//! published, logged and written to the CSV. Verdicts wait a few seconds for company. If
//! the disk refuses, everything waits in memory, in order and bounded, the fault is
//! shown, the log still tells what happens, and monitoring goes on.

mod faults;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use cafesentinel_domain::config::Config;
use cafesentinel_domain::event::{Event, IncidentChange, LinkState, SessionChange, Stamped};
use cafesentinel_domain::notify::{Channel, Mark, Outgoing, Told};
use cafesentinel_domain::time::{Moment, Tick};
use tokio::sync::watch;

pub use faults::Faults;

use crate::bus::Bus;
use crate::clock::Clock;
use crate::driver::Turn;
use crate::outbox::Outbox;
use crate::store::{Appended, Batch, DeadWebhook, Store, StoreError};
use crate::{incidents_csv, narrate};

/// Verdicts wait this long for company.
const GATHER: Duration = Duration::from_secs(10);
/// A refusing disk is asked again after this.
const RETRY: Duration = Duration::from_secs(5);
/// Roll-ups and retention.
const MAINTAIN: Duration = Duration::from_secs(60);
/// Looks up at least so often.
const LOOK_UP: Duration = Duration::from_secs(1);
/// What waits for a full disk: events …
const EVENTS_MAX: usize = 10_000;
/// … and verdicts and times in state, which are only statistics.
const STATISTICS_MAX: usize = 50_000;

/// What the recorder is told.
#[derive(Debug)]
pub enum Record {
    /// Outcome of a turn of the machine.
    Turn {
        /// What to store.
        turn: Turn,
        /// When.
        now: Moment,
    },
    /// Notices that came of something else than the machine.
    Tell(Vec<Outgoing>),
    /// What has become of notices.
    Marks(Vec<Mark>),
    /// A webhook is dead, or the channel is well again.
    Dead(Channel, Option<DeadWebhook>),
    /// Store everything and end.
    Stop,
}

/// The recorder's belongings. See the module.
pub struct Recorder {
    /// The database; none if it could not be opened at all.
    pub store: Option<Store>,
    /// Where events go once they are stored.
    pub bus: Bus,
    /// Where notices go once they are stored.
    pub outbox: Outbox,
    /// Where faults are shown.
    pub faults: Faults,
    /// `incidents_log.csv`.
    pub csv: PathBuf,
    /// In force.
    pub config: watch::Receiver<Arc<Config>>,
    /// The machine's clocks.
    pub clock: Clock,
}

/// What waits to be stored.
#[derive(Default)]
struct Pending {
    turn: Turn,
    marks: Vec<Mark>,
    dead: Vec<(Channel, Option<DeadWebhook>)>,
    /// How many of the events are in the log already.
    told: usize,
    /// Events that had to be given up while the disk refused.
    dropped: usize,
}

impl Recorder {
    /// Runs until told to stop.
    pub fn run(mut self, records: &Receiver<Record>) {
        let boot_id = self.clock.boot_id();
        let mut pending = Pending::default();
        let mut now = self.clock.now();
        let mut stored = Instant::now();
        let mut maintained: Option<Instant> = None;
        let mut refused: Option<Instant> = None;
        let gather = self.clock.real_span(GATHER).max(LOOK_UP);
        let maintain = self.clock.real_span(MAINTAIN).max(5 * LOOK_UP);
        loop {
            let mut stop = false;
            match records.recv_timeout(LOOK_UP) {
                Ok(record) => {
                    stop |= pending.take(record, &mut now);
                    // What came meanwhile goes into the same transaction.
                    for record in records.try_iter() {
                        stop |= pending.take(record, &mut now);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => stop = true,
            }
            let due = stop || pending.is_urgent() || stored.elapsed() >= gather;
            let waiting = refused.is_some_and(|at| at.elapsed() < RETRY) && !stop;
            if due && !waiting {
                stored = Instant::now();
                refused = match self.store_all(&mut pending, now, &boot_id) {
                    Ok(()) => None,
                    Err(error) => {
                        pending.shorten();
                        self.refused(&error, pending.dropped);
                        Some(stored)
                    }
                };
            }
            // While the disk refuses, people are told nevertheless.
            self.tell(&mut pending);
            if stop {
                return;
            }
            if maintained.is_none_or(|at| at.elapsed() >= maintain) {
                maintained = Some(Instant::now());
                self.maintain();
            }
        }
    }

    /// One transaction, and what follows from it.
    fn store_all(
        &mut self,
        pending: &mut Pending,
        now: Moment,
        boot_id: &str,
    ) -> Result<(), StoreError> {
        let turn = &pending.turn;
        let events: Vec<(Stamped, Option<Tick>)> = turn
            .events
            .iter()
            .filter(|e| e.event.is_durable())
            .map(|e| (e.clone(), start_tick(e, now)))
            .collect();
        let mut stored = Appended::default();
        if let Some(store) = &mut self.store {
            let batch = Batch {
                events: &events,
                samples: &turn.samples,
                state_times: &turn.state_times,
                seen: &turn.seen,
                seat_minutes: &turn.seat_minutes,
                memories: &turn.memories,
                told: &turn.told,
                marks: &pending.marks,
                dead: &pending.dead,
                now,
                boot_id,
            };
            // A batch is a sign of life by itself.
            if pending.is_empty() {
                store.note_alive(now, boot_id)?;
            } else {
                stored = store.append(&batch)?;
            }
            if self.faults.set("storage", None) {
                tracing::info!(category = "SYSTEM", "The history can be written again.");
            }
        }
        self.tell(pending);
        *pending = Pending::default();
        for (stamped, _) in &events {
            if let Event::Incident { change: IncidentChange::Closed, incident } = &stamped.event {
                self.write_csv(incident);
            }
        }
        for (id, (stamped, _)) in stored.events.into_iter().zip(events) {
            self.bus.publish(id, Arc::new(stamped));
        }
        self.outbox.stored(stored.notices);
        Ok(())
    }

    fn tell(&self, pending: &mut Pending) {
        for event in pending.turn.events.iter().skip(pending.told) {
            for (category, line) in narrate::lines(&event.event, &self.config.borrow()) {
                tracing::info!(category, "{line}");
            }
        }
        pending.told = pending.turn.events.len();
    }

    fn write_csv(&self, incident: &cafesentinel_domain::event::Incident) {
        let fault = incidents_csv::append(&self.csv, incident)
            .err()
            .map(|error| format!("incidents_log.csv cannot be written: {error}"));
        if let Some(text) = &fault {
            tracing::error!(category = "ERROR", "{text}");
        }
        self.faults.set("incidents_csv", fault);
    }

    fn refused(&self, error: &StoreError, dropped: usize) {
        let lost = if dropped > 0 {
            format!(" {dropped} old events had to be given up.")
        } else {
            String::new()
        };
        let text = format!(
            "The history cannot be written: {error}. Monitoring goes on; what happens is kept \
             in memory and stored as soon as the disk accepts it.{lost}"
        );
        if self.faults.set("storage", Some(text.clone())) && dropped == 0 {
            tracing::error!(category = "ERROR", "{text}");
        }
    }

    fn maintain(&mut self) {
        let days = self.config.borrow().system.history_retention_days;
        let Some(store) = &mut self.store else { return };
        let fault = store
            .maintain(self.clock.now().utc, days)
            .err()
            .map(|error| format!("The history cannot be tidied up: {error}"));
        if let (true, Some(text)) = (self.faults.set("storage_upkeep", fault.clone()), fault) {
            tracing::error!(category = "ERROR", "{text}");
        }
    }
}

impl Pending {
    /// Says whether to stop.
    fn take(&mut self, record: Record, now: &mut Moment) -> bool {
        match record {
            Record::Turn { turn, now: at } => {
                *now = at;
                self.turn.events.extend(turn.events);
                self.turn.samples.extend(turn.samples);
                self.turn.state_times.extend(turn.state_times);
                self.turn.seen.extend(turn.seen);
                self.turn.seat_minutes.extend(turn.seat_minutes);
                self.turn.memories.extend(turn.memories);
                self.turn.told.extend(turn.told);
                false
            }
            Record::Tell(notices) => {
                self.turn.told.extend(notices.into_iter().map(Told::Notice));
                false
            }
            Record::Marks(marks) => {
                self.marks.extend(marks);
                false
            }
            Record::Dead(channel, dead) => {
                self.dead.push((channel, dead));
                false
            }
            Record::Stop => true,
        }
    }

    fn is_urgent(&self) -> bool {
        self.turn.events.iter().any(|e| e.event.is_durable())
            || !self.turn.seen.is_empty()
            || !self.turn.memories.is_empty()
            || !self.turn.told.is_empty()
            || !self.marks.is_empty()
            || !self.dead.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.turn.is_empty() && self.marks.is_empty() && self.dead.is_empty()
    }

    fn shorten(&mut self) {
        let events = self.turn.events.len().saturating_sub(EVENTS_MAX);
        self.turn.events.drain(..events);
        self.told = self.told.saturating_sub(events);
        self.dropped += events;
        let told = self.turn.told.len().saturating_sub(EVENTS_MAX);
        self.turn.told.drain(..told);
        let samples = self.turn.samples.len().saturating_sub(STATISTICS_MAX);
        self.turn.samples.drain(..samples);
        let times = self.turn.state_times.len().saturating_sub(STATISTICS_MAX);
        self.turn.state_times.drain(..times);
        let minutes = self.turn.seat_minutes.len().saturating_sub(STATISTICS_MAX);
        self.turn.seat_minutes.drain(..minutes);
        let memories = self.turn.memories.len().saturating_sub(STATISTICS_MAX);
        self.turn.memories.drain(..memories);
    }
}

/// The exact tick at which what an event speaks of began, where the event tells of the
/// beginning: the wall clock of both is of the same minute, so their distance is exact.
/// Later changes of an incident keep what was stored with its opening.
fn start_tick(stamped: &Stamped, now: Moment) -> Option<Tick> {
    let start = match &stamped.event {
        Event::Incident { change: IncidentChange::Opened, incident } => incident.start,
        Event::Link { to: LinkState::Down, since, .. } => *since,
        Event::Session { change: SessionChange::Started, session } => session.start,
        Event::Incident { .. }
        | Event::Link { .. }
        | Event::Started { .. }
        | Event::Unobserved { .. }
        | Event::Warning { .. }
        | Event::Jitter { .. }
        | Event::SeatGroupLost { .. }
        | Event::Session { .. }
        | Event::ShortStay { .. }
        | Event::Frozen { .. }
        | Event::HourlySnapshot { .. }
        | Event::ConfigChanged { .. }
        | Event::Privacy { .. }
        | Event::LockedOut { .. }
        | Event::Tampering { .. } => return None,
    };
    let age_ms = now.utc.0.saturating_sub(start.0);
    Some(Tick(now.tick.0.saturating_sub(age_ms.saturating_mul(1_000_000))))
}
