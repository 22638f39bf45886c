//! Windows: a raw socket for IPv4 where this account may open one, else `IcmpSendEcho2`.
//!
//! IPv6 is always asked by `Icmp6SendEcho2`: that Windows computes the ICMPv6 checksum of
//! raw packets is promised nowhere.

mod event;
mod helper;
mod raw;

use std::io;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::event::Event;
use self::helper::Helper;
use self::raw::RawSocket;
use super::{Counters, Echo, EchoReply, Method, RETRY_EVERY, SendFault, secrets};
use crate::clock;

/// One family's way of asking.
#[derive(Clone)]
enum Way {
    Raw(Arc<RawSocket>),
    Helper(Arc<Helper>),
}

type Slot = Mutex<Result<Way, SendFault>>;

/// Both families. One thread may send while another receives.
pub struct Pinger {
    cookie: [u8; 8],
    identifier: u16,
    privileged: bool,
    v4: Slot,
    v6: Slot,
    opened_at: AtomicI64,
    /// Something arrived, or somebody wants the receiver's attention.
    ready: Arc<Event>,
    foreign: AtomicU64,
    errors: AtomicU64,
}

fn look(slot: &Slot) -> Result<Way, SendFault> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Pinger {
    /// Opens what the system allows, per address family, or remembers the reason. Never
    /// fails.
    #[must_use]
    pub fn open() -> Self {
        Pinger::open_where(true)
    }

    /// As [`Pinger::open`], with unprivileged means only.
    #[cfg(test)]
    pub(super) fn open_plain() -> Self {
        Pinger::open_where(false)
    }

    fn open_where(privileged: bool) -> Self {
        let (cookie, identifier) = secrets();
        let pinger = Pinger {
            cookie,
            identifier,
            privileged,
            v4: Mutex::new(Err(SendFault::NoSocket)),
            v6: Mutex::new(Err(SendFault::NoSocket)),
            opened_at: AtomicI64::new(0),
            ready: Arc::new(Event::new()),
            foreign: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        };
        pinger.fill_where(|_| true);
        pinger
    }

    /// Opens both families anew. Answers to questions already sent are lost.
    pub fn reopen(&self) {
        self.fill_where(|_| true);
        self.wake();
    }

    fn fill_where(&self, wanted: impl Fn(&Result<Way, SendFault>) -> bool) {
        self.opened_at.store(clock::boottime_nanos(), Ordering::Relaxed);
        for (slot, v6) in [(&self.v4, false), (&self.v6, true)] {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if wanted(&slot) {
                *slot = self.open_family(v6);
            }
        }
    }

    fn open_family(&self, v6: bool) -> Result<Way, SendFault> {
        if self.privileged
            && !v6
            && let Ok(socket) = RawSocket::open(self.cookie, self.identifier, &self.ready)
        {
            return Ok(Way::Raw(Arc::new(socket)));
        }
        Helper::open(v6, &self.ready).map(|helper| Way::Helper(Arc::new(helper)))
    }

    /// How addresses of a family are asked, or why they cannot be.
    ///
    /// # Errors
    /// The fault that every send to this family will have.
    pub fn method(&self, v6: bool) -> Result<Method, SendFault> {
        look(if v6 { &self.v6 } else { &self.v4 }).map(|way| match way {
            Way::Raw(_) => Method::Raw,
            Way::Helper(_) => Method::IpHelper,
        })
    }

    /// Sends a batch. What could not be sent is told in `refused` and does not hold up
    /// the rest.
    pub fn send(&self, batch: &[Echo], refused: &mut Vec<(u64, SendFault)>) {
        for (slot, v6) in [(&self.v4, false), (&self.v6, true)] {
            let mut mine = batch.iter().filter(|e| e.address.is_ipv6() == v6).peekable();
            if mine.peek().is_none() {
                continue;
            }
            let mut way = look(slot);
            let rested =
                clock::boottime_nanos() - self.opened_at.load(Ordering::Relaxed) >= RETRY_EVERY;
            if way.is_err() && rested {
                self.fill_where(Result::is_err);
                way = look(slot);
            }
            match way {
                Ok(Way::Raw(socket)) => socket.send(mine, refused),
                Ok(Way::Helper(helper)) => helper.send(mine, refused),
                Err(fault) => refused.extend(mine.map(|e| (e.token, fault))),
            }
        }
    }

    /// Waits up to `wait` for replies and takes all that are there. Returns early, with
    /// nothing, when [`Pinger::wake`] is called or only foreign packets arrive.
    ///
    /// # Errors
    /// The system cannot wait: it had no event to give.
    pub fn receive(&self, wait: Duration, out: &mut Vec<EchoReply>) -> io::Result<()> {
        self.ready.wait(wait)?;
        for slot in [&self.v4, &self.v6] {
            let (foreign, errors) = match look(slot) {
                Ok(Way::Raw(socket)) => socket.drain(out),
                Ok(Way::Helper(helper)) => (helper.drain(out), 0),
                Err(_) => (0, 0),
            };
            self.foreign.fetch_add(foreign, Ordering::Relaxed);
            self.errors.fetch_add(errors, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Makes a waiting [`Pinger::receive`] return.
    pub fn wake(&self) {
        self.ready.set();
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
