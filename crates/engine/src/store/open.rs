//! Opening: check first, set aside what is damaged, never what is merely newer.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cafesentinel_domain::time::Utc;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use super::{Opened, Store, StoreError, schema};

/// What could still be read of a damaged file, so that numbers are not given out twice:
/// a browser resumes by event number, a person quotes an incident by its own.
#[derive(Debug, Clone, Copy, Default)]
struct Salvaged {
    last_event: i64,
    next_incident: i64,
}

impl Store {
    /// Opens the history, or begins one. A damaged one is moved to
    /// `<name>-damaged-YYYYMMDD-HHMMSS.db` beside it, and a new one begun.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a file of a newer version (left as it is); anything that
    /// keeps the file from being used for reasons that are not damage.
    pub fn open(path: &Path, now: Utc) -> Result<Opened, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| io(folder, e))?;
        }
        match open_whole(path) {
            Ok(store) => Ok(Opened { store, set_aside: None }),
            Err(StoreError::Damaged(_)) => {
                let salvaged = salvage(path).unwrap_or_default();
                let aside = set_aside(path, now)?;
                let store = open_whole(path)?;
                store.begin_after(salvaged)?;
                Ok(Opened { store, set_aside: Some(aside) })
            }
            Err(other) => Err(other),
        }
    }

    fn begin_after(&self, salvaged: Salvaged) -> Result<(), StoreError> {
        if salvaged.last_event > 0 {
            self.connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?1)",
                params![salvaged.last_event],
            )?;
        }
        if salvaged.next_incident > 1 {
            self.connection.execute(
                "INSERT INTO numbers (name, next) VALUES ('incident', ?1)",
                params![salvaged.next_incident],
            )?;
        }
        Ok(())
    }
}

fn open_whole(path: &Path) -> Result<Store, StoreError> {
    let mut connection = Connection::open(path)?;
    // Only a reader's checkpoint or a backup program can be in the way, and not for long.
    connection.busy_timeout(Duration::from_secs(5))?;
    check(&connection)?;
    let found = schema::version(&connection)?;
    if found > schema::NEWEST {
        // Before anything is written, the journal mode included.
        return Err(StoreError::Newer { found, known: schema::NEWEST });
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    schema::migrate(&mut connection)?;
    if let Some(table) = schema::missing_table(&connection)? {
        return Err(StoreError::Damaged(format!("table {table} is missing")));
    }
    Ok(Store { connection, path: path.to_path_buf(), full_sync: true })
}

fn check(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
}

fn salvage(path: &Path) -> Option<Salvaged> {
    let connection = Connection::open(path).ok()?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).ok();
    Some(Salvaged {
        last_event: number("SELECT seq FROM sqlite_sequence WHERE name = 'events'").unwrap_or(0),
        next_incident: number("SELECT next FROM numbers WHERE name = 'incident'").unwrap_or(0),
    })
}

fn set_aside(path: &Path, now: Utc) -> Result<PathBuf, StoreError> {
    let stem = path.file_stem().map_or_else(|| "history".into(), |s| s.to_string_lossy());
    let date = jiff::Timestamp::from_millisecond(now.0)
        .unwrap_or_default()
        .to_zoned(TimeZone::system())
        .strftime("%Y%m%d-%H%M%S")
        .to_string();
    let mut aside = path.with_file_name(format!("{stem}-damaged-{date}.db"));
    let mut counter = 2;
    while aside.exists() {
        aside = path.with_file_name(format!("{stem}-damaged-{date}-{counter}.db"));
        counter += 1;
    }
    // The journal goes first: if we die in between, the damaged file is still found
    // damaged, whereas an old journal beside a new file would be played into it.
    for suffix in ["-wal", "-shm", ""] {
        let from = with_suffix(path, suffix);
        if from.exists() {
            std::fs::rename(&from, with_suffix(&aside, suffix)).map_err(|e| io(&from, e))?;
        }
    }
    Ok(aside)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn io(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io { path: path.to_path_buf(), source }
}
