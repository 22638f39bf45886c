use cafesentinel_domain::config::Config;
use cafesentinel_domain::event::{Gap, SessionEnd, SessionId};
use serde_json::json;

use super::*;

/// A Monday at midnight, UTC.
const MONDAY: i64 = 1_767_571_200_000;

fn hours(document: serde_json::Value) -> OpeningHours {
    let document = json!({ "occupancy_settings": { "opening_hours": document } });
    Config::from_value(&document).expect("it is valid").occupancy.opening_hours
}

fn at(hours: f64) -> i64 {
    MONDAY + (hours * 3_600_000.0) as i64
}

fn session(seat: u8, from: f64, to: Option<f64>) -> Session {
    Session {
        id: SessionId(1),
        seat: format!("PC-{seat}"),
        address: format!("10.0.0.{seat}"),
        mac: None,
        start: Utc(at(from)),
        end: to.map(|to| Utc(at(to))),
        duration_ms: to.map(|to| at(to) - at(from)),
        gaps: Vec::new(),
        end_reason: to.map(|_| SessionEnd::Left),
    }
}

fn minutes(from: f64, to: f64, online: u32) -> Vec<SeatMinute> {
    (at(from)..at(to))
        .step_by(60_000)
        .map(|ms| SeatMinute { at: Utc(ms), online, peak: online, total: 2 })
        .collect()
}

fn run(
    span: (f64, f64),
    sessions: &[Session],
    seen: &[SeatMinute],
    open: &OpeningHours,
) -> Analysis {
    let seats = [("PC-1".to_owned(), "10.0.0.1".to_owned()), ("PC-2".into(), "10.0.0.2".into())];
    let facts = Facts {
        span: (at(span.0), at(span.1)),
        sessions,
        minutes: seen,
        seats: &seats,
        hours: open,
    };
    analyse(&facts, &TimeZone::UTC)
}

#[test]
fn opening_hours_may_pass_midnight_and_days_may_be_closed() {
    let open = hours(json!({ "monday": ["10:00", "02:00"], "wednesday": ["09:00", "12:00"] }));
    let spans = opening(&open, (at(0.0), at(72.0)), &TimeZone::UTC);
    assert_eq!(spans, [(at(10.0), at(26.0)), (at(57.0), at(60.0))]);
    // A stretch that begins after midnight still belongs to the evening before.
    let spans = opening(&open, (at(25.0), at(30.0)), &TimeZone::UTC);
    assert_eq!(spans, [(at(25.0), at(26.0))]);
    let always = OpeningHours::default();
    assert_eq!(opening(&always, (5, 9), &TimeZone::UTC), [(5, 9)]);
    assert!(opening(&always, (9, 9), &TimeZone::UTC).is_empty());
}

#[test]
fn hours_are_those_on_the_wall_where_the_clock_is_put_forward() {
    let zone = TimeZone::get("Europe/Madrid").expect("the zone is known");
    // 2026-03-29: 02:00 becomes 03:00.
    let open = hours(json!({ "sunday": ["01:00", "04:00"] }));
    let day = 1_774_738_800_000;
    let spans = opening(&open, (day, day + 24 * 3_600_000), &zone);
    assert_eq!(total(spans.iter().copied()), 2 * 3_600_000, "{spans:?}");
}

#[test]
fn use_is_added_up_within_and_outside_opening_hours() {
    let open = hours(json!({ "monday": ["10:00", "12:00"] }));
    let sessions = [session(1, 9.5, Some(11.0)), session(1, 11.5, None)];
    let result = run((0.0, 13.0), &sessions, &minutes(9.0, 13.0, 1), &open);
    let seat = &result.seats[0];
    assert_eq!((seat.sessions, seat.used_ms), (2, 3 * 3_600_000));
    assert_eq!(seat.outside_ms, 3 * 1_800_000);
    assert_eq!(result.open_ms, 2 * 3_600_000);
    assert_eq!(result.observed_open_ms, 2 * 3_600_000);
    // Of four seat hours, one and a half were used.
    assert_eq!(result.average_occupancy, Some(0.375));
    let outside: Vec<_> = result.outside.iter().map(|o| (o.start.0, o.end.0)).collect();
    assert_eq!(outside, [(at(9.5), at(10.0)), (at(12.0), at(13.0))]);
    assert_eq!(result.idle, ["PC-2"]);
    assert_eq!(result.heat[0][10], Some(0.5));
    assert_eq!(result.heat[0][9], None, "closed");
    assert_eq!(result.heat[1][10], None, "never looked at");
}

#[test]
fn what_nobody_observed_is_neither_used_nor_unused() {
    let mut gappy = session(1, 10.0, Some(14.0));
    gappy.gaps.push(Gap { from: Utc(at(11.0)), to: Utc(at(13.0)) });
    let mut seen = minutes(10.0, 11.0, 1);
    seen.extend(minutes(13.0, 14.0, 2));
    let result = run((10.0, 14.0), &[gappy], &seen, &OpeningHours::default());
    assert_eq!(result.seats[0].used_ms, 2 * 3_600_000);
    assert_eq!(result.observed_open_ms, 2 * 3_600_000);
    assert_eq!(result.average_occupancy, Some(0.5));
    assert_eq!(result.heat[0][11], None);
    assert_eq!(result.peak, Some(Peak { at: Utc(at(13.0)), online: 2 }));
}

#[test]
fn a_seat_that_is_gone_keeps_its_hours_and_is_not_idle() {
    let result = run(
        (0.0, 4.0),
        &[session(9, 1.0, Some(2.0))],
        &minutes(0.0, 4.0, 1),
        &OpeningHours::default(),
    );
    assert_eq!(result.seats.len(), 3);
    assert_eq!(result.seats[2].seat, "PC-9");
    assert_eq!(result.idle, ["PC-1", "PC-2"]);
}

#[test]
fn nothing_at_all_is_no_trouble() {
    let result = run((0.0, 0.0), &[], &[], &OpeningHours::default());
    assert_eq!((result.average_occupancy, result.peak), (None, None));
    assert!(result.heat.iter().flatten().all(Option::is_none));
}
