//! What the system knows of its own networks: the way out, the local subnets, the cable.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

/// A network that this machine is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalNetwork {
    /// Name of the interface.
    pub interface: String,
    /// The network's address.
    pub network: Ipv4Addr,
    /// Length of its prefix in bits.
    pub prefix: u8,
}

/// A line of `/proc/net/route` (proc(5)): addresses are in hexadecimal, in host order.
struct Route {
    interface: String,
    destination: u32,
    gateway: u32,
    metric: u32,
    mask: u32,
}

fn parse_routes(text: &str) -> Vec<Route> {
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let hex = |n: usize| u32::from_str_radix(fields.get(n)?, 16).ok().map(u32::from_be);
            // RTF_UP, from route(8).
            let up = u32::from_str_radix(fields.get(3)?, 16).ok()? & 1 == 1;
            up.then_some(Route {
                interface: (*fields.first()?).to_owned(),
                destination: hex(1)?,
                gateway: hex(2)?,
                metric: fields.get(6)?.parse().ok()?,
                mask: hex(7)?,
            })
        })
        .collect()
}

fn routes() -> Vec<Route> {
    fs::read_to_string("/proc/net/route").map(|t| parse_routes(&t)).unwrap_or_default()
}

/// The router that this machine sends everything to; none without a default route.
#[must_use]
pub fn default_gateway() -> Option<IpAddr> {
    gateway_of(&routes())
}

fn gateway_of(routes: &[Route]) -> Option<IpAddr> {
    routes
        .iter()
        .filter(|r| r.destination == 0 && r.mask == 0 && r.gateway != 0)
        .min_by_key(|r| r.metric)
        .map(|r| IpAddr::V4(Ipv4Addr::from(r.gateway)))
}

/// Networks reached without a router.
#[must_use]
pub fn local_networks() -> Vec<LocalNetwork> {
    networks_of(&routes())
}

fn networks_of(routes: &[Route]) -> Vec<LocalNetwork> {
    routes
        .iter()
        .filter(|r| r.gateway == 0 && r.mask != 0 && r.interface != "lo")
        .map(|r| LocalNetwork {
            interface: r.interface.clone(),
            network: Ipv4Addr::from(r.destination),
            prefix: u8::try_from(r.mask.leading_ones()).unwrap_or(32),
        })
        .collect()
}

/// Whether the interface that leads to an address has a carrier (a live cable). None
/// where that is unknown: no route, or an address family that is not looked up.
#[must_use]
pub fn carrier_towards(address: IpAddr) -> Option<bool> {
    let IpAddr::V4(v4) = address else { return None };
    if v4.is_loopback() {
        return Some(true);
    }
    let routes = routes();
    let interface = interface_of(&routes, v4)?;
    // Reading it fails while the interface is administratively down: no carrier either.
    match fs::read_to_string(format!("/sys/class/net/{interface}/carrier")) {
        Ok(text) => Some(text.trim() == "1"),
        Err(_) => Some(false),
    }
}

fn interface_of(routes: &[Route], address: Ipv4Addr) -> Option<&str> {
    let address = u32::from(address);
    routes
        .iter()
        .filter(|r| address & r.mask == r.destination)
        .max_by_key(|r| (r.mask.leading_ones(), std::cmp::Reverse(r.metric)))
        .map(|r| r.interface.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
wlan0	00000000	0100000A	0003	0	0	600	00000000	0	0	0
eth0	00000000	0101A8C0	0003	0	0	100	00000000	0	0	0
eth0	0001A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
eth1	0002A8C0	00000000	0000	0	0	0	00FFFFFF	0	0	0
rubbish
";

    #[test]
    fn the_gateway_is_that_of_the_cheapest_default_route() {
        let routes = parse_routes(TABLE);
        assert_eq!(gateway_of(&routes), Some(IpAddr::from([192, 168, 1, 1])));
        assert_eq!(gateway_of(&[]), None);
    }

    #[test]
    fn local_networks_are_those_without_a_gateway_that_are_up() {
        let networks = networks_of(&parse_routes(TABLE));
        assert_eq!(networks.len(), 1);
        assert_eq!(networks[0].network, Ipv4Addr::new(192, 168, 1, 0));
        assert_eq!((networks[0].prefix, networks[0].interface.as_str()), (24, "eth0"));
    }

    #[test]
    fn the_longest_prefix_leads_to_an_address() {
        let routes = parse_routes(TABLE);
        assert_eq!(interface_of(&routes, Ipv4Addr::new(192, 168, 1, 7)), Some("eth0"));
        assert_eq!(interface_of(&routes, Ipv4Addr::new(8, 8, 8, 8)), Some("eth0"));
    }
}
