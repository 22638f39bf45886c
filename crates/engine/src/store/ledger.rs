//! What is written rarely and not by the recorder: who changed what, and the mark of an
//! installation that was set up.
//!
//! Each call opens the file for itself: they come minutes or days apart, and from the
//! command line as well, while the recorder writes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cafesentinel_domain::time::Utc;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde_json::Value;

use super::StoreError;

/// Entries in one answer.
pub const MAX_ENTRIES: usize = 1000;
/// Older ones are forgotten beyond this many.
const KEPT: i64 = 50_000;
/// The recorder holds the file for some milliseconds at a time.
const PATIENCE: Duration = Duration::from_secs(5);

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its number, growing; given by the file.
    pub id: i64,
    /// When.
    pub at: Utc,
    /// Who: `admin`, `token Manager`, `command line`.
    pub who: String,
    /// From where: an address, or `this computer`.
    pub source: String,
    /// What, as a code: `config_changed`, `token_created`.
    pub action: String,
    /// The particulars, secrets masked.
    pub details: Value,
}

/// The file, for those rare things.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// Of a history that was opened once, so that its tables are there.
    #[must_use]
    pub fn of(path: &Path) -> Ledger {
        Ledger { path: path.to_path_buf() }
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        // Never made here: an empty file would look like a history.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    }

    /// Writes a line; its own number is not looked at.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn note(&self, entry: &AuditEntry) -> Result<i64, StoreError> {
        let connection = self.connect()?;
        connection.execute(
            "INSERT INTO audit (at, who, source, action, details) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                entry.at.0,
                entry.who,
                entry.source,
                entry.action,
                serde_json::to_string(&entry.details)?
            ],
        )?;
        let id = connection.last_insert_rowid();
        connection.execute("DELETE FROM audit WHERE id <= ?1", params![id - KEPT])?;
        Ok(id)
    }

    /// The newest lines first, at most `limit`, those before `before` if given.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn entries(
        &self,
        limit: usize,
        before: Option<i64>,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let connection = self.connect()?;
        let mut statement = connection.prepare(
            "SELECT id, at, who, source, action, details FROM audit
             WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
        )?;
        let limit = i64::try_from(limit.min(MAX_ENTRIES)).unwrap_or(0);
        let rows = statement.query_map(params![before.unwrap_or(i64::MAX), limit], |row| {
            let details: String = row.get(5)?;
            Ok(AuditEntry {
                id: row.get(0)?,
                at: Utc(row.get(1)?),
                who: row.get(2)?,
                source: row.get(3)?,
                action: row.get(4)?,
                details: serde_json::from_str(&details).unwrap_or(Value::String(details)),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The mark of an installation that was set up.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn mark(&self) -> Result<Option<String>, StoreError> {
        let found = self
            .connect()?
            .query_row("SELECT mark FROM installation", [], |row| row.get(0))
            .optional()?;
        Ok(found)
    }

    /// Sets the mark.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn set_mark(&self, mark: &str) -> Result<(), StoreError> {
        self.connect()?.execute(
            "INSERT INTO installation (one, mark) VALUES (1, ?1)
             ON CONFLICT (one) DO UPDATE SET mark = ?1",
            params![mark],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Store;

    #[test]
    fn lines_are_kept_in_order_beside_the_recorder_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let _open = Store::open(&path, Utc(0)).unwrap();
        let ledger = Ledger::of(&path);
        let line = |n: i64| AuditEntry {
            id: 0,
            at: Utc(n),
            who: "admin".into(),
            source: "10.0.0.1".into(),
            action: "config_changed".into(),
            details: json!({ "n": n }),
        };
        for n in 1..=5 {
            assert_eq!(ledger.note(&line(n)).unwrap(), n);
        }
        let ids = |entries: Vec<AuditEntry>| entries.iter().map(|e| e.id).collect::<Vec<_>>();
        assert_eq!(ids(ledger.entries(3, None).unwrap()), [5, 4, 3]);
        assert_eq!(ids(ledger.entries(10, Some(3)).unwrap()), [2, 1]);
        assert_eq!(ledger.entries(1, Some(3)).unwrap()[0].details, json!({ "n": 2 }));
        assert_eq!(ledger.mark().unwrap(), None);
        ledger.set_mark("a").unwrap();
        ledger.set_mark("b").unwrap();
        assert_eq!(ledger.mark().unwrap().as_deref(), Some("b"));
        assert!(Ledger::of(&folder.path().join("none.db")).mark().is_err());
        assert!(!folder.path().join("none.db").exists());
    }
}
