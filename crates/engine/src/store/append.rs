//! Storing what happened: one transaction per batch.

use std::collections::BTreeSet;

use cafesentinel_domain::event::{Event, Incident, LinkState, Target};
use cafesentinel_domain::monitor::{Sample, StateTime};
use cafesentinel_domain::notify::{NoticeId, Outgoing};
use cafesentinel_domain::time::{Moment, Tick, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use super::notices::{insert_told, keep_dead, keep_marks, keep_privacy};
use super::stays::{insert_seat_minutes, keep_memories, upsert_session};
use super::{Batch, Store, StoreError, hour_of, minute_of};

/// What a batch became.
#[derive(Debug, Default)]
pub struct Appended {
    /// Row numbers of its durable events.
    pub events: Vec<i64>,
    /// Its notices.
    pub notices: Vec<(NoticeId, Outgoing)>,
}

impl Batch<'_> {
    /// Whether people are told something, or were.
    fn speaks(&self) -> bool {
        !self.told.is_empty() || !self.marks.is_empty() || !self.dead.is_empty()
    }
}

impl Store {
    /// Stores a batch, all of it or nothing, and gives back the row numbers of its durable
    /// events and its notices, in their order. A batch with events is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Full`] if there is no room; the batch may be given again later.
    pub fn append(&mut self, batch: &Batch<'_>) -> Result<Appended, StoreError> {
        self.sync_fully(!batch.events.is_empty() || batch.speaks())?;
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut rows = Vec::new();
        for (stamped, tick) in batch.events {
            if let Event::Incident { incident, .. } = &stamped.event {
                upsert_incident(&tx, incident, *tick, batch.boot_id)?;
            }
            if let Event::Session { session, .. } = &stamped.event {
                upsert_session(&tx, session, *tick, batch.boot_id)?;
            }
            if let Event::Link { target, to, since, .. } = &stamped.event {
                keep_down(&tx, *target, *to, *since, *tick, batch.boot_id)?;
            }
            if let Event::Privacy { on, until } = &stamped.event {
                keep_privacy(&tx, *on, stamped.at, *until, batch)?;
            }
            if stamped.event.is_durable() {
                tx.prepare_cached("INSERT INTO events (at, kind, body) VALUES (?1, ?2, ?3)")?
                    .execute(params![
                        stamped.at.0,
                        stamped.event.code(),
                        serde_json::to_string(stamped)?
                    ])?;
                rows.push(tx.last_insert_rowid());
            }
        }
        insert_samples(&tx, batch.samples)?;
        add_state_times(&tx, batch.state_times)?;
        for (target, host) in batch.seen {
            tx.prepare_cached(
                "INSERT OR IGNORE INTO targets_seen (target, host, at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![target.code(), host.to_string(), batch.now.utc.0])?;
        }
        insert_seat_minutes(&tx, batch.seat_minutes)?;
        keep_memories(&tx, batch.memories, batch.boot_id)?;
        let notices = insert_told(&tx, batch.told)?;
        keep_marks(&tx, batch.marks)?;
        keep_dead(&tx, batch.dead)?;
        write_alive(&tx, batch.now, batch.boot_id)?;
        tx.commit()?;
        Ok(Appended { events: rows, notices })
    }

    /// Notes that the program runs: the next start tells the gap from it.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn note_alive(&mut self, now: Moment, boot_id: &str) -> Result<(), StoreError> {
        self.sync_fully(false)?;
        write_alive(&self.connection, now, boot_id)
    }
}

fn write_alive(db: &Connection, now: Moment, boot_id: &str) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO alive (one, utc, tick, boot_id) VALUES (1, ?1, ?2, ?3)",
    )?
    .execute(params![now.utc.0, now.tick.0, boot_id])?;
    Ok(())
}

/// A change that comes without an exact start keeps the one stored at the opening.
fn upsert_incident(
    db: &Connection,
    incident: &Incident,
    tick: Option<Tick>,
    boot_id: &str,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO incidents (id, cause, start_utc, end_utc, part_of, start_tick, boot_id, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET
            cause = excluded.cause, start_utc = excluded.start_utc, end_utc = excluded.end_utc,
            part_of = excluded.part_of, body = excluded.body,
            boot_id = iif(excluded.start_tick IS NULL, boot_id, excluded.boot_id),
            start_tick = coalesce(excluded.start_tick, start_tick)",
    )?
    .execute(params![
        incident.id.0,
        incident.cause.code(),
        incident.start.0,
        incident.end.map(|end| end.0),
        incident.part_of.map(|id| id.0),
        tick.map(|t| t.0),
        tick.map(|_| boot_id),
        serde_json::to_string(incident)?,
    ])?;
    take_number(db, "incident", incident.id.0)
}

/// Apart from the table, so that a number is never given out again once its row has been
/// forgotten.
pub(super) fn take_number(db: &Connection, name: &str, number: i64) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO numbers (name, next) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET next = max(next, excluded.next)",
    )?
    .execute(params![name, number.saturating_add(1)])?;
    Ok(())
}

/// An outage that is not yet an incident must not be forgotten by a sudden death.
fn keep_down(
    db: &Connection,
    target: Target,
    to: LinkState,
    since: Utc,
    tick: Option<Tick>,
    boot_id: &str,
) -> Result<(), StoreError> {
    if to == LinkState::Down {
        db.prepare_cached(
            "INSERT OR REPLACE INTO target_down (target, since, tick, boot_id)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![target.code(), since.0, tick.map(|t| t.0), boot_id])?;
    } else {
        db.prepare_cached("DELETE FROM target_down WHERE target = ?1")?
            .execute(params![target.code()])?;
    }
    Ok(())
}

fn insert_samples(db: &Connection, samples: &[Sample]) -> Result<(), StoreError> {
    let mut touched = BTreeSet::new();
    let mut insert =
        db.prepare_cached("INSERT INTO samples (target, at, rtt_us) VALUES (?1, ?2, ?3)")?;
    for sample in samples {
        let rtt = sample.rtt.map(|r| i64::try_from(r.as_micros()).unwrap_or(i64::MAX));
        insert.execute(params![sample.target.code(), sample.at.0, rtt])?;
        touched.insert((sample.target, minute_of(sample.at)));
    }
    for (target, minute) in touched {
        mark(db, target, minute)?;
    }
    Ok(())
}

/// Marks a minute and its hour as to be added up again. A verdict that comes after its
/// minute was added up marks it anew.
fn mark(db: &Connection, target: Target, minute: i64) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO minutes (target, at) VALUES (?1, ?2)
         ON CONFLICT (target, at) DO UPDATE SET stale = 1",
    )?
    .execute(params![target.code(), minute])?;
    db.prepare_cached(
        "INSERT INTO hours (target, at) VALUES (?1, ?2)
         ON CONFLICT (target, at) DO UPDATE SET stale = 1",
    )?
    .execute(params![target.code(), hour_of(Utc(minute))])?;
    Ok(())
}

fn add_state_times(db: &Connection, times: &[StateTime]) -> Result<(), StoreError> {
    let mut add = db.prepare_cached(
        "UPDATE minutes SET up_ms = up_ms + ?3, down_ms = down_ms + ?4,
            unknown_ms = unknown_ms + ?5 WHERE target = ?1 AND at = ?2",
    )?;
    for time in times {
        // The stretch ended at `at`: one that ends on the stroke lies in the minute before.
        let minute = minute_of(Utc(time.at.0 - 1));
        mark(db, time.target, minute)?;
        add.execute(params![
            time.target.code(),
            minute,
            time.up_ms,
            time.down_ms,
            time.unknown_ms
        ])?;
    }
    Ok(())
}
