//! Where data belong: never the working directory.

#[cfg_attr(unix, path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

use std::env;
use std::path::{Path, PathBuf};

/// The data folder: what was asked for; else the program's own folder if a `config.json`
/// lies there (portable); else the system's place: on Windows `%ProgramData%\CafeSentinel`;
/// on Linux `/var/lib/cafesentinel` for root, for others `$XDG_DATA_HOME/cafesentinel`
/// (XDG Base Directory Specification).
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
    os::shared_data()
}

/// Makes a folder that strangers on this machine cannot read (see
/// [`restrict_to_owner`](crate::files::restrict_to_owner)).
///
/// # Errors
/// The folder cannot be made or its rights cannot be set.
pub fn private_folder(path: &Path) -> std::io::Result<()> {
    os::create_private(path)?;
    crate::files::restrict_to_owner(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_comes_first() {
        let asked = Path::new("some/where");
        assert_eq!(data_dir(Some(asked)), asked);
    }

    #[test]
    fn otherwise_the_place_is_absolute_and_ours() {
        let folder = data_dir(None);
        assert!(folder.is_absolute(), "{}", folder.display());
        let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        assert_eq!(name, "cafesentinel");
    }
}
