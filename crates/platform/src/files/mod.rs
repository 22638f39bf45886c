//! What std leaves to the system: who may read a file, and when a folder is on the disk.

#[cfg_attr(unix, path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

use std::io;
use std::path::Path;

/// Keeps strangers on this machine out of a file or folder.
///
/// Linux: rights 0700 for a folder, 0600 for a file. Windows: a protected access list
/// (nothing is inherited from above) with full control for this account, for
/// Administrators and for the system; in a folder, what is made in it later inherits
/// that. What already lies in the folder keeps its own rights on Linux.
///
/// # Errors
/// There is nothing of that name, or the rights are not ours to set, or the file system
/// knows no rights (FAT).
pub fn restrict_to_owner(path: &Path) -> io::Result<()> {
    os::restrict_to_owner(path)
}

/// Waits until the folder's list of names is on the disk, so that a file renamed into it
/// survives a power cut. On Windows nothing: NTFS keeps that list in its journal and
/// offers no such call.
///
/// # Errors
/// There is no such folder, or the disk reports an error.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    os::sync_dir(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// A folder of its own, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_restricted_is_still_ours() {
        let folder = Folder::new("cafesentinel-restricted");
        restrict_to_owner(&folder.0).expect("restricts a folder");
        let file = folder.0.join("secret");
        fs::write(&file, "x").expect("writes");
        restrict_to_owner(&file).expect("restricts a file");
        assert_eq!(fs::read_to_string(&file).expect("reads"), "x");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |p: &Path| fs::metadata(p).expect("metadata").permissions().mode() & 0o777;
            assert_eq!((mode(&folder.0), mode(&file)), (0o700, 0o600));
        }
        sync_dir(&folder.0).expect("syncs");
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let nothing = std::env::temp_dir().join("cafesentinel-nothing-here");
        assert!(restrict_to_owner(&nothing).is_err());
        assert!(sync_dir(&nothing).is_err());
    }
}
