//! How much of the system this process may use.

#[cfg_attr(unix, path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

/// Lets this process have as many files and sockets open as the system allows it at most;
/// the usual limit (1024 on Linux) is less than the connections that are served at once.
/// Gives back how many that are; none where there is no such limit.
pub fn raise_open_files() -> Option<u64> {
    os::raise_open_files()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_raised_stays_raised() {
        let first = raise_open_files();
        assert_eq!(raise_open_files(), first);
        assert!(first.is_none_or(|limit| limit >= 64));
    }
}
