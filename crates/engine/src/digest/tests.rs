use cafesentinel_domain::event::{
    Cause, Event, IncidentChange, IncidentId, IncidentKind, Session, SessionChange, SessionId,
    Stamped,
};
use cafesentinel_domain::monitor::SeatMinute;
use cafesentinel_domain::notify::Told;
use cafesentinel_domain::time::{Moment, Tick};
use serde_json::json;

use super::*;
use crate::store::{Batch, Store};

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn madrid() -> TimeZone {
    TimeZone::get("Europe/Madrid").unwrap()
}

fn config(hours: serde_json::Value) -> Config {
    let document = json!({
        "monitor_settings": { "pc_count": 3 },
        "occupancy_settings": { "opening_hours": hours },
        "discord_settings": {
            "enabled": true,
            "webhook_occupancy": "https://discord.com/api/webhooks/1/token",
        },
    });
    Config::from_value(&document).unwrap()
}

fn day(hours: serde_json::Value, now: &str) -> Option<(String, String)> {
    let hours = config(hours).occupancy.opening_hours;
    let span = last_day(&hours, Utc(at(now)), &madrid())?;
    let print = |ms| Timestamp::from_millisecond(ms).unwrap().to_string();
    Some((print(span.0), print(span.1)))
}

#[track_caller]
fn is(found: Option<(String, String)>, from: &str, to: &str) {
    assert_eq!(found, Some((from.to_owned(), to.to_owned())));
}

#[test]
fn the_day_of_a_cafe_that_never_closes_ends_at_six() {
    // Winter in Madrid is an hour ahead of UTC.
    is(day(json!({}), "2026-01-15T05:00:00Z"), "2026-01-14T05:00:00Z", "2026-01-15T05:00:00Z");
    is(day(json!({}), "2026-01-15T04:59:59Z"), "2026-01-13T05:00:00Z", "2026-01-14T05:00:00Z");
    // The night in which the clocks are put forward has 23 hours.
    is(day(json!({}), "2026-03-29T12:00:00Z"), "2026-03-28T05:00:00Z", "2026-03-29T04:00:00Z");
    let whole = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        .map(|day| (day.to_owned(), json!(["00:00", "24:00"])));
    let whole = serde_json::Value::Object(whole.into_iter().collect());
    is(day(whole, "2026-01-15T12:00:00Z"), "2026-01-14T05:00:00Z", "2026-01-15T05:00:00Z");
}

#[test]
fn a_day_ends_at_closing_time_also_after_midnight() {
    // 2026-01-12 is a Monday.
    let hours = json!({ "monday": ["10:00", "02:00"], "thursday": ["09:00", "12:00"] });
    let monday = ("2026-01-12T09:00:00Z", "2026-01-13T01:00:00Z");
    is(day(hours.clone(), "2026-01-13T01:00:00Z"), monday.0, monday.1);
    is(day(hours.clone(), "2026-01-15T10:00:00Z"), monday.0, monday.1);
    is(day(hours, "2026-01-15T11:00:00Z"), "2026-01-15T08:00:00Z", "2026-01-15T11:00:00Z");
}

/// A store with two Mondays: seat 1 used for four hours, seat 2 for one.
fn store(folder: &std::path::Path) -> Store {
    let mut store = Store::open(&folder.join("history.db"), Utc(0)).unwrap().store;
    let mut events = Vec::new();
    let mut minutes = Vec::new();
    for (week, opens) in ["2026-01-05T09:00:00Z", "2026-01-12T09:00:00Z"].into_iter().enumerate() {
        let (opens, week) = (at(opens), i64::try_from(week).unwrap());
        let session = |id: i64, seat: u8, hours: f64| {
            let end = opens + (hours * HOUR_MS as f64) as i64;
            Event::Session {
                change: SessionChange::Ended,
                session: Session {
                    id: SessionId(10 * week + id),
                    seat: format!("PC-{seat}"),
                    address: format!("192.168.1.{}", 109 + seat),
                    mac: None,
                    start: Utc(opens),
                    end: Some(Utc(end)),
                    duration_ms: Some(end - opens),
                    gaps: Vec::new(),
                    end_reason: None,
                },
            }
        };
        events.push(session(1, 1, 4.0));
        events.push(session(2, 2, 1.0 + week as f64));
        for minute in 0..600 {
            let (online, total) = (2, 3);
            let ms = opens + minute * 60_000;
            minutes.push(SeatMinute { at: Utc(ms), online, peak: online, total });
        }
    }
    let start = at("2026-01-12T12:00:00Z");
    let incident = Incident {
        id: IncidentId(1),
        cause: Cause::IspDown,
        kind: IncidentKind::Outage,
        start: Utc(start),
        end: Some(Utc(start + 120_000)),
        duration_ms: Some(120_000),
        down_ms: 120_000,
        outages: 1,
        gaps: Vec::new(),
        end_reason: None,
        held: false,
        uncertain: false,
        seats_at_start: 2,
        part_of: None,
    };
    events.push(Event::Incident { change: IncidentChange::Closed, incident });
    let events: Vec<_> =
        events.into_iter().map(|event| (Stamped { at: Utc(0), event }, None)).collect();
    append(&mut store, &events, &minutes, &[]);
    store
}

fn append(
    store: &mut Store,
    events: &[(Stamped, Option<Tick>)],
    seat_minutes: &[SeatMinute],
    told: &[Told],
) {
    let batch = Batch {
        events,
        samples: &[],
        state_times: &[],
        seen: &[],
        seat_minutes,
        memories: &[],
        told,
        marks: &[],
        dead: &[],
        now: Moment { tick: Tick(0), utc: Utc(0) },
        boot_id: "a test",
    };
    store.append(&batch).unwrap();
}

#[test]
fn a_day_is_told_once_with_the_same_weekday_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let reader = store.reader().unwrap();
    let config = config(json!({ "monday": ["10:00", "20:00"] }));
    let ask = |now: &str| due(&reader, &config, Utc(at(now)), &madrid()).unwrap();
    assert_eq!(ask("2026-01-12T18:59:00Z"), None, "still open");
    assert_eq!(ask("2026-01-12T19:01:00Z"), None, "the last minute is not stored yet");
    assert_eq!(ask("2026-01-13T08:00:00Z"), None, "no news any more");
    let told = ask("2026-01-12T19:02:00Z").unwrap();
    let Notice::Digest { day, before, seats, from, .. } = &told else { panic!("{told:?}") };
    assert_eq!(from.0, at("2026-01-12T09:00:00Z"));
    assert_eq!(seats, &[("PC-1".to_owned(), 4.0), ("PC-2".to_owned(), 2.0)]);
    assert_eq!((day.peak, day.hours, day.sessions), (2, 6.0, 2));
    assert_eq!((day.outages, day.outage_seconds), (1, 120));
    assert_eq!(day.average, Some(6.0 / 30.0));
    let before = before.as_ref().unwrap();
    assert_eq!((before.hours, before.outages), (5.0, 0));
    let outgoing = Outgoing { channel: Channel::Occupancy, at: Utc(0), notice: told.clone() };
    append(&mut store, &[], &[], &[Told::Notice(outgoing)]);
    assert_eq!(ask("2026-01-12T19:05:00Z"), None, "told already");
}

#[test]
fn a_day_that_nobody_observed_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let reader = store(folder.path()).reader().unwrap();
    let config = config(json!({ "friday": ["10:00", "20:00"] }));
    let now = Utc(at("2026-01-16T19:05:00Z"));
    assert_eq!(due(&reader, &config, now, &madrid()).unwrap(), None);
    let mut off = config;
    assert!(wanted(&off));
    off.discord.daily_digest = false;
    assert!(!wanted(&off));
}
