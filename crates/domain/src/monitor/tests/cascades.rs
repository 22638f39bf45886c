//! Each rule of the cascade again, starting from another fault.

use super::world::World;
use crate::event::{Cause, EndReason, Event, IncidentChange, Target};
use crate::view::Explanation;

#[test]
fn router_falls_during_a_provider_outage() {
    let mut w = World::healthy(5);
    w.provider = false;
    w.run(30.0);
    w.kill("router");
    w.run(30.0);
    assert_eq!(w.causes(), vec![Cause::IspDown, Cause::RouterDown]);
    assert!(w.incidents()[0].held, "the provider's incident is held");
    w.revive("router");
    w.run(30.0);
    let all = w.incidents();
    assert!(all[0].end.is_none() && !all[0].held, "and goes on");
    assert!(all[1].end.is_some());
    w.provider = true;
    w.run(20.0);
    let all = w.incidents();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].end_reason, Some(EndReason::Restored));
    assert_eq!(all[0].gaps.len(), 1, "what lay behind the router was not observed");
}

#[test]
fn provider_returns_while_its_incident_is_held() {
    let mut w = World::healthy(5);
    w.provider = false;
    w.run(30.0);
    w.kill("router");
    w.run(30.0);
    w.provider = true;
    w.revive("router");
    w.run(20.0);
    assert!(w.incidents().iter().all(|i| i.end.is_some()));
    assert_eq!(w.causes(), vec![Cause::IspDown, Cause::RouterDown]);
}

#[test]
fn cable_pulled_during_a_provider_outage() {
    let mut w = World::healthy(5);
    w.provider = false;
    w.run(30.0);
    w.pull_cable();
    w.run(30.0);
    assert_eq!(w.causes(), vec![Cause::IspDown, Cause::LanDown]);
    assert!(w.incidents()[0].held);
    w.plug_cable();
    w.run(30.0);
    let all = w.incidents();
    assert!(all[0].end.is_none() && all[1].end.is_some(), "{all:#?}");
    w.provider = true;
    w.run(20.0);
    assert_eq!(w.incidents().len(), 2);
}

#[test]
fn cable_pulled_during_a_router_outage() {
    let mut w = World::healthy(5);
    w.kill("router");
    w.run(30.0);
    w.pull_cable();
    let pulled = w.seconds();
    w.run(30.0);
    assert_eq!(w.causes(), vec![Cause::RouterDown, Cause::LanDown]);
    assert!((w.start_of(&w.incidents()[1]) - pulled).abs() < 1.5, "the fall is its own");
    w.plug_cable();
    w.run(20.0);
    let all = w.incidents();
    assert!(all[0].end.is_none() && !all[0].held && all[1].end.is_some());
    w.revive("router");
    w.run(20.0);
    assert_eq!(w.incidents().len(), 2);
    assert!(w.incidents().iter().all(|i| i.end.is_some()));
}

#[test]
fn switch_dies_during_a_server_outage() {
    let mut w = World::healthy(5);
    w.kill("server");
    w.run(30.0);
    w.switch = false;
    w.run(30.0);
    assert_eq!(w.causes(), vec![Cause::ServerDown, Cause::LanDown]);
    assert!(w.incidents()[0].held);
    w.switch = true;
    w.run(30.0);
    let all = w.incidents();
    assert!(all[0].end.is_none() && !all[0].held && all[1].end.is_some());
}

#[test]
fn server_falls_beside_a_dead_router_only_while_seats_answer() {
    let mut w = World::healthy(5);
    w.kill("router");
    w.run(30.0);
    w.kill("server");
    w.run(30.0);
    assert_eq!(w.causes(), vec![Cause::RouterDown, Cause::ServerDown]);

    let mut together = World::healthy(5);
    together.kill("router");
    together.kill("server");
    together.run(30.0);
    let mut causes = together.causes();
    causes.sort();
    assert_eq!(causes, vec![Cause::RouterDown, Cause::ServerDown]);

    let mut night = World::healthy(0);
    night.kill("router");
    night.kill("server");
    night.run(60.0);
    assert!(night.only(Cause::RouterDown).uncertain, "one witness cannot tell");
    night.revive("router");
    night.run(30.0);
    assert_eq!(night.causes(), vec![Cause::RouterDown, Cause::ServerDown]);
}

#[test]
fn provider_falls_during_a_server_outage() {
    let mut w = World::healthy(5);
    w.kill("server");
    w.run(30.0);
    w.provider = false;
    w.run(30.0);
    assert_eq!(w.causes(), vec![Cause::ServerDown, Cause::IspDown]);
    w.revive("server");
    w.provider = true;
    w.run(20.0);
    assert!(w.incidents().iter().all(|i| i.end.is_some()));
}

#[test]
fn router_still_dead_when_the_switch_returns() {
    let mut w = World::healthy(5);
    w.switch = false;
    w.run(30.0);
    w.kill("router");
    w.switch = true;
    let back = w.seconds();
    w.run(30.0);
    let all = w.incidents();
    assert_eq!(w.causes(), vec![Cause::LanDown, Cause::RouterDown]);
    assert!((w.start_of(&all[1]) - back).abs() < 2.0, "from the return of the network on");
    assert_eq!(w.show(Target::Internet).explained_by, Some(Explanation::Router));
}

#[test]
fn provider_dead_when_the_cable_is_plugged_again_has_its_grace() {
    for (delay, expected) in [(60.0, 1), (150.0, 2)] {
        let mut w = World::healthy(5);
        w.pull_cable();
        w.run(30.0);
        w.provider = false;
        w.plug_cable();
        w.run(delay);
        w.provider = true;
        w.run(30.0);
        assert_eq!(w.incidents().len(), expected, "{:?}", w.causes());
    }
}

#[test]
fn cable_that_flaps_is_one_lan_incident() {
    let mut w = World::healthy(5);
    for _ in 0..4 {
        w.pull_cable();
        w.run(12.0);
        w.plug_cable();
        w.run(3.0);
    }
    w.run(150.0);
    w.only(Cause::LanDown);
    assert_eq!(w.told(IncidentChange::Closed, Cause::LanDown), 1);
}

#[test]
fn cable_pulled_while_the_router_has_just_come_back() {
    let mut w = World::healthy(5);
    w.kill("router");
    w.run(20.0);
    w.revive("router");
    w.run(2.0);
    w.pull_cable();
    w.run(30.0);
    w.plug_cable();
    w.run(150.0);
    assert_eq!(w.causes(), vec![Cause::RouterDown, Cause::LanDown]);
    assert!(w.incidents().iter().all(|i| i.end.is_some()));
}

#[test]
fn router_pulled_while_the_primary_alone_is_silent() {
    let mut w = World::healthy(5);
    w.kill("primary");
    w.run(30.0);
    w.kill("router");
    w.run(30.0);
    w.only(Cause::RouterDown);
    w.revive("router");
    w.run(30.0);
    assert!(w.only(Cause::RouterDown).end.is_some());
}

#[test]
fn nothing_is_told_of_jitter_behind_another_fault() {
    let mut w = World::healthy(5);
    w.kill("router");
    w.run(30.0);
    let before = w.jitters();
    w.revive("router");
    w.run(30.0);
    let new: Vec<_> = w.events.iter().filter(|(_, e)| matches!(e, Event::Jitter { .. })).collect();
    assert_eq!(new.len(), before, "{new:?}");
}
