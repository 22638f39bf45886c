//! Sessions, the minutes of the seats, and what is remembered of seats between two runs.

use std::net::IpAddr;

use cafesentinel_domain::event::{Event, Session, SessionId, Stamped};
use cafesentinel_domain::monitor::SeatMinute;
use cafesentinel_domain::occupancy::{self, Memory};
use cafesentinel_domain::time::{Moment, Tick, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde::Serialize;

use super::append::take_number;
use super::reader::{Reader, decode};
use super::restore::Run;
use super::{Store, StoreError};

/// The most sessions that one question gets.
pub const MAX_SESSIONS: usize = 5000;
/// The most short stays that one question gets.
const MAX_SHORT_STAYS: i64 = 20_000;

/// Which sessions.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Those that were still running then or began later.
    pub from: Option<Utc>,
    /// Those that began before.
    pub to: Option<Utc>,
    /// Of the seat with this name or address.
    pub seat: Option<String>,
    /// Running ones (`true`) or those that are over (`false`).
    pub open: Option<bool>,
    /// How many at most; 1 to [`MAX_SESSIONS`], and that many where none is given.
    pub limit: Option<usize>,
    /// Only those with a smaller number: the next page.
    pub before_id: Option<SessionId>,
}

/// A stay too short to be a session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShortStay {
    /// Name of the seat.
    pub seat: String,
    /// Its address.
    pub address: String,
    /// First moment seen.
    pub start: Utc,
    /// Last moment seen.
    pub end: Utc,
}

pub(super) fn upsert_session(
    db: &Connection,
    session: &Session,
    tick: Option<Tick>,
    boot_id: &str,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO sessions
            (id, seat, address, start_utc, end_utc, start_tick, boot_id, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET
            end_utc = excluded.end_utc, body = excluded.body,
            boot_id = iif(excluded.start_tick IS NULL, boot_id, excluded.boot_id),
            start_tick = coalesce(excluded.start_tick, start_tick)",
    )?
    .execute(params![
        session.id.0,
        session.seat,
        session.address,
        session.start.0,
        session.end.map(|end| end.0),
        tick.map(|t| t.0),
        tick.map(|_| boot_id),
        serde_json::to_string(session)?,
    ])?;
    take_number(db, "session", session.id.0)
}

/// A wall clock that was set back lives through a minute again: the later count stays.
pub(super) fn insert_seat_minutes(
    db: &Connection,
    minutes: &[SeatMinute],
) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT OR REPLACE INTO seat_minutes (at, online, peak, total) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for minute in minutes {
        insert.execute(params![minute.at.0, minute.online, minute.peak, minute.total])?;
    }
    Ok(())
}

pub(super) fn keep_memories(
    db: &Connection,
    memories: &[(IpAddr, Option<Memory>)],
    boot_id: &str,
) -> Result<(), StoreError> {
    for (address, memory) in memories {
        let address = address.to_string();
        let (kind, moment) = match memory {
            Some(Memory::Arriving(first)) => ("arriving", first),
            Some(Memory::Leaving(last)) => ("leaving", last),
            Some(Memory::Held(last)) => ("held", last),
            None => {
                db.prepare_cached("DELETE FROM seat_memories WHERE address = ?1")?
                    .execute([address])?;
                continue;
            }
        };
        db.prepare_cached(
            "INSERT OR REPLACE INTO seat_memories (address, kind, at, tick, boot_id)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![address, kind, moment.utc.0, moment.tick.0, boot_id])?;
    }
    Ok(())
}

impl Store {
    pub(super) fn stays(&self, run: &Run<'_>) -> Result<occupancy::Restored, StoreError> {
        let next: Option<i64> = self
            .connection
            .query_row("SELECT next FROM numbers WHERE name = 'session'", [], |r| r.get(0))
            .optional()?;
        let mut query = self.connection.prepare(
            "SELECT body, start_tick, boot_id FROM sessions WHERE end_utc IS NULL ORDER BY id",
        )?;
        let mut open = Vec::new();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(session) = decode::<Session>(&row.get::<_, String>(0)?) {
                let boot: Option<String> = row.get(2)?;
                let start = run.moment(session.start, row.get(1)?, boot.as_deref());
                open.push((session, start));
            }
        }
        let mut query = self
            .connection
            .prepare("SELECT address, kind, at, tick, boot_id FROM seat_memories")?;
        let mut memories = Vec::new();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let boot: String = row.get(4)?;
            let at: Moment = run.moment(Utc(row.get(2)?), row.get(3)?, Some(&boot));
            let memory = match row.get::<_, String>(1)?.as_str() {
                "arriving" => Memory::Arriving(at),
                "leaving" => Memory::Leaving(at),
                "held" => Memory::Held(at),
                _ => continue,
            };
            if let Ok(address) = row.get::<_, String>(0)?.parse() {
                memories.push((address, memory));
            }
        }
        Ok(occupancy::Restored { open, memories, next_session: next.unwrap_or(1) })
    }
}

impl Reader {
    /// Sessions, newest number first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sessions(&self, filter: &SessionFilter) -> Result<Vec<Session>, StoreError> {
        let mut sql = String::from("SELECT body FROM sessions WHERE 1 = 1");
        let mut values: Vec<Value> = Vec::new();
        if let Some(from) = filter.from {
            sql.push_str(" AND (end_utc IS NULL OR end_utc >= ?)");
            values.push(from.0.into());
        }
        if let Some(to) = filter.to {
            sql.push_str(" AND start_utc < ?");
            values.push(to.0.into());
        }
        if let Some(seat) = &filter.seat {
            sql.push_str(" AND (seat = ? OR address = ?)");
            values.extend([seat.clone().into(), seat.clone().into()]);
        }
        if let Some(before) = filter.before_id {
            sql.push_str(" AND id < ?");
            values.push(before.0.into());
        }
        match filter.open {
            Some(true) => sql.push_str(" AND end_utc IS NULL"),
            Some(false) => sql.push_str(" AND end_utc IS NOT NULL"),
            None => {}
        }
        sql.push_str(" ORDER BY id DESC LIMIT ?");
        let limit = filter.limit.unwrap_or(MAX_SESSIONS).clamp(1, MAX_SESSIONS);
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let mut query = self.connection().prepare_cached(&sql)?;
        let bodies = query.query_map(params_from_iter(values), |row| row.get::<_, String>(0))?;
        let mut sessions = Vec::new();
        for body in bodies {
            sessions.extend(decode::<Session>(&body?));
        }
        Ok(sessions)
    }

    /// All sessions that were running at some time from `from` until before `to`, at most
    /// `most`, oldest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sessions_within(
        &self,
        filter: SessionFilter,
        most: usize,
    ) -> Result<Vec<Session>, StoreError> {
        let mut page = SessionFilter { limit: Some(MAX_SESSIONS.min(most)), ..filter };
        let mut all = Vec::new();
        while all.len() < most {
            let sessions = self.sessions(&page)?;
            let Some(last) = sessions.last() else { break };
            page.before_id = Some(last.id);
            all.extend(sessions);
        }
        all.truncate(most);
        all.reverse();
        Ok(all)
    }

    /// Who was online in each minute from `from` until before `to`, oldest first; minutes
    /// in which nobody looked, or could see, are missing.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn seat_minutes(&self, from: Utc, to: Utc) -> Result<Vec<SeatMinute>, StoreError> {
        let mut query = self.connection().prepare_cached(
            "SELECT at, online, peak, total FROM seat_minutes WHERE at >= ?1 AND at < ?2
             ORDER BY at",
        )?;
        let rows = query.query_map([from.0, to.0], |row| {
            Ok(SeatMinute {
                at: Utc(row.get(0)?),
                online: row.get(1)?,
                peak: row.get(2)?,
                total: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Stays too short to be sessions, told from `from` until before `to`, oldest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn short_stays(&self, from: Utc, to: Utc) -> Result<Vec<ShortStay>, StoreError> {
        let mut query = self.connection().prepare_cached(
            "SELECT body FROM events WHERE kind = 'short_stay' AND at >= ?1 AND at < ?2
             ORDER BY at LIMIT ?3",
        )?;
        let bodies =
            query.query_map([from.0, to.0, MAX_SHORT_STAYS], |row| row.get::<_, String>(0))?;
        let mut stays = Vec::new();
        for body in bodies {
            let Some(stamped) = decode::<Stamped>(&body?) else { continue };
            if let Event::ShortStay { seat, address, start, end } = stamped.event {
                stays.push(ShortStay { seat, address, start, end });
            }
        }
        Ok(stays)
    }
}
