//! The lab keeps its word: every fault has the effect it is named after, every mend undoes it,
//! and nothing stays behind.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of it")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use cafesentinel_tests::harness::{headless, require_root, wait_for};
use cafesentinel_tests::lab::{INTERNET, Lab, LabOptions, PRIMARY, SECONDARY};

const SHORT: Duration = Duration::from_secs(5);
/// A fault or a mend takes effect at once; an address the kernel has lately failed to find is
/// asked for again within a second or so.
const SOON: Duration = Duration::from_secs(4);

fn small() -> Lab {
    Lab::up(LabOptions { pcs: 3, firewalled: 1 }).unwrap()
}

fn says(lab: &Lab, host: &str, words: &[&str]) -> String {
    let done = lab.output(host, words, SHORT).unwrap();
    done.stdout + &done.stderr
}

fn answers(lab: &Lab, from: &str, address: &str) -> bool {
    let done = lab.output(from, &["fping", "-q", "-r0", "-t300", address], SHORT).unwrap();
    done.status.success()
}

fn reaches(lab: &Lab, address: &str) {
    wait_for(&format!("{address} answers"), SOON, || {
        answers(lab, "monitor", address).then_some(())
    });
}

/// Silence must be there at once and stay: nothing may come late.
fn misses(lab: &Lab, address: &str) {
    assert!(!answers(lab, "monitor", address), "{address} answers");
    assert!(!answers(lab, "monitor", address), "{address} answers on second thought");
}

fn has_carrier(lab: &Lab, host: &str) -> bool {
    !says(lab, host, &["ip", "link", "show", "eth0"]).contains("NO-CARRIER")
}

fn neighbour(lab: &Lab, address: &str) -> String {
    says(lab, "monitor", &["ip", "neigh", "show", address])
}

#[test]
fn a_full_cafe_comes_up_whole_and_goes_without_a_trace() {
    if !require_root() {
        return;
    }
    let lab = Lab::up(LabOptions::default()).unwrap();
    let prefix = lab.namespace("");
    let options = lab.options().clone();
    let firewalled = options.firewalled_hosts();
    for host in options.lan_hosts() {
        let address = lab.address(&host).unwrap();
        if firewalled.contains(&host) {
            misses(&lab, &address);
            // The PC is there nevertheless: it answered ARP.
            assert!(neighbour(&lab, &address).contains("REACHABLE"), "{host}");
        } else {
            reaches(&lab, &address);
        }
    }
    for address in [PRIMARY, SECONDARY, INTERNET, "fd00:1::1", "fd00:1::200", "fd00:1::110"] {
        reaches(&lab, address);
    }
    assert!(answers(&lab, "pc1", PRIMARY), "a PC has the internet too");
    assert!(says(&lab, "monitor", &["getent", "hosts", "discord.com"]).contains(INTERNET));
    // The 130th address of the café is nobody's.
    misses(&lab, "192.168.1.130");

    let mut left = lab.command("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
    let network = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net")).unwrap();
    wait_for("it has entered the lab", SHORT, || {
        (network(&left.id().to_string()) != network("self")).then_some(())
    });
    let directory = format!("/run/cafesentinel-lab/{}", lab.id());
    lab.down().unwrap();
    let status = wait_for("the process inside is gone", SHORT, || left.try_wait().unwrap());
    assert!(!status.success());
    for place in ["/run/netns", "/etc/netns"] {
        for entry in std::fs::read_dir(place).unwrap().flatten() {
            assert!(!entry.file_name().to_string_lossy().starts_with(&prefix), "{entry:?}");
        }
    }
    assert!(!std::fs::exists(directory).unwrap());
}

#[test]
fn the_provider_fails_without_a_word() {
    if !require_root() {
        return;
    }
    let lab = small();
    reaches(&lab, PRIMARY);
    lab.cut("internet").unwrap();
    lab.cut("internet").unwrap();
    for address in [PRIMARY, SECONDARY, INTERNET] {
        misses(&lab, address);
    }
    let ping = says(&lab, "monitor", &["fping", "-r0", "-t300", PRIMARY]);
    assert!(!ping.contains("ICMP"), "an error came back: {ping}");
    reaches(&lab, "192.168.1.1");
    assert_eq!(lab.faults(), ["cut internet", "silence pc3"]);
    lab.mend("internet").unwrap();
    reaches(&lab, PRIMARY);

    lab.cut("primary").unwrap();
    misses(&lab, PRIMARY);
    reaches(&lab, SECONDARY);
    lab.cut("secondary").unwrap();
    misses(&lab, SECONDARY);
    reaches(&lab, INTERNET);
    lab.mend("primary").unwrap();
    reaches(&lab, PRIMARY);
    misses(&lab, SECONDARY);
    lab.mend("secondary").unwrap();
    reaches(&lab, SECONDARY);
    assert_eq!(lab.faults(), ["silence pc3"]);
}

#[test]
fn a_pulled_cable_takes_the_carrier_from_both_ends() {
    if !require_root() {
        return;
    }
    let lab = small();
    for host in ["router", "server", "pc1"] {
        let address = lab.address(host).unwrap();
        reaches(&lab, &address);
        lab.cut(host).unwrap();
        misses(&lab, &address);
        assert!(!has_carrier(&lab, host), "{host}");
        assert!(has_carrier(&lab, "monitor"));
        lab.mend(host).unwrap();
        reaches(&lab, &address);
        assert!(has_carrier(&lab, host), "{host}");
    }
    reaches(&lab, PRIMARY);

    lab.cut("monitor").unwrap();
    assert!(!has_carrier(&lab, "monitor"));
    misses(&lab, "192.168.1.1");
    assert!(answers(&lab, "pc1", PRIMARY), "the others notice nothing");
    lab.mend("monitor").unwrap();
    reaches(&lab, PRIMARY);
    reaches(&lab, "fd00:1::1");

    lab.off("pc1").unwrap();
    misses(&lab, "192.168.1.110");
    assert!(!neighbour(&lab, "192.168.1.110").contains("REACHABLE"));
    lab.on("pc1").unwrap();
    reaches(&lab, "192.168.1.110");
    reaches(&lab, "fd00:1::110");
    assert!(answers(&lab, "pc1", PRIMARY), "its default route is back");
}

#[test]
fn a_dead_switch_keeps_its_lights_on() {
    if !require_root() {
        return;
    }
    let lab = small();
    reaches(&lab, PRIMARY);
    lab.cut("switch").unwrap();
    for address in ["192.168.1.1", "192.168.1.200", "192.168.1.110", PRIMARY] {
        misses(&lab, address);
    }
    assert!(has_carrier(&lab, "monitor") && has_carrier(&lab, "pc1"));
    lab.mend("switch").unwrap();
    for address in ["192.168.1.1", "192.168.1.200", "192.168.1.110", PRIMARY] {
        reaches(&lab, address);
    }
}

#[test]
fn a_silent_host_still_works() {
    if !require_root() {
        return;
    }
    let lab = small();
    lab.silence("router").unwrap();
    misses(&lab, "192.168.1.1");
    misses(&lab, "fd00:1::1");
    reaches(&lab, PRIMARY);
    assert!(neighbour(&lab, "192.168.1.1").contains("REACHABLE"));
    lab.unsilence("router").unwrap();
    reaches(&lab, "192.168.1.1");
    lab.unsilence("pc3").unwrap();
    reaches(&lab, "192.168.1.112");
}

#[test]
fn the_system_refuses_to_send() {
    if !require_root() {
        return;
    }
    let lab = small();
    let refusal = |to: &str| {
        lab.inside("monitor", || {
            let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
            Ok(socket.send_to(b"x", (to, 9)).err().map(|error| error.kind()))
        })
        .unwrap()
    };
    assert_eq!(refusal(PRIMARY), None);
    lab.lose_route().unwrap();
    assert_eq!(refusal(PRIMARY), Some(ErrorKind::NetworkUnreachable));
    assert_eq!(refusal("192.168.1.1"), Some(ErrorKind::NetworkUnreachable));
    lab.mend("route").unwrap();
    reaches(&lab, PRIMARY);
    reaches(&lab, "fd00:1::1");

    lab.forbid("monitor").unwrap();
    let ping = says(&lab, "monitor", &["fping", "-r0", "-t300", "192.168.1.1"]);
    assert!(ping.contains("not permitted"), "{ping}");
    assert_eq!(refusal(PRIMARY), None, "only ping is forbidden");
    lab.allow("monitor").unwrap();
    reaches(&lab, "192.168.1.1");

    lab.cut("router").unwrap();
    lab.off("pc1").unwrap();
    lab.lose_route().unwrap();
    lab.mend("all").unwrap();
    assert_eq!(lab.faults(), ["silence pc3"]);
    reaches(&lab, PRIMARY);
    reaches(&lab, "192.168.1.110");
    misses(&lab, "192.168.1.112");
}

#[test]
fn wrong_words_are_refused() {
    if !require_root() {
        return;
    }
    let lab = small();
    for word in ["pc4", "pc0", "Router", "", "../x"] {
        assert!(lab.cut(word).is_err(), "cut {word:?}");
        assert!(lab.mend(word).is_err(), "mend {word:?}");
        assert!(lab.off(word).is_err(), "off {word:?}");
        assert!(lab.silence(word).is_err(), "silence {word:?}");
    }
    assert!(Lab::attach("nobody-built-this").is_err());
}

#[test]
fn http_speaks_from_inside() {
    if !require_root() {
        return;
    }
    let lab = small();
    // Every lab is a network of its own: two can use one port, and the outside sees neither.
    let other = small();
    for (lab, body) in [(&lab, "one"), (&other, "two")] {
        let listener = lab
            .inside("monitor", || Ok(TcpListener::bind(SocketAddr::from(([0; 4], 5000)))?))
            .unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().take(3) {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{body}\r\n0\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        assert_eq!(lab.http_get(5000, "/").unwrap(), body);
        let from_pc = lab
            .http_from("pc1", SocketAddr::from(([192, 168, 1, 50], 5000)), "GET", "/", &[], "")
            .unwrap();
        assert_eq!(from_pc.body, body);
    }
    assert!(lab.http_get(5001, "/").is_err());
}

#[test]
fn the_next_lab_clears_what_a_killed_owner_left() {
    if !require_root() {
        return;
    }
    let id = format!("killed_{}", std::process::id());
    let tool = env!("CARGO_BIN_EXE_lab");
    let run = |words: &[&str]| {
        std::process::Command::new(tool).args(["--id", id.as_str()]).args(words).output().unwrap()
    };
    let mut owner = std::process::Command::new(tool)
        .args(["--id", &id, "run", "--pcs", "1", "--firewalled", "0", "--", "sleep", "60"])
        .spawn()
        .unwrap();
    let namespace = format!("/run/netns/cs-{id}-monitor");
    let overlay = format!("/etc/netns/cs-{id}-monitor");
    wait_for("somebody else's lab is up", Duration::from_secs(20), || {
        run(&["exec", "monitor", "--", "fping", "-q", "192.168.1.1"]).status.success().then_some(())
    });
    // Another lab leaves it alone as long as its owner lives.
    drop(small());
    assert!(std::fs::exists(&namespace).unwrap());
    owner.kill().unwrap();
    owner.wait().unwrap();
    // Other tests build labs meanwhile, so who clears up first is left open.
    drop(small());
    assert!(!std::fs::exists(&namespace).unwrap());
    assert!(!std::fs::exists(&overlay).unwrap());
    // What a restart of the machine leaves: /run is empty, /etc is not.
    std::fs::create_dir_all(&overlay).unwrap();
    drop(small());
    assert!(!std::fs::exists(&overlay).unwrap());

    // Built by hand it stays until `down`, whoever comes by.
    assert!(run(&["up", "--pcs", "1", "--firewalled", "0"]).status.success());
    drop(small());
    assert_eq!(run(&["run", "--", "sh", "-c", "exit 7"]).status.code(), Some(7));
    assert!(run(&["cut", "router"]).status.success());
    let status = String::from_utf8(run(&["status"]).stdout).unwrap();
    assert!(status.contains("faults: cut router"), "{status}");
    assert!(!run(&["up"]).status.success(), "it is up already");
    assert!(run(&["down"]).status.success());
    assert!(run(&["down"]).status.success(), "down twice is no error");
    assert!(!std::fs::exists(&namespace).unwrap());
}

#[test]
fn run_without_a_command_runs_the_program_as_on_its_first_day() {
    if !require_root() {
        return;
    }
    let id = format!("day_{}", std::process::id());
    let tool = env!("CARGO_BIN_EXE_lab");
    let mut owner = std::process::Command::new(tool)
        .args(["--id", &id, "run", "--pcs", "2", "--firewalled", "1"])
        .env("CAFESENTINEL_HEADLESS", headless())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = || Lab::attach(&id).ok()?.http_get(5000, "/api/status").ok();
    wait_for("it answers", Duration::from_secs(20), status);
    // Its owner chooses the passwords.
    let lab = Lab::attach(&id).unwrap();
    let (data, passwords) = (lab.directory().join("data"), lab.directory().join("passwords"));
    std::fs::write(&passwords, "admin=the owner's word\nprivacy=the staff's word\n").unwrap();
    let keys = |words: &[&str]| {
        let mut command = lab.command(headless());
        command.args(words).arg("--data-dir").arg(&data);
        let done = command.arg("--passwords-from").arg(&passwords).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    keys(&["setup"]);
    let token = format!("Bearer {}", keys(&["token", "create", "tests", "--scope", "admin"]));
    let site = || {
        let admin = [("Authorization", token.as_str())];
        let answer = lab.http(5000, "GET", "/api/v1/site", &admin, "").ok()?;
        serde_json::from_str::<serde_json::Value>(&answer.body).ok()
    };
    wait_for("it has found its router and its café by itself", Duration::from_secs(30), || {
        let site = site()?;
        let well = site["headline"]["code"] == "all_well" && site["seats_online"] == 2;
        (well && site["targets"][0]["address"] == "192.168.1.1").then_some(())
    });
    let cut = ["--id", &id, "cut", "server"];
    assert!(std::process::Command::new(tool).args(cut).status().unwrap().success());
    wait_for("it sees what is broken by hand", Duration::from_secs(20), || {
        (site()?["targets"][1]["state"] == "down").then_some(())
    });
    owner.kill().unwrap();
    owner.wait().unwrap();
    let down = std::process::Command::new(tool).args(["--id", &id, "down"]).status().unwrap();
    assert!(down.success());
    assert!(Lab::attach(&id).is_err());
}
