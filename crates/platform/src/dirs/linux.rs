//! Linux: `/var/lib` for root, the XDG Base Directory Specification for others.

use std::env;
use std::path::{Path, PathBuf};

pub(super) fn shared_data() -> PathBuf {
    if is_root() {
        return PathBuf::from("/var/lib/cafesentinel");
    }
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".local/share");
    let base = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    base.unwrap_or_else(home).join("cafesentinel")
}

/// Private from its first moment, so that nobody slips in before its rights are set.
pub(super) fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[allow(unsafe_code)] // geteuid has no safe face in std.
fn is_root() -> bool {
    // SAFETY: it cannot fail and touches no memory.
    unsafe { libc::geteuid() == 0 }
}
