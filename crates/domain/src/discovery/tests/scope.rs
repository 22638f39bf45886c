//! Whom a discovery asks.

use proptest::prelude::*;

use super::ip;
use crate::discovery::{Limit, OwnNetwork, Refusal, Scope, Subnet};

fn own(interface: &str, address: &str, prefix: u8) -> OwnNetwork {
    OwnNetwork { interface: interface.into(), address: ip(address), prefix, carrier: true }
}

fn subnet(text: &str) -> Subnet {
    Subnet::parse(text).expect("a network")
}

#[test]
fn a_network_is_read_and_written_as_people_do() {
    for (text, canonical, hosts) in [
        ("192.168.1.0/24", "192.168.1.0/24", 254),
        (" 192.168.1.77/24 ", "192.168.1.0/24", 254),
        ("10.0.0.7", "10.0.0.7/32", 1),
        ("10.0.0.7/31", "10.0.0.6/31", 2),
        ("10.0.0.7/30", "10.0.0.4/30", 2),
        ("10.1.2.3/8", "10.0.0.0/8", (1 << 24) - 2),
    ] {
        let network = subnet(text);
        assert_eq!((network.to_string().as_str(), network.hosts().count()), (canonical, hosts));
    }
    for bad in ["", "x", "192.168.1", "192.168.1.0/33", "192.168.1.0/+4", "fd00::/64", "0.0.0.0/0"]
    {
        assert_eq!(Subnet::parse(bad), None, "{bad}");
    }
    assert!(subnet("10.0.0.0/16").holds(subnet("10.0.3.0/24")));
    assert!(!subnet("10.0.3.0/24").holds(subnet("10.0.0.0/16")));
    assert!(Subnet::around(ip("10.0.0.1"), 0).contains(ip("203.0.113.1")));
}

#[test]
fn the_gateways_network_comes_first_and_the_gateway_in_it() {
    let all = [own("wlan0", "10.0.0.5", 30), own("eth0", "192.168.1.50", 24)];
    let scope = Scope::of(&all, Some(ip("192.168.1.254")), None).expect("somebody");
    assert_eq!(scope.networks[0].interface, "eth0");
    assert_eq!(scope.addresses[..3], [ip("192.168.1.254"), ip("192.168.1.1"), ip("192.168.1.2")]);
    assert_eq!(scope.addresses.len(), 253 + 1, "neither this machine nor a network's own address");
    assert_eq!(scope.addresses[253], ip("10.0.0.6"));
}

#[test]
fn of_a_wide_network_the_neighbourhood_is_asked_unless_a_part_is_named() {
    let wide = [own("eth0", "10.0.7.5", 16)];
    let scope = Scope::of(&wide, None, None).expect("somebody");
    assert_eq!(scope.networks[0].limit, Some(Limit::TooWide));
    assert_eq!(scope.networks[0].asked, Some(subnet("10.0.7.0/24")));
    assert_eq!(scope.addresses.len(), 253);
    let named = |text| Scope::of(&wide, None, Some(subnet(text)));
    assert_eq!(named("10.0.9.0/24").expect("a part").addresses.len(), 254);
    assert_eq!(named("10.0.0.0/17").expect("a wide part").addresses, scope.addresses);
    assert_eq!(named("10.0.128.0/17"), Err(Refusal::TooWide(subnet("10.0.128.0/17"))));
    // The widest that is asked whole begins with the /24 around this machine.
    let scope = Scope::of(&[own("eth0", "10.0.7.5", 20)], None, None).expect("somebody");
    assert_eq!((scope.networks[0].limit, scope.addresses.len()), (None, 4093));
    assert_eq!(scope.addresses[0], ip("10.0.7.0"), "an address like others in a /20");
    assert_eq!(scope.addresses[255], ip("10.0.0.1"));
}

#[test]
fn nobody_outside_of_the_own_networks_is_asked() {
    let café = [own("eth0", "192.168.1.50", 24)];
    let named = |text| Scope::of(&café, None, Some(subnet(text)));
    for far in ["192.168.2.0/24", "192.168.0.0/16", "8.8.8.8", "192.168.1.0/23"] {
        let refused = named(far).expect_err(far);
        assert!(matches!(&refused, Refusal::NotLocal { own, .. } if own.len() == 1));
        let text = refused.to_string();
        assert!(text.contains("no network of this machine: it is in 192.168.1.0/24"), "{text}");
    }
    assert_eq!(named("192.168.1.110/31").expect("a part").addresses.len(), 2);
}

#[test]
fn without_anybody_to_ask_the_reason_is_said() {
    let unplugged = OwnNetwork { carrier: false, ..own("eth0", "192.168.1.50", 24) };
    let tunnel = own("tun0", "100.64.0.7", 32);
    let of = |all: &[OwnNetwork]| Scope::of(all, None, None).expect_err("nobody");
    assert_eq!(of(&[]), Refusal::NoNetwork);
    assert_eq!(of(std::slice::from_ref(&tunnel)), Refusal::NoNetwork);
    assert_eq!(of(&[tunnel.clone(), unplugged.clone()]), Refusal::NoCarrier("eth0".into()));
    let scope = Scope::of(&[unplugged, own("wlan0", "10.0.0.5", 24), tunnel], None, None);
    let scope = scope.expect("one has a carrier");
    assert_eq!(scope.addresses.len(), 253);
    let limits: Vec<_> = scope.networks.iter().map(|n| n.limit).collect();
    assert_eq!(limits, [Some(Limit::NoCarrier), None, Some(Limit::Alone)]);
}

#[test]
fn seats_are_looked_for_where_the_gateway_is_or_most_answer() {
    let two = [own("eth0", "10.0.0.5", 24), own("eth1", "10.0.1.5", 24)];
    let home = |gateway: Option<&str>, named: Option<&str>| {
        let scope = Scope::of(&two, gateway.map(ip), named.map(subnet)).expect("somebody");
        let answered = |n: Subnet| if n == subnet("10.0.0.0/24") { 3 } else { 2 };
        scope.home(answered).expect("one").to_string()
    };
    assert_eq!(home(Some("10.0.1.1"), None), "10.0.1.0/24");
    assert_eq!(home(None, None), "10.0.0.0/24");
    assert_eq!(home(Some("10.0.1.1"), Some("10.0.0.0/25")), "10.0.0.0/25");
}

proptest! {
    /// Everyone asked lies in a network with a carrier, once, and is not this machine.
    #[test]
    fn only_neighbours_are_asked(
        all in prop::collection::vec((any::<u32>(), 8u8..=32, any::<bool>()), 0..4),
        gateway in any::<u32>(),
    ) {
        let all: Vec<OwnNetwork> = all
            .into_iter()
            .map(|(a, prefix, carrier)| OwnNetwork {
                interface: "eth0".into(), address: a.into(), prefix, carrier,
            })
            .collect();
        if let Ok(scope) = Scope::of(&all, Some(gateway.into()), None) {
            let mut once = scope.addresses.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), scope.addresses.len());
            prop_assert!(once.len() <= 4 * 4094);
            for address in once {
                let near = |n: &OwnNetwork| {
                    n.carrier && Subnet::around(n.address, n.prefix).contains(address)
                };
                prop_assert!(all.iter().any(near), "{address}");
                prop_assert!(all.iter().all(|n| n.address != address), "{address}");
            }
        }
    }
}
