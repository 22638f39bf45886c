//! Times at the edge: inside they are milliseconds, outside RFC 3339 in UTC.

use cafesentinel_domain::time::Utc;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

/// Fields that hold a moment wherever they are a number. (`from` and `to` of a link are
/// states, and texts.) A test holds that no event and no view has a moment elsewhere.
const MOMENTS: [&str; 10] =
    ["at", "since", "stay_since", "start", "end", "last_alive", "from", "to", "hour", "until"];

/// A moment as it is printed: `2026-01-02T03:04:05.678Z`.
pub(super) fn print(at: Utc) -> Value {
    match Timestamp::from_millisecond(at.0) {
        Ok(timestamp) => Value::String(format!("{timestamp:.3}")),
        Err(_) => Value::Null,
    }
}

/// Something of the domain as JSON for the outside.
pub(super) fn outside<T: Serialize>(inside: &T) -> Value {
    let mut value = serde_json::to_value(inside).unwrap_or(Value::Null);
    convert(&mut value);
    value
}

fn convert(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_i64() {
                    Some(ms) if MOMENTS.contains(&key.as_str()) => *value = print(Utc(ms)),
                    _ => convert(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(convert),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Now.
pub(super) fn now() -> Utc {
    Utc(Timestamp::now().as_millisecond())
}

/// A moment as clients write it: RFC 3339, or a date (its beginning here).
pub(super) fn parse(text: &str) -> Option<Utc> {
    // In a query an unescaped plus is a space: `…T10:00:00+02:00` arrives with one.
    let offset = text.rsplit_once(' ').map(|(time, offset)| format!("{time}+{offset}"));
    let moment = || text.parse::<Timestamp>().or_else(|e| offset.ok_or(e)?.parse::<Timestamp>());
    let date = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::system()).ok()?.timestamp())
    };
    // A date also reads as the beginning of a time, so it is tried first.
    let timestamp = if text.len() == 10 { date() } else { moment().ok() };
    timestamp.map(|t| Utc(t.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_clients_write_them() {
        for text in
            ["2026-01-02T03:04:05Z", "2026-01-02T05:04:05+02:00", "2026-01-02T05:04:05 02:00"]
        {
            assert_eq!(parse(text), Some(Utc(1_767_323_045_000)), "{text}");
        }
        assert!(parse("2026-01-02").is_some());
        for text in ["", "yesterday", "2026-13-01", "1767323045000", "2026-01-02T03:04:05"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_printed_in_utc_with_milliseconds() {
        assert_eq!(print(Utc(1_767_323_045_006)), "2026-01-02T03:04:05.006Z");
        assert_eq!(print(Utc(i64::MAX)), Value::Null);
    }
}
