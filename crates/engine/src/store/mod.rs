//! The history on disk: events, incidents and statistics in one SQLite file.
//!
//! In the order of life: [`Store::open`] checks the file, sets a damaged one aside and
//! brings an older one up to date; [`Store::restored`] hands the monitor what the last
//! run left; [`Store::append`] stores what happened, one transaction per batch;
//! [`Store::maintain`] rolls statistics up and forgets what is too old; any number of
//! [`Reader`]s look on meanwhile, which WAL allows without making the writer wait.
//!
//! What must survive a power cut (events) is synced at its commit. Samples come every
//! beat and are only statistics: for them the last second may be lost, never the file.
//! Times are integer milliseconds, round trips integer microseconds.

mod append;
mod ledger;
mod maintain;
mod notices;
mod open;
mod reader;
mod restore;
mod schema;
mod stays;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use cafesentinel_domain::config::Host;
use cafesentinel_domain::event::{Stamped, Target};
use cafesentinel_domain::monitor::{Sample, SeatMinute, StateTime};
use cafesentinel_domain::notify::{Channel, Mark, Told};
use cafesentinel_domain::occupancy::Memory;
use cafesentinel_domain::time::{Moment, Tick, Utc};
use rusqlite::Connection;

pub use append::Appended;
pub use ledger::{AuditEntry, Ledger, MAX_ENTRIES};
pub use notices::{
    DeadWebhook, MAX_NOTICES, NoticeFilter, NoticeRow, NoticeState, Standing, Undelivered,
};
pub use reader::{
    IncidentFilter, LinkStatRow, MAX_INCIDENTS, MAX_STAT_ROWS, Reader, Resolution, Totals,
};
pub use stays::{MAX_SESSIONS, SessionFilter, ShortStay};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What goes wrong with the history.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No room on the disk: nothing of this call was stored, everything before is intact.
    #[error("the disk is full; the history cannot grow")]
    Full,
    /// A newer version of the program wrote this file. Not damage: nothing was touched.
    #[error(
        "the history has schema {found}, this version knows up to {known}: install the newer version"
    )]
    Newer {
        /// The schema in the file.
        found: i64,
        /// The newest schema that we know.
        known: i64,
    },
    /// The file was found damaged while in use; the next [`Store::open`] sets it aside.
    #[error("the history is damaged: {0}")]
    Damaged(String),
    /// The file or its folder cannot be used.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A record could not be written as JSON.
    #[error("a record cannot be encoded: {0}")]
    Encode(#[from] serde_json::Error),
    /// Anything else that SQLite says.
    #[error("history: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        let code = error.sqlite_error_code();
        if code == Some(DiskFull) {
            StoreError::Full
        } else if code == Some(DatabaseCorrupt) || code == Some(NotADatabase) {
            StoreError::Damaged(error.to_string())
        } else {
            StoreError::Sqlite(error)
        }
    }
}

/// An open history, and what had to be done for it.
#[derive(Debug)]
pub struct Opened {
    /// The history.
    pub store: Store,
    /// Where the damaged one lies, if it was damaged. To be told.
    pub set_aside: Option<PathBuf>,
}

/// The one writer. Owned by one thread; readers come from [`Store::reader`].
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// What `PRAGMA synchronous` is set to, so that it is set only on change.
    full_sync: bool,
}

/// What belongs together and is stored together, or not at all.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// What happened; with the exact start on the monotonic clock for incidents and links.
    pub events: &'a [(Stamped, Option<Tick>)],
    /// Verdicts on probes, in the order in which they were given.
    pub samples: &'a [Sample],
    /// How long targets were in which state.
    pub state_times: &'a [StateTime],
    /// Targets that have answered for the first time under this address.
    pub seen: &'a [(Target, Host)],
    /// Who was online in which minute.
    pub seat_minutes: &'a [SeatMinute],
    /// What is to be remembered of which seat; none: nothing any more.
    pub memories: &'a [(IpAddr, Option<Memory>)],
    /// What is told, in its order.
    pub told: &'a [Told],
    /// What has become of notices.
    pub marks: &'a [Mark],
    /// Webhooks that Discord does not know any more, and channels that are well again.
    pub dead: &'a [(Channel, Option<DeadWebhook>)],
    /// Now: kept as the last sign of life.
    pub now: Moment,
    /// This boot of the machine, for which ticks hold.
    pub boot_id: &'a str,
}

impl Store {
    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A connection for reading beside the writer, for another thread.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }

    fn sync_fully(&mut self, full: bool) -> Result<(), StoreError> {
        if self.full_sync != full {
            self.connection.pragma_update(
                None,
                "synchronous",
                if full { "FULL" } else { "NORMAL" },
            )?;
            self.full_sync = full;
        }
        Ok(())
    }
}

fn minute_of(at: Utc) -> i64 {
    at.0.div_euclid(MINUTE_MS) * MINUTE_MS
}

fn hour_of(at: Utc) -> i64 {
    at.0.div_euclid(HOUR_MS) * HOUR_MS
}

#[cfg(test)]
mod tests;
