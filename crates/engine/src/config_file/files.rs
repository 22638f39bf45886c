//! Files on disk: written whole or not at all, and backed up under dated names.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use jiff::civil::DateTime;
use tempfile::NamedTempFile;

/// How many backups stay.
pub(super) const BACKUPS_KEPT: usize = 10;
/// The largest configuration that is read.
pub(super) const MAX_BYTES: u64 = 1024 * 1024;

const PREFIX: &str = "config_backup_";
const SUFFIX: &str = ".json";

/// What lies on the disk under the name of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OnDisk {
    /// Nothing.
    Missing,
    /// More than [`MAX_BYTES`].
    TooLarge,
    /// Not to be read: no permission, a folder.
    Unreadable(String),
    /// These bytes.
    Bytes(Vec<u8>),
}

pub(super) fn read(path: &Path) -> OnDisk {
    let mut bytes = Vec::new();
    let result = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    match result {
        Ok(n) if n as u64 > MAX_BYTES => OnDisk::TooLarge,
        Ok(_) => OnDisk::Bytes(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => OnDisk::Missing,
        Err(error) => OnDisk::Unreadable(error.to_string()),
    }
}

/// Replaces a file: after a power cut either the old or the new one is there, whole. The
/// new one can be read by this account alone, for it holds secrets.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    sync_folder(folder);
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new("."))
}

/// Makes a rename last. Where the system has no such thing (Windows) it needs none.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// A backup by its name, in the order of age.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Backup {
    /// `YYYYMMDD_HHMMSS`.
    stamp: String,
    counter: u32,
}

impl Backup {
    fn name(&self) -> String {
        match self.counter {
            1 => format!("{PREFIX}{}{SUFFIX}", self.stamp),
            n => format!("{PREFIX}{}_{n}{SUFFIX}", self.stamp),
        }
    }
}

/// `config_backup_YYYYMMDD_HHMMSS[_N].json` and nothing else: what does not match never
/// becomes a path.
fn parse(name: &str) -> Option<Backup> {
    let middle = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let stamp = middle.get(..15)?;
    let shaped = stamp.char_indices().all(|(n, c)| match n {
        8 => c == '_',
        _ => c.is_ascii_digit(),
    });
    let counter = match middle.get(15..)? {
        "" => 1,
        rest => {
            let digits = rest.strip_prefix('_')?;
            let plain = (1..=6).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0');
            digits.parse().ok().filter(|n| plain && *n > 1)?
        }
    };
    shaped.then(|| Backup { stamp: stamp.to_owned(), counter })
}

pub(super) fn is_backup_name(name: &str) -> bool {
    parse(name).is_some()
}

fn all(folder: &Path) -> Vec<Backup> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut backups: Vec<Backup> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|t| t.is_file()))
        .filter_map(|entry| parse(entry.file_name().to_str()?))
        .collect();
    backups.sort();
    backups
}

/// Names of all backups, newest first.
pub(super) fn backups(folder: &Path) -> Vec<String> {
    all(folder).iter().rev().map(Backup::name).collect()
}

/// Copies `content` into the folder under the next name, and removes what is too old.
///
/// Names never go backwards, even when the clock does (end of summer time): the order of
/// the names is the order of the changes, and the newest is never taken for the oldest.
pub(super) fn keep(folder: &Path, mut content: impl Read, now: DateTime) -> io::Result<String> {
    fs::create_dir_all(folder)?;
    let mut temporary = NamedTempFile::new_in(folder)?;
    io::copy(&mut content, &mut temporary)?;
    temporary.as_file().sync_all()?;
    let mut next = Backup { stamp: now.strftime("%Y%m%d_%H%M%S").to_string(), counter: 1 };
    if let Some(newest) = all(folder).pop().filter(|newest| *newest >= next) {
        next = Backup { counter: newest.counter + 1, ..newest };
    }
    loop {
        match temporary.persist_noclobber(folder.join(next.name())) {
            Ok(_) => break,
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                temporary = error.file;
                next.counter += 1;
            }
            Err(error) => return Err(error.error),
        }
    }
    sync_folder(folder);
    let kept = all(folder);
    for old in kept.iter().rev().skip(BACKUPS_KEPT) {
        // One too many is no harm; the next change tries again.
        let _ = fs::remove_file(folder.join(old.name()));
    }
    Ok(next.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    #[test]
    fn only_names_of_our_own_are_names() {
        for good in ["config_backup_20260102_030405.json", "config_backup_20260102_030405_2.json"] {
            assert!(is_backup_name(good), "{good}");
            assert_eq!(parse(good).unwrap().name(), good);
        }
        for bad in [
            "",
            "config.json",
            "last_good.json",
            "../config_backup_20260102_030405.json",
            "config_backup_20260102_030405.json/../../x",
            "config_backup_20260102_030405_1.json",
            "config_backup_20260102_030405_02.json",
            "config_backup_20260102_030405_.json",
            "config_backup_20260102_030405_+2.json",
            "config_backup_2026010é_030405.json",
            "config_backup_20260102-030405.json",
            "config_backup_20260102_030405.json\0",
        ] {
            assert!(!is_backup_name(bad), "{bad}");
        }
    }

    #[test]
    fn ten_stay_and_a_clock_set_back_does_not_cost_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..12 {
            let name = keep(folder.path(), format!("{n}").as_bytes(), at("2026-10-25T02:59:59"));
            assert!(is_backup_name(&name.unwrap()));
        }
        let name = keep(folder.path(), &b"after"[..], at("2026-10-25T02:00:00")).unwrap();
        let names = backups(folder.path());
        assert_eq!(names.len(), BACKUPS_KEPT);
        assert_eq!(names.first(), Some(&name));
        assert_eq!(name, "config_backup_20261025_025959_13.json");
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"after");
        let name = keep(folder.path(), &b"later"[..], at("2026-10-25T03:00:00")).unwrap();
        assert_eq!(name, "config_backup_20261025_030000.json");
    }
}
