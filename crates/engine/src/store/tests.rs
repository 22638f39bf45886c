mod notices;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use cafesentinel_domain::event::*;
use cafesentinel_domain::stats::summarize;
use tempfile::TempDir;

use super::*;

/// On the hour.
const T0: i64 = 1_767_225_600_000;
const DAYS: u32 = 400;

fn moment(ms: i64) -> Moment {
    Moment { tick: Tick(ms * 1_000_000), utc: Utc(T0 + ms) }
}

fn host() -> Host {
    Host::parse("192.168.1.1").unwrap()
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    (folder, path)
}

fn open(path: &Path) -> Store {
    let opened = Store::open(path, Utc(T0)).unwrap();
    assert_eq!(opened.set_aside, None);
    opened.store
}

fn incident(id: i64, start: i64, end: Option<i64>) -> Incident {
    Incident {
        id: IncidentId(id),
        cause: Cause::IspDown,
        kind: IncidentKind::Outage,
        start: Utc(T0 + start),
        end: end.map(|e| Utc(T0 + e)),
        duration_ms: end.map(|e| e - start),
        down_ms: end.map_or(0, |e| e - start),
        outages: 1,
        gaps: vec![],
        end_reason: end.map(|_| EndReason::Restored),
        held: false,
        uncertain: false,
        seats_at_start: 3,
        part_of: None,
    }
}

fn told(incident: &Incident, at: i64) -> (Stamped, Option<Tick>) {
    let change =
        if incident.end.is_some() { IncidentChange::Closed } else { IncidentChange::Opened };
    let start = Tick((incident.start.0 - T0) * 1_000_000);
    let event = Event::Incident { change, incident: incident.clone() };
    (Stamped { at: Utc(T0 + at), event }, Some(start))
}

fn link(from: LinkState, to: LinkState, at: i64) -> (Stamped, Option<Tick>) {
    let since = Utc(T0 + at);
    let event = Event::Link { target: Target::Router, from, to, reason: None, since };
    (Stamped { at: since, event }, Some(Tick(at * 1_000_000)))
}

fn session(id: i64, seat: &str, start: i64, end: Option<i64>) -> (Stamped, Option<Tick>) {
    let change = if end.is_some() { SessionChange::Ended } else { SessionChange::Started };
    let session = Session {
        id: SessionId(id),
        seat: seat.into(),
        address: format!("10.0.0.{id}"),
        mac: None,
        start: Utc(T0 + start),
        end: end.map(|ms| Utc(T0 + ms)),
        duration_ms: end.map(|ms| ms - start),
        gaps: Vec::new(),
        end_reason: end.map(|_| SessionEnd::Left),
    };
    let tick = end.is_none().then_some(Tick(start * 1_000_000));
    (Stamped { at: Utc(T0 + start), event: Event::Session { change, session } }, tick)
}

#[test]
fn sessions_and_what_is_remembered_of_seats_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let address = |n: u8| IpAddr::from([10, 0, 0, n]);
    {
        let mut store = Store::open(&path, Utc(T0)).unwrap().store;
        let events = [
            session(1, "PC-1", 1000, None),
            session(2, "PC-2", 2000, None),
            session(1, "PC-1", 1000, Some(9000)),
        ];
        let memories = [
            (address(2), Some(Memory::Leaving(moment(7000)))),
            (address(3), Some(Memory::Arriving(moment(8000)))),
            (address(4), Some(Memory::Arriving(moment(8000)))),
            (address(4), None),
            (address(5), Some(Memory::Held(moment(6000)))),
        ];
        store.append(&Batch { events: &events, memories: &memories, ..batch(10_000) }).unwrap();
    }
    let store = Store::open(&path, Utc(T0)).unwrap().store;
    // The wall clock was put forward by an hour meanwhile: ticks of the same boot are exact.
    let now = Moment { tick: Tick(20_000 * 1_000_000), utc: Utc(T0 + 3_620_000) };
    let stays = store.restored(&[], now, "boot-1").unwrap().stays;
    assert_eq!(stays.next_session, 3);
    let open: Vec<_> = stays.open.iter().map(|(s, start)| (s.id.0, start.tick)).collect();
    assert_eq!(open, [(2, Tick(2000 * 1_000_000))]);
    let kept: Vec<_> = stays
        .memories
        .iter()
        .map(|(a, memory)| match memory {
            Memory::Arriving(at) => (*a, "arriving", at.tick),
            Memory::Leaving(at) => (*a, "leaving", at.tick),
            Memory::Held(at) => (*a, "held", at.tick),
        })
        .collect();
    let at = |ms: i64| Tick(ms * 1_000_000);
    let expected = [
        (address(2), "leaving", at(7000)),
        (address(3), "arriving", at(8000)),
        (address(5), "held", at(6000)),
    ];
    assert_eq!(kept, expected);
    let reader = store.reader().unwrap();
    let whole = reader.sessions_within(SessionFilter::default(), 100).unwrap();
    assert_eq!(whole.iter().map(|s| s.id.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(whole[0].end, Some(Utc(T0 + 9000)));
}

#[test]
fn a_history_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    {
        let mut old = Connection::open(&path).unwrap();
        schema::migrate_to(&mut old, 1).unwrap();
        old.execute("INSERT INTO numbers (name, next) VALUES ('incident', 42)", []).unwrap();
    }
    let store = Store::open(&path, Utc(T0)).unwrap().store;
    let restored = store.restored(&[], moment(0), "boot-1").unwrap();
    assert_eq!((restored.next_incident, restored.stays.next_session), (42, 1));
}

fn batch(now: i64) -> Batch<'static> {
    Batch {
        events: &[],
        samples: &[],
        state_times: &[],
        seen: &[],
        seat_minutes: &[],
        memories: &[],
        told: &[],
        marks: &[],
        dead: &[],
        now: moment(now),
        boot_id: "boot-1",
    }
}

/// A probe each two seconds; every seventh is lost.
fn samples(from: i64, to: i64) -> Vec<Sample> {
    (from..to)
        .step_by(2000)
        .enumerate()
        .map(|(n, ms)| Sample {
            target: Target::Router,
            at: Utc(T0 + ms),
            rtt: (n % 7 != 3).then(|| Duration::from_micros(500 + (n as u64 * 37) % 900)),
        })
        .collect()
}

fn verdicts(samples: &[Sample]) -> Vec<Option<f64>> {
    samples.iter().map(|s| s.rtt.map(|r| r.as_micros() as f64 / 1000.0)).collect()
}

#[test]
fn what_was_appended_is_there_after_a_death_without_closing() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let events = [
        link(LinkState::Up, LinkState::Suspect, 1000),
        link(LinkState::Suspect, LinkState::Down, 1000),
        told(&incident(4, 1000, None), 11_000),
    ];
    let seen = [(Target::Router, host())];
    let rows =
        store.append(&Batch { events: &events, seen: &seen, ..batch(11_000) }).unwrap().events;
    assert_eq!(rows, [1, 2], "a single lost probe is not kept");
    store.note_alive(moment(20_000), "boot-1").unwrap();
    // As kill -9: nothing is closed, the journal stays as it is.
    std::mem::forget(store);

    let store = open(&path);
    let same = store.restored(&seen, moment(60_000), "boot-1").unwrap();
    assert_eq!(same.seen, seen);
    assert_eq!(same.down, [(Target::Router, moment(1000))]);
    assert_eq!(same.open, [(incident(4, 1000, None), moment(1000))]);
    assert_eq!((same.next_incident, same.last_alive), (5, Some(moment(20_000))));

    // After a reboot only the wall clock tells: 59 s ago.
    let now = Moment { tick: Tick(7_000_000_000), utc: Utc(T0 + 60_000) };
    let other = store.restored(&seen, now, "boot-2").unwrap();
    assert_eq!(other.open[0].1.tick, Tick(-52_000_000_000));
    let moved = [(Target::Router, Host::parse("10.0.0.1").unwrap())];
    let moved = store.restored(&moved, now, "boot-2").unwrap();
    assert!(moved.seen.is_empty() && moved.down.is_empty(), "another address was never seen");
}

#[test]
fn closed_incidents_are_recent_for_half_an_hour_and_links_that_return_are_not_down() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let seen = [(Target::Router, host())];
    let events = [
        told(&incident(1, 0, Some(9000)), 9000),
        told(&incident(2, 1_000_000, Some(1_009_000)), 1_009_000),
        link(LinkState::Suspect, LinkState::Down, 1000),
        link(LinkState::Down, LinkState::Up, 9000),
    ];
    store.append(&Batch { events: &events, seen: &seen, ..batch(1_009_000) }).unwrap();
    let restored = store.restored(&seen, moment(1_900_000), "boot-1").unwrap();
    assert_eq!(restored.recent.len(), 1);
    assert_eq!(restored.recent[0].0.id, IncidentId(2));
    assert!(restored.down.is_empty() && restored.open.is_empty());
}

#[test]
fn an_unstable_incident_that_runs_comes_back_with_its_parts() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let mut whole = incident(7, 0, None);
    whole.kind = IncidentKind::Unstable;
    let part = |id, start, end| {
        let mut part = incident(id, start, end);
        part.part_of = Some(whole.id);
        told(&part, start)
    };
    let events = [
        told(&whole, 0),
        part(5, 0, Some(9000)),
        part(8, 50_000, None),
        told(&incident(3, 0, Some(9000)), 0),
    ];
    store.append(&Batch { events: &events, ..batch(60_000) }).unwrap();
    let restored = store.restored(&[], moment(61_000), "boot-1").unwrap();
    let mut open: Vec<i64> = restored.open.iter().map(|(i, _)| i.id.0).collect();
    open.sort_unstable();
    assert_eq!(open, [5, 7, 8]);
    let recent: Vec<i64> = restored.recent.iter().map(|(i, _)| i.id.0).collect();
    assert_eq!(recent, [3], "a part is none of its own");
}

#[test]
fn a_damaged_history_is_set_aside_and_a_new_one_begun() {
    let (folder, path) = place();
    let mut store = open(&path);
    store.append(&Batch { samples: &samples(0, 600_000), ..batch(0) }).unwrap();
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let opened = Store::open(&path, Utc(T0)).unwrap();
    let aside = opened.set_aside.unwrap();
    assert!(aside.exists() && aside.starts_with(folder.path()));
    assert!(aside.file_name().unwrap().to_str().unwrap().starts_with("history-damaged-20"));
    let mut store = opened.store;
    store.append(&Batch { events: &[told(&incident(1, 0, None), 0)], ..batch(0) }).unwrap();
    std::fs::write(folder.path().join("other.db"), "not a database at all".repeat(90)).unwrap();
    let other = Store::open(&folder.path().join("other.db"), Utc(T0)).unwrap();
    assert!(other.set_aside.is_some());
}

#[test]
fn a_history_of_a_newer_version_is_an_error_and_is_left_alone() {
    let (_folder, path) = place();
    drop(open(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    let answer = Store::open(&path, Utc(T0));
    assert!(matches!(answer, Err(StoreError::Newer { found: 99, known: schema::NEWEST })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_full_disk_refuses_the_batch_and_keeps_what_is_there() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let first = [told(&incident(1, 0, None), 0)];
    store.append(&Batch { events: &first, ..batch(0) }).unwrap();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    store
        .connection
        .pragma_update_and_check(None, "max_page_count", pages + 1, |_| Ok(()))
        .unwrap();
    let many = samples(0, 6_000_000);
    let second = [told(&incident(2, 0, None), 0)];
    let answer = store.append(&Batch { events: &second, samples: &many, ..batch(1) });
    assert!(matches!(answer, Err(StoreError::Full)), "{answer:?}");
    let reader = store.reader().unwrap();
    assert_eq!(reader.incidents(&IncidentFilter::default()).unwrap(), [incident(1, 0, None)]);
    store.connection.pragma_update_and_check(None, "max_page_count", 100_000, |_| Ok(())).unwrap();
    assert_eq!(store.append(&Batch { events: &second, ..batch(2) }).unwrap().events, [2]);
}

#[test]
fn minutes_and_hours_are_exact_also_before_they_are_rolled_and_after_late_verdicts() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let all = samples(0, HOUR_MS);
    let (late, early) = all.split_last().unwrap();
    let states: Vec<StateTime> = (1..=60)
        .map(|m| StateTime {
            target: Target::Router,
            at: Utc(T0 + m * MINUTE_MS),
            up_ms: 50_000,
            down_ms: 10_000,
            unknown_ms: 0,
        })
        .collect();
    store.append(&Batch { samples: early, state_times: &states, ..batch(0) }).unwrap();
    store.maintain(Utc(T0 + HOUR_MS + MINUTE_MS), DAYS).unwrap();
    store.append(&Batch { samples: &[*late], ..batch(0) }).unwrap();
    let reader = store.reader().unwrap();
    let (from, to) = (Utc(T0), Utc(T0 + HOUR_MS));
    let rows = |r| reader.link_statistics(Target::Router, from, to, r).unwrap();
    for _ in 0..3 {
        let hours = rows(Resolution::Hour);
        assert_eq!(hours.len(), 1);
        assert_eq!(hours[0].summary, summarize(&verdicts(&all)));
        assert_eq!((hours[0].up_ms, hours[0].down_ms), (3_000_000, 600_000));
        let minutes = rows(Resolution::Minute);
        assert_eq!(minutes.len(), 60);
        assert_eq!(minutes[7].summary, summarize(&verdicts(&all[210..240])));
        assert_eq!(rows(Resolution::Raw).len(), all.len());
        let totals = reader.totals(Target::Router, from, Utc(T0 + 2 * HOUR_MS)).unwrap();
        assert_eq!((totals.sent, totals.up_ms), (1800, 3_000_000));
        assert_eq!(totals.unobserved_ms, HOUR_MS);
        store.maintain(Utc(T0 + HOUR_MS + 2 * MINUTE_MS), DAYS).unwrap();
    }
}

#[test]
fn what_is_too_old_goes_and_nothing_goes_before_it_was_added_up() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let all = samples(0, HOUR_MS);
    let events = [told(&incident(1, 0, Some(9000)), 9000), told(&incident(2, 0, None), 0)];
    store.append(&Batch { events: &events, samples: &all, ..batch(0) }).unwrap();
    let reader = store.reader().unwrap();
    let count = |r| {
        let all = reader.link_statistics(Target::Router, Utc(T0), Utc(T0 + HOUR_MS), r).unwrap();
        (all.len(), all.first().map(|row| row.summary))
    };
    // The program was away for 40 days.
    for _ in 0..2 {
        store.maintain(Utc(T0 + 40 * DAY_MS), DAYS).unwrap();
    }
    assert_eq!((count(Resolution::Raw).0, count(Resolution::Minute).0), (0, 0));
    assert_eq!(count(Resolution::Hour), (1, Some(summarize(&verdicts(&all)))));
    assert_eq!(reader.events_after(0, 10).unwrap().len(), 2);
    store.maintain(Utc(T0 + 401 * DAY_MS), DAYS).unwrap();
    assert_eq!(count(Resolution::Hour).0, 0);
    assert!(reader.events_after(0, 10).unwrap().is_empty());
    assert_eq!(reader.last_event_id().unwrap(), 2, "numbers are not given out again");
    let left = reader.incidents(&IncidentFilter::default()).unwrap();
    assert_eq!(left, [incident(2, 0, None)], "a running one is never forgotten");
}

#[test]
fn incidents_are_filtered_and_paged() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let part = Incident { part_of: Some(IncidentId(3)), ..incident(2, 20_000, Some(30_000)) };
    let all = [incident(1, 0, Some(10_000)), part, incident(3, 20_000, None)];
    let events: Vec<_> = all.iter().map(|i| told(i, 0)).collect();
    store.append(&Batch { events: &events, ..batch(0) }).unwrap();
    let reader = store.reader().unwrap();
    let ids = |filter: IncidentFilter| -> Vec<i64> {
        reader.incidents(&filter).unwrap().iter().map(|i| i.id.0).collect()
    };
    let any = IncidentFilter::default();
    assert_eq!(ids(any), [3, 1]);
    assert_eq!(ids(IncidentFilter { include_parts: true, limit: Some(2), ..any }), [3, 2]);
    assert_eq!(ids(IncidentFilter { before_id: Some(IncidentId(3)), ..any }), [1]);
    assert_eq!(ids(IncidentFilter { open: Some(true), ..any }), [3]);
    assert_eq!(ids(IncidentFilter { from: Some(Utc(T0 + 15_000)), ..any }), [3]);
    assert_eq!(ids(IncidentFilter { to: Some(Utc(T0 + 15_000)), ..any }), [1]);
    assert!(ids(IncidentFilter { cause: Some(Cause::LanDown), ..any }).is_empty());
    assert_eq!(reader.incident(IncidentId(2)).unwrap().unwrap().id, IncidentId(2));
    assert_eq!(reader.events_after(1, 1).unwrap()[0].0, 2);
}
