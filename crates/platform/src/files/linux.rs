//! Linux: chmod(2) and fsync(2).

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(super) fn restrict_to_owner(path: &Path) -> io::Result<()> {
    let found = fs::metadata(path)?;
    let rights = if found.is_dir() { 0o700 } else { 0o600 };
    // Left alone when right already: then the owner may even be another account.
    if found.permissions().mode() & 0o777 == rights {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(rights))
}

pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
