//! What does not move the beat: people who look, and a hall of thousands of seats.
#![allow(clippy::print_stdout, reason = "a measurement is there to be read")]

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cafesentinel_tests::harness::{Lateness, PORT, Sentinel, require_root};
use cafesentinel_tests::lab::{Lab, LabOptions};
use serde_json::{Value, json};

use crate::spine::{config, until, wait, watched};

const CLIENTS: usize = 50;

/// Reads a stream until told to stop; gives the number of the last cycle that it told of.
fn follow(lab: &Lab, authorization: &str, end: &AtomicBool) -> u64 {
    let mut stream = lab.tcp(PORT).expect("connects");
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\
         Authorization: {authorization}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("asks");
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("sets");
    let mut text = Vec::new();
    let mut buffer = vec![0u8; 65_536];
    while !end.load(Ordering::Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => panic!("the stream ended"),
            Ok(n) => text.extend_from_slice(&buffer[..n]),
            Err(_) => {}
        }
        // Only the newest is of interest.
        let old = text.len().saturating_sub(65_536);
        text.drain(..old);
    }
    let text = String::from_utf8_lossy(&text);
    let cycles = text.split("\"cycle\":").skip(1);
    let number = |rest: &str| rest.split(',').next().and_then(|n| n.parse().ok());
    cycles.filter_map(number).last().expect("a cycle was told of")
}

fn figures(what: &str, l: Lateness) {
    println!(
        "{what}: {} beats, late by {:.1} ms (p50), {:.1} ms (p99), {:.1} ms (worst)",
        l.beats, l.p50, l.p99, l.max
    );
}

#[test]
fn fifty_streams_at_once_do_not_move_the_beat() {
    watched(|lab, sentinel| {
        wait(20.0);
        sentinel.terminate().expect("stops");
        let alone = sentinel.lateness();
        figures("alone", alone);

        sentinel.launch().expect("started again");
        until(sentinel, 15, "all is well", |s| s["headline"]["code"] == "all_well");
        let end = AtomicBool::new(false);
        let admin = sentinel.authorization().1.to_owned();
        let (newest, told) = thread::scope(|scope| {
            let look = || follow(lab, &admin, &end);
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(look)).collect();
            wait(20.0);
            let newest = sentinel.site();
            wait(2.0);
            end.store(true, Ordering::Relaxed);
            let told: Vec<u64> =
                clients.into_iter().map(|c| c.join().expect("it read to the end")).collect();
            (newest, told)
        });
        let cycle = newest["cycle"].as_u64().expect("a number");
        assert_eq!(told.len(), CLIENTS);
        assert!(told.iter().all(|c| *c >= cycle), "all are up to date: {cycle} {told:?}");
        assert_eq!(sentinel.site()["missed_beats"], 0);
        sentinel.terminate().expect("stops");
        let watched = sentinel.lateness();
        figures("with 50 streams", watched);
        // The median: a neighbour on the machine may hold up single beats of either run.
        assert!(watched.p50 <= alone.p50 + 20.0, "{alone:?} {watched:?}");
    });
}

const SEATS: u32 = 4096;

/// 4,096 seats on the loopback, `127.1.0.0` and on.
fn hall() -> Value {
    let mut config = config();
    let seat = |n: u32| json!({ "name": format!("S{n}"), "address": format!("127.1.{}.{}", n >> 8, n & 255) });
    config["monitor_settings"] = json!({
        "interval_seconds": 2, "pc_count": 0, "pcs": (0..SEATS).map(seat).collect::<Vec<_>>(),
    });
    config
}

/// Lets the seats with an even or an odd last number drop ping, and the others answer.
fn silence(lab: &Lab, odd: u8) {
    let rules = format!(
        "table ip hall {{}}\ndelete table ip hall\ntable ip hall {{\n\
         chain input {{\ntype filter hook input priority 0;\n\
         ip daddr 127.1.0.0/16 ip daddr & 0.0.0.1 == 0.0.0.{odd} icmp type echo-request drop\n}}\n}}\n"
    );
    let words = ["sh", "-c", "printf '%s' \"$0\" | nft -f -", &rules];
    let done = lab.output("monitor", &words, Duration::from_secs(10)).expect("it runs");
    assert!(done.status.success(), "{}", done.stderr);
}

#[test]
#[ignore = "takes ten minutes"]
fn a_hall_of_4096_seats_half_of_them_silent_is_watched_for_ten_minutes() {
    if !require_root() {
        return;
    }
    let lab = Lab::up(LabOptions { pcs: 0, firewalled: 0 }).expect("the lab comes up");
    silence(&lab, 1);
    let mut sentinel = Sentinel::start(&lab, &hall()).expect("the program starts");
    let half = |s: &Value| s["seats_online"] == SEATS / 2;
    until(&sentinel, 30, "half of the seats answer", half);
    let began = Instant::now();
    let before = sentinel.usage().expect("usage");
    let mut memory = Vec::new();
    let mut changed = false;
    while began.elapsed() < Duration::from_secs(600) {
        wait(10.0);
        let usage = sentinel.usage().expect("usage");
        memory.push(usage.rss_kib);
        if !changed && began.elapsed() >= Duration::from_secs(300) {
            changed = true;
            // The others come, and those who were there go, all at once.
            silence(&lab, 0);
            until(&sentinel, 20, "the other half answers", |s| {
                half(s) && s["seats"][1]["state"] == "up" && s["seats"][0]["state"] == "down"
            });
        }
        if !changed {
            assert_eq!(sentinel.site()["seats_online"], SEATS / 2);
        }
    }
    let wall = began.elapsed();
    let cpu = sentinel.usage().expect("usage").cpu - before.cpu;
    let site = sentinel.site();
    assert_eq!(site["missed_beats"], 0);
    assert!(site["cycle"].as_u64().is_some_and(|c| c >= 295), "{}", site["cycle"]);
    sentinel.terminate().expect("stops");
    let late = sentinel.lateness();
    figures("4,096 seats every 2 s", late);
    let (first, last) = (memory[11], memory[memory.len() - 1]);
    println!(
        "CPU {:.1} % of one core; memory {:.1} MiB after two minutes, {:.1} MiB after ten, {:.1} MiB at most",
        100.0 * cpu.div_duration_f64(wall),
        first as f64 / 1024.0,
        last as f64 / 1024.0,
        memory.iter().copied().max().unwrap_or(0) as f64 / 1024.0
    );
    assert!(last < 128 * 1024, "memory is bounded");
    assert!(late.p99 < 200.0, "{late:?}");
}
