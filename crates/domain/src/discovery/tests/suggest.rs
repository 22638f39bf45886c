//! What follows from who answered.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use serde_json::json;

use super::ip;
use crate::config::{Config, Mac};
use crate::discovery::{Facts, Found, Seats, Subnet, Suggestion, Via, suggest};

const OWN: &str = "192.168.1.50";

fn found(address: Ipv4Addr) -> Found {
    let [.., c, d] = address.octets();
    let mac = Some(Mac([2, 0, 0, 0, c, d]));
    Found { address, via: Via::Both, rtt: None, mac, firewalled: false }
}

/// Of the café's /24, by the last octets of who answered.
fn cafe(octets: impl IntoIterator<Item = u8>) -> Suggestion {
    let found: Vec<_> = octets.into_iter().map(|d| found([192, 168, 1, d].into())).collect();
    suggest(&Facts {
        found: &found,
        home: Subnet::around(ip(OWN), 24),
        gateway: Some(ip("192.168.1.1")),
        others: &[ip(OWN)],
    })
}

fn range(start: u8, count: u8) -> Seats {
    Seats::Range { first: [192, 168, 1, start].into(), count }
}

/// The last octets of a list.
fn listed(suggestion: &Suggestion) -> Vec<u8> {
    match &suggestion.seats {
        Seats::List(seats) => seats
            .iter()
            .map(|s| match s.address {
                IpAddr::V4(a) => a.octets()[3],
                IpAddr::V6(_) => panic!("{s:?}"),
            })
            .collect(),
        other @ (Seats::None | Seats::Range { .. }) => panic!("{other:?}"),
    }
}

#[test]
fn twenty_in_a_row_are_a_range_and_the_server_is_left_out() {
    let suggestion = cafe([1, 200].into_iter().chain(110..130));
    assert_eq!(suggestion.seats, range(110, 20));
    assert_eq!(
        (suggestion.answered, suggestion.left_out.as_slice()),
        (20, &[ip("192.168.1.200")][..])
    );
    assert_eq!(suggestion.targets(), json!({ "router": "192.168.1.1" }));
    assert_eq!(
        suggestion.monitor_settings(),
        json!({ "pc_subnet": "192.168.1", "pc_start_range": 110, "pc_count": 20 })
    );
}

#[test]
fn a_range_may_have_holes_but_not_be_made_of_them() {
    assert_eq!(cafe([111, 114, 115, 120, 122, 129]).seats, range(111, 19));
    assert_eq!(cafe([110, 119, 120]).seats, range(110, 11), "eight in a row are off");
    assert_eq!(listed(&cafe([110, 120, 121])), [110, 120, 121], "nine are a gap");
    assert_eq!(listed(&cafe([10, 19, 28, 37])), [10, 19, 28, 37], "too thin");
    assert_eq!(cafe([250, 252, 254]).seats, range(250, 5));
}

#[test]
fn what_is_no_single_group_is_listed() {
    let rows = cafe((10..20).chain(110..122));
    assert_eq!(listed(&rows).len(), 22, "two rows");
    let scattered = cafe([5, 6, 7, 40, 70, 90, 130, 160]);
    assert_eq!(listed(&scattered).len(), 8, "the group is the smaller part");
    assert_eq!(listed(&cafe([9, 10])), [9, 10], "two are no group");
    assert!(scattered.left_out.is_empty());
}

#[test]
fn this_machine_among_the_seats_is_no_seat() {
    let suggestion = cafe((45..50).chain(51..56).chain([1, 200]));
    assert_eq!(listed(&suggestion), [45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 200]);
    assert_eq!(cafe((2..12).chain([1])).seats, range(2, 10), "the router before them is no matter");
}

#[test]
fn nobody_suggests_no_seats() {
    let suggestion = cafe([1]);
    assert_eq!((&suggestion.seats, suggestion.answered), (&Seats::None, 0));
    assert_eq!(suggestion.monitor_settings(), json!({}));
    let facts = Facts {
        found: &[found(ip("10.0.0.7"))],
        home: Subnet::around(ip(OWN), 24),
        gateway: None,
        others: &[],
    };
    let elsewhere = suggest(&facts);
    assert_eq!((elsewhere.seats, elsewhere.router), (Seats::None, None), "of another network");
}

#[test]
fn a_list_names_each_and_knows_it_by_its_own_card() {
    let mut all =
        vec![found(ip("192.168.1.9")), found(ip("192.168.1.40")), found(ip("192.168.1.90"))];
    all[2].mac = all[1].mac;
    let facts =
        Facts { found: &all, home: Subnet::around(ip(OWN), 24), gateway: None, others: &[] };
    let suggestion = suggest(&facts);
    assert_eq!(
        suggestion.monitor_settings(),
        json!({ "pc_count": 0, "pcs": [
            { "name": "PC-1", "address": "192.168.1.9", "mac": "02:00:00:00:01:09" },
            { "name": "PC-2", "address": "192.168.1.40" },
            { "name": "PC-3", "address": "192.168.1.90" },
        ]})
    );
    assert_eq!(suggestion.targets(), json!({}));
}

#[test]
fn a_group_does_not_reach_from_one_24_into_the_next() {
    let all: Vec<_> = (0..6).map(|n| found(Ipv4Addr::from(0xc0a8_00fc + n))).collect();
    let home = Subnet::around(ip("192.168.0.5"), 23);
    let suggestion = suggest(&Facts { found: &all, home, gateway: None, others: &[] });
    // .252, .253, .254; .255 is no seat of a range, nor are 1.0 and 1.1 a group.
    let Seats::List(seats) = suggestion.seats else { panic!("half is not most") };
    assert_eq!(seats.len(), 6);
    let suggestion = suggest(&Facts { found: &all[..4], home, gateway: None, others: &[] });
    assert_eq!(suggestion.seats, Seats::Range { first: ip("192.168.0.252"), count: 3 });
}

proptest! {
    /// Whatever answers, the suggestion is a valid configuration whose seats are those who
    /// answered, less who is left out, more the holes; never who is no seat.
    #[test]
    fn every_suggestion_is_a_valid_configuration(
        octets in prop::collection::btree_set((0u8..=3, any::<u8>()), 0..120),
        others in prop::collection::btree_set((0u8..=3, any::<u8>()), 0..4),
    ) {
        let address = |(c, d): (u8, u8)| Ipv4Addr::new(10, 0, c, d);
        let all: Vec<Found> = octets.into_iter().map(|o| found(address(o))).collect();
        let no_seats: Vec<Ipv4Addr> = others.into_iter().map(address).collect();
        let suggestion = suggest(&Facts {
            found: &all,
            home: Subnet::around(ip("10.0.1.7"), 22),
            gateway: no_seats.first().copied(),
            others: no_seats.get(1..).unwrap_or_default(),
        });
        let mut document = json!({
            "targets": suggestion.targets(),
            "monitor_settings": suggestion.monitor_settings(),
        });
        if suggestion.seats == Seats::None {
            document["monitor_settings"] = json!({ "pc_count": 0 });
        }
        let config = Config::from_value(&document);
        prop_assert!(config.is_ok(), "{:?}", config.err());
        let seats = config.unwrap_or_default().monitor.seats;
        let seats: BTreeSet<IpAddr> = seats.into_iter().map(|s| s.address).collect();
        let left_out: BTreeSet<IpAddr> = suggestion.left_out.iter().map(|a| (*a).into()).collect();
        let candidates: BTreeSet<IpAddr> = all
            .iter()
            .filter(|f| !no_seats.contains(&f.address))
            .map(|f| f.address.into())
            .collect();
        prop_assert!(no_seats.iter().all(|a| !seats.contains(&IpAddr::from(*a))));
        prop_assert!(seats.is_disjoint(&left_out));
        let watched: BTreeSet<_> = seats.intersection(&candidates).copied().collect();
        prop_assert_eq!(watched.len(), suggestion.answered);
        prop_assert_eq!(&watched | &left_out, candidates);
        if !matches!(suggestion.seats, Seats::Range { .. }) {
            prop_assert_eq!(watched.len(), seats.len(), "a list has no holes");
        }
    }
}
