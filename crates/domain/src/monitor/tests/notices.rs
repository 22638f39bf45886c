//! What is told of a café's day, and what is pictured.

use std::time::Duration;

use super::world::{World, config};
use crate::config::{Config, Secret};
use crate::event::Cause;
use crate::monitor::Input;
use crate::notify::{Channel, Notice};

/// Discord and pictures switched on.
fn telling(seats: usize) -> Config {
    let mut config = config(seats);
    let url = |n: u8| Secret::new(&format!("https://discord.com/api/webhooks/{n}/token"));
    config.discord.enabled = true;
    config.discord.webhook_alerts = url(1);
    config.discord.webhook_occupancy = url(2);
    config.discord.webhook_screenshots = url(3);
    config
}

fn busy(seats: usize) -> World {
    let mut world = World::new(telling(seats)).with_arp();
    world.run(300.0);
    world
}

#[test]
fn an_outage_is_told_when_it_opens_and_when_it_is_over_with_a_picture() {
    let mut w = busy(4);
    w.provider = false;
    w.run(14.0);
    assert_eq!(w.codes(Channel::Alerts), ["outage_began"]);
    w.run(60.0);
    w.provider = true;
    w.run(10.0);
    assert_eq!(w.codes(Channel::Alerts), ["outage_began", "outage_over"]);
    let (_, last) = w.notices.last().unwrap().clone();
    let Notice::OutageOver { incident, active, picture } = last.notice else {
        panic!("{last:?}");
    };
    assert_eq!((incident.cause, active), (Cause::IspDown, 4));
    assert_eq!(w.captures.iter().map(|c| Some(c.id)).collect::<Vec<_>>(), [picture]);
    // The same picture goes to the screenshots, once it is there.
    assert!(w.codes(Channel::Screenshots).is_empty());
    let id = w.captures[0].id;
    w.input(Input::Captured { id, there: true });
    w.input(Input::Captured { id, there: true });
    assert_eq!(w.codes(Channel::Screenshots), ["evidence_picture"]);
}

#[test]
fn the_third_outage_is_told_as_unstable_once_and_the_others_are_counted_silently() {
    let mut w = busy(2);
    for _ in 0..5 {
        w.provider = false;
        w.run(20.0);
        w.provider = true;
        w.run(60.0);
    }
    let codes = w.codes(Channel::Alerts);
    assert_eq!(
        codes,
        ["outage_began", "outage_over", "outage_began", "outage_over", "outage_began"],
    );
    w.run(700.0);
    let told = w.codes(Channel::Alerts);
    assert_eq!(told.last(), Some(&"outage_over"));
    assert_eq!(told.len(), 6, "{told:?}");
}

#[test]
fn a_batch_names_everybody_and_waits_for_company() {
    let w = busy(20);
    let started: Vec<_> = w
        .notices
        .iter()
        .filter_map(|(at, n)| match &n.notice {
            Notice::SessionsStarted { seats, count } => Some((*at, seats.len(), *count)),
            _ => None,
        })
        .collect();
    assert_eq!(started.len(), 1, "{started:?}");
    assert_eq!((started[0].1, started[0].2), (20, 20));
    assert!(w.batch.is_empty());
}

#[test]
fn a_crash_while_the_batch_waits_loses_no_name() {
    let mut w = busy(6);
    for pc in ["pc1", "pc2", "pc3"] {
        w.kill(pc);
        w.run(5.0);
    }
    // Three minutes of absence, and the batch has begun to wait.
    w.run(172.0);
    assert!(!w.batch.is_empty(), "one at least waits");
    assert!(!w.codes(Channel::Occupancy).contains(&"sessions_ended"));
    w.restart_after(4.0);
    w.run(240.0);
    let mut names: Vec<String> = w
        .notices
        .iter()
        .filter_map(|(_, n)| match &n.notice {
            Notice::SessionsEnded { sessions, .. } => Some(sessions.clone()),
            _ => None,
        })
        .flatten()
        .map(|s| s.seat)
        .collect();
    names.sort();
    assert_eq!(names, ["PC-1", "PC-2", "PC-3"]);
}

#[test]
fn while_discord_is_off_nothing_is_queued_and_switching_on_brings_no_flood() {
    let mut off = telling(6);
    off.discord.enabled = false;
    let mut w = World::new(off.clone()).with_arp();
    w.run(300.0);
    w.provider = false;
    w.run(60.0);
    w.provider = true;
    w.run(30.0);
    assert!(w.notices.is_empty() && w.batch.is_empty() && w.captures.is_empty());
    off.discord.enabled = true;
    w.input(Input::Config(Box::new(off)));
    w.run(60.0);
    assert_eq!(w.codes(Channel::Alerts), ["config_changed"]);
    assert!(w.codes(Channel::Occupancy).is_empty());
}

#[test]
fn a_batch_that_waits_is_forgotten_when_its_channel_is_switched_off() {
    let mut w = busy(6);
    w.kill("pc1");
    w.run(190.0);
    assert_eq!(w.batch.len(), 1);
    let mut config = w.monitor.config().clone();
    config.discord.webhook_occupancy = Secret::default();
    w.input(Input::Config(Box::new(config)));
    w.run(2.0);
    assert!(w.batch.is_empty());
    w.run(60.0);
    assert!(!w.codes(Channel::Occupancy).contains(&"sessions_ended"));
}

#[test]
fn a_target_that_is_no_longer_watched_is_told_as_such_and_not_as_restored() {
    let mut w = busy(3);
    w.kill("server");
    w.run(20.0);
    let mut config = w.monitor.config().clone();
    config.targets.server = None;
    w.input(Input::Config(Box::new(config)));
    w.run(5.0);
    // The lane turns this into an edit of the first message: see there.
    let codes = w.codes(Channel::Alerts);
    assert_eq!(codes, ["outage_began", "config_changed", "outage_over"]);
    assert!(w.captures.is_empty(), "and needs no picture");
}

#[test]
fn the_hour_is_told_on_the_hour() {
    let mut w = busy(5);
    w.run(3600.0);
    let hours: Vec<_> = w
        .notices
        .iter()
        .filter_map(|(_, n)| match n.notice {
            Notice::HourlySnapshot { hour, online, total } => {
                Some((hour.0 % 3_600_000, online, total))
            }
            _ => None,
        })
        .collect();
    assert_eq!(hours, [(0, 5, 5)]);
}

#[test]
fn routine_pictures_keep_their_interval_and_a_failure_is_tried_again_after_a_minute() {
    let mut w = busy(2);
    w.run(3302.0);
    assert_eq!(w.captures.len(), 1, "after an hour");
    let first = w.captures[0].id;
    w.input(Input::Captured { id: first, there: false });
    w.run(59.0);
    assert_eq!(w.captures.len(), 1);
    w.run(2.0);
    assert_eq!(w.captures.len(), 2, "after a minute");
    let second = w.captures[1].id;
    w.input(Input::Captured { id: second, there: true });
    assert_eq!(w.codes(Channel::Screenshots), ["routine_picture"]);
    w.run(3590.0);
    assert_eq!(w.captures.len(), 2);
    w.run(20.0);
    assert_eq!(w.captures.len(), 3);
}

#[test]
fn in_privacy_mode_nothing_is_pictured_not_even_evidence() {
    let mut w = busy(2);
    w.input(Input::Privacy { on: true, lasts: None });
    w.input(Input::Privacy { on: true, lasts: None });
    assert!(w.monitor.view(w.now()).privacy.on);
    w.provider = false;
    w.run(30.0);
    w.provider = true;
    w.run(7300.0);
    assert!(w.captures.is_empty());
    let expected = ["privacy_switched", "outage_began", "outage_over"];
    assert_eq!(w.codes(Channel::Alerts), expected);
    // It survives a restart …
    w.restart_after(60.0);
    w.run(4000.0);
    assert!(w.captures.is_empty());
    w.input(Input::Privacy { on: false, lasts: None });
    w.run(3599.0);
    assert!(w.captures.is_empty(), "an interval is counted from its end");
    w.run(3.0);
    assert_eq!(w.captures.len(), 1);
}

#[test]
fn privacy_mode_ends_by_itself_also_when_the_program_slept_over_it() {
    let mut w = busy(2);
    w.input(Input::Privacy { on: true, lasts: Some(Duration::from_secs(600)) });
    let until = w.monitor.view(w.now()).privacy.until.unwrap();
    w.run(599.0);
    assert!(w.monitor.view(w.now()).privacy.on);
    w.run(2.0);
    assert!(!w.monitor.view(w.now()).privacy.on);
    assert!((w.at_seconds(until) - w.seconds()).abs() < 2.0);
    w.input(Input::Privacy { on: true, lasts: Some(Duration::from_secs(600)) });
    w.restart_after(700.0);
    w.run(1.0);
    assert!(!w.monitor.view(w.now()).privacy.on);
}

#[test]
fn a_picture_that_was_being_taken_when_privacy_began_is_not_told() {
    let mut w = busy(2);
    w.run(3302.0);
    let id = w.captures[0].id;
    w.input(Input::Privacy { on: true, lasts: None });
    w.input(Input::Captured { id, there: true });
    assert!(w.codes(Channel::Screenshots).is_empty());
}

#[test]
fn a_group_that_falls_is_told_as_a_suspected_fault() {
    let mut w = busy(6);
    for pc in ["pc1", "pc2", "pc3"] {
        w.kill(pc);
    }
    w.run(30.0);
    assert_eq!(w.codes(Channel::Alerts), ["seats_lost"]);
}
