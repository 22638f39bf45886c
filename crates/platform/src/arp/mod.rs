//! Presence by ARP (RFC 826): whether somebody on the local link speaks for an address.
//!
//! Windows PCs drop ping by default, but no host can do without ARP. A question is one
//! broadcast; only what is heard after it counts, never an entry in the system's table,
//! which stays there for minutes after its host was switched off.
//!
//! The table has its use all the same: of an address that has just answered otherwise it
//! tells the Ethernet address without another broadcast ([`table`]).
//!
//! Linux: one packet socket that hears nothing but ARP. Windows: `ResolveIpNetEntry2`,
//! which forgets the table's entry and asks, blocking, so a small pool of threads.

#[cfg_attr(unix, path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::Ipv4Addr;

pub use os::Asker;

/// An Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Somebody spoke for an address that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The address.
    pub address: Ipv4Addr,
    /// Who speaks for it.
    pub mac: Mac,
}

/// What the system's neighbour table says, without what was entered by hand. An entry is
/// no sign of life: it may be minutes old.
#[must_use]
pub fn table() -> Vec<Answer> {
    os::table()
}

/// By what means the system lets us ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Linux' packet socket: needs `CAP_NET_RAW`.
    PacketSocket,
    /// Windows' `ResolveIpNetEntry2`: needs no privileges.
    IpHelper,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::PacketSocket => "packet socket",
            Method::IpHelper => "ResolveIpNetEntry2",
        })
    }
}

/// Why a question could not be put. Never a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The system does not let us: on Linux `CAP_NET_RAW` is missing.
    NoPermission,
    /// The address is on no local link that has ARP, or is this machine's own.
    OffLink,
    /// Too many questions at once, or the interface is just away: try later.
    Busy,
    /// Another error of the system, by number.
    Other(i32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoPermission => f.write_str("the system does not allow us to ask by ARP"),
            Fault::OffLink => f.write_str("this address is not on a local link"),
            Fault::Busy => f.write_str("too many questions at once"),
            Fault::Other(code) => write!(f, "{}", std::io::Error::from_raw_os_error(*code)),
        }
    }
}
