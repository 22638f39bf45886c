//! Windows: `%ProgramData%`, which all accounts share.

use std::env;
use std::path::{Path, PathBuf};

pub(super) fn shared_data() -> PathBuf {
    let base = env::var_os("ProgramData").map(PathBuf::from).filter(|p| p.is_absolute());
    base.unwrap_or_else(|| PathBuf::from(r"C:\ProgramData")).join("CafeSentinel")
}

pub(super) fn create_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}
