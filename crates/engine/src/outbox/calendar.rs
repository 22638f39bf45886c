//! Dates where this machine is.

use cafesentinel_domain::notify::body::{Calendar, Civil};
use cafesentinel_domain::time::Utc;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The calendar of a time zone.
#[derive(Debug, Clone)]
pub struct LocalCalendar(TimeZone);

impl LocalCalendar {
    /// Of this machine.
    #[must_use]
    pub fn of_system() -> LocalCalendar {
        LocalCalendar(TimeZone::system())
    }
}

fn moment(at: Utc) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or_default()
}

impl Calendar for LocalCalendar {
    fn civil(&self, at: Utc) -> Civil {
        let local = moment(at).to_zoned(self.0.clone());
        let part = |n: i8| u8::try_from(n).unwrap_or(0);
        Civil {
            year: local.year(),
            month: part(local.month()),
            day: part(local.day()),
            hour: part(local.hour()),
            minute: part(local.minute()),
        }
    }

    fn timestamp(&self, at: Utc) -> String {
        format!("{:.3}", moment(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_where_the_cafe_is() {
        let madrid = LocalCalendar(TimeZone::get("Europe/Madrid").unwrap());
        let at = Utc(1_767_225_600_000); // 2026-01-01T00:00:00Z
        let civil = madrid.civil(at);
        assert_eq!((civil.year, civil.month, civil.day, civil.hour), (2026, 1, 1, 1));
        assert_eq!(madrid.timestamp(at), "2026-01-01T00:00:00.000Z");
    }
}
