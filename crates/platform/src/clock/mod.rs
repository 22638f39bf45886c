//! Two clocks: one that counts every second since the machine was started, asleep or
//! awake, and the one on the wall.

#[cfg_attr(unix, path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since the machine was started, time asleep included (`CLOCK_BOOTTIME`;
/// Windows: the interrupt time).
#[must_use]
pub fn boottime_nanos() -> i64 {
    os::boottime_nanos()
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

/// A text that stays the same for as long as the machine is not restarted. Equal texts
/// mean the same run; on Windows, different ones may also mean that the wall clock was
/// set, so they only forbid to compare [`boottime_nanos`] of then and now. Empty where
/// the system does not tell.
#[must_use]
pub fn boot_id() -> String {
    os::boot_id()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_go_forward() {
        let (boot, utc) = (boottime_nanos(), utc_millis());
        std::thread::sleep(std::time::Duration::from_millis(30));
        let passed = boottime_nanos() - boot;
        assert!((20_000_000..5_000_000_000).contains(&passed), "{passed}");
        assert!(utc_millis() > utc && utc > 1_700_000_000_000);
    }

    #[test]
    fn the_boot_has_a_name() {
        assert!(!boot_id().is_empty());
    }
}
