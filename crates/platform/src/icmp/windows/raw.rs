//! A raw WinSock socket for ICMP over IPv4.
#![allow(unsafe_code)] // raw sockets have no safe face in std.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use windows_sys::Win32::Networking::WinSock::{
    AF_INET, FD_READ, INVALID_SOCKET, IPPROTO_ICMP, SO_RCVBUF, SOCK_RAW, SOCKADDR_IN, SOCKET,
    SOL_SOCKET, WSA_FLAG_NO_HANDLE_INHERIT, WSA_FLAG_OVERLAPPED, WSADATA, WSAEACCES,
    WSAEADDRNOTAVAIL, WSAEAFNOSUPPORT, WSAEHOSTUNREACH, WSAEMSGSIZE, WSAENETDOWN, WSAENETUNREACH,
    WSAENOBUFS, WSAENOTSOCK, WSAEPROTONOSUPPORT, WSAEVENT, WSAEWOULDBLOCK, WSAEventSelect,
    WSAGetLastError, WSASocketW, WSAStartup, bind, closesocket, recvfrom, sendto, setsockopt,
};

use super::super::packet::{self, Identity, LENGTH, Stamp};
use super::super::{Echo, EchoReply, Method, SendFault};
use super::event::Event;
use crate::clock;
use crate::network::name_of;

/// Room for an IP header with options, our packet, and a stranger's longer one.
const ROOM: usize = 256;
/// Enough for the replies of thousands of seats that come at once.
const BUFFER: i32 = 4 << 20;
/// After so many packets the receiver looks up again, however much a stranger sends.
const MOST: usize = 4096;

/// One thread may send while another receives.
pub(super) struct RawSocket {
    socket: SOCKET,
    identity: Identity,
    ready: Arc<Event>,
}

fn fault_of(code: i32) -> SendFault {
    match code {
        WSAEACCES => SendFault::NoPermission,
        WSAENETUNREACH | WSAEHOSTUNREACH | WSAENETDOWN | WSAEADDRNOTAVAIL => {
            SendFault::NetworkUnreachable
        }
        WSAEWOULDBLOCK | WSAENOBUFS => SendFault::Busy,
        WSAEAFNOSUPPORT | WSAEPROTONOSUPPORT | WSAENOTSOCK => SendFault::NoSocket,
        other => SendFault::Other(other),
    }
}

fn last_error() -> i32 {
    // SAFETY: it reads a number of this thread.
    unsafe { WSAGetLastError() }
}

/// WinSock wants to be started once per process; it may be asked any number of times.
fn start_winsock() {
    static STARTED: OnceLock<i32> = OnceLock::new();
    STARTED.get_or_init(|| {
        // SAFETY: plain data for which zero is valid, filled by the call.
        unsafe {
            let mut data: WSADATA = std::mem::zeroed();
            WSAStartup(0x0202, &raw mut data)
        }
    });
}

fn now() -> Stamp {
    Stamp { realtime: clock::utc_nanos(), boottime: clock::boottime_nanos() }
}

impl RawSocket {
    pub(super) fn open(
        cookie: [u8; 8],
        identifier: u16,
        ready: &Arc<Event>,
    ) -> Result<Self, SendFault> {
        start_winsock();
        let flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
        // SAFETY: no pointers but null; the socket is owned from here on.
        let socket = unsafe {
            WSASocketW(AF_INET.into(), SOCK_RAW, IPPROTO_ICMP, std::ptr::null(), 0, flags)
        };
        if socket == INVALID_SOCKET {
            return Err(fault_of(last_error()));
        }
        let identity = Identity { identifier: Some(identifier), cookie };
        let it = RawSocket { socket, identity, ready: Arc::clone(ready) };
        let any = name_of(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        // SAFETY: all pointers live through their calls and their sizes are given. A
        // refused buffer size is no fault. The socket keeps the event, and self keeps the
        // event alive. Unbound raw sockets cannot receive.
        let failed = unsafe {
            let (buffer, size) = (BUFFER, size_of::<i32>() as i32);
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, (&raw const buffer).cast(), size);
            bind(socket, (&raw const any).cast(), size_of::<SOCKADDR_IN>() as i32) != 0
                || WSAEventSelect(socket, it.ready.handle() as WSAEVENT, FD_READ as i32) != 0
        };
        if failed { Err(fault_of(last_error())) } else { Ok(it) }
    }

    pub(super) fn send<'a>(
        &self,
        batch: impl Iterator<Item = &'a Echo>,
        refused: &mut Vec<(u64, SendFault)>,
    ) {
        let mut data = [0u8; LENGTH];
        for echo in batch {
            packet::write(&mut data, false, &self.identity, echo.token, now());
            let name = name_of(echo.address);
            // SAFETY: both pointers live through the call and their sizes are given.
            let sent = unsafe {
                let size = size_of::<SOCKADDR_IN>() as i32;
                sendto(self.socket, data.as_ptr(), LENGTH as i32, 0, (&raw const name).cast(), size)
            };
            if sent < 0 {
                refused.push((echo.token, fault_of(last_error())));
            }
        }
    }

    /// Reads what is there. Returns how many packets were foreign, and how many errors
    /// the socket had.
    pub(super) fn drain(&self, out: &mut Vec<EchoReply>) -> (u64, u64) {
        let mut data = [0u8; ROOM];
        let (mut foreign, mut errors) = (0, 0);
        for _ in 0..MOST {
            // SAFETY: plain data for which zero is valid.
            let mut name: SOCKADDR_IN = unsafe { std::mem::zeroed() };
            let mut size = size_of::<SOCKADDR_IN>() as i32;
            // SAFETY: all pointers live through the call and their sizes are given.
            let length = unsafe {
                recvfrom(
                    self.socket,
                    data.as_mut_ptr(),
                    ROOM as i32,
                    0,
                    (&raw mut name).cast(),
                    &raw mut size,
                )
            };
            let Ok(length) = usize::try_from(length) else {
                match last_error() {
                    WSAEWOULDBLOCK => return (foreign, errors),
                    // A stranger's packet, longer than any of ours.
                    WSAEMSGSIZE => foreign += 1,
                    // "Unreachable" and its like, reported once each; the next call works.
                    _ => errors += 1,
                }
                if errors > 16 {
                    return (foreign, errors);
                }
                continue;
            };
            match data.get(..length).and_then(|d| packet::read(d, false, true, &self.identity)) {
                Some(heard) => {
                    // SAFETY: every pattern of bits is a valid address.
                    let address = unsafe { name.sin_addr.S_un.S_addr };
                    let address = IpAddr::V4(Ipv4Addr::from(address.to_ne_bytes()));
                    let rtt = packet::round_trip(heard.sent, None, now());
                    out.push(EchoReply { address, token: heard.token, rtt, via: Method::Raw });
                }
                None => foreign += 1,
            }
        }
        // More is there: the bell that told of it has been heard, so ring it again.
        self.ready.set();
        (foreign, errors)
    }
}

impl Drop for RawSocket {
    fn drop(&mut self) {
        // SAFETY: closed once.
        unsafe { closesocket(self.socket) };
    }
}
