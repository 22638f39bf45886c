//! Windows: the interrupt time, which runs on while the machine sleeps.
#![allow(unsafe_code)] // the system's clocks have no safe face in std.

use std::sync::OnceLock;

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
use windows_sys::Win32::System::Performance::{QueryPerformanceCounter, QueryPerformanceFrequency};

/// `QueryInterruptTimePrecise`: units of 100 ns since the start, time asleep included,
/// and not only as fine as the timer's tick.
type InterruptTime = unsafe extern "system" fn(*mut u64);

/// Looked up at run time: a program that imports it does not even load where it is
/// missing (Windows before 10, Wine).
fn interrupt_time() -> Option<InterruptTime> {
    static FOUND: OnceLock<Option<InterruptTime>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        // SAFETY: both names end in zero; kernelbase is loaded into every process; the
        // function found has the signature that its documentation gives.
        unsafe {
            let module = GetModuleHandleA(c"kernelbase.dll".as_ptr().cast());
            if module.is_null() {
                return None;
            }
            let found = GetProcAddress(module, c"QueryInterruptTimePrecise".as_ptr().cast())?;
            Some(std::mem::transmute::<unsafe extern "system" fn() -> isize, InterruptTime>(found))
        }
    })
}

pub(super) fn boottime_nanos() -> i64 {
    if let Some(query) = interrupt_time() {
        let mut units = 0u64;
        // SAFETY: units lives through the call, which cannot fail.
        unsafe { query(&raw mut units) };
        return i64::try_from(units).unwrap_or(0).saturating_mul(100);
    }
    let (mut count, mut frequency) = (0i64, 0i64);
    // SAFETY: both live through the calls, which cannot fail since Windows XP.
    unsafe {
        QueryPerformanceCounter(&raw mut count);
        QueryPerformanceFrequency(&raw mut frequency);
    }
    let nanos = i128::from(count) * 1_000_000_000 / i128::from(frequency.max(1));
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

/// The moment of the start by the wall clock, coarse enough to bear its corrections.
pub(super) fn boot_id() -> String {
    const ROUND_TO_MS: i64 = 120_000;
    let started = super::utc_millis() - boottime_nanos() / 1_000_000;
    format!("started-{}", (started + ROUND_TO_MS / 2).div_euclid(ROUND_TO_MS))
}
