//! Which addresses are asked, and in which order.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::config::Network;

/// The shortest prefix of a network that is asked whole: 4,094 addresses, about a minute.
pub const WIDEST: u8 = 20;
/// What is asked of a wider one: the network of this length around this machine.
const AROUND: u8 = 24;

/// An IPv4 network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    first: u32,
    prefix: u8,
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

impl Subnet {
    /// The network of that prefix (0–32 bits) in which an address lies.
    #[must_use]
    pub fn around(address: Ipv4Addr, prefix: u8) -> Subnet {
        Subnet { first: u32::from(address) & mask(prefix), prefix: prefix.min(32) }
    }

    /// Understands `192.168.1.0/24`, also by another address in it; a bare address is a
    /// network of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Subnet> {
        let network = Network::parse(text.trim())?;
        match network.address {
            IpAddr::V4(address) => Some(Subnet::around(address, network.prefix)),
            IpAddr::V6(_) => None,
        }
    }

    /// Whether an address lies within.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == self.first
    }

    /// Whether all of another network lies within.
    #[must_use]
    pub fn holds(self, other: Subnet) -> bool {
        other.prefix >= self.prefix && self.contains(Ipv4Addr::from(other.first))
    }

    /// The addresses that a machine can have: of networks with more than two addresses all
    /// but the first and the last (RFC 3021).
    pub fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        let last = self.first | !mask(self.prefix);
        let (from, to) =
            if self.prefix <= 30 { (self.first + 1, last - 1) } else { (self.first, last) };
        (from..=to).map(Ipv4Addr::from)
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.prefix)
    }
}

/// An IPv4 address of this machine and the network that it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnNetwork {
    /// Name of the interface.
    pub interface: String,
    /// This machine's address there.
    pub address: Ipv4Addr,
    /// Length of the network's prefix in bits.
    pub prefix: u8,
    /// Whether the cable (or the radio) is connected.
    pub carrier: bool,
}

/// Why a network is asked in part or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Wider than [`WIDEST`]: only the /24 around this machine.
    TooWide,
    /// Its cable is out.
    NoCarrier,
    /// There is no other address in it.
    Alone,
    /// Another one, or a part of it, was named.
    NotNamed,
}

/// A network of this machine and what of it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedNetwork {
    /// Name of the interface.
    pub interface: String,
    /// This machine's address there.
    pub address: Ipv4Addr,
    /// The whole of it.
    pub network: Subnet,
    /// The part that is asked; none of it.
    pub asked: Option<Subnet>,
    /// Why not all of it.
    pub limit: Option<Limit>,
}

/// Whom a discovery asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The router that this machine sends everything to.
    pub gateway: Option<Ipv4Addr>,
    /// All IPv4 networks of this machine, that of the gateway first.
    pub networks: Vec<ScopedNetwork>,
    /// Everyone who is asked, in this order: the gateway, then the /24 around this machine,
    /// then the others by their number, network by network.
    pub addresses: Vec<Ipv4Addr>,
}

/// Why nobody is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The named network is none of this machine's, nor a part of one.
    NotLocal {
        /// The named one.
        named: Subnet,
        /// This machine's.
        own: Vec<Subnet>,
    },
    /// The named part is wider than [`WIDEST`] and this machine is not in it.
    TooWide(Subnet),
    /// The cable of the interface is out.
    NoCarrier(String),
    /// This machine has no IPv4 network with others in it.
    NoNetwork,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotLocal { named, own } if own.is_empty() => {
                write!(f, "{named} is no network of this machine: it is in no IPv4 network")
            }
            Refusal::NotLocal { named, own } => {
                let own: Vec<String> = own.iter().map(ToString::to_string).collect();
                write!(f, "{named} is no network of this machine: it is in {}", own.join(", "))
            }
            Refusal::TooWide(named) => {
                write!(f, "{named} is wider than /{WIDEST}: name a smaller part of it")
            }
            Refusal::NoCarrier(interface) => {
                write!(f, "the cable of {interface} is not connected: nobody can be asked")
            }
            Refusal::NoNetwork => {
                f.write_str("this machine is in no IPv4 network with others in it")
            }
        }
    }
}

impl Scope {
    /// Whom to ask of the machine's networks, or of the one network (or part of one) that
    /// was named.
    ///
    /// # Errors
    /// The named network is not this machine's, or there is nobody to ask.
    pub fn of(
        own: &[OwnNetwork],
        gateway: Option<Ipv4Addr>,
        named: Option<Subnet>,
    ) -> Result<Scope, Refusal> {
        let mut networks: Vec<ScopedNetwork> = own.iter().map(|n| scoped(n, named)).collect();
        networks.sort_by_key(|n| !gateway.is_some_and(|g| n.network.contains(g)));
        if let Some(named) = named {
            let around = own.iter().filter(|n| Subnet::around(n.address, n.prefix).holds(named));
            let all: Vec<&OwnNetwork> = around.collect();
            if all.is_empty() {
                let mut own: Vec<Subnet> = networks.iter().map(|n| n.network).collect();
                own.dedup();
                return Err(Refusal::NotLocal { named, own });
            }
            if named.prefix < WIDEST && !all.iter().any(|n| named.contains(n.address)) {
                return Err(Refusal::TooWide(named));
            }
        }
        let mut known: BTreeSet<Ipv4Addr> = own.iter().map(|n| n.address).collect();
        let mut addresses = Vec::new();
        for network in &networks {
            let Some(asked) = network.asked else { continue };
            let near = Subnet::around(network.address, AROUND);
            let mut hosts: Vec<Ipv4Addr> = asked.hosts().filter(|a| known.insert(*a)).collect();
            hosts.sort_by_key(|a| (Some(*a) != gateway, !near.contains(*a), *a));
            addresses.append(&mut hosts);
        }
        if addresses.is_empty() {
            let out = networks.iter().find(|n| n.limit == Some(Limit::NoCarrier));
            return Err(match out {
                Some(network) => Refusal::NoCarrier(network.interface.clone()),
                None => Refusal::NoNetwork,
            });
        }
        Ok(Scope { gateway, networks, addresses })
    }

    /// Where the seats are looked for: in the named network, else in that of the gateway,
    /// else where most of those who answered are.
    #[must_use]
    pub fn home(&self, answered: impl Fn(Subnet) -> usize) -> Option<Subnet> {
        let asked = self.networks.iter().filter_map(|n| n.asked);
        let gateways = asked.clone().find(|n| self.gateway.is_some_and(|g| n.contains(g)));
        // Of equals the first, which `max_by_key` would not give.
        gateways.or_else(|| asked.min_by_key(|n| std::cmp::Reverse(answered(*n))))
    }
}

fn scoped(own: &OwnNetwork, named: Option<Subnet>) -> ScopedNetwork {
    let network = Subnet::around(own.address, own.prefix);
    let wanted = named.unwrap_or(network);
    let (asked, limit) = if !network.holds(wanted) {
        (None, Some(Limit::NotNamed))
    } else if own.prefix >= 32 {
        (None, Some(Limit::Alone))
    } else if !own.carrier {
        (None, Some(Limit::NoCarrier))
    } else if wanted.prefix < WIDEST && !wanted.contains(own.address) {
        (None, Some(Limit::TooWide))
    } else if wanted.prefix < WIDEST {
        (Some(Subnet::around(own.address, AROUND)), Some(Limit::TooWide))
    } else {
        (Some(wanted), (wanted != network).then_some(Limit::NotNamed))
    };
    ScopedNetwork { interface: own.interface.clone(), address: own.address, network, asked, limit }
}
