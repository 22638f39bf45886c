//! What the system knows of its own networks: the way out, the local subnets, the cable.

#[cfg_attr(unix, path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

#[cfg(windows)]
pub(crate) use os::{ip_of, name_of};
use std::net::IpAddr;

/// An address of this machine and the network that it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalNetwork {
    /// Name of the interface, as the system shows it.
    pub interface: String,
    /// This machine's address there.
    pub address: IpAddr,
    /// Length of the network's prefix in bits.
    pub prefix: u8,
    /// Whether the cable (or the radio) is connected.
    pub carrier: bool,
}

impl LocalNetwork {
    /// Whether an address lies in this network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same_prefix(u32::from(own).into(), u32::from(other).into(), 32, self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                same_prefix(own.into(), other.into(), 128, self.prefix)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Whether two addresses of so many bits agree in their first `prefix` bits.
fn same_prefix(a: u128, b: u128, bits: u8, prefix: u8) -> bool {
    let rest = u32::from(bits.saturating_sub(prefix));
    // Shifting away all 128 bits would overflow: a prefix of nothing holds everything.
    a.checked_shr(rest) == b.checked_shr(rest)
}

/// The router that this machine sends everything to; none without a default route. IPv4
/// only: an IPv6 router has a link-local address, which means nothing without its link.
#[must_use]
pub fn default_gateway() -> Option<IpAddr> {
    os::default_gateway()
}

/// The networks of the interfaces that are up, without the loopback.
#[must_use]
pub fn local_networks() -> Vec<LocalNetwork> {
    os::local_networks()
}

/// Whether the interface that leads to an address, or would lead there, has a carrier: a
/// live cable, a joined radio. None where that is unknown.
#[must_use]
pub fn carrier_towards(address: IpAddr) -> Option<bool> {
    if address.is_loopback() { Some(true) } else { os::carrier_towards(address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_knows_its_own() {
        let network = |address: &str, prefix| LocalNetwork {
            interface: "eth0".into(),
            address: address.parse().expect("an address"),
            prefix,
            carrier: true,
        };
        let ip = |text: &str| text.parse().expect("an address");
        let café = network("192.168.1.10", 24);
        assert!(café.contains(ip("192.168.1.200")) && !café.contains(ip("192.168.2.1")));
        assert!(!café.contains(ip("fe80::1")));
        assert!(network("10.0.0.1", 0).contains(ip("8.8.8.8")));
        assert!(!network("10.0.0.1", 32).contains(ip("10.0.0.2")));
        assert!(network("fe80::1", 64).contains(ip("fe80::2")));
        assert!(network("::", 0).contains(ip("fe80::2")));
    }

    #[test]
    fn the_loopback_never_loses_its_cable() {
        assert_eq!(carrier_towards(IpAddr::from([127, 0, 0, 9])), Some(true));
        assert_eq!(carrier_towards("::1".parse().expect("an address")), Some(true));
    }

    #[test]
    fn the_machine_tells_its_networks_without_the_loopback() {
        for network in local_networks() {
            println!("{network:?}");
            assert!(!network.address.is_loopback() && !network.interface.is_empty());
            assert!(carrier_towards(network.address).is_some(), "{network:?}");
        }
        println!("gateway {:?}", default_gateway());
    }
}
