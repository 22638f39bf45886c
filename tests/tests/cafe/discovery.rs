//! Who is here, found out: `discover` on the command line and through the API, in a café
//! whose every address is known.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cafesentinel_tests::harness::{PORT, Sentinel, headless, require_root, wait_for};
use cafesentinel_tests::lab::{Finished, Lab, LabOptions, finish};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const PATH: &str = "/api/v1/discovery";

fn lab(story: impl FnOnce(&Lab)) {
    if require_root() {
        story(&Lab::up(LabOptions { pcs: 20, firewalled: 2 }).expect("the lab comes up"));
    }
}

fn discover(lab: &Lab, arguments: &[&str]) -> Finished {
    let mut command = lab.command(headless());
    command.arg("discover").args(arguments);
    finish(command, "", LIMIT).expect("it ends")
}

fn report(done: &Finished) -> Value {
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

/// The Ethernet address that a host of the lab has by its own word.
fn mac(lab: &Lab, host: &str) -> String {
    let words = ["cat", "/sys/class/net/eth0/address"];
    lab.output(host, &words, LIMIT).expect("it says").stdout.trim().to_owned()
}

/// Router, server and all PCs, with their Ethernet addresses, and nobody else; of the PCs
/// the last two by ARP alone.
fn finds_the_lab(lab: &Lab, report: &Value) {
    let mut expected = String::new();
    let pcs = (1..=20).map(|n| format!("pc{n}"));
    for host in ["router".to_owned()].into_iter().chain(pcs).chain(["server".to_owned()]) {
        let via = if ["pc19", "pc20"].contains(&host.as_str()) { "arp true" } else { "both false" };
        let address = lab.address(&host).expect("a host");
        writeln!(expected, "{address} {} {via}", mac(lab, &host)).expect("to a String");
    }
    let mut found = String::new();
    for host in report["hosts"].as_array().expect("hosts") {
        let text = |key: &str| host[key].as_str().unwrap_or("none").to_owned();
        let (address, mac, via) = (text("address"), text("mac"), text("via"));
        writeln!(found, "{address} {mac} {via} {}", host["firewalled"]).expect("to a String");
        assert_eq!(host["rtt_ms"].is_number(), via == "both", "{host}");
        assert_eq!(host["gateway"], address == "192.168.1.1");
    }
    assert_eq!(found, expected);
    assert_eq!(report["gateway"], "192.168.1.1");
    assert_eq!(report["networks"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["networks"][0]["network"], "192.168.1.0/24");
    assert_eq!(report["networks"][0]["address"], "192.168.1.50");
    assert_eq!((&report["asked"], &report["total"]), (&json!(253), &json!(253)));
    assert_eq!((&report["state"], &report["notes"]), (&json!("done"), &json!([])));
    let suggestion = &report["suggestion"];
    assert_eq!(suggestion["targets"], json!({ "router": "192.168.1.1" }));
    assert_eq!(
        suggestion["monitor_settings"],
        json!({ "pc_subnet": "192.168.1", "pc_start_range": 110, "pc_count": 20 })
    );
}

#[test]
fn discover_finds_the_whole_cafe_and_suggests_exactly_its_range() {
    lab(|lab| {
        let began = Instant::now();
        let done = discover(lab, &["--json"]);
        let took = began.elapsed();
        assert!(done.status.success(), "{done:?}");
        assert_eq!(done.stderr, "", "no progress where nobody looks");
        let report = report(&done);
        finds_the_lab(lab, &report);
        assert_eq!(report["suggestion"]["left_out"], json!(["192.168.1.200"]));
        assert!(took < Duration::from_secs(15), "{took:?}");

        // The table is of the same, a part of the network is a part of it, and PCs that
        // are switched off leave holes.
        lab.off("pc5").expect("switched off");
        lab.off("pc6").expect("switched off");
        let done = discover(lab, &["--network", "192.168.1.96/27", "--timeout-ms", "300"]);
        assert!(done.status.success(), "{done:?}");
        let text = done.stdout;
        assert!(text.contains("15 of 30 addresses answered"), "{text}");
        let range = "17 seats from 192.168.1.110 to 192.168.1.126, of which 15 answered.";
        assert!(text.contains(range), "{text}");
    });
}

#[test]
fn a_strangers_network_is_refused_and_so_is_silence_without_permission() {
    lab(|lab| {
        for (network, reason) in [
            ("10.1.0.0/16", "10.1.0.0/16 is no network of this machine: it is in 192.168.1.0/24"),
            ("8.8.8.8", "8.8.8.8/32 is no network of this machine"),
            ("192.168.0.0/16", "192.168.0.0/16 is no network of this machine"),
        ] {
            let done = discover(lab, &["--network", network]);
            assert_eq!((done.status.code(), done.stdout.as_str()), (Some(1), ""), "{done:?}");
            assert!(done.stderr.contains(reason), "{done:?}");
        }
        lab.setting("monitor", "ipv4/ping_group_range", "1 0").expect("set");
        let program = headless();
        let program = program.to_str().expect("a path");
        let powerless = ["setpriv", "--bounding-set", "-net_raw"];
        let words: Vec<&str> = powerless.into_iter().chain([program, "discover"]).collect();
        let done = lab.output("monitor", &words, LIMIT).expect("it ends");
        assert_eq!((done.status.code(), done.stdout.as_str()), (Some(1), ""), "{done:?}");
        assert!(done.stderr.contains("nobody could be asked: the system does not"), "{done:?}");
        // With plain ping sockets alone it says whom it cannot see.
        lab.setting("monitor", "ipv4/ping_group_range", "0 0").expect("set");
        let done = lab.output("monitor", &words, LIMIT).expect("it ends");
        assert!(done.status.success(), "{done:?}");
        assert!(done.stdout.contains("20 of 253 addresses answered;"), "{done:?}");
        assert!(done.stdout.contains("PCs that drop ping could not be looked for"), "{done:?}");
    });
}

#[test]
fn ctrl_c_shows_what_was_found_so_far() {
    lab(|lab| {
        let mut command = lab.command(headless());
        command.arg("discover").stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("it starts");
        // The lab's time is real time.
        sleep(Duration::from_millis(1500));
        let number = child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &number]).status().expect("kill");
        assert!(sent.success());
        let began = Instant::now();
        let done = child.wait_with_output().expect("it ends");
        assert!(began.elapsed() < Duration::from_secs(1));
        assert_eq!(done.status.code(), Some(130));
        let text = String::from_utf8_lossy(&done.stdout);
        assert!(text.contains("Cancelled after 1."), "{text}");
        assert!(text.contains("192.168.1.1 "), "the gateway is asked first: {text}");
        assert!(!text.contains("Suggested"), "{text}");
    });
}

#[test]
fn beside_the_running_monitor_it_is_begun_told_cancelled_and_costs_no_beat() {
    lab(|lab| {
        let config = json!({
            "targets": { "router": "192.168.1.1", "server": "192.168.1.200", "internet": "8.8.8.8" },
            // Seats where nobody is: the monitor needs ARP for them all the time.
            "monitor_settings": {
                "interval_seconds": 1, "pc_subnet": "192.168.1", "pc_start_range": 2, "pc_count": 40,
            },
        });
        let sentinel = Sentinel::start(lab, &config).expect("the program starts");
        let ask = |method: &str, status: u16| {
            let answer =
                lab.http(PORT, method, PATH, &[sentinel.authorization()], "").expect("it answers");
            assert_eq!(answer.status, status, "{method}: {}", answer.body);
            serde_json::from_str::<Value>(&answer.body).expect("JSON")
        };
        sentinel.until("the first cycles", Duration::from_secs(15), |s| {
            s.site()["cycle"].as_u64().unwrap_or(0) >= 3
        });
        let (before, began) = (sentinel.site(), Instant::now());
        assert_eq!(ask("GET", 200)["state"], "idle");
        assert_eq!(ask("POST", 202)["state"], "running");
        assert_eq!(ask("POST", 409)["code"], "discovery_running");
        wait_for("somebody is found", LIMIT, || {
            (ask("GET", 200)["found"].as_u64()? > 0).then_some(())
        });
        let cancelled = ask("DELETE", 200);
        assert_eq!(cancelled["state"], "cancelled");
        assert!(cancelled["progress"].as_f64().expect("a number") < 1.0);
        assert_eq!(cancelled["hosts"][0]["address"], "192.168.1.1");

        assert_eq!(ask("POST", 202)["state"], "running");
        let mut steps: Vec<f64> = Vec::new();
        let done = wait_for("it is done", LIMIT, || {
            let report = ask("GET", 200);
            steps.push(report["progress"].as_f64().expect("a number"));
            (report["state"] != "running").then_some(report)
        });
        finds_the_lab(lab, &done);
        assert_eq!(done["suggestion"]["left_out"], json!([]), "the server is configured");
        assert!(steps.is_sorted() && steps.iter().filter(|s| **s > 0.0 && **s < 1.0).count() > 5);

        let (after, seconds) = (sentinel.site(), began.elapsed().as_secs());
        assert_eq!(after["missed_beats"], before["missed_beats"]);
        let cycles = |site: &Value| site["cycle"].as_u64().expect("a number");
        assert!(cycles(&after) - cycles(&before) + 2 >= seconds, "{before} {after} {seconds}");
        for target in 0..3 {
            assert_eq!(after["targets"][target]["lost"], before["targets"][target]["lost"]);
        }
    });
}
