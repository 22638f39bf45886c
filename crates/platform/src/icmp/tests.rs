//! On the loopback network, the only one that tests may ask.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Instant;

use super::*;

/// The pingers that this machine can open: what the system prefers, and what it offers to
/// programs without rights. A test that finds none says so, and fails where CI is set.
fn pingers(v6: bool) -> Vec<Pinger> {
    let mut open = Vec::new();
    for pinger in [Pinger::open(), Pinger::open_plain()] {
        match pinger.method(v6) {
            Ok(method) => {
                println!("asking by {method}, IPv{}", if v6 { 6 } else { 4 });
                open.push(pinger);
            }
            Err(fault) => println!("not by this: {fault}"),
        }
    }
    if open.is_empty() {
        println!("SKIPPED: no ICMP socket can be opened here");
        assert!(std::env::var_os("CI").is_none(), "CI must be able to open an ICMP socket");
    }
    open
}

fn collect(pinger: &Pinger, wanted: usize) -> Vec<EchoReply> {
    let mut replies = Vec::new();
    let end = Instant::now() + Duration::from_secs(3);
    while replies.len() < wanted && Instant::now() < end {
        pinger.receive(Duration::from_millis(100), &mut replies).expect("receives");
    }
    replies
}

fn v4(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

#[test]
fn the_whole_of_a_loopback_network_answers_one_batch() {
    for pinger in pingers(false) {
        let batch: Vec<Echo> =
            (1..=254u8).map(|n| Echo { address: v4(n), token: 0x5_0000 + u64::from(n) }).collect();
        let mut refused = Vec::new();
        let began = Instant::now();
        pinger.send(&batch, &mut refused);
        let sent = began.elapsed();
        assert!(refused.is_empty(), "{refused:?}");
        let replies = collect(&pinger, 254);
        println!("254: sent in {sent:?}, all back after {:?}", began.elapsed());
        assert_eq!(replies.len(), 254);
        for reply in &replies {
            assert_eq!(reply.address, v4(reply.token as u8));
            assert_eq!(Ok(reply.via), pinger.method(false));
            assert!(reply.rtt < Duration::from_secs(1), "{reply:?}");
        }
        assert_eq!(pinger.counters().errors, 0);
    }
}

#[test]
fn ipv6_answers_beside_ipv4() {
    for pinger in pingers(true) {
        let mut refused = Vec::new();
        let address = IpAddr::V6(Ipv6Addr::LOCALHOST);
        let batch = [Echo { address, token: 70_000 }, Echo { address: v4(1), token: 70_001 }];
        pinger.send(&batch, &mut refused);
        assert!(refused.is_empty(), "{refused:?}");
        let mut replies = collect(&pinger, 2);
        replies.sort_by_key(|r| r.token);
        assert_eq!(replies.len(), 2);
        assert_eq!((replies[0].address, replies[0].token), (address, 70_000));
        assert_eq!((replies[1].address, replies[1].token), (v4(1), 70_001));
    }
}

#[test]
fn two_pingers_do_not_take_each_others_replies() {
    for (one, two) in pingers(false).iter().zip(pingers(false)) {
        one.send(&[Echo { address: v4(1), token: 1 }], &mut Vec::new());
        assert_eq!(collect(one, 1).len(), 1);
        let mut none = Vec::new();
        two.receive(Duration::from_millis(50), &mut none).expect("receives");
        assert!(none.is_empty());
    }
}

#[test]
fn waking_ends_the_wait() {
    let pinger = Arc::new(Pinger::open());
    let waiting = Arc::clone(&pinger);
    let began = Instant::now();
    let thread =
        std::thread::spawn(move || waiting.receive(Duration::from_secs(20), &mut Vec::new()));
    pinger.wake();
    thread.join().expect("ends").expect("receives");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_reopened_pinger_still_answers() {
    for pinger in pingers(false) {
        pinger.reopen();
        pinger.send(&[Echo { address: v4(9), token: 3 }], &mut Vec::new());
        assert_eq!(collect(&pinger, 1).len(), 1);
    }
}

#[test]
fn silence_ends_with_the_wait() {
    let pinger = Pinger::open();
    let began = Instant::now();
    let mut none = Vec::new();
    // Other tests' replies may end it sooner; nothing may make it longer or bring a reply.
    pinger.receive(Duration::from_millis(120), &mut none).expect("receives");
    assert!(none.is_empty());
    assert!(began.elapsed() < Duration::from_secs(5));
}
