//! What remains of an installation when its vault is deleted.
//!
//! A mark lies beside the vault and in the history: the vault's name, and its key sealed
//! under the recovery code. It proves nothing to those who may write in the data folder
//! (they may delete all of it, and then nothing is left to protect either); it sees to it
//! that deleting *the vault* is no way to new passwords. Sealed values in `config.json`
//! and its backups are a third trace, which says that there was a vault but opens none.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bytes;
use super::container::Wrap;
use crate::config_file;
use crate::store::Ledger;

/// The mark's file.
pub(super) const FILE: &str = "setup.mark";

/// A mark. See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: String,
    pub(super) recovery: Wrap,
}

#[derive(Serialize, Deserialize)]
struct Written {
    vault: String,
    #[serde(with = "bytes")]
    recovery: Vec<u8>,
}

impl Mark {
    fn print(&self) -> String {
        let written =
            Written { vault: self.id.clone(), recovery: self.recovery.as_bytes().to_vec() };
        // Texts alone: it always prints.
        serde_json::to_string(&written).unwrap_or_default()
    }

    fn parse(text: &str) -> Option<Mark> {
        let written: Written = serde_json::from_str(text.trim()).ok()?;
        Some(Mark { id: written.vault, recovery: Wrap::from_bytes(&written.recovery)? })
    }
}

/// Where marks lie.
#[derive(Debug, Clone)]
pub(super) struct Places {
    file: PathBuf,
    folder: PathBuf,
    ledger: Option<Ledger>,
}

/// What was found there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Traces {
    pub(super) marks: Vec<Mark>,
    /// A mark that cannot be read, or a sealed value: there was a vault.
    pub(super) other: bool,
}

impl Traces {
    pub(super) fn any(&self) -> bool {
        self.other || !self.marks.is_empty()
    }
}

impl Places {
    pub(super) fn of(folder: &Path, ledger: Option<Ledger>) -> Places {
        Places { file: folder.join(FILE), folder: folder.to_path_buf(), ledger }
    }

    fn texts(&self) -> Vec<String> {
        let file = fs::read(&self.file).ok();
        let file = file.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        // A history that does not open is told elsewhere.
        let history = self.ledger.as_ref().and_then(|ledger| ledger.mark().ok().flatten());
        file.into_iter().chain(history).collect()
    }

    /// Looks at all of them.
    pub(super) fn look(&self) -> Traces {
        let texts = self.texts();
        let marks: Vec<Mark> = texts.iter().filter_map(|text| Mark::parse(text)).collect();
        let other = marks.len() < texts.len()
            || marks.is_empty() && config_file::holds_sealed(&self.folder);
        Traces { marks, other }
    }

    /// Sees to it that the mark is everywhere. What cannot be written now is tried again
    /// at the next start.
    pub(super) fn set(&self, mark: &Mark) {
        let text = mark.print();
        if fs::read(&self.file).ok().as_deref() != Some(text.as_bytes())
            && let Err(error) = config_file::write_atomically(&self.file, text.as_bytes())
        {
            tracing::warn!(category = "SECURITY", "{FILE} cannot be written: {error}");
        }
        if let Some(ledger) = &self.ledger
            && ledger.mark().ok().flatten().as_deref() != Some(text.as_str())
            && let Err(error) = ledger.set_mark(&text)
        {
            tracing::warn!(category = "SECURITY", "The history takes no mark: {error}");
        }
    }
}
