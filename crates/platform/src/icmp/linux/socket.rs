//! One ICMP socket and its buffers, which are laid out once and used for every batch.
#![allow(unsafe_code)] // sendmmsg, recvmmsg and socket options have no safe face in std.

use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use super::super::packet::{self, Identity, LENGTH, Stamp};
use super::super::{Echo, EchoReply, Method, SendFault};
use crate::clock;

/// Questions per system call. All of them carry one time of sending, so more of them
/// would make the round trip of the last ones look longer.
const SEND_BATCH: usize = 64;
/// Answers per system call.
const RECEIVE_BATCH: usize = 128;
/// After so many full batches the receiver looks up again, however much a stranger sends.
const ROUNDS: usize = 32;
/// Room for an IP header with options, our packet, and a stranger's longer one.
const ROOM: usize = 256;
/// Room for the control message that carries the time stamp.
const CONTROL: usize = 64;
/// Enough for the replies of thousands of seats that come at once.
const BUFFER: libc::c_int = 4 << 20;
/// `ICMP_FILTER`, raw(7).
const ICMP_FILTER: libc::c_int = 1;
/// `ICMP6_FILTER`, RFC 3542.
const ICMP6_FILTER: libc::c_int = 1;

/// What `sendmmsg` reads.
struct Outgoing {
    packets: [[u8; LENGTH]; SEND_BATCH],
    names: [libc::sockaddr_storage; SEND_BATCH],
    vectors: [libc::iovec; SEND_BATCH],
    messages: [libc::mmsghdr; SEND_BATCH],
    tokens: [u64; SEND_BATCH],
}

/// What `recvmmsg` fills.
struct Incoming {
    data: [[u8; ROOM]; RECEIVE_BATCH],
    control: [[u64; CONTROL / 8]; RECEIVE_BATCH],
    names: [libc::sockaddr_storage; RECEIVE_BATCH],
    vectors: [libc::iovec; RECEIVE_BATCH],
    messages: [libc::mmsghdr; RECEIVE_BATCH],
}

// SAFETY: the raw pointers in both point only into the same heap block, which moves
// between threads as a whole.
unsafe impl Send for Outgoing {}
// SAFETY: as above.
unsafe impl Send for Incoming {}

impl Outgoing {
    fn new() -> Box<Self> {
        // SAFETY: plain data for which zero is valid; null pointers are set below.
        let mut it: Box<Self> = unsafe { Box::new_zeroed().assume_init() };
        for i in 0..SEND_BATCH {
            it.vectors[i] =
                libc::iovec { iov_base: it.packets[i].as_mut_ptr().cast(), iov_len: LENGTH };
            it.messages[i].msg_hdr.msg_name = (&raw mut it.names[i]).cast();
            it.messages[i].msg_hdr.msg_iov = &raw mut it.vectors[i];
            it.messages[i].msg_hdr.msg_iovlen = 1;
        }
        it
    }
}

impl Incoming {
    fn new() -> Box<Self> {
        // SAFETY: plain data for which zero is valid; null pointers are set below.
        let mut it: Box<Self> = unsafe { Box::new_zeroed().assume_init() };
        for i in 0..RECEIVE_BATCH {
            it.vectors[i] = libc::iovec { iov_base: it.data[i].as_mut_ptr().cast(), iov_len: ROOM };
            it.messages[i].msg_hdr.msg_name = (&raw mut it.names[i]).cast();
            it.messages[i].msg_hdr.msg_iov = &raw mut it.vectors[i];
            it.messages[i].msg_hdr.msg_iovlen = 1;
            it.messages[i].msg_hdr.msg_control = it.control[i].as_mut_ptr().cast();
        }
        it.rearm(RECEIVE_BATCH);
        it
    }

    /// Gives back the lengths that the kernel shortened.
    fn rearm(&mut self, used: usize) {
        for message in self.messages.iter_mut().take(used) {
            message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            message.msg_hdr.msg_controllen = CONTROL;
        }
    }
}

/// A socket of one address family. One thread may send while another receives.
pub(super) struct Socket {
    fd: OwnedFd,
    pub(super) method: Method,
    v6: bool,
    identity: Identity,
    /// Made when they are first needed: most machines never ask by IPv6.
    outgoing: Mutex<Option<Box<Outgoing>>>,
    incoming: Mutex<Option<Box<Incoming>>>,
}

fn last_error() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn fault_of(code: i32) -> SendFault {
    match code {
        libc::EPERM | libc::EACCES => SendFault::NoPermission,
        libc::ENETUNREACH
        | libc::EHOSTUNREACH
        | libc::ENETDOWN
        | libc::EADDRNOTAVAIL
        | libc::ENODEV => SendFault::NetworkUnreachable,
        libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM => SendFault::Busy,
        libc::EAFNOSUPPORT | libc::EBADF => SendFault::NoSocket,
        other => SendFault::Other(other),
    }
}

fn set_option<T>(fd: RawFd, level: i32, name: i32, value: &T) {
    // SAFETY: value lives through the call and its size is given. A refused option is
    // no fault: the socket works without it, only less well.
    unsafe {
        libc::setsockopt(
            fd,
            level,
            name,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        );
    }
}

fn now() -> Stamp {
    Stamp { realtime: clock::utc_nanos(), boottime: clock::boottime_nanos() }
}

impl Socket {
    /// Opens the best kind that the system allows.
    pub(super) fn open(v6: bool, cookie: [u8; 8], identifier: u16) -> Result<Socket, SendFault> {
        Socket::open_as(v6, Method::Raw, cookie, identifier)
            .or_else(|_| Socket::open_as(v6, Method::Datagram, cookie, identifier))
    }

    /// Opens a socket of one kind, raw or datagram.
    pub(super) fn open_as(
        v6: bool,
        method: Method,
        cookie: [u8; 8],
        identifier: u16,
    ) -> Result<Socket, SendFault> {
        let (family, protocol) = if v6 {
            (libc::AF_INET6, libc::IPPROTO_ICMPV6)
        } else {
            (libc::AF_INET, libc::IPPROTO_ICMP)
        };
        let raw = method == Method::Raw;
        let kind = if raw { libc::SOCK_RAW } else { libc::SOCK_DGRAM };
        // SAFETY: no pointers; the descriptor is owned from here on.
        let fd = unsafe {
            let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
            let fd = libc::socket(family, kind | flags, protocol);
            if fd < 0 {
                return Err(fault_of(last_error()));
            }
            OwnedFd::from_raw_fd(fd)
        };
        let number = fd.as_raw_fd();
        set_option(number, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &1i32);
        for (name, forced) in
            [(libc::SO_RCVBUF, libc::SO_RCVBUFFORCE), (libc::SO_SNDBUF, libc::SO_SNDBUFFORCE)]
        {
            set_option(number, libc::SOL_SOCKET, name, &BUFFER);
            set_option(number, libc::SOL_SOCKET, forced, &BUFFER);
        }
        // In both filters a set bit blocks; only echo replies may pass.
        if raw && v6 {
            let mut filter = [u32::MAX; 8];
            filter[129 >> 5] &= !(1 << (129 & 31));
            set_option(number, libc::IPPROTO_ICMPV6, ICMP6_FILTER, &filter);
        } else if raw {
            set_option(number, libc::SOL_RAW, ICMP_FILTER, &!1u32);
        }
        Ok(Socket {
            fd,
            method,
            v6,
            identity: Identity { identifier: raw.then_some(identifier), cookie },
            outgoing: Mutex::default(),
            incoming: Mutex::default(),
        })
    }

    pub(super) fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Sends those of the batch that are of this family.
    pub(super) fn send(&self, batch: &[Echo], refused: &mut Vec<(u64, SendFault)>) {
        let mut outgoing = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
        let it = outgoing.get_or_insert_with(Outgoing::new);
        let mut filled = 0;
        let mut stamp = Stamp { realtime: 0, boottime: 0 };
        for echo in batch.iter().filter(|e| e.address.is_ipv6() == self.v6) {
            if filled == 0 {
                stamp = now();
            }
            packet::write(&mut it.packets[filled], self.v6, &self.identity, echo.token, stamp);
            it.messages[filled].msg_hdr.msg_namelen =
                write_name(&mut it.names[filled], echo.address);
            it.tokens[filled] = echo.token;
            filled += 1;
            if filled == SEND_BATCH {
                self.flush(it, filled, refused);
                filled = 0;
            }
        }
        self.flush(it, filled, refused);
    }

    fn flush(&self, it: &mut Outgoing, filled: usize, refused: &mut Vec<(u64, SendFault)>) {
        let mut done = 0;
        while done < filled {
            let rest = &mut it.messages[done..filled];
            // SAFETY: every header points into the buffers, which outlive the call.
            let sent =
                unsafe { libc::sendmmsg(self.number(), rest.as_mut_ptr(), rest.len() as u32, 0) };
            if sent > 0 {
                done += sent as usize;
                continue;
            }
            let code = last_error();
            if code == libc::EINTR {
                continue;
            }
            // The first of the rest is refused; those behind it have their own fate,
            // unless it is the socket's queue that is full.
            let fault = fault_of(code);
            let until = if code == libc::EAGAIN { filled } else { done + 1 };
            refused.extend(it.tokens[done..until].iter().map(|token| (*token, fault)));
            done = until;
        }
    }

    /// Reads what is there. Returns how many packets were foreign.
    pub(super) fn drain(&self, out: &mut Vec<EchoReply>) -> Result<u64, i32> {
        let mut incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        let it = incoming.get_or_insert_with(Incoming::new);
        let with_header = !self.v6 && self.method == Method::Raw;
        let mut foreign = 0;
        for _ in 0..ROUNDS {
            // SAFETY: every header points into the buffers, which outlive the call.
            let count = unsafe {
                libc::recvmmsg(
                    self.number(),
                    it.messages.as_mut_ptr(),
                    RECEIVE_BATCH as u32,
                    libc::MSG_DONTWAIT,
                    std::ptr::null_mut(),
                )
            };
            let Ok(count) = usize::try_from(count) else {
                match last_error() {
                    libc::EAGAIN => break,
                    libc::EINTR => continue,
                    code => return Err(code),
                }
            };
            let here = now();
            for i in 0..count.min(RECEIVE_BATCH) {
                let length = (it.messages[i].msg_len as usize).min(ROOM);
                let data = &it.data[i][..length];
                let heard = packet::read(data, self.v6, with_header, &self.identity);
                match (heard, read_name(&it.names[i])) {
                    (Some(heard), Some(address)) => {
                        let received = kernel_time(&it.messages[i].msg_hdr);
                        let rtt = packet::round_trip(heard.sent, received, here);
                        out.push(EchoReply { address, token: heard.token, rtt, via: self.method });
                    }
                    (None, _) | (_, None) => foreign += 1,
                }
            }
            it.rearm(count);
            if count < RECEIVE_BATCH {
                break;
            }
        }
        Ok(foreign)
    }
}

fn write_name(name: &mut libc::sockaddr_storage, address: IpAddr) -> libc::socklen_t {
    // SAFETY: sockaddr_storage is large enough and aligned for both.
    unsafe {
        match address {
            IpAddr::V4(a) => {
                let v4 = &mut *std::ptr::from_mut(name).cast::<libc::sockaddr_in>();
                v4.sin_family = libc::AF_INET as libc::sa_family_t;
                v4.sin_addr.s_addr = u32::from_ne_bytes(a.octets());
                size_of::<libc::sockaddr_in>() as libc::socklen_t
            }
            IpAddr::V6(a) => {
                let v6 = &mut *std::ptr::from_mut(name).cast::<libc::sockaddr_in6>();
                v6.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                v6.sin6_addr.s6_addr = a.octets();
                size_of::<libc::sockaddr_in6>() as libc::socklen_t
            }
        }
    }
}

fn read_name(name: &libc::sockaddr_storage) -> Option<IpAddr> {
    // SAFETY: the family says which of the two it is.
    unsafe {
        match i32::from(name.ss_family) {
            libc::AF_INET => {
                let v4 = &*std::ptr::from_ref(name).cast::<libc::sockaddr_in>();
                Some(IpAddr::V4(Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes())))
            }
            libc::AF_INET6 => {
                let v6 = &*std::ptr::from_ref(name).cast::<libc::sockaddr_in6>();
                Some(IpAddr::V6(Ipv6Addr::from(v6.sin6_addr.s6_addr)))
            }
            _ => None,
        }
    }
}

/// The kernel's time of receipt, in nanoseconds of the wall clock.
fn kernel_time(header: &libc::msghdr) -> Option<i64> {
    // SAFETY: the kernel has filled the control buffer; the macros walk within its length.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while let Some(m) = message.as_ref() {
            if m.cmsg_level == libc::SOL_SOCKET && m.cmsg_type == libc::SCM_TIMESTAMPNS {
                let time = std::ptr::read_unaligned(libc::CMSG_DATA(m).cast::<libc::timespec>());
                return Some(time.tv_sec * 1_000_000_000 + time.tv_nsec);
            }
            message = libc::CMSG_NXTHDR(header, m);
        }
    }
    None
}
