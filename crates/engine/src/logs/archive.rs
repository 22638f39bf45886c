//! `probes/`: the logs of earlier days, and the only names that are let through.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;

/// The ancestor's name for it.
pub(super) const FOLDER: &str = "probes";

/// Why an archive cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// Not a name that an archive of ours can have.
    #[error("Invalid filename format")]
    InvalidName,
    /// There is none of that name.
    #[error("Archive file not found")]
    NotFound,
    /// The system refuses.
    #[error("the archive cannot be used: {0}")]
    Io(io::Error),
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            ArchiveError::NotFound
        } else {
            ArchiveError::Io(error)
        }
    }
}

/// An archive by its name; in the order of their contents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Archive {
    date: Date,
    time: u32,
    part: u32,
    pub(super) file_name: String,
}

/// `info-YYYY-MM-DD[-HHMMSS][-partN].log` and nothing else.
fn parse(name: &str) -> Option<Archive> {
    let middle = name.strip_prefix("info-")?.strip_suffix(".log")?;
    let shaped = middle.get(..10)?.char_indices().all(|(n, c)| match n {
        4 | 7 => c == '-',
        _ => c.is_ascii_digit(),
    });
    let date: Date = middle.get(..10).filter(|_| shaped)?.parse().ok()?;
    let mut rest = middle.get(10..)?;
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mut time = 0;
    if let Some(of_day) = rest.get(1..7).filter(|s| rest.starts_with('-') && digits(s)) {
        time = of_day.parse().ok()?;
        rest = rest.get(7..)?;
    }
    let mut part = 1;
    if let Some(number) = rest.strip_prefix("-part") {
        part = Some(number).filter(|n| digits(n) && (1..=6).contains(&n.len()))?.parse().ok()?;
        rest = "";
    }
    rest.is_empty().then(|| Archive { date, time, part, file_name: name.to_owned() })
}

/// All archives, oldest first. A folder that is not there holds none.
pub(super) fn list(folder: &Path) -> Vec<Archive> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut archives: Vec<Archive> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|t| t.is_file()))
        .filter_map(|entry| parse(entry.file_name().to_str()?))
        .collect();
    archives.sort();
    archives
}

/// The path of an archive: a plain file of the folder, never through a link.
pub(super) fn find(folder: &Path, name: &str) -> Result<PathBuf, ArchiveError> {
    let archive = parse(name).ok_or(ArchiveError::InvalidName)?;
    let path = folder.join(archive.file_name);
    if fs::symlink_metadata(&path)?.is_file() { Ok(path) } else { Err(ArchiveError::NotFound) }
}

/// Moves a log with the content of `date` into the folder, as its next part.
pub(super) fn take_in(folder: &Path, current: &Path, date: Date) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let parts = list(folder).into_iter().filter(|a| a.date == date && a.time == 0);
    let mut part = parts.map(|a| a.part).max().unwrap_or(0) + 1;
    loop {
        let name = match part {
            1 => format!("info-{date}.log"),
            _ => format!("info-{date}-part{part}.log"),
        };
        let path = folder.join(name);
        // Whatever stands there under our name, we do not overwrite it.
        if fs::symlink_metadata(&path).is_err() {
            return fs::rename(current, path);
        }
        part += 1;
    }
}

/// Removes what is older than `days`; gives back how many and the first failure.
pub(super) fn forget(folder: &Path, today: Date, days: u32) -> (usize, Option<io::Error>) {
    let Ok(oldest) = today.checked_sub(i64::from(days).days()) else { return (0, None) };
    let mut removed = 0;
    let mut failure = None;
    for archive in list(folder).into_iter().filter(|a| a.date < oldest) {
        match fs::remove_file(folder.join(archive.file_name)) {
            Ok(()) => removed += 1,
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    (removed, failure)
}
