//! A bell: rung by any thread or by the system, heard once.
#![allow(unsafe_code)] // events have no safe face in std.

use std::io;
use std::time::Duration;

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, WAIT_FAILED};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, SetEvent, WaitForSingleObject, WaitForSingleObjectEx,
};

/// An event that falls back to silence when one wait has heard it.
pub(super) struct Event(HANDLE);

// SAFETY: a handle of the kernel, which any thread may use.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

impl Event {
    pub(super) fn new() -> Self {
        // SAFETY: no pointers but null. Null, when the system has no more handles, makes
        // every wait fail, which is reported.
        Event(unsafe { CreateEventW(std::ptr::null(), 0, 0, std::ptr::null()) })
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.0
    }

    pub(super) fn set(&self) {
        // SAFETY: the handle is open for as long as self lives.
        unsafe { SetEvent(self.0) };
    }

    pub(super) fn wait(&self, longest: Duration) -> io::Result<()> {
        let ms = u32::try_from(longest.as_nanos().div_ceil(1_000_000)).unwrap_or(INFINITE);
        // SAFETY: as above.
        if unsafe { WaitForSingleObject(self.0, ms.min(INFINITE - 1)) } == WAIT_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Waits in the state in which the system may run completion routines here.
    pub(super) fn wait_alertable(&self) -> io::Result<()> {
        // SAFETY: as above.
        if unsafe { WaitForSingleObjectEx(self.0, INFINITE, 1) } == WAIT_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: closed once.
        unsafe { CloseHandle(self.0) };
    }
}
