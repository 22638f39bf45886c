//! What stays itself: an unstable incident and a held session over a crash, a seat over a
//! change of its address.

use super::world::{World, config};
use crate::config::{Config, Host};
use crate::event::{Cause, EndReason, IncidentChange, IncidentKind, Session};
use crate::monitor::Input;

fn stutter(w: &mut World, times: usize) {
    for _ in 0..times {
        w.provider = false;
        w.run(20.0);
        w.provider = true;
        w.run(60.0);
    }
}

fn ended(w: &World) -> Vec<Session> {
    w.sessions().into_iter().filter(|s| s.end.is_some()).collect()
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

#[test]
fn a_crash_between_the_outages_of_an_unstable_incident_adds_no_downtime() {
    let mut w = World::healthy(5);
    stutter(&mut w, 4);
    let last_up = w.seconds() - 60.0;
    w.restart_after(120.0);
    w.run(30.0);
    let incident = w.only(Cause::IspDown);
    assert!(incident.end.is_none(), "ten minutes were not quiet yet");
    assert_eq!(w.told(IncidentChange::Opened, Cause::IspDown), 3, "nothing is told anew");
    // What nobody observed was not quiet: it takes two minutes longer.
    w.run(480.0);
    assert!(w.only(Cause::IspDown).end.is_none());
    w.run(100.0);
    let incident = w.only(Cause::IspDown);
    assert!(near(w.at_seconds(incident.end.unwrap()), last_up, 2.0), "ends with its last outage");
    assert!(near(incident.down_ms as f64 / 1000.0, 80.0, 6.0), "{incident:#?}");
    assert_eq!((incident.outages, incident.gaps.len()), (4, 1));
}

#[test]
fn an_outage_after_the_crash_is_counted_into_the_unstable_incident_that_runs() {
    let mut w = World::healthy(5);
    stutter(&mut w, 4);
    w.restart_after(10.0);
    w.run(20.0);
    stutter(&mut w, 1);
    // And one that the crash falls into.
    w.provider = false;
    w.run(20.0);
    w.restart_after(5.0);
    w.run(20.0);
    w.provider = true;
    w.run(660.0);
    let incident = w.only(Cause::IspDown);
    assert_eq!((incident.kind, incident.outages), (IncidentKind::Unstable, 6));
    assert!(incident.end.is_some());
    assert!(near(incident.down_ms as f64 / 1000.0, 5.0 * 20.0 + 45.0, 8.0), "{incident:#?}");
}

#[test]
fn seats_that_fell_together_are_held_over_a_crash_too() {
    for (away, over) in [(300.0, 0), (900.0, 4)] {
        let mut w = World::busy(8);
        for n in 1..=4 {
            w.kill(&format!("pc{n}"));
        }
        let off = w.seconds();
        w.run(30.0);
        w.restart_after(5.0);
        w.run(away - 35.0);
        for n in 1..=4 {
            w.revive(&format!("pc{n}"));
        }
        w.run(300.0);
        let all = ended(&w);
        assert_eq!(all.len(), over, "after {away} s: {all:#?}");
        assert!(all.iter().all(|s| near(w.at_seconds(s.end.unwrap()), off, 1.5)), "{all:#?}");
    }
}

#[test]
fn an_incident_of_a_target_that_was_changed_while_nobody_looked_is_no_longer_watched() {
    for other in [None, Some(Host::Address([192, 168, 1, 201].into()))] {
        let mut w = World::healthy(5);
        w.kill("server");
        w.run(30.0);
        let died = w.seconds();
        let mut config = w.monitor.config().clone();
        config.targets.server = other;
        w.restart_with(config, 20.0);
        w.run(30.0);
        let incident = w.only(Cause::ServerDown);
        assert_eq!(incident.end_reason, Some(EndReason::NoLongerWatched));
        assert!(near(w.at_seconds(incident.end.unwrap()), died, 1.0), "not longer than we know");
    }
}

fn seats(of: &[(&str, &str, Option<&str>)]) -> Config {
    let pcs: Vec<_> = of
        .iter()
        .map(|(name, address, mac)| match mac {
            Some(mac) => serde_json::json!({ "name": name, "address": address, "mac": mac }),
            None => serde_json::json!({ "name": name, "address": address }),
        })
        .collect();
    let document = serde_json::json!({
        "monitor_settings": { "interval_seconds": 1, "pc_count": 0, "pcs": pcs }
    });
    Config::from_value(&document).expect("it is valid")
}

const ONE: Option<&str> = Some("02:00:00:00:00:01");
const TWO: Option<&str> = Some("02:00:00:00:00:02");

#[test]
fn a_seat_is_its_mac_whoever_takes_over_its_address_and_whoever_is_named_first() {
    let mut w = World::new(seats(&[("A", "10.0.0.1", ONE), ("B", "10.0.0.2", TWO)]));
    w.run(240.0);
    // A moved to .3; .1 was given to a new PC, which is named before it.
    let moved = [("New", "10.0.0.1", None), ("B", "10.0.0.2", TWO), ("A", "10.0.0.3", ONE)];
    w.input(Input::Config(Box::new(seats(&moved))));
    w.run(240.0);
    assert!(ended(&w).is_empty(), "{:#?}", ended(&w));
    let view = w.monitor.view(w.now());
    let number = |name: &str| {
        let of = view.seats.iter().find(|s| s.name == name).and_then(|s| s.session);
        of.expect("somebody is there").0
    };
    assert_eq!((number("A"), number("B"), number("New")), (1, 2, 3));

    // Two that exchange their addresses stay who they are, and a new MAC is a new seat.
    let swapped = [("A", "10.0.0.2", ONE), ("B", "10.0.0.3", TWO), ("New", "10.0.0.1", None)];
    w.input(Input::Config(Box::new(seats(&swapped))));
    w.run(10.0);
    assert!(ended(&w).is_empty());
    let replaced = [("A", "10.0.0.2", Some("02:00:00:00:00:09")), ("B", "10.0.0.3", TWO)];
    w.input(Input::Config(Box::new(seats(&replaced))));
    w.run(10.0);
    let gone: Vec<i64> = ended(&w).iter().map(|s| s.id.0).collect();
    assert_eq!(gone, [1, 3]);
}

#[test]
fn who_is_leaving_while_its_address_changes_is_remembered_under_the_new_one() {
    let mut w = World::new(seats(&[("A", "10.0.0.1", ONE), ("B", "10.0.0.2", TWO)]));
    w.run(240.0);
    w.kill("pc1");
    let off = w.seconds();
    w.run(60.0);
    w.input(Input::Config(Box::new(seats(&[("A", "10.0.0.7", ONE), ("B", "10.0.0.2", TWO)]))));
    w.run(20.0);
    w.restart_after(10.0);
    w.run(240.0);
    let all = ended(&w);
    assert_eq!(all.len(), 1);
    assert!(near(w.at_seconds(all[0].end.unwrap()), off, 1.0), "{all:#?}");
}

#[test]
fn a_quiet_cafe_without_seats_keeps_its_incident_over_two_crashes() {
    let mut w = World::new(config(0));
    w.run(30.0);
    w.kill("router");
    let off = w.seconds();
    w.run(20.0);
    w.restart_after(3.0);
    w.run(10.0);
    w.restart_after(3.0);
    w.run(10.0);
    w.revive("router");
    w.run(20.0);
    let incident = w.only(Cause::RouterDown);
    assert!(near(w.start_of(&incident), off, 1.0));
    assert!(near(incident.duration_ms.unwrap() as f64 / 1000.0, 46.0, 2.0));
    assert_eq!(incident.gaps.len(), 2);
}
