//! ICMP echo over one socket per address family.
//!
//! A probe leaves with an identifier, a sequence number and a payload that carries a
//! secret of this process, the caller's number of the probe and the moment of sending. A
//! reply counts only if all of them come back (RFC 792, RFC 4443); everything else that
//! arrives on the socket, unreachable messages included, is foreign and dropped.

#[cfg(target_os = "linux")]
mod linux;
mod packet;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

#[cfg(target_os = "linux")]
pub use linux::Pinger;

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
}

impl Method {
    /// The word in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Method::Raw => "raw",
            Method::Datagram => "datagram",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Raw => "raw socket",
            Method::Datagram => "datagram socket",
        })
    }
}

/// Why a question could not be sent. Never a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFault {
    /// `EPERM`, `EACCES`.
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

/// What arrived and did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets that answer no question of ours.
    pub foreign: u64,
    /// Errors of the socket while receiving.
    pub errors: u64,
}
