//! One real network, watched by the real program: every outage of the manual, with the
//! cable really pulled. Each test has a lab of its own, so they run side by side.

use std::thread::sleep;
use std::time::{Duration, Instant};

use cafesentinel_tests::harness::{Sentinel, require_root};
use cafesentinel_tests::lab::{Lab, LabOptions};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) fn config() -> Value {
    json!({
        "targets": { "router": "192.168.1.1", "server": "192.168.1.200", "internet": "8.8.8.8" },
        "monitor_settings": {
            "interval_seconds": 1, "pc_subnet": "192.168.1", "pc_start_range": 110, "pc_count": 6,
        },
    })
}

/// A lab with six PCs and the program watching it, all well.
pub(crate) fn watched(story: impl FnOnce(&Lab, &mut Sentinel<'_>)) {
    if !require_root() {
        return;
    }
    let lab = Lab::up(LabOptions { pcs: 6, firewalled: 0 }).expect("the lab comes up");
    let mut sentinel = Sentinel::start(&lab, &config()).expect("the program starts");
    until(&sentinel, 15, "all is well", |s| state(s, 0) == "up" && state(s, 2) == "up");
    story(&lab, &mut sentinel);
}

pub(crate) fn state(site: &Value, target: usize) -> String {
    site["targets"][target]["state"].as_str().unwrap_or("").to_owned()
}

pub(crate) fn until(
    sentinel: &Sentinel<'_>,
    seconds: u64,
    what: &str,
    ask: impl Fn(&Value) -> bool,
) {
    sentinel.until(what, Duration::from_secs(seconds), |s| ask(&s.site()));
}

pub(crate) fn wait(seconds: f64) {
    // The lab's time is real time: an outage of 15 s takes 15 s.
    sleep(Duration::from_secs_f64(seconds));
}

pub(crate) fn causes(sentinel: &Sentinel<'_>) -> Vec<String> {
    let mut all: Vec<(i64, String)> = sentinel
        .incidents()
        .iter()
        .map(|i| (i["id"].as_i64().unwrap_or(0), i["cause"].as_str().unwrap_or("").to_owned()))
        .collect();
    all.sort();
    all.into_iter().map(|(_, cause)| cause).collect()
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    Timestamp::now().as_millisecond() as f64 / 1000.0
}

/// A moment of the API, in seconds since 1970.
pub(crate) fn moment(value: &Value) -> f64 {
    let text = value.as_str().unwrap_or_else(|| panic!("a moment, not {value}"));
    text.parse::<Timestamp>().expect("RFC 3339").as_millisecond() as f64 / 1000.0
}

fn seconds(incident: &Value) -> f64 {
    incident["duration_ms"].as_f64().unwrap_or(-1.0) / 1000.0
}

/// Waits until exactly these incidents are stored and over.
pub(crate) fn all_over(sentinel: &Sentinel<'_>, expected: &[&str]) -> Vec<Value> {
    sentinel.until("every incident is over", Duration::from_secs(30), |s| {
        s.incidents().iter().all(|i| !i["end"].is_null()) && causes(s) == expected
    });
    sentinel.incidents()
}

#[test]
fn router_pulled_for_15_seconds_is_one_router_down() {
    watched(|lab, sentinel| {
        let began = Instant::now();
        lab.cut("router").expect("pulled");
        until(sentinel, 14, "internet is behind the router", |s| {
            s["targets"][2]["explained_by"] == "router"
        });
        wait(15.0 - began.elapsed().as_secs_f64());
        let lasted = began.elapsed().as_secs_f64();
        lab.mend("router").expect("mended");
        let incidents = all_over(sentinel, &["ROUTER_DOWN"]);
        assert!((seconds(&incidents[0]) - lasted).abs() < 2.1, "{incidents:?}");
        assert_eq!(incidents[0]["uncertain"], false);
        let log = sentinel.log();
        assert!(log.contains("[ALERT] ROUTER DOWN | Timer Started"), "{log}");
        assert!(log.contains("[RECOVERY] Router Restored | Duration: 0:00:1"), "{log}");
    });
}

#[test]
fn provider_is_down_only_when_both_addresses_are_silent() {
    watched(|lab, sentinel| {
        lab.cut("primary").expect("cut");
        wait(14.0);
        assert!(causes(sentinel).is_empty());
        assert_eq!(sentinel.site()["targets"][2]["warning"], "primary_silent");
        lab.cut("secondary").expect("cut");
        wait(14.0);
        assert_eq!(causes(sentinel), ["ISP_DOWN"]);
        lab.mend("secondary").expect("mended");
        all_over(sentinel, &["ISP_DOWN"]);
    });
}

#[test]
fn a_blip_of_two_seconds_is_a_jitter_line() {
    watched(|lab, sentinel| {
        lab.cut("internet").expect("cut");
        wait(2.2);
        lab.mend("internet").expect("mended");
        sentinel.until("a jitter line", Duration::from_secs(10), |s| {
            s.log().contains("ISP jitter detected")
        });
        wait(5.0);
        assert!(causes(sentinel).is_empty());
    });
}

#[test]
fn this_pcs_cable_is_one_lan_down() {
    watched(|lab, sentinel| {
        lab.cut("monitor").expect("cut");
        wait(16.0);
        lab.mend("monitor").expect("mended");
        all_over(sentinel, &["LAN_DOWN"]);
        until(sentinel, 10, "all is well", |s| s["headline"]["code"] == "all_well");
    });
}

#[test]
fn a_dead_switch_is_one_lan_down() {
    watched(|lab, sentinel| {
        lab.cut("switch").expect("cut");
        wait(16.0);
        lab.mend("switch").expect("mended");
        all_over(sentinel, &["LAN_DOWN"]);
    });
}

#[test]
fn a_lost_route_is_one_lan_down() {
    watched(|lab, sentinel| {
        lab.cut("route").expect("cut");
        wait(16.0);
        assert_eq!(sentinel.site()["targets"][0]["reason"], "no_route");
        lab.mend("route").expect("mended");
        all_over(sentinel, &["LAN_DOWN"]);
    });
}

#[test]
fn t8_a_forbidden_socket_is_unknown_and_not_down() {
    watched(|lab, sentinel| {
        lab.forbid("monitor").expect("forbidden");
        until(sentinel, 10, "unknown", |s| s["targets"][0]["reason"] == "no_permission");
        wait(14.0);
        assert!(causes(sentinel).is_empty());
        assert_eq!(sentinel.site()["headline"]["code"], "cannot_probe");
        lab.allow("monitor").expect("allowed");
        until(sentinel, 10, "up", |s| state(s, 0) == "up");
    });
}

#[test]
fn the_server_alone_is_server_down() {
    watched(|lab, sentinel| {
        lab.cut("server").expect("cut");
        wait(14.0);
        lab.mend("server").expect("mended");
        all_over(sentinel, &["SERVER_DOWN"]);
    });
}

#[test]
fn no_server_from_the_start_is_no_alarm() {
    if !require_root() {
        return;
    }
    let lab = Lab::up(LabOptions { pcs: 3, firewalled: 0 }).expect("the lab comes up");
    lab.cut("server").expect("cut");
    let sentinel = Sentinel::start(&lab, &config()).expect("the program starts");
    until(&sentinel, 15, "never seen", |s| s["targets"][1]["reason"] == "never_seen");
    wait(13.0);
    assert!(causes(&sentinel).is_empty());
}

#[test]
fn a_router_that_drops_ping_is_up_with_a_warning() {
    watched(|lab, sentinel| {
        lab.silence("router").expect("silenced");
        until(sentinel, 10, "warned", |s| s["targets"][0]["warning"] == "no_ping_reply");
        wait(12.0);
        assert_eq!(state(&sentinel.site(), 0), "up");
        assert!(causes(sentinel).is_empty());
    });
}

#[test]
fn router_falls_during_a_provider_outage() {
    watched(|lab, sentinel| {
        lab.cut("internet").expect("cut");
        wait(14.0);
        lab.cut("router").expect("cut");
        wait(15.0);
        assert_eq!(causes(sentinel), ["ISP_DOWN", "ROUTER_DOWN"]);
        lab.mend("router").expect("mended");
        wait(10.0);
        lab.mend("internet").expect("mended");
        all_over(sentinel, &["ISP_DOWN", "ROUTER_DOWN"]);
    });
}

#[test]
fn cable_pulled_during_a_router_outage() {
    watched(|lab, sentinel| {
        lab.cut("router").expect("cut");
        wait(14.0);
        lab.cut("monitor").expect("cut");
        wait(15.0);
        assert_eq!(causes(sentinel), ["ROUTER_DOWN", "LAN_DOWN"]);
        lab.mend("monitor").expect("mended");
        wait(8.0);
        lab.mend("router").expect("mended");
        all_over(sentinel, &["ROUTER_DOWN", "LAN_DOWN"]);
    });
}

#[test]
fn killed_in_an_outage_it_goes_on_with_the_same_incident() {
    watched(|lab, sentinel| {
        let began = Instant::now();
        lab.cut("router").expect("cut");
        wait(13.0);
        assert_eq!(causes(sentinel), ["ROUTER_DOWN"]);
        sentinel.kill9().expect("killed");
        wait(2.0);
        sentinel.restart().expect("restarted");
        wait(6.0);
        let lasted = began.elapsed().as_secs_f64();
        lab.mend("router").expect("mended");
        let incidents = all_over(sentinel, &["ROUTER_DOWN"]);
        assert!((seconds(&incidents[0]) - lasted).abs() < 2.1, "{incidents:?}");
        assert_eq!(incidents[0]["gaps"].as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn short_flapping_is_jitter_and_longer_flapping_one_incident() {
    watched(|lab, sentinel| {
        for _ in 0..3 {
            lab.cut("internet").expect("cut");
            wait(3.0);
            lab.mend("internet").expect("mended");
            wait(3.0);
        }
        assert!(causes(sentinel).is_empty());
        for _ in 0..3 {
            lab.cut("internet").expect("cut");
            wait(12.0);
            lab.mend("internet").expect("mended");
            wait(3.0);
        }
        all_over(sentinel, &["ISP_DOWN"]);
    });
}

#[test]
fn a_stream_that_was_cut_goes_on_without_gap_or_double() {
    watched(|lab, sentinel| {
        let ids = |after: &str, seconds: f64| {
            let headers = [("Last-Event-ID", after), sentinel.authorization()];
            let text = read_stream(lab, &headers, seconds);
            text.lines()
                .filter_map(|l| l.strip_prefix("id:").and_then(|n| n.trim().parse::<i64>().ok()))
                .collect::<Vec<_>>()
        };
        let first = ids("0", 1.0);
        assert!(!first.is_empty());
        lab.cut("server").expect("cut");
        wait(14.0);
        lab.mend("server").expect("mended");
        wait(8.0);
        let last = first.last().copied().unwrap_or(0);
        let rest = ids(&last.to_string(), 2.0);
        let whole = ids("0", 2.0);
        let joined: Vec<i64> = first.iter().chain(&rest).copied().collect();
        assert_eq!(joined, whole);
        assert!(whole.windows(2).all(|w| w[1] == w[0] + 1), "{whole:?}");
        assert_eq!(causes(sentinel), ["SERVER_DOWN"]);
    });
}

/// What a stream sends within some seconds.
fn read_stream(lab: &Lab, headers: &[(&str, &str)], seconds: f64) -> String {
    use std::io::{Read, Write};
    let mut stream = lab.tcp(5000).expect("connects");
    let mut request = "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:5000\r\n".to_owned();
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).expect("asks");
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("sets");
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut text = Vec::new();
    let mut buffer = [0u8; 16384];
    while Instant::now() < end {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => text.extend_from_slice(&buffer[..n]),
            Err(_) => {}
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
