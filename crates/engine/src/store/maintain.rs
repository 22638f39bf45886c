//! Adding up and forgetting.
//!
//! A minute or an hour is computed afresh from its raw probes whenever something came in
//! for it, never carried forward, so it does not matter how often or how late this runs.
//! Raw probes are kept until every minute and hour over them has been added up.

use cafesentinel_domain::stats::{Summary, summarize};
use cafesentinel_domain::time::Utc;
use rusqlite::{Connection, TransactionBehavior, params};

use super::{DAY_MS, HOUR_MS, MINUTE_MS, Store, StoreError};

/// A verdict comes at most a timeout (5 s) and a flush after its probe was sent.
const SETTLE_MS: i64 = 30_000;
/// Raw probes: an hour for the chart and one more for its roll-up.
const RAW_MS: i64 = 2 * HOUR_MS;
const MINUTES_MS: i64 = 31 * DAY_MS;

/// Bounds of one call, so that it never holds the writer up for long.
const MINUTES_PER_CALL: i64 = 600;
const HOURS_PER_CALL: i64 = 12;
const DELETIONS_PER_CALL: i64 = 20_000;

impl Store {
    /// Adds up finished minutes and hours and forgets what is older than it is kept. Work
    /// is bounded: after a long downtime a few calls are needed. To be called each minute.
    ///
    /// # Errors
    /// As [`Store::append`]; then nothing was changed and the next call does it.
    pub fn maintain(&mut self, now: Utc, history_retention_days: u32) -> Result<(), StoreError> {
        self.sync_fully(false)?;
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let settled = now.0.saturating_sub(SETTLE_MS);
        for (target, at) in stale(&tx, "minutes", settled - MINUTE_MS, MINUTES_PER_CALL)? {
            let summary = from_raw(&tx, &target, at, at + MINUTE_MS)?;
            write_summary(&tx, "minutes", &target, at, &summary)?;
        }
        for (target, at) in stale(&tx, "hours", settled - HOUR_MS, HOURS_PER_CALL)? {
            let summary = from_raw(&tx, &target, at, at + HOUR_MS)?;
            write_summary(&tx, "hours", &target, at, &summary)?;
            write_hour_states(&tx, &target, at)?;
        }
        forget(&tx, now, i64::from(history_retention_days) * DAY_MS)?;
        tx.commit()?;
        Ok(())
    }
}

fn stale(
    db: &Connection,
    table: &str,
    latest: i64,
    limit: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let mut query = db.prepare_cached(&format!(
        "SELECT target, at FROM {table} WHERE stale = 1 AND at <= ?1 ORDER BY at LIMIT ?2"
    ))?;
    let rows = query.query_map([latest, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The statistics of the probes sent from `from` until before `to`.
pub(super) fn from_raw(
    db: &Connection,
    target: &str,
    from: i64,
    to: i64,
) -> Result<Summary, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT rtt_us FROM samples WHERE target = ?1 AND at >= ?2 AND at < ?3 ORDER BY at, id",
    )?;
    let verdicts: Vec<Option<f64>> = query
        .query_map(params![target, from, to], |row| {
            Ok(row.get::<_, Option<i64>>(0)?.map(|us| us as f64 / 1000.0))
        })?
        .collect::<Result<_, _>>()?;
    Ok(summarize(&verdicts))
}

/// Where the raw probes tell less than is already known (they are gone, and a wall clock
/// that was set back brought new ones for the same minute), the fuller row stays.
fn write_summary(
    db: &Connection,
    table: &str,
    target: &str,
    at: i64,
    s: &Summary,
) -> Result<(), StoreError> {
    db.prepare_cached(&format!(
        "UPDATE {table} SET sent = ?3, lost = ?4, rtt_min_ms = ?5, rtt_avg_ms = ?6,
            rtt_max_ms = ?7, rtt_p95_ms = ?8, jitter_ms = ?9
         WHERE target = ?1 AND at = ?2 AND sent <= ?3"
    ))?
    .execute(params![
        target,
        at,
        s.sent,
        s.lost,
        s.rtt_min_ms,
        s.rtt_avg_ms,
        s.rtt_max_ms,
        s.rtt_p95_ms,
        s.jitter_ms
    ])?;
    db.prepare_cached(&format!("UPDATE {table} SET stale = 0 WHERE target = ?1 AND at = ?2"))?
        .execute(params![target, at])?;
    Ok(())
}

/// Up, down and unknown milliseconds of an hour, from its minutes.
pub(super) fn hour_states(
    db: &Connection,
    target: &str,
    at: i64,
) -> Result<(i64, i64, i64), StoreError> {
    let mut query = db.prepare_cached(
        "SELECT coalesce(sum(up_ms), 0), coalesce(sum(down_ms), 0), coalesce(sum(unknown_ms), 0)
         FROM minutes WHERE target = ?1 AND at >= ?2 AND at < ?3",
    )?;
    Ok(query.query_row(params![target, at, at + HOUR_MS], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?)
}

fn write_hour_states(db: &Connection, target: &str, at: i64) -> Result<(), StoreError> {
    let (up, down, unknown) = hour_states(db, target, at)?;
    db.prepare_cached(
        "UPDATE hours SET up_ms = ?3, down_ms = ?4, unknown_ms = ?5
         WHERE target = ?1 AND at = ?2 AND up_ms + down_ms + unknown_ms <= ?3 + ?4 + ?5",
    )?
    .execute(params![target, at, up, down, unknown])?;
    Ok(())
}

fn forget(db: &Connection, now: Utc, retention_ms: i64) -> Result<(), StoreError> {
    let oldest = |table: &str| -> Result<i64, StoreError> {
        Ok(db.query_row(
            &format!("SELECT coalesce(min(at), ?1) FROM {table} WHERE stale = 1"),
            [i64::MAX],
            |row| row.get(0),
        )?)
    };
    let stale_hour = oldest("hours")?;
    let raw = now.0.saturating_sub(RAW_MS).min(stale_hour).min(oldest("minutes")?);
    let minutes = now.0.saturating_sub(MINUTES_MS).min(stale_hour);
    let kept = now.0.saturating_sub(retention_ms);
    for (table, key, condition, before) in [
        ("samples", "id", "at < ?1", raw),
        ("events", "id", "at < ?1", kept),
        ("incidents", "id", "end_utc < ?1", kept),
        ("sessions", "id", "end_utc < ?1", kept),
        ("notices", "id", "at < ?1 AND state <> 'waiting'", kept),
        ("seat_minutes", "at", "at < ?1", kept),
        ("minutes", "(target, at)", "at < ?1", minutes),
        ("hours", "(target, at)", "at < ?1", kept),
    ] {
        let columns = key.trim_matches(['(', ')']);
        db.prepare_cached(&format!(
            "DELETE FROM {table} WHERE {key} IN
                (SELECT {columns} FROM {table} WHERE {condition} LIMIT ?2)"
        ))?
        .execute([before, DELETIONS_PER_CALL])?;
    }
    Ok(())
}
