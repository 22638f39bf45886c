//! ARP: PCs behind a firewall, the budget of broadcasts, and routers that drop ping.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::world::{World, config};
use crate::config::{Config, Presence};
use crate::event::{Cause, LinkState, Target, Warning};
use crate::monitor::{ArpFault, Input};

fn cafe(presence: Presence, firewalled: &[&str]) -> World {
    let mut config = config(6);
    config.monitor.presence = presence;
    let mut w = World::new(config).with_arp();
    w.firewalled = firewalled.iter().map(|n| (*n).to_owned()).collect();
    w.run(30.0);
    w
}

fn seat(w: &World, n: usize) -> crate::view::SeatView {
    w.monitor.view(w.now()).seats[n - 1].clone()
}

#[test]
fn a_pc_behind_a_firewall_is_online_and_marked() {
    let mut w = cafe(Presence::Auto, &["pc2", "pc5"]);
    for n in 1..=6 {
        assert_eq!(seat(&w, n).state, LinkState::Up, "PC-{n}");
        assert_eq!(seat(&w, n).firewalled, n == 2 || n == 5, "PC-{n}");
        assert!(seat(&w, n).mac.is_some(), "PC-{n}");
    }
    w.run(200.0);
    assert_eq!(w.sessions().len(), 6);
    w.kill("pc2");
    w.kill("pc3");
    w.run(10.0);
    assert_eq!(seat(&w, 2).state, LinkState::Down);
    assert_eq!(seat(&w, 3).state, LinkState::Down);
    assert!(!seat(&w, 2).firewalled);
    w.firewalled.remove("pc5");
    w.run(5.0);
    assert!(!seat(&w, 5).firewalled, "its firewall was opened");
}

#[test]
fn without_arp_or_by_choice_ping_alone_decides() {
    let mut w = cafe(Presence::Icmp, &["pc2"]);
    assert_eq!(seat(&w, 2).state, LinkState::Down);
    let about_seats = w.arp_asked.len();
    w.run(60.0);
    assert_eq!(w.arp_asked.len(), about_seats, "nobody is asked by ARP");
    let mut w = cafe(Presence::Auto, &["pc2"]);
    w.input(Input::ArpAvailable(None));
    w.run(10.0);
    assert_eq!(seat(&w, 2).state, LinkState::Down);
}

#[test]
fn with_arp_alone_nobody_is_pinged_but_the_targets() {
    let mut w = cafe(Presence::Arp, &["pc2"]);
    assert!((1..=6).all(|n| seat(&w, n).state == LinkState::Up));
    let probes = w.probes;
    w.run(20.0);
    assert!(w.probes - probes <= 3 * 21, "{} probes", w.probes - probes);
    w.kill("pc1");
    w.run(10.0);
    assert_eq!(seat(&w, 1).state, LinkState::Down);
    w.input(Input::ArpAvailable(None));
    w.run(5.0);
    assert_eq!(seat(&w, 2).state, LinkState::Unknown, "it cannot be asked any more");
}

#[test]
fn a_seat_that_is_not_on_the_link_is_judged_by_ping() {
    let mut w = cafe(Presence::Auto, &["pc2"]);
    let address = Ipv4Addr::new(192, 168, 1, 111);
    assert_eq!(seat(&w, 2).address, address.to_string());
    for _ in 0..10 {
        w.run(0.2);
        w.input(Input::ArpRefused { address, fault: ArpFault::OffLink });
    }
    w.run(10.0);
    assert_eq!(seat(&w, 2).state, LinkState::Down);
}

#[test]
fn seats_that_are_not_on_the_link_cost_no_budget_and_wait_for_nobody() {
    let mut w = World::new(many(1000));
    w.off_link = true;
    let mut w = w.with_arp();
    w.run(30.0);
    assert_eq!(w.monitor.view(w.now()).seats_online, 1000);
    for i in 0..500 {
        w.kill(&format!("pc{}", i * 2 + 1));
    }
    w.run(5.0);
    assert_eq!(w.monitor.view(w.now()).seats_online, 500);
    assert!(w.arp_asked.is_empty());
}

#[test]
fn a_busy_system_is_asked_again_and_decides_nothing() {
    let mut w = cafe(Presence::Auto, &["pc2"]);
    for _ in 0..200 {
        let address = Ipv4Addr::new(192, 168, 1, 111);
        w.input(Input::ArpRefused { address, fault: ArpFault::Busy });
        w.run(0.05);
    }
    assert_eq!(seat(&w, 2).state, LinkState::Up);
}

fn many(count: usize) -> Config {
    let pcs: Vec<_> = (0..count)
        .map(|i| {
            serde_json::json!({
                "name": format!("S{i}"), "address": format!("10.1.{}.{}", i / 250, i % 250 + 1)
            })
        })
        .collect();
    let document = serde_json::json!({
        "monitor_settings": { "interval_seconds": 2, "pc_count": 0, "pcs": pcs }
    });
    Config::from_value(&document).expect("it is valid")
}

#[test]
fn broadcasts_stay_within_the_budget_and_nobody_starves() {
    let mut w = World::new(many(1000)).with_arp();
    // Half of them are switched off, a quarter is behind a firewall.
    for i in 0..500 {
        w.kill(&format!("pc{}", i * 2 + 1));
    }
    w.firewalled = (0..250).map(|i| format!("pc{}", i * 4 + 2)).collect();
    w.run(90.0);
    let mut per_second: BTreeMap<i64, usize> = BTreeMap::new();
    for (at, _) in &w.arp_asked {
        *per_second.entry(at.floor() as i64).or_default() += 1;
    }
    // Router and server are plainly up; a window may straddle five slices.
    assert!(per_second.values().all(|n| *n <= 80), "{per_second:?}");
    let average = w.arp_asked.len() as f64 / 90.0;
    assert!((50.0..=64.5).contains(&average), "{average} a second");
    let view = w.monitor.view(w.now());
    assert_eq!(view.seats_online, 500);
    assert_eq!(view.seats.iter().filter(|s| s.firewalled).count(), 250);
    // A PC that is switched off is found out although hundreds of others are asked.
    w.kill("pc2");
    w.run(20.0);
    assert_eq!(w.monitor.view(w.now()).seats[1].state, LinkState::Down);
    // And one that is switched on behind its firewall.
    w.revive("pc1");
    w.firewalled.insert("pc1".into());
    w.run(60.0);
    assert_eq!(w.monitor.view(w.now()).seats[0].state, LinkState::Up);
}

#[test]
fn a_router_that_answers_arp_and_drops_ping_is_up_even_when_the_provider_fails() {
    let mut w = cafe(Presence::Auto, &["router"]);
    w.run(30.0);
    assert_eq!(w.state(Target::Router), LinkState::Up);
    assert_eq!(w.show(Target::Router).warning, Some(Warning::NoPingReply));
    w.provider = false;
    w.run(40.0);
    assert_eq!(w.causes(), [Cause::IspDown], "not the router's fault");
    assert_eq!(w.state(Target::Router), LinkState::Up);
    w.provider = true;
    w.run(30.0);
    w.kill("router");
    w.run(40.0);
    assert_eq!(w.causes(), [Cause::IspDown, Cause::RouterDown]);
}

#[test]
fn a_router_that_begins_to_drop_ping_is_not_down() {
    let mut w = cafe(Presence::Auto, &[]);
    w.provider = false;
    w.run(30.0);
    w.firewalled.insert("router".into());
    w.run(60.0);
    assert_eq!(w.causes(), [Cause::IspDown]);
    assert_eq!(w.show(Target::Router).warning, Some(Warning::NoPingReply));
}

#[test]
fn a_server_behind_a_firewall_is_up_and_its_fall_is_told() {
    let mut w = cafe(Presence::Auto, &["server"]);
    assert_eq!(w.state(Target::Server), LinkState::Up);
    assert_eq!(w.show(Target::Server).warning, Some(Warning::NoPingReply));
    w.run(60.0);
    assert!(w.incidents().is_empty());
    w.kill("server");
    w.run(40.0);
    assert_eq!(w.causes(), [Cause::ServerDown]);
    w.revive("server");
    w.run(40.0);
    assert!(w.incidents()[0].end.is_some());
}

#[test]
fn a_late_answer_by_arp_is_no_answer_to_a_later_question() {
    let mut w = cafe(Presence::Auto, &[]);
    w.kill("pc4");
    w.run(10.0);
    assert_eq!(seat(&w, 4).state, LinkState::Down);
    // Nobody asks for this address at the moment: an unsolicited answer is not life.
    let idle = Ipv4Addr::new(192, 168, 1, 200);
    w.input(Input::ArpReply { address: idle, mac: crate::config::Mac([2, 0, 0, 0, 0, 9]) });
    w.run(Duration::from_secs(3).as_secs_f64());
    assert_eq!(seat(&w, 4).state, LinkState::Down);
}

#[test]
fn a_router_that_comes_back_without_answering_ping_ends_its_incident() {
    for presence in [Presence::Icmp, Presence::Auto] {
        let mut w = cafe(presence, &[]);
        w.kill("router");
        w.run(30.0);
        assert_eq!(w.causes(), [Cause::RouterDown]);
        w.firewalled.insert("router".into());
        w.revive("router");
        w.run(30.0);
        let end = w.incidents()[0].end;
        assert!(end.is_some(), "{presence:?}");
    }
}
