//! Where data belong: never the working directory.

use std::env;
use std::path::{Path, PathBuf};

/// The data folder: what was asked for; else the program's own folder if a `config.json`
/// lies there (portable); else `/var/lib/cafesentinel` for root; else
/// `$XDG_DATA_HOME/cafesentinel` (XDG Base Directory Specification).
#[must_use]
pub fn data_dir(asked: Option<&Path>) -> PathBuf {
    if let Some(asked) = asked {
        return asked.to_path_buf();
    }
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
    if let Some(folder) = beside
        && folder.join("config.json").is_file()
    {
        return folder;
    }
    if is_root() {
        return PathBuf::from("/var/lib/cafesentinel");
    }
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".local/share");
    let base = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    base.unwrap_or_else(home).join("cafesentinel")
}

#[allow(unsafe_code)] // geteuid has no safe face in std.
fn is_root() -> bool {
    // SAFETY: it cannot fail and touches no memory.
    unsafe { libc::geteuid() == 0 }
}

/// Makes a folder that only this account can read.
///
/// # Errors
/// The folder cannot be made or its rights cannot be set.
pub fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let rights = std::fs::metadata(path)?.permissions().mode();
    if rights & 0o077 != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
