//! Each rule of the cascade with the cable really pulled, starting not from health but from
//! another fault. The moments in between are waited for, not guessed, so that a slow machine
//! takes longer and concludes the same.

use std::time::Duration;

use cafesentinel_tests::harness::{Sentinel, require_root};
use cafesentinel_tests::lab::{Lab, LabOptions};
use serde_json::Value;

use crate::spine::{all_over, causes, config, moment, now, state, until, wait, watched};

/// Cuts something and waits until these are the incidents.
fn cut(lab: &Lab, sentinel: &Sentinel<'_>, what: &str, expected: &[&str]) {
    lab.cut(what).expect("cut");
    sentinel.until(&format!("{expected:?}"), Duration::from_secs(40), |s| causes(s) == expected);
}

/// The newest incident of a cause.
fn incident(sentinel: &Sentinel<'_>, cause: &str) -> Value {
    let all = sentinel.incidents();
    let newest = all.iter().filter(|i| i["cause"] == cause).max_by_key(|i| i["id"].as_i64());
    newest.cloned().unwrap_or_else(|| panic!("no {cause} in {all:?}"))
}

fn is_over(sentinel: &Sentinel<'_>, cause: &str) {
    sentinel.until(&format!("{cause} is over"), Duration::from_secs(30), |s| {
        !incident(s, cause)["end"].is_null()
    });
}

/// It goes on by itself, explained by nothing else.
fn goes_on(sentinel: &Sentinel<'_>, cause: &str) {
    sentinel.until(&format!("{cause} goes on"), Duration::from_secs(15), |s| {
        let incident = incident(s, cause);
        incident["end"].is_null() && incident["held"] == false
    });
}

#[test]
fn a_switch_that_dies_during_a_server_outage_is_one_lan_down_and_the_server_is_held() {
    watched(|lab, sentinel| {
        cut(lab, sentinel, "server", &["SERVER_DOWN"]);
        cut(lab, sentinel, "switch", &["SERVER_DOWN", "LAN_DOWN"]);
        assert_eq!(incident(sentinel, "SERVER_DOWN")["held"], true);
        lab.mend("switch").expect("mended");
        is_over(sentinel, "LAN_DOWN");
        goes_on(sentinel, "SERVER_DOWN");
        lab.mend("server").expect("mended");
        all_over(sentinel, &["SERVER_DOWN", "LAN_DOWN"]);
    });
}

#[test]
fn this_pcs_cable_during_a_provider_outage_is_one_lan_down_and_the_provider_is_held() {
    watched(|lab, sentinel| {
        cut(lab, sentinel, "internet", &["ISP_DOWN"]);
        cut(lab, sentinel, "monitor", &["ISP_DOWN", "LAN_DOWN"]);
        assert_eq!(incident(sentinel, "ISP_DOWN")["held"], true);
        lab.mend("monitor").expect("mended");
        is_over(sentinel, "LAN_DOWN");
        goes_on(sentinel, "ISP_DOWN");
        assert_eq!(incident(sentinel, "ISP_DOWN")["gaps"].as_array().map(Vec::len), Some(1));
        lab.mend("internet").expect("mended");
        all_over(sentinel, &["ISP_DOWN", "LAN_DOWN"]);
    });
}

#[test]
fn a_route_lost_during_a_provider_outage_is_one_lan_down() {
    watched(|lab, sentinel| {
        cut(lab, sentinel, "internet", &["ISP_DOWN"]);
        cut(lab, sentinel, "route", &["ISP_DOWN", "LAN_DOWN"]);
        lab.mend("route").expect("mended");
        is_over(sentinel, "LAN_DOWN");
        lab.mend("internet").expect("mended");
        all_over(sentinel, &["ISP_DOWN", "LAN_DOWN"]);
    });
}

#[test]
fn a_server_that_falls_beside_a_dead_router_is_told_because_seats_answer() {
    watched(|lab, sentinel| {
        cut(lab, sentinel, "router", &["ROUTER_DOWN"]);
        cut(lab, sentinel, "server", &["ROUTER_DOWN", "SERVER_DOWN"]);
        lab.mend("router").expect("mended");
        is_over(sentinel, "ROUTER_DOWN");
        goes_on(sentinel, "SERVER_DOWN");
        lab.mend("server").expect("mended");
        all_over(sentinel, &["ROUTER_DOWN", "SERVER_DOWN"]);
    });
}

#[test]
fn a_provider_that_fails_or_stutters_during_a_server_outage_is_judged_as_ever() {
    watched(|lab, sentinel| {
        cut(lab, sentinel, "server", &["SERVER_DOWN"]);
        lab.cut("internet").expect("cut");
        until(sentinel, 15, "the internet is silent", |s| state(s, 2) != "up");
        wait(1.5);
        lab.mend("internet").expect("mended");
        sentinel.until("a jitter line", Duration::from_secs(15), |s| {
            s.log().contains("ISP jitter detected")
        });
        assert_eq!(causes(sentinel), ["SERVER_DOWN"]);
        cut(lab, sentinel, "internet", &["SERVER_DOWN", "ISP_DOWN"]);
        lab.mend("server").expect("mended");
        lab.mend("internet").expect("mended");
        all_over(sentinel, &["SERVER_DOWN", "ISP_DOWN"]);
    });
}

#[test]
fn a_router_that_is_dead_when_the_switch_returns_is_down_from_then_on() {
    watched(|lab, sentinel| {
        cut(lab, sentinel, "switch", &["LAN_DOWN"]);
        lab.cut("router").expect("cut");
        let before = now();
        lab.mend("switch").expect("mended");
        let after = now();
        sentinel.until("the router's own incident", Duration::from_secs(40), |s| {
            causes(s) == ["LAN_DOWN", "ROUTER_DOWN"]
        });
        let start = moment(&incident(sentinel, "ROUTER_DOWN")["start"]);
        // Within a cycle and the time that a host needs to be found again by ARP.
        assert!(start >= before - 1.0 && start <= after + 3.0, "{start} {before} {after}");
        let site = sentinel.site();
        assert_eq!(site["targets"][2]["explained_by"], "router", "not the provider's fault");
        lab.mend("router").expect("mended");
        all_over(sentinel, &["LAN_DOWN", "ROUTER_DOWN"]);
    });
}

#[test]
fn with_one_witness_a_router_outage_names_both_possibilities_also_behind_a_dead_provider() {
    if !require_root() {
        return;
    }
    // A café at night: nobody is there but the server.
    let lab = Lab::up(LabOptions { pcs: 0, firewalled: 0 }).expect("the lab comes up");
    let mut config = config();
    config["monitor_settings"]["pc_count"] = 0.into();
    let sentinel = Sentinel::start(&lab, &config).expect("the program starts");
    until(&sentinel, 15, "all is well", |s| (0..3).all(|target| state(s, target) == "up"));
    cut(&lab, &sentinel, "router", &["ROUTER_DOWN"]);
    assert_eq!(incident(&sentinel, "ROUTER_DOWN")["uncertain"], true);
    lab.mend("router").expect("mended");
    all_over(&sentinel, &["ROUTER_DOWN"]);

    cut(&lab, &sentinel, "internet", &["ROUTER_DOWN", "ISP_DOWN"]);
    cut(&lab, &sentinel, "router", &["ROUTER_DOWN", "ISP_DOWN", "ROUTER_DOWN"]);
    assert_eq!(incident(&sentinel, "ROUTER_DOWN")["uncertain"], true);
    assert_eq!(incident(&sentinel, "ISP_DOWN")["held"], true);
    lab.mend("router").expect("mended");
    is_over(&sentinel, "ROUTER_DOWN");
    goes_on(&sentinel, "ISP_DOWN");
    lab.mend("internet").expect("mended");
    all_over(&sentinel, &["ROUTER_DOWN", "ISP_DOWN", "ROUTER_DOWN"]);
}

#[test]
fn a_router_that_drops_ping_before_or_during_a_provider_outage_is_not_down() {
    watched(|lab, sentinel| {
        let warned =
            |s: &Value| state(s, 0) == "up" && s["targets"][0]["warning"] == "no_ping_reply";
        lab.silence("router").expect("silenced");
        until(sentinel, 20, "up, with a warning", warned);
        cut(lab, sentinel, "internet", &["ISP_DOWN"]);
        until(sentinel, 20, "ARP speaks for the router", warned);
        wait(12.0);
        assert_eq!(causes(sentinel), ["ISP_DOWN"]);
        lab.unsilence("router").expect("heard again");
        until(sentinel, 20, "plainly up", |s| s["targets"][0]["warning"].is_null());
        lab.silence("router").expect("silenced");
        until(sentinel, 20, "up, with a warning", warned);
        wait(12.0);
        assert_eq!(causes(sentinel), ["ISP_DOWN"]);
        lab.mend("internet").expect("mended");
        all_over(sentinel, &["ISP_DOWN"]);
    });
}

#[test]
fn seats_lost_together_during_a_provider_outage_are_a_suspected_switch() {
    watched(|lab, sentinel| {
        cut(lab, sentinel, "internet", &["ISP_DOWN"]);
        for pc in ["pc1", "pc2", "pc3", "pc4"] {
            lab.off(pc).expect("switched off");
        }
        sentinel.until("the group is noted", Duration::from_secs(20), |s| {
            s.log().contains("4 of 6 PCs fell silent at once")
        });
        assert_eq!(causes(sentinel), ["ISP_DOWN"]);
    });
}

#[test]
fn killed_while_an_outage_is_held_behind_another_it_goes_on_with_both() {
    watched(|lab, sentinel| {
        cut(lab, sentinel, "internet", &["ISP_DOWN"]);
        cut(lab, sentinel, "router", &["ISP_DOWN", "ROUTER_DOWN"]);
        let starts = ["ISP_DOWN", "ROUTER_DOWN"].map(|c| incident(sentinel, c)["start"].clone());
        sentinel.kill9().expect("killed");
        sentinel.launch().expect("started again");
        until(sentinel, 20, "the router is down", |s| state(s, 0) == "down");
        lab.mend("router").expect("mended");
        is_over(sentinel, "ROUTER_DOWN");
        goes_on(sentinel, "ISP_DOWN");
        lab.mend("internet").expect("mended");
        all_over(sentinel, &["ISP_DOWN", "ROUTER_DOWN"]);
        let kept = ["ISP_DOWN", "ROUTER_DOWN"].map(|c| incident(sentinel, c)["start"].clone());
        assert_eq!(kept, starts, "their true starts");
    });
}

#[test]
fn t13_a_host_that_is_said_to_be_unreachable_is_silent_and_not_alive() {
    watched(|lab, sentinel| {
        let route = |verb: &str| {
            for address in ["8.8.8.8/32", "1.1.1.1/32"] {
                let words = ["ip", "route", verb, "unreachable", address];
                let done = lab.output("router", &words, Duration::from_secs(5)).expect("it runs");
                assert!(done.status.success(), "{}", done.stderr);
            }
        };
        // The router answers in the provider's place: "destination host unreachable".
        route("add");
        let words = ["fping", "-r0", "-t500", "8.8.8.8"];
        let ping = lab.output("monitor", &words, Duration::from_secs(5)).expect("it runs");
        let said = ping.stdout + &ping.stderr;
        assert!(said.contains("ICMP Host Unreachable"), "an error comes back: {said}");
        sentinel.until("the provider's incident", Duration::from_secs(40), |s| {
            causes(s) == ["ISP_DOWN"]
        });
        assert_eq!(state(&sentinel.site(), 0), "up");
        route("del");
        all_over(sentinel, &["ISP_DOWN"]);
    });
}
