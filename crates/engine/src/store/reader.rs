//! Looking on beside the writer: what the API, the export and the streams read.

use std::path::Path;
use std::time::Duration;

use cafesentinel_domain::event::{Cause, Incident, IncidentId, Stamped, Target};
use cafesentinel_domain::stats::Summary;
use cafesentinel_domain::time::Utc;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::maintain::{from_raw, hour_states};
use super::{HOUR_MS, MINUTE_MS, StoreError, hour_of, minute_of};

/// The most rows of statistics that one question gets.
pub const MAX_STAT_ROWS: usize = 5000;
/// The most incidents that one question gets.
pub const MAX_INCIDENTS: usize = 1000;

/// A connection that can only read. Each thread that reads has its own.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

/// Which incidents.
#[derive(Debug, Clone, Copy, Default)]
pub struct IncidentFilter {
    /// Those that were still running then or began later.
    pub from: Option<Utc>,
    /// Those that began before.
    pub to: Option<Utc>,
    /// Of one cause.
    pub cause: Option<Cause>,
    /// Running ones (`true`) or those that are over (`false`).
    pub open: Option<bool>,
    /// How many at most; 1 to [`MAX_INCIDENTS`], and that many where none is given.
    pub limit: Option<usize>,
    /// Only those with a smaller number: the next page.
    pub before_id: Option<IncidentId>,
    /// Also the outages that an "unstable" incident is made of.
    pub include_parts: bool,
}

/// How finely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Every probe; kept for the last hour at least.
    Raw,
    /// Per minute; kept for 31 days.
    Minute,
    /// Per hour; kept as long as the history.
    Hour,
}

/// The statistics of one probe, minute or hour.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LinkStatRow {
    /// Its start (of a raw row: when the probe was sent).
    pub at: Utc,
    /// The probes sent in it.
    #[serde(flatten)]
    pub summary: Summary,
    /// Milliseconds up; 0 in raw rows, as the next two.
    pub up_ms: i64,
    /// Milliseconds down.
    pub down_ms: i64,
    /// Milliseconds in which the program ran but could not know.
    pub unknown_ms: i64,
}

/// Statistics over a longer stretch, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Totals {
    /// Probes judged.
    pub sent: i64,
    /// Probes without an answer in time.
    pub lost: i64,
    /// Shortest round trip.
    pub rtt_min_ms: Option<f64>,
    /// Mean round trip.
    pub rtt_avg_ms: Option<f64>,
    /// Longest round trip.
    pub rtt_max_ms: Option<f64>,
    /// Milliseconds up.
    pub up_ms: i64,
    /// Milliseconds down.
    pub down_ms: i64,
    /// Milliseconds in which the program ran but could not know.
    pub unknown_ms: i64,
    /// The rest of the stretch: nobody looked.
    pub unobserved_ms: i64,
}

impl Reader {
    /// Opens the history for reading.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Reader { connection })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Events with a row number above `id`, oldest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn events_after(&self, id: i64, limit: usize) -> Result<Vec<(i64, Stamped)>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT id, body FROM events WHERE id > ?1 ORDER BY id")?;
        let mut rows = query.query([id])?;
        let mut events = Vec::new();
        while events.len() < limit {
            let Some(row) = rows.next()? else { break };
            if let Some(event) = decode(&row.get::<_, String>(1)?) {
                events.push((row.get(0)?, event));
            }
        }
        Ok(events)
    }

    /// The row number of the newest event, even if it was forgotten since; 0 if none was.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn last_event_id(&self) -> Result<i64, StoreError> {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'events'";
        Ok(self.connection.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    /// Incidents, newest number first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn incidents(&self, filter: &IncidentFilter) -> Result<Vec<Incident>, StoreError> {
        let mut sql = String::from("SELECT body FROM incidents WHERE 1 = 1");
        let mut values: Vec<Value> = Vec::new();
        if let Some(from) = filter.from {
            sql.push_str(" AND (end_utc IS NULL OR end_utc >= ?)");
            values.push(from.0.into());
        }
        if let Some(to) = filter.to {
            sql.push_str(" AND start_utc < ?");
            values.push(to.0.into());
        }
        if let Some(cause) = filter.cause {
            sql.push_str(" AND cause = ?");
            values.push(cause.code().to_owned().into());
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
        if !filter.include_parts {
            sql.push_str(" AND part_of IS NULL");
        }
        sql.push_str(" ORDER BY id DESC LIMIT ?");
        let limit = filter.limit.unwrap_or(MAX_INCIDENTS).clamp(1, MAX_INCIDENTS);
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let mut query = self.connection.prepare_cached(&sql)?;
        let bodies = query.query_map(params_from_iter(values), |row| row.get::<_, String>(0))?;
        let mut incidents = Vec::new();
        for body in bodies {
            incidents.extend(decode::<Incident>(&body?));
        }
        Ok(incidents)
    }

    /// One incident.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let body: Option<String> = self
            .connection
            .query_row("SELECT body FROM incidents WHERE id = ?1", [id.0], |row| row.get(0))
            .optional()?;
        Ok(body.and_then(|body| decode(&body)))
    }

    /// Statistics of a target from `from` until before `to`, oldest first, at most
    /// [`MAX_STAT_ROWS`]. What is not added up yet is added up on the way.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn link_statistics(
        &self,
        target: Target,
        from: Utc,
        to: Utc,
        resolution: Resolution,
    ) -> Result<Vec<LinkStatRow>, StoreError> {
        // One snapshot, so that a roll-up in between is seen wholly or not at all.
        let tx = self.connection.unchecked_transaction()?;
        match resolution {
            Resolution::Raw => raw(&tx, target, from, to),
            Resolution::Minute => rolled(&tx, "minutes", target, minute_of(from), to.0, false),
            Resolution::Hour => rolled(&tx, "hours", target, hour_of(from), to.0, false),
        }
    }

    /// Sums of a target from `from` until before `to`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn totals(&self, target: Target, from: Utc, to: Utc) -> Result<Totals, StoreError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut totals = Totals::default();
        // Whole hours from the hours, the ends from the minutes.
        let first_hour = hour_of(Utc(from.0 + HOUR_MS - 1));
        let last_hour = hour_of(to).max(first_hour);
        let mut weighted = 0.0;
        for (table, from, to) in [
            ("minutes", minute_of(from), first_hour.min(to.0)),
            ("hours", first_hour, last_hour),
            ("minutes", last_hour, to.0),
        ] {
            if from < to {
                totals.add_stored(&tx, table, target, from, to, &mut weighted)?;
                for row in rolled(&tx, table, target, from, to, true)? {
                    totals.add(&row, &mut weighted);
                }
            }
        }
        let answered = totals.sent - totals.lost;
        totals.rtt_avg_ms = (answered > 0).then(|| weighted / answered as f64);
        let observed = totals.up_ms + totals.down_ms + totals.unknown_ms;
        totals.unobserved_ms = (to.0 - from.0 - observed).max(0);
        Ok(totals)
    }
}

impl Totals {
    /// Rows that are added up already: SQLite sums them, there may be tens of thousands.
    fn add_stored(
        &mut self,
        db: &Connection,
        table: &str,
        target: Target,
        from: i64,
        to: i64,
        weighted: &mut f64,
    ) -> Result<(), StoreError> {
        let mut query = db.prepare_cached(&format!(
            "SELECT coalesce(sum(sent), 0), coalesce(sum(lost), 0), min(rtt_min_ms),
                max(rtt_max_ms), coalesce(sum(rtt_avg_ms * (sent - lost)), 0.0),
                coalesce(sum(up_ms), 0), coalesce(sum(down_ms), 0), coalesce(sum(unknown_ms), 0)
             FROM {table} WHERE target = ?1 AND at >= ?2 AND at < ?3 AND stale = 0"
        ))?;
        query.query_row(params![target.code(), from, to], |row| {
            self.sent += row.get::<_, i64>(0)?;
            self.lost += row.get::<_, i64>(1)?;
            self.rtt_min_ms = pick(self.rtt_min_ms, row.get(2)?, f64::min);
            self.rtt_max_ms = pick(self.rtt_max_ms, row.get(3)?, f64::max);
            *weighted += row.get::<_, f64>(4)?;
            self.up_ms += row.get::<_, i64>(5)?;
            self.down_ms += row.get::<_, i64>(6)?;
            self.unknown_ms += row.get::<_, i64>(7)?;
            Ok(())
        })?;
        Ok(())
    }

    fn add(&mut self, row: &LinkStatRow, weighted: &mut f64) {
        let s = row.summary;
        self.sent += i64::from(s.sent);
        self.lost += i64::from(s.lost);
        self.rtt_min_ms = pick(self.rtt_min_ms, s.rtt_min_ms, f64::min);
        self.rtt_max_ms = pick(self.rtt_max_ms, s.rtt_max_ms, f64::max);
        *weighted += s.rtt_avg_ms.unwrap_or(0.0) * f64::from(s.sent - s.lost);
        self.up_ms += row.up_ms;
        self.down_ms += row.down_ms;
        self.unknown_ms += row.unknown_ms;
    }
}

fn pick(a: Option<f64>, b: Option<f64>, which: fn(f64, f64) -> f64) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(which(a, b)),
        (one, other) => one.or(other),
    }
}

fn raw(
    db: &Connection,
    target: Target,
    from: Utc,
    to: Utc,
) -> Result<Vec<LinkStatRow>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT at, rtt_us FROM samples WHERE target = ?1 AND at >= ?2 AND at < ?3
         ORDER BY at, id LIMIT ?4",
    )?;
    let rows = query.query_map(params![target.code(), from.0, to.0, row_limit()], |row| {
        let rtt = row.get::<_, Option<i64>>(1)?.map(|us| us as f64 / 1000.0);
        Ok(LinkStatRow {
            at: Utc(row.get(0)?),
            summary: cafesentinel_domain::stats::summarize(&[rtt]),
            up_ms: 0,
            down_ms: 0,
            unknown_ms: 0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Rows of a roll-up; those that are stale computed from the raw probes, as far as these
/// tell more.
fn rolled(
    db: &Connection,
    table: &str,
    target: Target,
    from: i64,
    to: i64,
    only_stale: bool,
) -> Result<Vec<LinkStatRow>, StoreError> {
    let mut query = db.prepare_cached(&format!(
        "SELECT at, sent, lost, rtt_min_ms, rtt_avg_ms, rtt_max_ms, rtt_p95_ms, jitter_ms,
            up_ms, down_ms, unknown_ms, stale FROM {table}
         WHERE target = ?1 AND at >= ?2 AND at < ?3 AND stale >= ?4 ORDER BY at LIMIT ?5"
    ))?;
    let values = params![target.code(), from, to, only_stale, row_limit()];
    let found: Vec<(LinkStatRow, bool)> = query
        .query_map(values, |row| Ok((stat_row(row)?, row.get(11)?)))?
        .collect::<Result<_, _>>()?;
    let mut rows = Vec::with_capacity(found.len());
    for (mut row, stale) in found {
        if stale {
            let hourly = table == "hours";
            let span = if hourly { HOUR_MS } else { MINUTE_MS };
            let fresh = from_raw(db, target.code(), row.at.0, row.at.0 + span)?;
            if fresh.sent >= row.summary.sent {
                row.summary = fresh;
            }
            if hourly {
                let (up, down, unknown) = hour_states(db, target.code(), row.at.0)?;
                if up + down + unknown >= row.up_ms + row.down_ms + row.unknown_ms {
                    (row.up_ms, row.down_ms, row.unknown_ms) = (up, down, unknown);
                }
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

fn stat_row(row: &Row<'_>) -> rusqlite::Result<LinkStatRow> {
    Ok(LinkStatRow {
        at: Utc(row.get(0)?),
        summary: Summary {
            sent: row.get(1)?,
            lost: row.get(2)?,
            rtt_min_ms: row.get(3)?,
            rtt_avg_ms: row.get(4)?,
            rtt_max_ms: row.get(5)?,
            rtt_p95_ms: row.get(6)?,
            jitter_ms: row.get(7)?,
        },
        up_ms: row.get(8)?,
        down_ms: row.get(9)?,
        unknown_ms: row.get(10)?,
    })
}

fn row_limit() -> i64 {
    i64::try_from(MAX_STAT_ROWS).unwrap_or(i64::MAX)
}

/// A record of the history; one that cannot be read is passed over, not the whole answer.
pub(super) fn decode<T: DeserializeOwned>(body: &str) -> Option<T> {
    serde_json::from_str(body)
        .inspect_err(|error| tracing::warn!("A record in the history is unreadable: {error}"))
        .ok()
}
