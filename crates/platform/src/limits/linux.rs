//! Linux: setrlimit(2).
#![allow(unsafe_code)] // std has no face for limits.

/// More than we ever need: some systems have no limit at all, and tables as large as it.
const ENOUGH: libc::rlim_t = 65_536;

pub(super) fn raise_open_files() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure lives through the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return None;
    }
    let wanted = limit.rlim_max.min(ENOUGH).max(limit.rlim_cur);
    let raised = libc::rlimit { rlim_cur: wanted, ..limit };
    // SAFETY: as above; the hard limit stays as it is.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) } == 0;
    Some(if set { wanted } else { limit.rlim_cur })
}
