//! Sessions: where they begin and end, and what must never end one.

use std::time::Duration;

use proptest::prelude::*;

use super::world::{World, config};
use crate::config::{Config, OccupancyMode};
use crate::event::{Event, Session, SessionChange, SessionEnd};
use crate::monitor::{Input, SendFault};
use crate::view::Stay;

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

fn ended(w: &World) -> Vec<Session> {
    w.sessions().into_iter().filter(|s| s.end.is_some()).collect()
}

fn told(w: &World, change: SessionChange) -> usize {
    let is = |e: &Event| matches!(e, Event::Session { change: c, .. } if *c == change);
    w.events.iter().filter(|(_, e)| is(e)).count()
}

fn short_stays(w: &World) -> Vec<(String, f64)> {
    w.events
        .iter()
        .filter_map(|(_, e)| match e {
            Event::ShortStay { seat, start, end, .. } => {
                Some((seat.clone(), w.at_seconds(*end) - w.at_seconds(*start)))
            }
            _ => None,
        })
        .collect()
}

fn groups(w: &World) -> Vec<Vec<String>> {
    w.events
        .iter()
        .filter_map(|(_, e)| match e {
            Event::SeatGroupLost { seats, .. } => Some(seats.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_session_starts_at_the_first_moment_seen_and_ends_at_the_last() {
    let mut w = World::healthy(3);
    w.kill("pc1");
    w.run(600.0);
    let on = w.seconds();
    w.revive("pc1");
    w.run(170.0);
    assert!(!w.sessions().iter().any(|s| s.seat == "PC-1" && s.end.is_none()), "not held yet");
    w.run(1000.0);
    let off = w.seconds();
    w.kill("pc1");
    w.run(170.0);
    assert!(w.sessions().iter().any(|s| s.seat == "PC-1" && s.end.is_none()), "not ended yet");
    w.run(30.0);
    let all = w.sessions();
    let session = all.iter().rfind(|s| s.seat == "PC-1").expect("there is one");
    assert!(near(w.at_seconds(session.start), on, 1.0));
    assert!(near(w.at_seconds(session.end.unwrap()), off, 1.0));
    assert!(near(session.duration_ms.unwrap() as f64 / 1000.0, off - on, 2.0));
    assert_eq!(session.end_reason, Some(SessionEnd::Left));
}

#[test]
fn a_shorter_stay_is_counted_and_is_no_session() {
    let mut w = World::healthy(3);
    w.kill("pc1");
    w.run(400.0);
    w.revive("pc1");
    w.run(100.0);
    w.kill("pc1");
    w.run(400.0);
    assert!(!w.sessions().iter().any(|s| s.seat == "PC-1"));
    let brief = short_stays(&w);
    // The first one is the 30 seconds before it was switched off for the first time.
    assert_eq!(brief.len(), 2, "{brief:?}");
    assert!(near(brief[1].1, 100.0, 2.0), "{brief:?}");
}

#[test]
fn t2_seats_that_vanish_before_the_router_is_declared_down_keep_their_sessions() {
    for cycles in [1.0, 2.0] {
        for late in [0.0, 100.0, 170.0] {
            let mut w = World::busy(5);
            for n in 1..=5 {
                w.kill(&format!("pc{n}"));
            }
            w.run(cycles);
            w.kill("router");
            w.run(900.0);
            w.revive("router");
            w.run(late);
            for n in 1..=5 {
                w.revive(&format!("pc{n}"));
            }
            w.run(900.0);
            assert!(ended(&w).is_empty(), "{cycles} cycles, {late} s late: {:#?}", ended(&w));
            assert_eq!(w.sessions().len(), 5, "and none was begun anew");
        }
    }
}

#[test]
fn an_outage_of_any_kind_ends_no_session() {
    type Act = fn(&mut World);
    let faults: [(&str, Act, Act); 5] = [
        ("router", |w| w.kill("router"), |w| w.revive("router")),
        ("switch", |w| w.switch = false, |w| w.switch = true),
        ("cable", World::pull_cable, World::plug_cable),
        ("permission", |w| w.fault = Some(SendFault::NoPermission), |w| w.fault = None),
        ("route", |w| w.fault = Some(SendFault::NoRoute), |w| w.fault = None),
    ];
    for (name, break_it, mend_it) in faults {
        let mut w = World::busy(5);
        break_it(&mut w);
        w.run(1800.0);
        mend_it(&mut w);
        w.run(600.0);
        assert!(ended(&w).is_empty(), "{name}: {:#?}", ended(&w));
    }
}

#[test]
fn who_left_during_an_outage_is_found_gone_after_it_and_dated_back() {
    let mut w = World::busy(5);
    w.kill("router");
    w.run(300.0);
    let off = w.seconds();
    w.kill("pc2");
    w.run(600.0);
    let back = w.seconds();
    w.revive("router");
    w.run(170.0);
    assert!(ended(&w).is_empty(), "a whole window after the thaw");
    w.run(30.0);
    let all = ended(&w);
    assert_eq!(all.len(), 1);
    assert!(near(w.at_seconds(all[0].end.unwrap()), off, 1.0), "{off} {back}");
}

#[test]
fn half_the_seats_falling_together_are_held_for_ten_minutes() {
    for (away, held) in [(300.0, true), (900.0, false)] {
        let mut w = World::busy(8);
        let off = w.seconds();
        for n in 1..=4 {
            w.kill(&format!("pc{n}"));
        }
        w.run(away);
        let noted = groups(&w);
        assert_eq!(noted.len(), 1, "noted once");
        assert_eq!(noted[0].len(), 4, "{noted:?}");
        for n in 1..=4 {
            w.revive(&format!("pc{n}"));
        }
        w.run(400.0);
        if held {
            assert!(ended(&w).is_empty());
        } else {
            let all = ended(&w);
            assert_eq!(all.len(), 4);
            assert!(all.iter().all(|s| near(w.at_seconds(s.end.unwrap()), off, 1.0)));
        }
    }
}

#[test]
fn people_who_leave_one_after_the_other_are_no_group() {
    let mut w = World::busy(8);
    for n in 1..=6 {
        w.kill(&format!("pc{n}"));
        w.run(4.0);
    }
    w.run(300.0);
    assert!(groups(&w).is_empty());
    assert_eq!(ended(&w).len(), 6);
}

#[test]
fn a_session_survives_a_restart_with_its_true_start_and_the_gap_noted() {
    let mut w = World::busy(3);
    let before = w.sessions();
    w.restart_after(300.0);
    w.run(30.0);
    let after = w.sessions();
    assert_eq!(after.len(), 3);
    for (b, a) in before.iter().zip(&after) {
        assert_eq!((b.id, b.start), (a.id, a.start));
        assert_eq!(a.gaps.len(), 1);
        assert!(near((a.gaps[0].to.0 - a.gaps[0].from.0) as f64 / 1000.0, 300.0, 2.0));
    }
    assert_eq!(told(&w, SessionChange::Resumed), 3);
}

#[test]
fn who_left_before_a_crash_ends_at_the_last_moment_seen() {
    let mut w = World::busy(3);
    let off = w.seconds();
    w.kill("pc1");
    w.run(60.0);
    w.restart_after(20.0);
    w.run(170.0);
    assert!(ended(&w).is_empty(), "a whole window after the restart");
    w.run(30.0);
    let all = ended(&w);
    assert_eq!(all.len(), 1);
    assert!(near(w.at_seconds(all[0].end.unwrap()), off, 1.0));
}

#[test]
fn an_arrival_is_not_forgotten_by_a_short_restart() {
    let mut w = World::healthy(1);
    w.kill("pc1");
    w.run(400.0);
    let on = w.seconds();
    w.revive("pc1");
    w.run(100.0);
    w.restart_after(10.0);
    w.run(90.0);
    let all = w.sessions();
    assert_eq!(all.len(), 1);
    assert!(near(w.at_seconds(all[0].start), on, 1.0));
}

#[test]
fn a_sleep_of_minutes_goes_on_and_one_of_a_night_does_not() {
    for (hours, ids) in [(1.0, 2), (9.0, 4)] {
        let mut w = World::busy(2);
        let asleep = Duration::from_secs_f64(hours * 3600.0);
        w.us += (hours * 3.6e9) as i64;
        w.input(Input::Woke { asleep });
        w.run(240.0);
        assert_eq!(w.sessions().len(), ids, "after {hours} hours");
        let unobserved =
            |s: &Session| s.end_reason.is_none() || s.end_reason == Some(SessionEnd::Unobserved);
        assert!(w.sessions().iter().all(unobserved));
    }
}

fn seats(names: &[(&str, &str)]) -> Config {
    let pcs: Vec<_> = names
        .iter()
        .map(|(name, address)| serde_json::json!({ "name": name, "address": address }))
        .collect();
    let document = serde_json::json!({
        "monitor_settings": { "interval_seconds": 1, "pc_count": 0, "pcs": pcs }
    });
    Config::from_value(&document).expect("it is valid")
}

#[test]
fn moving_renaming_and_reordering_seats_keeps_their_sessions() {
    let mut w = World::new(seats(&[("A", "10.0.0.1"), ("B", "10.0.0.2"), ("C", "10.0.0.3")]));
    w.run(240.0);
    assert_eq!(w.sessions().len(), 3);
    let new = seats(&[("Z", "10.0.0.9"), ("C", "10.0.0.3"), ("Boss", "10.0.0.1")]);
    w.input(Input::Config(Box::new(new)));
    w.run(240.0);
    let all = w.sessions();
    let open: Vec<_> = all.iter().filter(|s| s.end.is_none()).map(|s| &*s.address).collect();
    assert_eq!(open, ["10.0.0.1", "10.0.0.3", "10.0.0.9"]);
    let b = all.iter().find(|s| s.address == "10.0.0.2").unwrap();
    assert_eq!(b.end_reason, Some(SessionEnd::NoLongerWatched));
}

#[test]
fn switching_sessions_off_ends_them_and_on_again_begins_anew() {
    let mut w = World::busy(2);
    let mut off = w.monitor.config().clone();
    off.occupancy.mode = OccupancyMode::Timer;
    let on = w.monitor.config().clone();
    w.input(Input::Config(Box::new(off)));
    w.run(400.0);
    assert_eq!(ended(&w).len(), 2);
    assert_eq!(w.sessions().len(), 2);
    w.input(Input::Config(Box::new(on)));
    w.run(200.0);
    assert_eq!(w.sessions().len(), 4);
}

#[test]
fn the_hour_is_told_once_whatever_the_clock_does() {
    let mut w = World::busy(4);
    w.kill("pc1");
    let snapshots = |w: &World| {
        w.events.iter().filter(|(_, e)| matches!(e, Event::HourlySnapshot { .. })).count()
    };
    w.run(3600.0);
    assert_eq!(snapshots(&w), 1);
    let last = w.events.iter().rev().find_map(|(_, e)| match e {
        Event::HourlySnapshot { online, total, hour } => {
            Some((*online, *total, hour.0 % 3_600_000))
        }
        _ => None,
    });
    assert_eq!(last, Some((3, 4, 0)));
    w.wall_shift_ms = -3_500_000;
    w.run(7000.0);
    assert_eq!(snapshots(&w), 2, "set back and lived through again: not told twice");
    let mut quiet = w.monitor.config().clone();
    quiet.occupancy.hourly_snapshot = false;
    w.input(Input::Config(Box::new(quiet)));
    w.run(3600.0);
    assert_eq!(snapshots(&w), 2, "switched off while it runs");
}

#[test]
fn minutes_are_counted_except_while_frozen() {
    let mut w = World::busy(4);
    w.run(300.0);
    assert!(w.minutes.len() >= 5);
    assert!(w.minutes.iter().skip(1).all(|m| (m.online, m.peak, m.total) == (4, 4, 4)));
    let before = w.minutes.len();
    w.kill("router");
    w.run(600.0);
    assert!(w.minutes.len() <= before + 1, "nothing is counted blindly");
}

#[test]
fn t15_no_seats_at_all_are_no_trouble() {
    let mut w = World::new(config(0));
    w.run(4000.0);
    assert!(w.sessions().is_empty());
    assert_eq!(w.monitor.view(w.now()).seats_total, 0);
}

#[test]
fn a_seat_says_how_somebody_stays_there() {
    let mut w = World::healthy(1);
    let stay = |w: &World| w.monitor.view(w.now()).seats[0].stay;
    assert_eq!(stay(&w), Stay::Arriving);
    w.run(200.0);
    assert_eq!(stay(&w), Stay::Here);
    w.kill("pc1");
    w.run(20.0);
    assert_eq!(stay(&w), Stay::Leaving);
    w.run(200.0);
    assert_eq!(stay(&w), Stay::Away);
}

/// What may happen to a network while everybody keeps sitting at their PCs.
#[derive(Debug, Clone)]
enum Fault {
    Router(bool),
    Switch(bool),
    Cable(bool),
    Provider(bool),
    Refused(bool),
    Sleep(u16),
    Restart(u16),
    Jump(i64),
}

fn fault() -> impl Strategy<Value = (Fault, u16)> {
    let what = prop_oneof![
        any::<bool>().prop_map(Fault::Router),
        any::<bool>().prop_map(Fault::Switch),
        any::<bool>().prop_map(Fault::Cable),
        any::<bool>().prop_map(Fault::Provider),
        any::<bool>().prop_map(Fault::Refused),
        (1u16..3000).prop_map(Fault::Sleep),
        (1u16..600).prop_map(Fault::Restart),
        (-7_200_000i64..7_200_000).prop_map(Fault::Jump),
    ];
    (what, 1u16..600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// No outage, sleep, restart or clock ends the session of somebody who stays.
    #[test]
    fn whoever_stays_keeps_the_session(faults in prop::collection::vec(fault(), 1..20)) {
        let mut w = World::busy(4);
        for (fault, seconds) in faults {
            match fault {
                Fault::Router(true) => w.revive("router"),
                Fault::Router(false) => w.kill("router"),
                Fault::Switch(on) => w.switch = on,
                Fault::Cable(true) => w.plug_cable(),
                Fault::Cable(false) => w.pull_cable(),
                Fault::Provider(on) => w.provider = on,
                Fault::Refused(on) => w.fault = on.then_some(SendFault::NoSocket),
                Fault::Sleep(s) => {
                    w.us += i64::from(s) * 1_000_000;
                    w.input(Input::Woke { asleep: Duration::from_secs(u64::from(s)) });
                }
                Fault::Restart(s) => w.restart_after(f64::from(s)),
                Fault::Jump(ms) => w.wall_shift_ms = ms,
            }
            w.run(f64::from(seconds));
        }
        prop_assert!(ended(&w).is_empty(), "{:#?}", ended(&w));
        prop_assert_eq!(w.sessions().len(), 4);
    }
}
