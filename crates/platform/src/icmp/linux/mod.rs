//! Linux: raw sockets, else unprivileged ICMP sockets; many packets per system call, and
//! the kernel's own time of receipt.
#![allow(unsafe_code)] // poll and eventfd have no safe face in std.

mod socket;
#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::socket::Socket;
use super::{Counters, Echo, EchoReply, Method, RETRY_EVERY, SendFault, secrets};
use crate::clock;

/// Replies come in crowds. A moment's patience takes a crowd by one call instead of one
/// by one; it bends no round trip, for the kernel has noted the time of receipt.
const GATHER: Duration = Duration::from_micros(500);

/// A socket, or why there is none. The receiver keeps its own reference while it waits,
/// so that a socket replaced meanwhile stays a valid descriptor.
type Slot = Mutex<Result<Arc<Socket>, SendFault>>;

/// Both sockets. One thread may send while another receives.
pub struct Pinger {
    cookie: [u8; 8],
    identifier: u16,
    v4: Slot,
    v6: Slot,
    opened_at: AtomicI64,
    waker: Option<OwnedFd>,
    foreign: AtomicU64,
    errors: AtomicU64,
}

fn look(slot: &Slot) -> Result<Arc<Socket>, SendFault> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Pinger {
    /// Opens what the system allows: per address family a raw socket, else a datagram
    /// socket, else the reason is remembered. Never fails.
    #[must_use]
    pub fn open() -> Self {
        Pinger::open_by(Socket::open)
    }

    /// As [`Pinger::open`], with unprivileged sockets only.
    #[cfg(test)]
    pub(super) fn open_plain() -> Self {
        Pinger::open_by(|v6, cookie, id| Socket::open_as(v6, Method::Datagram, cookie, id))
    }

    fn open_by(open: impl Fn(bool, [u8; 8], u16) -> Result<Socket, SendFault>) -> Self {
        let (cookie, identifier) = secrets();
        // SAFETY: no pointers; the descriptor is owned at once.
        let waker = unsafe {
            let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
        };
        Pinger {
            cookie,
            identifier,
            v4: Mutex::new(open(false, cookie, identifier).map(Arc::new)),
            v6: Mutex::new(open(true, cookie, identifier).map(Arc::new)),
            opened_at: AtomicI64::new(clock::boottime_nanos()),
            waker,
            foreign: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        }
    }

    /// Opens both sockets anew. Answers to questions already sent are lost.
    pub fn reopen(&self) {
        self.reopen_where(|_| true);
    }

    fn reopen_where(&self, wanted: impl Fn(&Result<Arc<Socket>, SendFault>) -> bool) {
        self.opened_at.store(clock::boottime_nanos(), Ordering::Relaxed);
        for (slot, v6) in [(&self.v4, false), (&self.v6, true)] {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if wanted(&slot) {
                *slot = Socket::open(v6, self.cookie, self.identifier).map(Arc::new);
            }
        }
        // The receiver waits on the old descriptors.
        self.wake();
    }

    /// How addresses of a family are asked, or why they cannot be.
    ///
    /// # Errors
    /// The fault that every send to this family will have.
    pub fn method(&self, v6: bool) -> Result<Method, SendFault> {
        look(if v6 { &self.v6 } else { &self.v4 }).map(|socket| socket.method)
    }

    /// Sends a batch. What could not be sent is told in `refused` and does not hold up
    /// the rest.
    pub fn send(&self, batch: &[Echo], refused: &mut Vec<(u64, SendFault)>) {
        for (slot, v6) in [(&self.v4, false), (&self.v6, true)] {
            let mut mine = batch.iter().filter(|e| e.address.is_ipv6() == v6).peekable();
            if mine.peek().is_none() {
                continue;
            }
            let mut socket = look(slot);
            let rested =
                clock::boottime_nanos() - self.opened_at.load(Ordering::Relaxed) >= RETRY_EVERY;
            if socket.is_err() && rested {
                self.reopen_where(Result::is_err);
                socket = look(slot);
            }
            match socket {
                Ok(socket) => socket.send(batch, refused),
                Err(fault) => refused.extend(mine.map(|e| (e.token, fault))),
            }
        }
    }

    /// Waits up to `wait` for replies and takes all that are there. Returns early, with
    /// nothing, when [`Pinger::wake`] is called or only foreign packets arrive.
    ///
    /// # Errors
    /// The system cannot wait: it has no memory left.
    pub fn receive(&self, wait: Duration, out: &mut Vec<EchoReply>) -> io::Result<()> {
        let sockets = [look(&self.v4).ok(), look(&self.v6).ok()];
        let [v4, v6] = sockets.each_ref().map(|s| s.as_ref().map_or(-1, |s| s.number()));
        let waker = self.waker.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        // A negative descriptor is passed over by poll(2).
        let mut fds =
            [v4, v6, waker].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        let ms = i32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
        // SAFETY: fds lives through the call.
        if unsafe { libc::poll(fds.as_mut_ptr(), 3, ms) } < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) };
        }
        if fds[2].revents != 0 {
            let mut count = 0u64;
            // SAFETY: eight bytes, as eventfd(2) wants them.
            unsafe { libc::read(waker, std::ptr::from_mut(&mut count).cast(), 8) };
        }
        if fds.iter().take(2).any(|f| f.revents != 0) {
            std::thread::sleep(GATHER);
        }
        for (socket, poll) in sockets.iter().zip(&fds) {
            if let (Some(socket), true) = (socket, poll.revents != 0) {
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
