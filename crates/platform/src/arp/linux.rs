//! Linux: a packet socket of its own for ARP, so that the kernel copies nothing else to us.
#![allow(unsafe_code)] // packet sockets, poll and getifaddrs have no safe face in std.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::mem::{size_of, zeroed};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, ArpPacket, MutableArpPacket};
use pnet_packet::ethernet::EtherTypes;

use super::{Answer, Fault, Mac, Method};
use crate::clock;

/// An ARP packet for Ethernet and IPv4, RFC 826.
const LENGTH: usize = 28;
/// Where the sender's Ethernet address stands in it.
const SENDER: usize = 8;
/// Interfaces are looked up anew after this: they come and go.
const LOOK_AGAIN: i64 = 5_000_000_000;
/// Whoever answers later than this was not asked.
const MEMORY: i64 = 5_000_000_000;
/// A socket that could not be opened is tried again after this.
const RETRY_EVERY: i64 = 10_000_000_000;
/// Packets read in one go; a storm of ARP must not hold the reader for ever.
const MOST: usize = 4096;

/// An interface with ARP, and our address there.
#[derive(Debug, Clone, PartialEq)]
struct Link {
    index: i32,
    mac: [u8; 6],
    address: Ipv4Addr,
    mask: u32,
}

impl Link {
    fn holds(&self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.mask == u32::from(self.address) & self.mask
            && address != self.address
    }
}

#[derive(Default)]
struct Inner {
    links: Vec<Link>,
    looked: Option<i64>,
    /// When each address was last asked, in nanoseconds since boot.
    asked: BTreeMap<Ipv4Addr, i64>,
}

/// Asks and hears. One thread may ask while another receives.
pub struct Asker {
    socket: Mutex<Result<OwnedFd, Fault>>,
    tried: Mutex<i64>,
    waker: Option<OwnedFd>,
    inner: Mutex<Inner>,
}

fn last_error() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn fault_of(code: i32) -> Fault {
    match code {
        libc::EPERM | libc::EACCES => Fault::NoPermission,
        libc::EAGAIN
        | libc::ENOBUFS
        | libc::ENOMEM
        | libc::ENETDOWN
        | libc::ENXIO
        | libc::ENODEV => Fault::Busy,
        other => Fault::Other(other),
    }
}

fn protocol() -> u16 {
    EtherTypes::Arp.0.to_be()
}

fn open() -> Result<OwnedFd, Fault> {
    let flags = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no pointers; the descriptor is owned at once.
    unsafe {
        let fd = libc::socket(libc::AF_PACKET, flags, i32::from(protocol()));
        if fd < 0 { Err(fault_of(last_error())) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Asker {
    /// Opens what the system allows; what it does not is told by [`Asker::method`].
    #[must_use]
    pub fn open() -> Self {
        // SAFETY: no pointers; the descriptor is owned at once.
        let waker = unsafe {
            let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
        };
        Asker {
            socket: Mutex::new(open()),
            tried: Mutex::new(clock::boottime_nanos()),
            waker,
            inner: Mutex::default(),
        }
    }

    /// How long an answer may take.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// How it is asked, or why it cannot be.
    ///
    /// # Errors
    /// The fault that every question will have.
    pub fn method(&self) -> Result<Method, Fault> {
        match &*lock(&self.socket) {
            Ok(_) => Ok(Method::PacketSocket),
            Err(fault) => Err(*fault),
        }
    }

    /// Puts a question for each address, without waiting. Who could not be asked is told
    /// in `refused`.
    pub fn ask(&self, addresses: &[Ipv4Addr], refused: &mut Vec<(Ipv4Addr, Fault)>) {
        if addresses.is_empty() {
            return;
        }
        let now = clock::boottime_nanos();
        let mut socket = lock(&self.socket);
        if socket.is_err() {
            let mut tried = lock(&self.tried);
            if now - *tried >= RETRY_EVERY {
                *tried = now;
                *socket = open();
                drop(tried);
                // The receiver waits without it.
                self.wake();
            }
        }
        let number = match &*socket {
            Ok(fd) => fd.as_raw_fd(),
            Err(fault) => {
                refused.extend(addresses.iter().map(|a| (*a, *fault)));
                return;
            }
        };
        let mut inner = lock(&self.inner);
        if inner.looked.is_none_or(|at| now - at >= LOOK_AGAIN) {
            inner.links = links();
            inner.looked = Some(now);
            inner.asked.retain(|_, at| now - *at < MEMORY);
        }
        for address in addresses {
            let Some(link) = inner.links.iter().find(|l| l.holds(*address)) else {
                refused.push((*address, Fault::OffLink));
                continue;
            };
            match send(number, link, *address) {
                Ok(()) => {
                    inner.asked.insert(*address, now);
                }
                Err(fault) => {
                    refused.push((*address, fault));
                    // The interface may be another one by now.
                    inner.looked = None;
                }
            }
        }
    }

    /// Waits up to `wait` for answers and takes all that are there. Returns early, with
    /// nothing, when [`Asker::wake`] is called or what arrives answers no question.
    ///
    /// # Errors
    /// The system cannot wait, or the socket is broken.
    pub fn receive(&self, wait: Duration, out: &mut Vec<Answer>) -> io::Result<()> {
        let socket = lock(&self.socket).as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let waker = self.waker.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        // A negative descriptor is passed over by poll(2). The socket is only ever opened,
        // never replaced, so its number stays valid while we wait.
        let mut fds =
            [socket, waker].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        let ms = i32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
        // SAFETY: fds lives through the call.
        if unsafe { libc::poll(fds.as_mut_ptr(), 2, ms) } < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) };
        }
        if fds[1].revents != 0 {
            let mut count = 0u64;
            // SAFETY: eight bytes, as eventfd(2) wants them.
            unsafe { libc::read(waker, std::ptr::from_mut(&mut count).cast(), 8) };
        }
        if fds[0].revents != 0 { self.drain(socket, out) } else { Ok(()) }
    }

    fn drain(&self, socket: RawFd, out: &mut Vec<Answer>) -> io::Result<()> {
        for _ in 0..MOST {
            let mut buffer = [0u8; 64];
            // SAFETY: the buffer is as long as it is said to be.
            let read = unsafe {
                libc::recv(socket, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT)
            };
            let Ok(length) = usize::try_from(read) else {
                let error = io::Error::last_os_error();
                return match error.raw_os_error() {
                    // An interface went away; that is reported once and read away by it.
                    Some(libc::EAGAIN | libc::ENETDOWN | libc::EINTR) => Ok(()),
                    _ => Err(error),
                };
            };
            if let Some((address, mac)) = read_sender(&buffer[..length.min(64)])
                && self.was_asked(address, mac)
            {
                out.push(Answer { address, mac: Mac(mac) });
            }
        }
        Ok(())
    }

    /// Only who was asked lately can answer, and we do not answer ourselves.
    fn was_asked(&self, address: Ipv4Addr, mac: [u8; 6]) -> bool {
        let inner = lock(&self.inner);
        let now = clock::boottime_nanos();
        inner.asked.get(&address).is_some_and(|at| now - at < MEMORY)
            && inner.links.iter().all(|l| l.mac != mac)
    }

    /// Makes a waiting [`Asker::receive`] return.
    pub fn wake(&self) {
        if let Some(waker) = &self.waker {
            let one = 1u64;
            // SAFETY: eight bytes, as eventfd(2) wants them.
            unsafe { libc::write(waker.as_raw_fd(), std::ptr::from_ref(&one).cast(), 8) };
        }
    }
}

/// Who speaks in an ARP packet. A reply and a request are both signs of life of their
/// sender; a probe (RFC 5227) has no sender yet.
fn read_sender(data: &[u8]) -> Option<(Ipv4Addr, [u8; 6])> {
    let packet = ArpPacket::new(data)?;
    let known = packet.get_hardware_type() == ArpHardwareTypes::Ethernet
        && packet.get_protocol_type() == EtherTypes::Ipv4
        && packet.get_hw_addr_len() == 6
        && packet.get_proto_addr_len() == 4;
    let speaks = [ArpOperations::Request, ArpOperations::Reply].contains(&packet.get_operation());
    let mac = packet.get_sender_hw_addr();
    let address = packet.get_sender_proto_addr();
    let somebody = !mac.is_zero() && mac.0 & 1 == 0 && !address.is_unspecified();
    (known && speaks && somebody).then(|| (address, mac.octets()))
}

fn request(link: &Link, address: Ipv4Addr) -> [u8; LENGTH] {
    let mut data = [0u8; LENGTH];
    if let Some(mut packet) = MutableArpPacket::new(&mut data) {
        packet.set_hardware_type(ArpHardwareTypes::Ethernet);
        packet.set_protocol_type(EtherTypes::Ipv4);
        packet.set_hw_addr_len(6);
        packet.set_proto_addr_len(4);
        packet.set_operation(ArpOperations::Request);
        packet.set_sender_proto_addr(link.address);
        packet.set_target_proto_addr(address);
    }
    data[SENDER..SENDER + 6].copy_from_slice(&link.mac);
    data
}

fn send(socket: RawFd, link: &Link, address: Ipv4Addr) -> Result<(), Fault> {
    let data = request(link, address);
    // SAFETY: plain data for which zero is valid.
    let mut name: libc::sockaddr_ll = unsafe { zeroed() };
    name.sll_family = libc::AF_PACKET as u16;
    name.sll_protocol = protocol();
    name.sll_ifindex = link.index;
    name.sll_halen = 6;
    name.sll_addr[..6].fill(0xff);
    // SAFETY: data and name live through the call, with the sizes given.
    let sent = unsafe {
        libc::sendto(
            socket,
            data.as_ptr().cast(),
            LENGTH,
            0,
            (&raw const name).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    if sent < 0 { Err(fault_of(last_error())) } else { Ok(()) }
}

/// Interfaces that are up and have ARP, with each of our addresses there.
fn links() -> Vec<Link> {
    let wanted = libc::IFF_UP as u32;
    let unwanted = (libc::IFF_LOOPBACK | libc::IFF_NOARP | libc::IFF_POINTOPOINT) as u32;
    let mut list = std::ptr::null_mut();
    // SAFETY: the call fills list; on failure there is nothing to free.
    if unsafe { libc::getifaddrs(&raw mut list) } != 0 {
        return Vec::new();
    }
    let mut cards: BTreeMap<Vec<u8>, (i32, [u8; 6])> = BTreeMap::new();
    let mut addresses: Vec<(Vec<u8>, Ipv4Addr, u32)> = Vec::new();
    let mut next = list;
    // SAFETY: the list stays valid until it is freed below; each pointer in it is null or
    // points to what its neighbours describe, of the family that it names.
    unsafe {
        while let Some(item) = next.as_ref() {
            next = item.ifa_next;
            let flags = item.ifa_flags;
            let Some(family) = item.ifa_addr.as_ref().map(|a| i32::from(a.sa_family)) else {
                continue;
            };
            if flags & wanted != wanted || flags & unwanted != 0 {
                continue;
            }
            let name = CStr::from_ptr(item.ifa_name).to_bytes().to_vec();
            if family == libc::AF_PACKET {
                let card = item.ifa_addr.cast::<libc::sockaddr_ll>().read_unaligned();
                let [a, b, c, d, e, f, ..] = card.sll_addr;
                if card.sll_hatype == libc::ARPHRD_ETHER && card.sll_halen == 6 {
                    cards.insert(name, (card.sll_ifindex, [a, b, c, d, e, f]));
                }
            } else if family == libc::AF_INET && !item.ifa_netmask.is_null() {
                let v4 = |name: *mut libc::sockaddr| {
                    let name = name.cast::<libc::sockaddr_in>().read_unaligned();
                    Ipv4Addr::from(name.sin_addr.s_addr.to_ne_bytes())
                };
                addresses.push((name, v4(item.ifa_addr), u32::from(v4(item.ifa_netmask))));
            }
        }
        // From getifaddrs, freed once; only copies are kept.
        libc::freeifaddrs(list);
    }
    let mut links: Vec<Link> = addresses
        .into_iter()
        .filter_map(|(name, address, mask)| {
            let (index, mac) = *cards.get(&name)?;
            Some(Link { index, mac, address, mask })
        })
        .collect();
    // The narrowest network is the one that the system would send by.
    links.sort_by_key(|l| std::cmp::Reverse(l.mask));
    links
}

/// `ATF_COM` and `ATF_PERM`, arp(7): somebody has answered; somebody has entered it.
const COMPLETE: u32 = 0x02;
const PERMANENT: u32 = 0x04;

pub(super) fn table() -> Vec<Answer> {
    // That of this very thread's network namespace.
    parse_table(&fs::read_to_string("/proc/thread-self/net/arp").unwrap_or_default())
}

/// `/proc/net/arp`, proc(5): a heading, then address, type, flags, Ethernet address, …
fn parse_table(text: &str) -> Vec<Answer> {
    let line = |line: &str| {
        let mut fields = line.split_whitespace();
        let address = fields.next()?.parse().ok()?;
        let hex = |field: &str| u32::from_str_radix(field.strip_prefix("0x")?, 16).ok();
        let kind = hex(fields.next()?)?;
        let flags = hex(fields.next()?)?;
        let mut mac = [0u8; 6];
        let mut parts = fields.next()?.split(':');
        for byte in &mut mac {
            *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
        }
        let learnt = flags & (COMPLETE | PERMANENT) == COMPLETE && mac[0] & 1 == 0;
        (kind == u32::from(libc::ARPHRD_ETHER) && learnt && parts.next().is_none())
            .then_some(Answer { address, mac: Mac(mac) })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_systems_table_what_it_has_learnt_is_told() {
        let text = "\
IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         02:00:00:00:00:01     *        eth0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.1.10     0x1         0x6         02:00:00:00:00:0a     *        eth0
192.168.1.11     0x20        0x2         02:00:00:00:00:0b     *        ib0
192.168.1.12     0x1         0x2         02:00:00:00:00        *        eth0
192.168.1.110    0x1         0x2         02:00:00:00:00:6e     *        eth0
rubbish
";
        let known = |d: u8, last: u8| Answer {
            address: Ipv4Addr::new(192, 168, 1, d),
            mac: Mac([2, 0, 0, 0, 0, last]),
        };
        assert_eq!(parse_table(text), [known(1, 1), known(110, 0x6e)]);
    }

    fn link() -> Link {
        let mask = u32::from(Ipv4Addr::new(255, 255, 255, 0));
        Link { index: 2, mac: [2, 0, 0, 0, 0, 7], address: Ipv4Addr::new(192, 168, 1, 50), mask }
    }

    #[test]
    fn a_request_is_as_rfc_826_has_it() {
        let data = request(&link(), Ipv4Addr::new(192, 168, 1, 110));
        assert_eq!(data[..8], [0, 1, 8, 0, 6, 4, 0, 1]);
        assert_eq!(data[8..18], [2, 0, 0, 0, 0, 7, 192, 168, 1, 50]);
        assert_eq!(data[18..], [0, 0, 0, 0, 0, 0, 192, 168, 1, 110]);
        assert_eq!(read_sender(&data), Some((Ipv4Addr::new(192, 168, 1, 50), link().mac)));
    }

    #[test]
    fn rubbish_probes_and_impossible_senders_say_nothing() {
        let good = request(&link(), Ipv4Addr::new(192, 168, 1, 110));
        let with = |place: usize, bytes: &[u8]| {
            let mut data = good;
            data[place..place + bytes.len()].copy_from_slice(bytes);
            read_sender(&data)
        };
        assert!(with(6, &[0, 2]).is_some(), "a reply");
        assert_eq!(with(6, &[0, 3]), None, "an operation of another protocol");
        assert_eq!(with(0, &[0, 6]), None, "another kind of network");
        assert_eq!(with(2, &[0x86, 0xdd]), None, "not IPv4");
        assert_eq!(with(4, &[8]), None, "a longer address");
        assert_eq!(with(8, &[0; 6]), None, "nobody");
        assert_eq!(with(8, &[0xff; 6]), None, "a broadcast is no sender");
        assert_eq!(with(14, &[0; 4]), None, "a probe has no address yet");
        for length in 0..LENGTH {
            assert_eq!(read_sender(&good[..length]), None, "cut after {length}");
        }
    }

    #[test]
    fn a_link_holds_its_network_but_not_ourselves() {
        let link = link();
        assert!(link.holds(Ipv4Addr::new(192, 168, 1, 1)));
        assert!(!link.holds(link.address));
        assert!(!link.holds(Ipv4Addr::new(192, 168, 2, 1)));
    }
}
