//! Windows: SetThreadPriority.
#![allow(unsafe_code)] // a thread's priority has no safe face in std.

use std::io;

use windows_sys::Win32::System::Threading::{
    GetCurrentThread, SetThreadPriority, THREAD_PRIORITY_BELOW_NORMAL,
};

pub(super) fn stand_back() -> io::Result<()> {
    // SAFETY: the pseudo handle of the calling thread is always good.
    match unsafe { SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_BELOW_NORMAL) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(super) fn standing() -> i32 {
    use windows_sys::Win32::System::Threading::GetThreadPriority;
    // SAFETY: the pseudo handle of the calling thread is always good.
    unsafe { GetThreadPriority(GetCurrentThread()) }
}
