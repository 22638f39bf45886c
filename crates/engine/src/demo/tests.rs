use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use cafesentinel_domain::event::{Cause, Event, IncidentChange, Stamped};
use cafesentinel_domain::monitor::{Monitor, Restored};
use cafesentinel_domain::time::{Moment, Tick};
use cafesentinel_domain::view::SiteView;
use tokio::sync::watch;

use super::*;
use crate::driver::{BeatReport, Driver, Wires};
use crate::recorder::Record;

const MIDNIGHT: Utc = Utc(1_767_225_600_000);

/// Lives `hours` of the café, without a clock.
fn live(hours: u64) -> (Vec<Stamped>, Arc<SiteView>, u32) {
    let mut now = Moment { tick: Tick(0), utc: begins(MIDNIGHT) };
    let monitor = Monitor::start(config(), Restored::nothing(), now);
    let (inputs, messages) = mpsc::channel();
    let (records, stored) = mpsc::channel();
    let (view, seen) = watch::channel(Arc::new(monitor.view(now)));
    let (beats, _) = watch::channel(BeatReport::default());
    let cafe = Cafe::open(MIDNIGHT, inputs);
    let (photographs, _) = crate::app::Photographs::open(crate::outbox::Pool::default());
    let wires = Wires { records, view, beats, photographs };
    let mut driver =
        Driver::new(monitor, Box::new(cafe), messages, wires, Clock::story(now.utc, PACE), now);
    let end = now.tick + Duration::from_secs(hours * 3600);
    let mut most = 0;
    let mut events = Vec::new();
    while now.tick < end {
        assert!(driver.turn(None, now).unwrap().is_continue());
        most = most.max(seen.borrow().seats_online);
        events.extend(stored.try_iter().flat_map(|record| match record {
            Record::Turn { turn, .. } => turn.events,
            Record::Tell(_) | Record::Marks(_) | Record::Dead(..) | Record::Stop => {
                panic!("nobody said so")
            }
        }));
        // Answers are heard at once: half a second is as good as an instant here.
        now = now.at(now.tick + Duration::from_millis(500));
    }
    let view = seen.borrow().clone();
    (events, view, most)
}

fn opened(events: &[Stamped], cause: Cause) -> usize {
    let is = |e: &&Stamped| {
        matches!(&e.event, Event::Incident { change: IncidentChange::Opened, incident }
            if incident.cause == cause)
    };
    events.iter().filter(is).count()
}

#[test]
fn a_day_has_every_kind_of_outage_and_an_evening_peak() {
    let (events, view, most) = live(24);
    assert_eq!(opened(&events, Cause::IspDown), 1);
    assert_eq!(opened(&events, Cause::RouterDown), 1);
    assert_eq!(opened(&events, Cause::LanDown), 1);
    assert_eq!(opened(&events, Cause::ServerDown), 2);
    assert!(events.iter().any(|e| matches!(e.event, Event::Jitter { .. })));
    assert!(events.iter().any(|e| matches!(e.event, Event::SeatGroupLost { .. })));
    assert!((17..=20).contains(&most), "{most} seats at the peak");
    assert!(view.incidents.is_empty(), "{:?}", view.incidents);
}

#[test]
fn it_is_the_same_story_every_time() {
    assert_eq!(live(9).0, live(9).0);
}

#[test]
fn the_demo_is_valid_and_tells_nobody() {
    let config = config();
    assert_eq!(config.monitor.interval, Duration::from_secs(10));
    assert!(!config.discord.enabled);
    assert_eq!(config.discord.shop_name, "Demo Café");
}
