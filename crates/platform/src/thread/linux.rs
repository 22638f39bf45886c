//! Linux: setpriority(2), which sets the niceness of one thread, whatever POSIX says.
#![allow(unsafe_code)] // setpriority has no safe face in std.

use std::io;

const NICENESS: libc::c_int = 10;

pub(super) fn stand_back() -> io::Result<()> {
    // SAFETY: no pointers; 0 is the calling thread.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
pub(super) fn standing() -> i32 {
    // SAFETY: no pointers; 0 is the calling thread.
    unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
}
