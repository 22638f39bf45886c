//! Linux: raw sockets, else unprivileged ICMP sockets; many packets per system call, and
//! the kernel's own time of receipt.
#![allow(unsafe_code)] // sendmmsg, recvmmsg, poll and socket options have no safe face in std.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::packet::{self, Identity, LENGTH, Stamp};
use super::{Counters, Echo, EchoReply, Method, SendFault};
use crate::clock;

/// Packets per system call.
const BATCH: usize = 128;
/// Room for an IP header with options, our packet, and a stranger's longer one.
const ROOM: usize = 256;
/// Room for the control message that carries the time stamp.
const CONTROL: usize = 64;
/// Enough for the replies of thousands of seats that come at once.
const RECEIVE_BUFFER: libc::c_int = 4 << 20;

struct Socket {
    fd: OwnedFd,
    method: Method,
    v6: bool,
    identity: Identity,
}

/// Both sockets. One thread may send while another receives.
pub struct Pinger {
    v4: Result<Socket, SendFault>,
    v6: Result<Socket, SendFault>,
    waker: Option<OwnedFd>,
    foreign: AtomicU64,
    errors: AtomicU64,
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

impl Socket {
    fn open(v6: bool, cookie: [u8; 8], identifier: u16) -> Result<Socket, SendFault> {
        let (family, protocol) = if v6 {
            (libc::AF_INET6, libc::IPPROTO_ICMPV6)
        } else {
            (libc::AF_INET, libc::IPPROTO_ICMP)
        };
        let mut refusal = SendFault::NoSocket;
        for (kind, method) in [(libc::SOCK_RAW, Method::Raw), (libc::SOCK_DGRAM, Method::Datagram)]
        {
            // SAFETY: no pointers; the descriptor is owned from here on.
            let fd = unsafe {
                let fd =
                    libc::socket(family, kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, protocol);
                if fd < 0 {
                    refusal = fault_of(last_error());
                    continue;
                }
                OwnedFd::from_raw_fd(fd)
            };
            let raw = fd.as_raw_fd();
            set_option(raw, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &1i32);
            set_option(raw, libc::SOL_SOCKET, libc::SO_RCVBUF, &RECEIVE_BUFFER);
            set_option(raw, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &RECEIVE_BUFFER);
            set_option(raw, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, &RECEIVE_BUFFER);
            if method == Method::Raw {
                if v6 {
                    // ICMP6_FILTER (RFC 3542): a set bit blocks; let only 129 through.
                    let mut filter = [u32::MAX; 8];
                    filter[129 >> 5] &= !(1 << (129 & 31));
                    set_option(raw, libc::IPPROTO_ICMPV6, 1, &filter);
                } else {
                    // ICMP_FILTER (raw(7)): a set bit blocks; let only echo replies through.
                    set_option(raw, libc::SOL_RAW, 1, &!1u32);
                }
            }
            let identifier = (method == Method::Raw).then_some(identifier);
            return Ok(Socket { fd, method, v6, identity: Identity { identifier, cookie } });
        }
        Err(refusal)
    }

    fn send(&self, batch: &[(IpAddr, u64)], refused: &mut Vec<(u64, SendFault)>) {
        let mut packets = [[0u8; LENGTH]; BATCH];
        // SAFETY: all three are plain data for which zero is valid.
        let mut names: [libc::sockaddr_storage; BATCH] = unsafe { zeroed() };
        let mut vectors: [libc::iovec; BATCH] = unsafe { zeroed() };
        let mut messages: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        for chunk in batch.chunks(BATCH) {
            let stamp = now();
            for (i, (address, token)) in chunk.iter().enumerate() {
                packet::write(&mut packets[i], self.v6, &self.identity, *token, stamp);
                let length = write_name(&mut names[i], *address);
                vectors[i] =
                    libc::iovec { iov_base: packets[i].as_mut_ptr().cast(), iov_len: LENGTH };
                let header = &mut messages[i].msg_hdr;
                header.msg_name = std::ptr::from_mut(&mut names[i]).cast();
                header.msg_namelen = length;
                header.msg_iov = &raw mut vectors[i];
                header.msg_iovlen = 1;
            }
            let mut done = 0;
            while let Some(rest) = messages.get_mut(done..chunk.len()).filter(|r| !r.is_empty()) {
                // SAFETY: every header points into arrays that outlive the call.
                let sent = unsafe {
                    libc::sendmmsg(
                        self.fd.as_raw_fd(),
                        rest.as_mut_ptr(),
                        rest.len() as libc::c_uint,
                        0,
                    )
                };
                if sent > 0 {
                    done += sent as usize;
                    continue;
                }
                let code = last_error();
                if code == libc::EINTR {
                    continue;
                }
                // The first of the rest is refused; those behind it have their own fate.
                if let Some((_, token)) = chunk.get(done) {
                    refused.push((*token, fault_of(code)));
                }
                done += 1;
            }
        }
    }

    /// Reads until nothing is left. Returns how many were foreign.
    fn drain(&self, out: &mut Vec<EchoReply>) -> Result<u64, i32> {
        let mut data = [[0u8; ROOM]; BATCH];
        let mut control = [[0u64; CONTROL / 8]; BATCH];
        // SAFETY: plain data for which zero is valid.
        let mut names: [libc::sockaddr_storage; BATCH] = unsafe { zeroed() };
        let mut vectors: [libc::iovec; BATCH] = unsafe { zeroed() };
        let mut messages: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        let mut foreign = 0;
        loop {
            for i in 0..BATCH {
                vectors[i] = libc::iovec { iov_base: data[i].as_mut_ptr().cast(), iov_len: ROOM };
                let header = &mut messages[i].msg_hdr;
                header.msg_name = std::ptr::from_mut(&mut names[i]).cast();
                header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
                header.msg_iov = &raw mut vectors[i];
                header.msg_iovlen = 1;
                header.msg_control = control[i].as_mut_ptr().cast();
                header.msg_controllen = CONTROL;
            }
            // SAFETY: every header points into arrays that outlive the call.
            let count = unsafe {
                libc::recvmmsg(
                    self.fd.as_raw_fd(),
                    messages.as_mut_ptr(),
                    BATCH as libc::c_uint,
                    libc::MSG_DONTWAIT,
                    std::ptr::null_mut(),
                )
            };
            let Ok(count) = usize::try_from(count) else {
                return match last_error() {
                    libc::EAGAIN => Ok(foreign),
                    libc::EINTR => continue,
                    code => Err(code),
                };
            };
            let here = now();
            for i in 0..count {
                let length = (messages[i].msg_len as usize).min(ROOM);
                let with_header = !self.v6 && self.method == Method::Raw;
                let heard = packet::read(&data[i][..length], self.v6, with_header, &self.identity);
                match (heard, read_name(&names[i])) {
                    (Some(heard), Some(address)) => {
                        let received = kernel_time(&messages[i].msg_hdr);
                        let rtt = packet::round_trip(heard.sent, received, here);
                        out.push(EchoReply { address, token: heard.token, rtt, via: self.method });
                    }
                    (None, _) | (_, None) => foreign += 1,
                }
            }
            if count < BATCH {
                return Ok(foreign);
            }
        }
    }
}

fn now() -> Stamp {
    Stamp { realtime: clock::utc_nanos(), boottime: clock::boottime_nanos() }
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

impl Pinger {
    /// Opens what the system allows: per address family a raw socket, else a datagram
    /// socket, else the reason is remembered. Never fails.
    #[must_use]
    pub fn open() -> Self {
        let mut random = [0u8; 10];
        // Without randomness the process number still keeps two of us apart.
        if getrandom::fill(&mut random).is_err() {
            random[..4].copy_from_slice(&std::process::id().to_be_bytes());
        }
        let [a, b, cookie @ ..] = random;
        let identifier = u16::from_be_bytes([a, b]);
        // SAFETY: no pointers; the descriptor is owned at once.
        let waker = unsafe {
            let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
        };
        Pinger {
            v4: Socket::open(false, cookie, identifier),
            v6: Socket::open(true, cookie, identifier),
            waker,
            foreign: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        }
    }

    /// How addresses of a family are asked, or why they cannot be.
    ///
    /// # Errors
    /// The fault that every send to this family will have.
    pub fn method(&self, v6: bool) -> Result<Method, SendFault> {
        match if v6 { &self.v6 } else { &self.v4 } {
            Ok(socket) => Ok(socket.method),
            Err(fault) => Err(*fault),
        }
    }

    /// Sends a batch. What could not be sent is told in `refused` and does not hold up
    /// the rest.
    pub fn send(&self, batch: &[Echo], refused: &mut Vec<(u64, SendFault)>) {
        for (socket, v6) in [(&self.v4, false), (&self.v6, true)] {
            let mine: Vec<(IpAddr, u64)> = batch
                .iter()
                .filter(|e| e.address.is_ipv6() == v6)
                .map(|e| (e.address, e.token))
                .collect();
            if mine.is_empty() {
                continue;
            }
            match socket {
                Ok(socket) => socket.send(&mine, refused),
                Err(fault) => refused.extend(mine.iter().map(|(_, token)| (*token, *fault))),
            }
        }
    }

    /// Waits up to `wait` for replies and takes all that are there. Returns early, with
    /// nothing, when [`Pinger::wake`] is called.
    ///
    /// # Errors
    /// A socket that no longer works.
    pub fn receive(&self, wait: Duration, out: &mut Vec<EchoReply>) -> io::Result<()> {
        let fd = |s: &Result<Socket, SendFault>| s.as_ref().map_or(-1, |s| s.fd.as_raw_fd());
        let waker = self.waker.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let poll = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // A negative descriptor is passed over by poll(2).
        let mut fds = [poll(fd(&self.v4)), poll(fd(&self.v6)), poll(waker)];
        let ms = i32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
        // SAFETY: fds lives through the call.
        let ready = unsafe { libc::poll(fds.as_mut_ptr(), 3, ms) };
        if ready < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) };
        }
        if fds[2].revents != 0 {
            let mut count = 0u64;
            // SAFETY: eight bytes, as eventfd(2) wants them.
            unsafe { libc::read(waker, std::ptr::from_mut(&mut count).cast(), 8) };
        }
        for (socket, poll) in [(&self.v4, &fds[0]), (&self.v6, &fds[1])] {
            if let (Ok(socket), true) = (socket, poll.revents != 0) {
                match socket.drain(out) {
                    Ok(foreign) => {
                        self.foreign.fetch_add(foreign, Ordering::Relaxed);
                    }
                    // A pending error of the network (unreachable, down) is read away by
                    // the call that reports it; the next one works.
                    Err(_) => {
                        self.errors.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes a waiting [`Pinger::receive`] return.
    pub fn wake(&self) {
        if let Some(waker) = &self.waker {
            let one = 1u64;
            // SAFETY: eight bytes, as eventfd(2) wants them.
            unsafe { libc::write(waker.as_raw_fd(), std::ptr::from_ref(&one).cast(), 8) };
        }
    }

    /// What arrived and did not count.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            foreign: self.foreign.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn pinger() -> Pinger {
        let pinger = Pinger::open();
        assert!(
            pinger.method(false).is_ok(),
            "needs root, or net.ipv4.ping_group_range for this group"
        );
        pinger
    }

    fn collect(pinger: &Pinger, wanted: usize) -> Vec<EchoReply> {
        let mut replies = Vec::new();
        let end = Instant::now() + Duration::from_secs(3);
        while replies.len() < wanted && Instant::now() < end {
            pinger.receive(Duration::from_millis(100), &mut replies).expect("receives");
        }
        replies
    }

    #[test]
    fn the_whole_of_a_loopback_network_answers_one_batch() {
        let pinger = pinger();
        let batch: Vec<Echo> = (1..=254u8)
            .map(|n| Echo { address: IpAddr::from([127, 0, 7, n]), token: u64::from(n) })
            .collect();
        let mut refused = Vec::new();
        pinger.send(&batch, &mut refused);
        assert!(refused.is_empty(), "{refused:?}");
        let replies = collect(&pinger, 254);
        assert_eq!(replies.len(), 254);
        for reply in &replies {
            assert_eq!(reply.address, IpAddr::from([127, 0, 7, reply.token as u8]));
            assert!(reply.rtt < Duration::from_secs(1) && reply.rtt > Duration::ZERO);
        }
    }

    #[test]
    fn ipv6_answers_by_its_own_socket() {
        let pinger = pinger();
        let mut refused = Vec::new();
        let address = IpAddr::V6(Ipv6Addr::LOCALHOST);
        pinger.send(&[Echo { address, token: 70_000 }], &mut refused);
        assert!(refused.is_empty(), "{refused:?}");
        let replies = collect(&pinger, 1);
        assert_eq!((replies[0].address, replies[0].token), (address, 70_000));
    }

    #[test]
    fn two_pingers_do_not_take_each_others_replies() {
        let (one, two) = (pinger(), pinger());
        let address = IpAddr::from([127, 0, 0, 1]);
        one.send(&[Echo { address, token: 1 }], &mut Vec::new());
        assert_eq!(collect(&one, 1).len(), 1);
        let mut none = Vec::new();
        two.receive(Duration::from_millis(50), &mut none).expect("receives");
        assert!(none.is_empty());
    }

    #[test]
    fn waking_ends_the_wait() {
        let pinger = pinger();
        pinger.wake();
        let began = Instant::now();
        pinger.receive(Duration::from_secs(5), &mut Vec::new()).expect("receives");
        assert!(began.elapsed() < Duration::from_secs(4));
    }
}
