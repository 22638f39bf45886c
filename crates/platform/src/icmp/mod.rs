//! ICMP echo over one socket per address family.
//!
//! A probe leaves with an identifier, a sequence number and a payload that carries a
//! secret of this process, the caller's number of the probe and the moment of sending. A
//! reply counts only if all of them come back (RFC 792, RFC 4443); everything else that
//! arrives on the socket, unreachable messages included, is foreign and dropped.
//!
//! Which means the system offers is found out once per address family, best first: a raw
//! socket, an unprivileged datagram socket (Linux), `IcmpSendEcho2` (Windows). A family
//! without any remembers why, and tries again now and then.

#[cfg_attr(unix, path = "linux/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod os;
mod packet;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

pub use os::Pinger;

/// A question to one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// Whom to ask.
    pub address: IpAddr,
    /// The caller's number of the probe; its low 16 bits are the ICMP sequence number.
    pub token: u64,
}

/// An answer to one of our questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EchoReply {
    /// Who answered.
    pub address: IpAddr,
    /// The number of the probe.
    pub token: u64,
    /// From just before sending to the kernel's receipt.
    pub rtt: Duration,
    /// How it was asked.
    pub via: Method,
}

/// By what means the system lets us ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A raw socket: needs privileges.
    Raw,
    /// Linux' unprivileged ICMP socket (`net.ipv4.ping_group_range`).
    Datagram,
    /// Windows' `IcmpSendEcho2`: needs no privileges.
    IpHelper,
}

impl Method {
    /// The word in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Method::Raw => "raw",
            Method::Datagram => "datagram",
            Method::IpHelper => "ip_helper",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Raw => "raw socket",
            Method::Datagram => "datagram socket",
            Method::IpHelper => "IcmpSendEcho2",
        })
    }
}

/// Why a question could not be sent. Never a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFault {
    /// `EPERM`, `EACCES`, `WSAEACCES`.
    NoPermission,
    /// No socket of this address family.
    NoSocket,
    /// `ENETUNREACH`, `EHOSTUNREACH`, `ENETDOWN`, `EADDRNOTAVAIL`, `ENODEV`.
    NetworkUnreachable,
    /// `EAGAIN`, `ENOBUFS`: the queue is full; try later.
    Busy,
    /// Another error of the system, by number.
    Other(i32),
}

impl fmt::Display for SendFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendFault::NoPermission => f.write_str("the system does not allow us to send ICMP"),
            SendFault::NoSocket => f.write_str("no ICMP socket for this kind of address"),
            SendFault::NetworkUnreachable => f.write_str("the system knows no way there"),
            SendFault::Busy => f.write_str("the send queue is full"),
            SendFault::Other(code) => {
                write!(f, "{}", std::io::Error::from_raw_os_error(*code))
            }
        }
    }
}

/// How long a family without a socket rests before it tries again, in nanoseconds.
const RETRY_EVERY: i64 = 10_000_000_000;

/// A secret of this process, and an identifier for its packets.
fn secrets() -> ([u8; 8], u16) {
    let mut random = [0u8; 10];
    // Without randomness the process number still keeps two of us apart.
    if getrandom::fill(&mut random).is_err() {
        random[..4].copy_from_slice(&std::process::id().to_be_bytes());
    }
    let [a, b, cookie @ ..] = random;
    (cookie, u16::from_be_bytes([a, b]))
}

/// What arrived and did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets that answer no question of ours.
    pub foreign: u64,
    /// Errors of the socket while receiving.
    pub errors: u64,
}
