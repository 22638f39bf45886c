//! What the system refuses to send, on the loopback and in a network of our own.

use std::net::IpAddr;
use std::time::Instant;

use super::*;
use crate::network;

fn skipped(why: &str) {
    println!("SKIPPED: {why}");
    assert!(std::env::var_os("CI").is_none(), "CI must be able to run this: {why}");
}

#[test]
fn a_refused_address_does_not_hold_up_the_rest() {
    let pinger = Pinger::open();
    if pinger.method(false).is_err() {
        return skipped("no ICMP socket can be opened here");
    }
    // The loopback's broadcast address: refused to a socket that never asked to broadcast.
    let batch: Vec<Echo> = [1, 255, 2]
        .map(|n| [127, n, n, n])
        .into_iter()
        .zip(1..)
        .map(|(a, token)| Echo { address: IpAddr::from(a), token })
        .collect();
    let mut refused = Vec::new();
    pinger.send(&batch, &mut refused);
    assert_eq!(refused, [(2, SendFault::NoPermission)]);
    let mut replies = Vec::new();
    let end = Instant::now() + Duration::from_secs(3);
    while replies.len() < 2 && Instant::now() < end {
        pinger.receive(Duration::from_millis(100), &mut replies).expect("receives");
    }
    let mut tokens: Vec<u64> = replies.iter().map(|r| r.token).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, [1, 3]);
}

#[test]
fn a_machine_without_a_network_says_so_and_is_not_silent() {
    let alone = std::thread::spawn(|| {
        // SAFETY: no pointers; it moves this thread alone into an empty network.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return false;
        }
        let pinger = Pinger::open();
        let far = [IpAddr::from([10, 1, 2, 3]), IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])];
        let batch = [Echo { address: far[0], token: 1 }, Echo { address: far[1], token: 2 }];
        let mut refused = Vec::new();
        pinger.send(&batch, &mut refused);
        refused.sort_by_key(|r| r.0);
        let fault = SendFault::NetworkUnreachable;
        assert_eq!(refused, [(1, fault), (2, fault)]);
        assert_eq!(network::default_gateway(), None);
        assert_eq!(network::local_networks(), []);
        assert_eq!(network::carrier_towards(far[0]), None);
        true
    });
    if !alone.join().expect("no panic") {
        skipped("needs the right to make a network namespace");
    }
}
