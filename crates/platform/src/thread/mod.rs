//! How much a thread matters to the system.

#[cfg_attr(unix, path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

use std::io;

/// Lets all others go before the calling thread, for the rest of its life.
///
/// Linux: niceness +10 for this thread alone. Windows: `THREAD_PRIORITY_BELOW_NORMAL`.
///
/// # Errors
/// The system refuses.
pub fn stand_back() -> io::Result<()> {
    os::stand_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_stands_back_alone() {
        let before = os::standing();
        let inside = std::thread::spawn(|| {
            stand_back().expect("stands back");
            os::standing()
        });
        let inside = inside.join().expect("a standing");
        assert_ne!(inside, before);
        assert_eq!(os::standing(), before, "the others keep theirs");
    }
}
