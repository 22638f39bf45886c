//! One program per data folder: a lock that the system drops with the process, however it
//! ends, and a note that tells a second start where the page of the first is.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

const LOCK: &str = "instance.lock";
const NOTE: &str = "instance.txt";

/// The right to use a data folder.
#[derive(Debug)]
pub(super) struct Instance {
    note: PathBuf,
    /// Held as long as we live.
    _lock: File,
}

/// Another process has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Where its page is, once it is there.
    page: Option<String>,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CafeSentinel is already running with this data folder")?;
        match &self.page {
            Some(page) => write!(f, "; open {page}"),
            None => f.write_str("."),
        }
    }
}

impl Instance {
    /// Takes a folder, or says who has it.
    pub(super) fn take(folder: &Path) -> anyhow::Result<Result<Instance, Taken>> {
        let note = folder.join(NOTE);
        let path = folder.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("{} cannot be opened", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {
                // An old one would lead a second start astray.
                let _ = fs::remove_file(&note);
                Ok(Ok(Instance { note, _lock: lock }))
            }
            Err(TryLockError::WouldBlock) => {
                let page = fs::read_to_string(note).ok().map(|text| text.trim().to_owned());
                Ok(Err(Taken { page: page.filter(|page| !page.is_empty()) }))
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} cannot be locked", path.display()))
            }
        }
    }

    /// Notes where the page is.
    pub(super) fn note(&self, page: &str) -> io::Result<()> {
        fs::write(&self.note, format!("{page}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_is_told_where_the_first_is_and_a_third_may_follow() {
        let folder = tempfile::tempdir().unwrap();
        let first = Instance::take(folder.path()).unwrap().unwrap();
        let taken = Instance::take(folder.path()).unwrap().unwrap_err();
        assert_eq!(taken.to_string(), "CafeSentinel is already running with this data folder.");
        first.note("http://127.0.0.1:5000/").unwrap();
        let taken = Instance::take(folder.path()).unwrap().unwrap_err();
        assert!(taken.to_string().ends_with("; open http://127.0.0.1:5000/"));
        drop(first);
        assert!(Instance::take(folder.path()).unwrap().is_ok());
    }
}
