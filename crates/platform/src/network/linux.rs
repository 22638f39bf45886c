//! Linux: the routing tables of proc(5) and the interfaces of getifaddrs(3).
#![allow(unsafe_code)] // getifaddrs has no safe face in std.

use std::cmp::Reverse;
use std::ffi::CStr;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{LocalNetwork, same_prefix};

/// `RTF_UP` and `RTF_REJECT`, from route(8).
const UP: u32 = 0x1;
const REJECT: u32 = 0x200;
/// `IFF_LOWER_UP`, netdevice(7): the driver's word for a carrier.
const LOWER_UP: u32 = 0x1_0000;

/// A line of a routing table, with addresses as numbers.
struct Route {
    interface: String,
    destination: u128,
    prefix: u8,
    gateway: u128,
    metric: u32,
}

/// `/proc/net/route`: addresses are in hexadecimal, in host order.
fn parse_v4(text: &str) -> Vec<Route> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let hex = |n: usize| u32::from_str_radix(fields.get(n)?, 16).ok();
        (hex(3)? & (UP | REJECT) == UP).then_some(())?;
        Some(Route {
            interface: (*fields.first()?).to_owned(),
            destination: u32::from_be(hex(1)?).into(),
            prefix: u8::try_from(hex(7)?.count_ones()).ok()?,
            gateway: u32::from_be(hex(2)?).into(),
            metric: fields.get(6)?.parse().ok()?,
        })
    };
    text.lines().skip(1).filter_map(line).collect()
}

/// `/proc/net/ipv6_route`: no heading, and addresses are in network order.
fn parse_v6(text: &str) -> Vec<Route> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let hex = |n: usize| u32::from_str_radix(fields.get(n)?, 16).ok();
        let address = |n: usize| u128::from_str_radix(fields.get(n)?, 16).ok();
        (hex(8)? & (UP | REJECT) == UP).then_some(())?;
        Some(Route {
            interface: (*fields.get(9)?).to_owned(),
            destination: address(0)?,
            prefix: u8::try_from(hex(1)?).ok()?,
            gateway: address(4)?,
            metric: hex(5)?,
        })
    };
    text.lines().filter_map(line).collect()
}

/// The table of this very thread's network namespace.
fn table(name: &str) -> String {
    fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap_or_default()
}

pub(super) fn default_gateway() -> Option<IpAddr> {
    gateway_of(&parse_v4(&table("route")))
}

fn gateway_of(routes: &[Route]) -> Option<IpAddr> {
    let route = routes
        .iter()
        .filter(|r| r.destination == 0 && r.prefix == 0 && r.gateway != 0)
        .min_by_key(|r| r.metric)?;
    Some(IpAddr::V4(Ipv4Addr::from(u32::try_from(route.gateway).ok()?)))
}

/// The interface of the longest prefix, the cheapest where two are equally long.
fn interface_of(routes: &[Route], address: u128, bits: u8) -> Option<&str> {
    routes
        .iter()
        .filter(|r| same_prefix(address, r.destination, bits, r.prefix))
        .max_by_key(|r| (r.prefix, Reverse(r.metric)))
        .map(|r| r.interface.as_str())
}

/// An interface's address, or the bare interface where it has none.
struct Entry {
    interface: String,
    flags: u32,
    address: Option<(IpAddr, u8)>,
}

fn entries() -> Vec<Entry> {
    let mut list = std::ptr::null_mut();
    // SAFETY: the call fills list; on failure there is nothing to free.
    if unsafe { libc::getifaddrs(&raw mut list) } != 0 {
        return Vec::new();
    }
    let mut entries = Vec::new();
    let mut next = list;
    // SAFETY: the list stays valid until it is freed below; each pointer in it is null or
    // points to what its neighbours describe.
    while let Some(item) = unsafe { next.as_ref() } {
        // SAFETY: a name is a C string.
        let interface = unsafe { CStr::from_ptr(item.ifa_name) }.to_string_lossy().into_owned();
        let address = ip_of(item.ifa_addr).map(|address| {
            let ones = match ip_of(item.ifa_netmask) {
                Some(IpAddr::V4(mask)) => u32::from(mask).count_ones(),
                Some(IpAddr::V6(mask)) => u128::from(mask).count_ones(),
                None => 0,
            };
            (address, u8::try_from(ones).unwrap_or(0))
        });
        entries.push(Entry { interface, flags: item.ifa_flags, address });
        next = item.ifa_next;
    }
    // SAFETY: from getifaddrs, freed once; entries keeps copies only.
    unsafe { libc::freeifaddrs(list) };
    entries
}

fn ip_of(name: *const libc::sockaddr) -> Option<IpAddr> {
    // SAFETY: null, or a socket address of the family that it names.
    unsafe {
        match i32::from(name.as_ref()?.sa_family) {
            libc::AF_INET => {
                let v4 = name.cast::<libc::sockaddr_in>().read_unaligned();
                Some(IpAddr::V4(Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes())))
            }
            libc::AF_INET6 => {
                let v6 = name.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(IpAddr::V6(Ipv6Addr::from(v6.sin6_addr.s6_addr)))
            }
            _ => None,
        }
    }
}

pub(super) fn local_networks() -> Vec<LocalNetwork> {
    let (up, loopback) = (libc::IFF_UP as u32, libc::IFF_LOOPBACK as u32);
    entries()
        .into_iter()
        .filter(|e| e.flags & up != 0 && e.flags & loopback == 0)
        .filter_map(|e| {
            let (address, prefix) = e.address?;
            let carrier = e.flags & LOWER_UP != 0;
            Some(LocalNetwork { interface: e.interface, address, prefix, carrier })
        })
        .collect()
}

pub(super) fn carrier_towards(address: IpAddr) -> Option<bool> {
    let (routes, number, bits) = match address {
        IpAddr::V4(a) => (parse_v4(&table("route")), u32::from(a).into(), 32),
        IpAddr::V6(a) => (parse_v6(&table("ipv6_route")), a.into(), 128),
    };
    // A network manager takes the routes away with the cable; the address may be left.
    let Some(interface) = interface_of(&routes, number, bits) else {
        return local_networks().iter().find(|n| n.contains(address)).map(|n| n.carrier);
    };
    let flags = entries().into_iter().find(|e| e.interface == interface)?.flags;
    Some(flags & LOWER_UP != 0)
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
*	0000040A	00000000	0201	0	0	0	0000FFFF	0	0	0
rubbish
";
    const TABLE_V6: &str = "\
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003    wlan0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
rubbish
";

    #[test]
    fn the_gateway_is_that_of_the_cheapest_default_route() {
        assert_eq!(gateway_of(&parse_v4(TABLE)), Some(IpAddr::from([192, 168, 1, 1])));
        assert_eq!(gateway_of(&[]), None);
    }

    #[test]
    fn the_longest_prefix_leads_to_an_address() {
        let routes = parse_v4(TABLE);
        let to = |a: [u8; 4]| interface_of(&routes, u32::from_be_bytes(a).into(), 32);
        assert_eq!(to([192, 168, 1, 7]), Some("eth0"));
        assert_eq!(to([192, 168, 2, 7]), Some("eth0"), "eth1 is down");
        assert_eq!(to([8, 8, 8, 8]), Some("eth0"));
        assert_eq!(interface_of(&[], 1, 32), None);
    }

    #[test]
    fn ipv6_has_its_own_table() {
        let routes = parse_v6(TABLE_V6);
        assert_eq!(routes.len(), 2, "a rejecting route leads nowhere");
        let to = |a: &str| {
            let address: Ipv6Addr = a.parse().expect("an address");
            interface_of(&routes, address.into(), 128)
        };
        assert_eq!(to("fe80::5"), Some("eth0"));
        assert_eq!(to("2001:db8::1"), Some("wlan0"));
    }
}
