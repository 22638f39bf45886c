//! The tables, as a row of migrations: version n is what the first n of them make.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Never edited once released; the next change is the next entry.
const MIGRATIONS: &[&str] = &[V1, V2, V3, V4];

/// `incidents.body`, `events.body` hold the records as JSON, the columns beside them only
/// what is searched for. A minute or hour is `stale` while its probes are not added up.
const V1: &str = "
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (at);
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    cause TEXT NOT NULL, start_utc INTEGER NOT NULL, end_utc INTEGER, part_of INTEGER,
    start_tick INTEGER, boot_id TEXT, body TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_by_start ON incidents (start_utc);
CREATE INDEX incidents_by_end ON incidents (end_utc);
CREATE TABLE numbers (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE alive (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    utc INTEGER NOT NULL, tick INTEGER NOT NULL, boot_id TEXT NOT NULL
) STRICT;
CREATE TABLE target_down (
    target TEXT PRIMARY KEY, since INTEGER NOT NULL, tick INTEGER, boot_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE targets_seen (
    target TEXT NOT NULL, host TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (target, host)
) STRICT, WITHOUT ROWID;
CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL, at INTEGER NOT NULL, rtt_us INTEGER
) STRICT;
CREATE INDEX samples_by_target ON samples (target, at);
CREATE TABLE minutes (
    target TEXT NOT NULL, at INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 1,
    sent INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
    rtt_min_ms REAL, rtt_avg_ms REAL, rtt_max_ms REAL, rtt_p95_ms REAL, jitter_ms REAL,
    up_ms INTEGER NOT NULL DEFAULT 0, down_ms INTEGER NOT NULL DEFAULT 0,
    unknown_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (target, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX minutes_by_time ON minutes (at);
CREATE INDEX minutes_stale ON minutes (at) WHERE stale = 1;
CREATE TABLE hours (
    target TEXT NOT NULL, at INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 1,
    sent INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
    rtt_min_ms REAL, rtt_avg_ms REAL, rtt_max_ms REAL, rtt_p95_ms REAL, jitter_ms REAL,
    up_ms INTEGER NOT NULL DEFAULT 0, down_ms INTEGER NOT NULL DEFAULT 0,
    unknown_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (target, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX hours_by_time ON hours (at);
CREATE INDEX hours_stale ON hours (at) WHERE stale = 1;
";

/// Sessions, who was online each minute, and what is remembered of seats between two runs.
const V2: &str = "
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    seat TEXT NOT NULL, address TEXT NOT NULL,
    start_utc INTEGER NOT NULL, end_utc INTEGER, start_tick INTEGER, boot_id TEXT,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_start ON sessions (start_utc);
CREATE INDEX sessions_by_end ON sessions (end_utc);
CREATE TABLE seat_minutes (
    at INTEGER PRIMARY KEY,
    online INTEGER NOT NULL, peak INTEGER NOT NULL, total INTEGER NOT NULL
) STRICT;
CREATE TABLE seat_memories (
    address TEXT PRIMARY KEY, kind TEXT NOT NULL,
    at INTEGER NOT NULL, tick INTEGER NOT NULL, boot_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_kind ON events (kind, at);
";

/// What is told: notices with their fate, changes of sessions that wait to be told
/// together, webhooks that Discord does not know any more (by their number, which is no
/// secret), and the privacy mode.
const V3: &str = "
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL, at INTEGER NOT NULL, code TEXT NOT NULL, incident INTEGER,
    body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', attempts INTEGER NOT NULL DEFAULT 0,
    changed_at INTEGER, next_try INTEGER, error TEXT, message TEXT,
    edited INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX notices_by_time ON notices (at);
CREATE INDEX notices_waiting ON notices (id) WHERE state = 'waiting';
CREATE INDEX notices_by_incident ON notices (incident) WHERE incident IS NOT NULL;
CREATE TABLE session_batch (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE dead_webhooks (
    channel TEXT PRIMARY KEY, webhook TEXT NOT NULL,
    since INTEGER NOT NULL, status INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE privacy (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    is_on INTEGER NOT NULL, since INTEGER NOT NULL,
    until_utc INTEGER, until_tick INTEGER, boot_id TEXT NOT NULL
) STRICT;
";

/// Who changed what, and that this installation was set up (see `vault`).
const V4: &str = "
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL, who TEXT NOT NULL, source TEXT NOT NULL,
    action TEXT NOT NULL, details TEXT NOT NULL
) STRICT;
CREATE TABLE installation (
    one INTEGER PRIMARY KEY CHECK (one = 1), mark TEXT NOT NULL
) STRICT;
";

/// The tables that must be there; a file at our version without one is not whole.
const TABLES: &[&str] = &[
    "events",
    "incidents",
    "numbers",
    "alive",
    "target_down",
    "targets_seen",
    "samples",
    "minutes",
    "hours",
    "sessions",
    "seat_minutes",
    "seat_memories",
    "notices",
    "session_batch",
    "dead_webhooks",
    "privacy",
    "audit",
    "installation",
];

/// The newest schema that this version knows.
pub(super) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// Brings the file to [`NEWEST`].
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_to(connection, NEWEST)
}

/// Each step in a transaction of its own.
pub(super) fn migrate_to(connection: &mut Connection, wanted: i64) -> Result<(), StoreError> {
    let found = version(connection)?;
    if found > NEWEST {
        return Err(StoreError::Newer { found, known: NEWEST });
    }
    for (step, sql) in (1_i64..).zip(MIGRATIONS) {
        if step > found && step <= wanted {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute_batch(sql)?;
            tx.pragma_update(None, "user_version", step)?;
            tx.commit()?;
        }
    }
    Ok(())
}

/// The schema of the file; 0 if it is new.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// The first of our tables that is not there.
pub(super) fn missing_table(connection: &Connection) -> Result<Option<&'static str>, StoreError> {
    let mut there =
        connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?;
    for table in TABLES {
        if !there.exists([table])? {
            return Ok(Some(table));
        }
    }
    Ok(None)
}
