use std::sync::mpsc;

use cafesentinel_domain::event::{Cause, Gap, Incident, IncidentId, IncidentKind};
use cafesentinel_domain::time::Utc;

use super::*;
use crate::store::Reader;

const AT: Utc = Utc(1_767_225_600_000);

fn incident() -> Incident {
    Incident {
        id: IncidentId(1),
        cause: Cause::IspDown,
        kind: IncidentKind::Outage,
        start: Utc(AT.0 - 12_000),
        end: None,
        duration_ms: None,
        down_ms: 0,
        outages: 1,
        gaps: Vec::new(),
        end_reason: None,
        held: false,
        uncertain: false,
        seats_at_start: 7,
        part_of: None,
    }
}

fn opened() -> Stamped {
    let event = Event::Incident { change: IncidentChange::Opened, incident: incident() };
    Stamped { at: AT, event }
}

fn turn(events: Vec<Stamped>) -> Record {
    let now = Moment { tick: Tick(100_000_000_000), utc: AT };
    Record::Turn { turn: Turn { events, ..Turn::default() }, now }
}

fn recorder(folder: &std::path::Path, store: bool) -> Recorder {
    let store = store.then(|| Store::open(&folder.join("history.db"), AT).unwrap().store);
    Recorder {
        store,
        bus: Bus::default(),
        outbox: Outbox::closed(),
        faults: Faults::default(),
        csv: folder.join("incidents_log.csv"),
        config: watch::channel(Arc::new(Config::default())).1,
        clock: Clock::real(),
    }
}

#[test]
fn what_is_published_is_stored_already_and_has_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path(), true);
    let mut heard = recorder.bus.listen();
    let (records, queue) = mpsc::channel();
    records.send(turn(vec![opened()])).unwrap();
    records.send(Record::Stop).unwrap();
    recorder.run(&queue);
    let published = heard.try_recv().unwrap();
    let reader = Reader::open(&folder.path().join("history.db")).unwrap();
    let stored = reader.events_after(published.id - 1, 10).unwrap();
    assert_eq!(stored, [(published.id, opened())]);
    assert!(heard.try_recv().is_err());
}

#[test]
fn an_incident_that_is_over_gets_its_line_in_the_csv() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path(), true);
    let (records, queue) = mpsc::channel();
    let over = Incident { end: Some(AT), duration_ms: Some(12_000), down_ms: 12_000, ..incident() };
    let event = Event::Incident { change: IncidentChange::Closed, incident: over };
    records.send(turn(vec![opened(), Stamped { at: AT, event }])).unwrap();
    records.send(Record::Stop).unwrap();
    recorder.run(&queue);
    let csv = std::fs::read_to_string(folder.path().join("incidents_log.csv")).unwrap();
    assert!(csv.lines().count() == 2 && csv.contains("0:00:12,ISP_DOWN"), "{csv}");
}

#[test]
fn without_a_history_monitoring_goes_on_and_nothing_piles_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = recorder(folder.path(), false);
    let mut pending = Pending::default();
    let mut now = Moment { tick: Tick(1), utc: AT };
    assert!(!pending.take(turn(vec![opened()]), &mut now));
    recorder.store_all(&mut pending, now, "boot").unwrap();
    assert!(pending.turn.is_empty());
}

#[test]
fn what_waits_for_a_full_disk_is_bounded_and_the_newest_is_kept() {
    let gap = |i: i64| Stamped {
        at: Utc(i),
        event: Event::Unobserved { gap: Gap { from: Utc(i), to: Utc(i) } },
    };
    let mut pending = Pending { told: EVENTS_MAX + 5, ..Pending::default() };
    pending.turn.events = (0..EVENTS_MAX as i64 + 5).map(gap).collect();
    pending.shorten();
    assert_eq!(
        (pending.turn.events.len(), pending.dropped, pending.told),
        (EVENTS_MAX, 5, EVENTS_MAX)
    );
    assert_eq!(pending.turn.events.last().unwrap().at, Utc(EVENTS_MAX as i64 + 4));
}

#[test]
fn only_beginnings_carry_an_exact_start() {
    let now = Moment { tick: Tick(100_000_000_000), utc: AT };
    assert_eq!(start_tick(&opened(), now), Some(Tick(88_000_000_000)));
    let event = Event::Incident { change: IncidentChange::Held, incident: incident() };
    assert_eq!(start_tick(&Stamped { at: AT, event }, now), None);
}
