//! Lines for people with a spreadsheet (RFC 4180): local times, durations, quoting.

use cafesentinel_domain::time::Utc;
use jiff::tz::TimeZone;

/// `YYYY-MM-DD HH:MM:SS` in the café's time.
pub(crate) fn local(at: Utc, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .unwrap_or_default()
        .to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// `H:MM:SS`; hours go on counting past a day.
pub(crate) fn duration(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A line of fields.
pub(crate) fn line(out: &mut String, fields: &[String]) {
    for (n, field) in fields.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out.push_str(&quoted(field));
    }
    out.push_str("\r\n");
}

/// RFC 4180; and what a spreadsheet would take for a formula is made plain text.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if formula { format!("'{field}") } else { field.to_owned() };
    if formula || safe.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_are_those_of_the_cafe_and_long_durations_keep_counting_hours() {
        let manila = TimeZone::fixed(jiff::tz::offset(8));
        assert_eq!(local(Utc(1_765_290_130_000), &manila), "2025-12-09 22:22:10");
        assert_eq!(duration(26 * 3_600_000 + 61_000), "26:01:01");
    }

    #[test]
    fn a_field_cannot_become_a_formula_or_break_the_line() {
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("@SUM(A1)"), "\"'@SUM(A1)\"");
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
