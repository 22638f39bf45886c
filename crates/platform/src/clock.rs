//! Two clocks: one that counts every second since the machine was started, asleep or
//! awake, and the one on the wall.
#![allow(unsafe_code)] // clock_gettime has no safe face in std for this clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since the machine was started, time asleep included (`CLOCK_BOOTTIME`).
#[cfg(target_os = "linux")]
#[must_use]
pub fn boottime_nanos() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: time lives through the call; this clock exists on every supported kernel.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn utc_nanos() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX))
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn utc_millis() -> i64 {
    utc_nanos() / 1_000_000
}

/// A text that is the same for as long as the machine is not restarted.
#[cfg(target_os = "linux")]
#[must_use]
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|s| s.trim().to_owned())
        .unwrap_or_default()
}
