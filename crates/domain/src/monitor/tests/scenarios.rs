//! One fault at a time, starting from health.

use std::time::Duration;

use super::world::{World, config};
use crate::config::Host;
use crate::event::{
    Cause, EndReason, Event, IncidentChange, IncidentKind, LinkState, Reason, Target, Warning,
};
use crate::headline::HeadlineCode;
use crate::monitor::{Input, SendFault};
use crate::view::Explanation;

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

#[test]
fn router_pulled_for_15_seconds_is_one_incident_with_true_start_and_duration() {
    let mut w = World::healthy(5);
    let pulled = w.seconds();
    w.kill("router");
    w.run(8.0);
    assert_eq!(w.state(Target::Router), LinkState::Down);
    assert_eq!(w.show(Target::Internet).explained_by, Some(Explanation::Router));
    assert!(w.incidents().is_empty(), "not yet an incident");
    w.run(7.0);
    assert_eq!(w.monitor.view(w.now()).headline.code, HeadlineCode::RouterDown);
    w.revive("router");
    w.run(30.0);
    let incident = w.only(Cause::RouterDown);
    assert!(near(w.start_of(&incident), pulled, 1.0));
    assert!(near(incident.duration_ms.unwrap() as f64 / 1000.0, 15.0, 1.0));
    assert_eq!(incident.end_reason, Some(EndReason::Restored));
    assert!(!incident.uncertain, "five seats and the server are witnesses");
    assert_eq!(w.monitor.view(w.now()).headline.code, HeadlineCode::AllWell);
}

#[test]
fn a_provider_outage_needs_both_addresses_silent() {
    let mut w = World::healthy(5);
    w.kill("primary");
    w.run(60.0);
    assert!(w.incidents().is_empty());
    assert_eq!(w.state(Target::Internet), LinkState::Up);
    assert_eq!(w.show(Target::Internet).warning, Some(Warning::PrimarySilent));
    let both = w.seconds();
    w.kill("secondary");
    w.run(20.0);
    assert!(near(w.start_of(&w.only(Cause::IspDown)), both, 1.5), "starts when both are silent");
    w.revive("secondary");
    w.run(20.0);
    let incident = w.only(Cause::IspDown);
    assert!(incident.end.is_some(), "either one restores it");
    w.revive("primary");
    w.run(5.0);
    assert_eq!(w.show(Target::Internet).warning, None);
}

#[test]
fn a_blip_of_two_seconds_is_a_jitter_line_and_no_incident() {
    for target in ["router", "server"] {
        let mut w = World::healthy(5);
        w.kill(target);
        w.run(2.0);
        w.revive(target);
        w.run(30.0);
        assert!(w.incidents().is_empty());
        assert!(w.jitters() >= 1, "{target}");
    }
}

#[test]
fn one_lost_probe_is_told_to_nobody() {
    let mut w = World::healthy(5);
    w.run(0.5);
    w.kill("server");
    w.run(1.0);
    w.revive("server");
    w.run(30.0);
    assert!(w.incidents().is_empty());
    assert_eq!(w.jitters(), 0);
}

#[test]
fn a_pulled_cable_or_a_dead_switch_is_one_lan_incident() {
    let mut cable = World::healthy(5);
    cable.pull_cable();
    let mut switch = World::healthy(5);
    switch.switch = false;
    let mut alone = World::healthy(0);
    alone.pull_cable();
    for mut w in [cable, switch, alone] {
        let start = w.seconds();
        w.run(30.0);
        assert_eq!(w.monitor.view(w.now()).headline.code, HeadlineCode::LanDown);
        for target in Target::ALL {
            assert_eq!(w.show(target).explained_by, Some(Explanation::Lan));
        }
        w.switch = true;
        w.plug_cable();
        w.run(150.0);
        let incident = w.only(Cause::LanDown);
        assert!(near(w.start_of(&incident), start, 1.0));
        assert!(near(incident.duration_ms.unwrap() as f64 / 1000.0, 30.0, 1.5));
    }
}

#[test]
fn a_refusing_system_is_the_local_network_and_not_three_outages() {
    let mut w = World::healthy(5);
    w.fault = Some(SendFault::NoRoute);
    w.run(30.0);
    assert!(w.only(Cause::LanDown).end.is_none());
    w.fault = None;
    w.run(30.0);
    assert!(near(w.only(Cause::LanDown).duration_ms.unwrap() as f64 / 1000.0, 30.0, 1.5));
}

#[test]
fn t8_a_socket_error_is_unknown_and_not_down() {
    for (fault, reason) in
        [(SendFault::NoPermission, Reason::NoPermission), (SendFault::NoSocket, Reason::NoSocket)]
    {
        let mut w = World::healthy(5);
        w.fault = Some(fault);
        w.run(60.0);
        for target in Target::ALL {
            assert_eq!(w.state(target), LinkState::Unknown);
            assert_eq!(w.show(target).reason, Some(reason));
        }
        assert!(w.incidents().is_empty());
        let told = w.events.iter().filter(
            |(_, e)| matches!(e, Event::Link { to: LinkState::Unknown, reason: r, .. } if *r == Some(reason)),
        );
        assert_eq!(told.count(), 3, "once per change");
        w.fault = None;
        w.run(5.0);
        assert_eq!(w.state(Target::Router), LinkState::Up);
    }
    let mut w = World::healthy(5);
    w.fault = Some(SendFault::Busy);
    w.run(30.0);
    assert_eq!(w.state(Target::Router), LinkState::Up, "a full queue is no silence");
}

#[test]
fn t8_a_failing_host_name_touches_only_its_own_target() {
    let mut c = config(5);
    c.targets.server = Host::parse("files.cafe.lan");
    let mut w = World::new(c);
    w.input(Input::Resolved { name: "files.cafe.lan".into(), address: None });
    w.run(60.0);
    assert_eq!(w.show(Target::Server).reason, Some(Reason::Unresolved));
    assert_eq!(w.state(Target::Router), LinkState::Up);
    assert_eq!(w.state(Target::Internet), LinkState::Up);
    assert!(w.incidents().is_empty());
}

#[test]
fn an_unresolved_primary_leaves_the_decision_to_the_secondary() {
    let mut c = config(5);
    c.targets.internet = Host::parse("ping.example").expect("a name");
    let mut w = World::new(c);
    w.input(Input::Resolved { name: "ping.example".into(), address: None });
    w.run(30.0);
    assert_eq!(w.state(Target::Internet), LinkState::Up);
    w.provider = false;
    w.run(30.0);
    w.only(Cause::IspDown);
}

#[test]
fn a_server_that_never_answered_raises_no_alarm() {
    let mut w = World::new(config(5));
    w.kill("server");
    w.run(120.0);
    assert_eq!(w.show(Target::Server).reason, Some(Reason::NeverSeen));
    assert!(w.incidents().is_empty());
    assert_eq!(w.jitters(), 0);
    w.revive("server");
    w.run(5.0);
    w.kill("server");
    w.run(30.0);
    w.only(Cause::ServerDown);
}

#[test]
fn a_server_alone_is_a_server_incident() {
    let mut w = World::healthy(5);
    w.kill("server");
    w.run(20.0);
    w.revive("server");
    w.run(20.0);
    assert!(w.only(Cause::ServerDown).end.is_some());
}

#[test]
fn a_router_that_drops_ping_is_up_with_a_warning() {
    let mut later = World::healthy(5);
    later.mute.insert("router".into());
    later.run(60.0);
    let mut never = World::new(config(5));
    never.mute.insert("router".into());
    never.run(60.0);
    for w in [&later, &never] {
        assert_eq!(w.state(Target::Router), LinkState::Up);
        assert_eq!(w.show(Target::Router).warning, Some(Warning::NoPingReply));
        assert!(w.incidents().is_empty());
    }
    // One that never answered ping says nothing by its silence: the provider is blamed.
    never.provider = false;
    never.run(30.0);
    never.only(Cause::IspDown);
    later.mute.clear();
    later.run(5.0);
    assert_eq!(later.show(Target::Router).warning, None);
}

#[test]
fn the_provider_has_two_minutes_to_dial_after_the_router_is_back() {
    for (delay, causes) in
        [(60.0, vec![Cause::RouterDown]), (150.0, vec![Cause::RouterDown, Cause::IspDown])]
    {
        let mut w = World::healthy(5);
        w.kill("router");
        w.run(20.0);
        w.provider = false;
        w.revive("router");
        let back = w.seconds();
        w.run(delay);
        w.provider = true;
        w.run(60.0);
        assert_eq!(w.causes(), causes, "provider back after {delay} s");
        if let Some(isp) = w.incidents().iter().find(|i| i.cause == Cause::IspDown) {
            assert!(near(w.start_of(isp), back, 1.5), "from the router's return on");
            assert!(near(isp.duration_ms.unwrap() as f64 / 1000.0, delay, 2.0));
        }
    }
}

#[test]
fn short_flapping_is_jitter_and_longer_flapping_is_one_incident() {
    let mut w = World::healthy(5);
    for _ in 0..10 {
        w.kill("router");
        w.run(3.0);
        w.revive("router");
        w.run(3.0);
    }
    w.run(30.0);
    assert!(w.incidents().is_empty());
    assert_eq!(w.jitters(), 10);

    let mut w = World::healthy(5);
    for _ in 0..5 {
        w.provider = false;
        w.run(12.0);
        w.provider = true;
        w.run(3.0);
    }
    w.run(30.0);
    let incident = w.only(Cause::IspDown);
    assert!(near(incident.duration_ms.unwrap() as f64 / 1000.0, 72.0, 2.0));
    assert_eq!(w.told(IncidentChange::Closed, Cause::IspDown), 1);
}

#[test]
fn three_incidents_in_half_an_hour_are_one_unstable_told_once() {
    let mut w = World::healthy(5);
    for _ in 0..6 {
        w.provider = false;
        w.run(20.0);
        w.provider = true;
        w.run(60.0);
    }
    let incident = w.only(Cause::IspDown);
    assert_eq!(incident.kind, IncidentKind::Unstable);
    assert_eq!(incident.outages, 6);
    assert!(incident.end.is_none());
    w.run(9.5 * 60.0);
    let incident = w.only(Cause::IspDown);
    assert!(incident.end.is_some(), "closed after ten quiet minutes");
    assert!(near(incident.down_ms as f64 / 1000.0, 120.0, 8.0));
    assert_eq!(w.told(IncidentChange::Opened, Cause::IspDown), 3, "two outages, then unstable");
}

#[test]
fn a_crash_within_an_outage_leaves_one_incident_with_its_true_start() {
    for (before, after) in [(5.0, 30.0), (20.0, 20.0)] {
        let mut w = World::healthy(5);
        let pulled = w.seconds();
        w.kill("router");
        w.run(before);
        let mut second = World::at(config(5), w.restored(), w.us + 4_000_000);
        second
            .events
            .extend(w.events.iter().filter(|(_, e)| matches!(e, Event::Incident { .. })).cloned());
        second.kill("router");
        second.run(after);
        assert_eq!(second.state(Target::Router), LinkState::Down);
        second.revive("router");
        second.run(20.0);
        let incident = second.only(Cause::RouterDown);
        assert!(near(second.start_of(&incident), pulled, 1.0));
        let lasted = before + 4.0 + after;
        assert!(near(incident.duration_ms.unwrap() as f64 / 1000.0, lasted, 1.5));
        assert_eq!(incident.gaps.len(), 1, "the crash is marked unobserved");
    }
}

#[test]
fn an_outage_that_ended_while_nobody_looked_ends_at_the_first_answer() {
    let mut w = World::healthy(5);
    w.kill("router");
    w.run(20.0);
    let mut second = World::at(config(5), w.restored(), w.us + 60_000_000);
    second
        .events
        .extend(w.events.iter().filter(|(_, e)| matches!(e, Event::Incident { .. })).cloned());
    let started = second.seconds();
    second.run(20.0);
    let incident = second.only(Cause::RouterDown);
    assert!(near(
        second.start_of(&incident) + incident.duration_ms.unwrap() as f64 / 1000.0,
        started,
        1.5
    ));
    assert_eq!(incident.gaps.len(), 1);
}

#[test]
fn t11_a_wall_clock_that_jumps_an_hour_changes_no_duration() {
    for jump in [3_600_000, -3_600_000] {
        let mut w = World::healthy(5);
        w.kill("server");
        w.run(15.0);
        w.wall_shift_ms = jump;
        w.run(15.0);
        w.revive("server");
        w.run(20.0);
        let incident = w.only(Cause::ServerDown);
        assert!(near(incident.duration_ms.unwrap() as f64 / 1000.0, 30.0, 1.0));
    }
}

#[test]
fn sleep_is_unobserved_and_opens_nothing() {
    let mut w = World::healthy(5);
    w.us += 3_600_000_000;
    w.input(Input::Woke { asleep: Duration::from_secs(3600) });
    w.run(30.0);
    assert!(w.incidents().is_empty());
    assert_eq!(w.state(Target::Router), LinkState::Up);
}

#[test]
fn a_target_changed_within_its_incident_is_no_longer_watched() {
    let mut w = World::healthy(5);
    w.kill("server");
    w.run(20.0);
    let mut c = config(5);
    c.targets.server = None;
    w.input(Input::Config(Box::new(c)));
    w.run(20.0);
    let incident = w.only(Cause::ServerDown);
    assert_eq!(incident.end_reason, Some(EndReason::NoLongerWatched));
    assert_eq!(w.show(Target::Server).reason, Some(Reason::NotWatched));
}

#[test]
fn an_unrelated_change_keeps_a_running_outage_and_the_beat() {
    let mut w = World::healthy(5);
    let start = w.seconds();
    w.kill("router");
    w.run(5.0);
    let mut c = config(4);
    c.monitor.interval = Duration::from_secs(2);
    w.input(Input::Config(Box::new(c)));
    w.run(20.0);
    assert!(near(w.start_of(&w.only(Cause::RouterDown)), start, 1.0));
}

#[test]
fn many_seats_lost_at_once_are_a_suspected_switch() {
    let mut w = World::healthy(8);
    for pc in ["pc1", "pc2", "pc3", "pc4"] {
        w.kill(pc);
    }
    w.run(30.0);
    let groups: Vec<_> = w
        .events
        .iter()
        .filter_map(|(_, e)| match e {
            Event::SeatGroupLost { seats, online_before, .. } => {
                Some((seats.len(), *online_before))
            }
            _ => None,
        })
        .collect();
    assert_eq!(groups, vec![(4, 8)]);
    assert!(w.incidents().is_empty());
    w.kill("pc5");
    w.run(30.0);
    let again = w.events.iter().filter(|(_, e)| matches!(e, Event::SeatGroupLost { .. }));
    assert_eq!(again.count(), 1, "one seat is no group");
}
