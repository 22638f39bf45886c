//! `IcmpSendEcho2` and `Icmp6SendEcho2`: pings that need no privileges.
//!
//! One thread per family hands the questions to the system and waits alertably; the
//! system runs [`completed`] on that same thread, between two of its waits. So nothing
//! here is ever touched by two threads, except the list of replies.
#![allow(unsafe_code)] // the IP Helper has no safe face in std.

use std::cell::RefCell;
use std::ffi::c_void;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_CALL_NOT_IMPLEMENTED, ERROR_HOST_UNREACHABLE, ERROR_INVALID_HANDLE,
    ERROR_IO_PENDING, ERROR_NETWORK_UNREACHABLE, ERROR_NO_SYSTEM_RESOURCES,
    ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_SUPPORTED, GetLastError, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GetBestInterfaceEx, ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH, IP_DEST_HOST_UNREACHABLE,
    IP_DEST_NET_UNREACHABLE, IP_NO_RESOURCES, IP_REQ_TIMED_OUT, IP_SUCCESS, Icmp6CreateFile,
    Icmp6ParseReplies, Icmp6SendEcho2, IcmpCloseHandle, IcmpCreateFile, IcmpParseReplies,
    IcmpSendEcho2,
};
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;

use super::super::{Echo, EchoReply, Method, SendFault};
use super::event::Event;
use crate::clock;
use crate::network::name_of;

/// After this time the system forgets a question: longer than any timeout that the
/// configuration allows, so the caller's own verdict is always the first.
const FORGOTTEN_AFTER_MS: u32 = 6_000;
/// Questions under way at most; each holds memory of the kernel. Their numbers fit 16 bits.
const MOST_PENDING: usize = 16_384;
/// What a question carries: as much as those of a socket.
const DATA: [u8; 32] = *b"CafeSentinel asks: are you there";
/// For the reply's structure, the data that come back, and what the system keeps there
/// while it waits.
const ROOM: usize = 256;

/// What the thread and the others share.
#[derive(Default)]
struct Desk {
    batch: Vec<Echo>,
    refused: Vec<(u64, SendFault)>,
    /// The thread has handed the batch to the system.
    submitted: bool,
    /// No more questions will come.
    closing: bool,
    replies: Vec<EchoReply>,
    foreign: u64,
}

struct Shared {
    desk: Mutex<Desk>,
    answered: Condvar,
    /// Wakes the thread.
    bell: Event,
    /// Wakes the receiver.
    ready: Arc<Event>,
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One family's unprivileged way of asking.
pub(super) struct Helper {
    shared: Arc<Shared>,
    /// One batch at a time is on the desk.
    turn: Mutex<()>,
}

impl Helper {
    pub(super) fn open(v6: bool, ready: &Arc<Event>) -> Result<Self, SendFault> {
        let port = Port::open(v6)?;
        let shared = Arc::new(Shared {
            desk: Mutex::new(Desk::default()),
            answered: Condvar::new(),
            bell: Event::new(),
            ready: Arc::clone(ready),
        });
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("icmp-helper".into())
            .spawn(move || serve(&theirs, port))
            .map_err(|e| SendFault::Other(e.raw_os_error().unwrap_or(0)))?;
        Ok(Helper { shared, turn: Mutex::new(()) })
    }

    /// Returns when the system has taken or refused every question.
    pub(super) fn send<'a>(
        &self,
        batch: impl Iterator<Item = &'a Echo>,
        refused: &mut Vec<(u64, SendFault)>,
    ) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut desk = self.shared.desk();
        desk.batch.clear();
        desk.batch.extend(batch.copied());
        desk.submitted = false;
        self.shared.bell.set();
        while !desk.submitted && !desk.closing {
            desk = self.shared.answered.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        if !desk.submitted {
            let Desk { batch, refused, .. } = &mut *desk;
            refused.extend(batch.drain(..).map(|e| (e.token, SendFault::NoSocket)));
        }
        refused.append(&mut desk.refused);
    }

    /// Takes the replies. Returns how many messages were none: "unreachable" and its like.
    pub(super) fn drain(&self, out: &mut Vec<EchoReply>) -> u64 {
        let mut desk = self.shared.desk();
        out.append(&mut desk.replies);
        std::mem::take(&mut desk.foreign)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.shared.desk().closing = true;
        self.shared.bell.set();
    }
}

/// The system's handle for questions of one family.
struct Port {
    handle: HANDLE,
    v6: bool,
}

// SAFETY: a handle of the kernel, used by one thread at a time.
unsafe impl Send for Port {}

impl Port {
    fn open(v6: bool) -> Result<Self, SendFault> {
        // SAFETY: no arguments; the handle is owned from here on.
        let handle = unsafe { if v6 { Icmp6CreateFile() } else { IcmpCreateFile() } };
        if handle == INVALID_HANDLE_VALUE || handle.is_null() {
            // SAFETY: it reads a number of this thread.
            return Err(fault_of(unsafe { GetLastError() }));
        }
        Ok(Port { handle, v6 })
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // SAFETY: closed once.
        unsafe { IcmpCloseHandle(self.handle) };
    }
}

fn fault_of(code: u32) -> SendFault {
    match code {
        ERROR_ACCESS_DENIED => SendFault::NoPermission,
        ERROR_INVALID_HANDLE | ERROR_NOT_SUPPORTED | ERROR_CALL_NOT_IMPLEMENTED => {
            SendFault::NoSocket
        }
        ERROR_NETWORK_UNREACHABLE
        | ERROR_HOST_UNREACHABLE
        | IP_DEST_NET_UNREACHABLE
        | IP_DEST_HOST_UNREACHABLE => SendFault::NetworkUnreachable,
        ERROR_NOT_ENOUGH_MEMORY | ERROR_NO_SYSTEM_RESOURCES | IP_NO_RESOURCES => SendFault::Busy,
        other => SendFault::Other(i32::try_from(other).unwrap_or(i32::MAX)),
    }
}

/// A question under way. Its place in memory is fixed while the system may write to it.
struct Question {
    echo: Echo,
    /// By the clock that counts sleep, in nanoseconds.
    sent: i64,
    /// Grows with each use, so that a completion of an earlier one cannot be mistaken.
    round: u16,
    pending: bool,
    reply: [u64; ROOM / 8],
}

/// The thread's own: all questions ever needed at once, used again and again.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "the system writes to a question while the list grows")]
struct Book {
    shared: Option<Arc<Shared>>,
    questions: Vec<Box<Question>>,
    free: Vec<u32>,
}

thread_local! {
    /// Here and not behind a pointer: a completion brings only a number, and the worst
    /// that a wrong number does is to be ignored.
    static BOOK: RefCell<Book> = RefCell::default();
}

impl Book {
    fn pending(&self) -> usize {
        self.questions.len() - self.free.len()
    }

    fn take(&mut self, echo: Echo) -> Option<u32> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.questions.len() < MOST_PENDING => {
                let reply = [0; ROOM / 8];
                let fresh = Question { echo, sent: 0, round: 0, pending: false, reply };
                self.questions.push(Box::new(fresh));
                u32::try_from(self.questions.len() - 1).ok()?
            }
            None => return None,
        };
        let question = self.questions.get_mut(index as usize)?;
        question.echo = echo;
        question.round = question.round.wrapping_add(1);
        question.pending = true;
        Some(index)
    }

    fn give_back(&mut self, index: u32) {
        if let Some(question) = self.questions.get_mut(index as usize) {
            question.pending = false;
            self.free.push(index);
        }
    }
}

fn serve(shared: &Arc<Shared>, port: Port) {
    BOOK.with_borrow_mut(|book| book.shared = Some(Arc::clone(shared)));
    let mut batch = Vec::new();
    let mut refused = Vec::new();
    loop {
        if shared.bell.wait_alertable().is_err() {
            // Nothing can be heard any more. The system may still write to the questions
            // under way, so their memory is given up, not freed.
            BOOK.with_borrow_mut(|book| std::mem::forget(std::mem::take(&mut book.questions)));
            shared.desk().closing = true;
            shared.answered.notify_all();
            return;
        }
        let (fresh, closing) = {
            let mut desk = shared.desk();
            let fresh = !desk.submitted && !desk.batch.is_empty();
            if fresh {
                std::mem::swap(&mut batch, &mut desk.batch);
            }
            (fresh, desk.closing)
        };
        if fresh {
            for echo in &batch {
                if let Err(fault) = submit(&port, *echo) {
                    refused.push((echo.token, fault));
                }
            }
            batch.clear();
        }
        let mut desk = shared.desk();
        if fresh || desk.batch.is_empty() {
            desk.refused.append(&mut refused);
            desk.submitted = true;
            shared.answered.notify_all();
        }
        // The system may still write to the questions under way: stay for them.
        let idle = BOOK.with_borrow(|book| book.pending() == 0);
        if closing && idle {
            return;
        }
    }
}

fn submit(port: &Port, echo: Echo) -> Result<(), SendFault> {
    let name = name_of(echo.address);
    let mut interface = 0u32;
    // Without a way, a question would end as silence, and later than the caller's timeout.
    // SAFETY: both live through the call.
    let route = unsafe { GetBestInterfaceEx((&raw const name).cast(), &raw mut interface) };
    if matches!(route, ERROR_NETWORK_UNREACHABLE | ERROR_HOST_UNREACHABLE) {
        return Err(SendFault::NetworkUnreachable);
    }
    let taken = BOOK.with_borrow_mut(|book| {
        let index = book.take(echo)?;
        let question = book.questions.get_mut(index as usize)?;
        question.sent = clock::boottime_nanos();
        let context = (u32::from(question.round) << 16) | index;
        Some((index, context, question.reply.as_mut_ptr()))
    });
    let Some((index, context, reply)) = taken else { return Err(SendFault::Busy) };
    let context = context as usize as *const c_void;
    // SAFETY: the data are static; the reply's place is in a box that lives as long as
    // this thread, which stays until nothing is under way; the context is only a number.
    let code = unsafe {
        let (data, size) = (DATA.as_ptr().cast(), DATA.len() as u16);
        let (none, room) = (std::ptr::null_mut(), ROOM as u32);
        let accepted = if port.v6 {
            let from = name_of(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
            Icmp6SendEcho2(
                port.handle,
                none,
                Some(completed),
                context,
                &raw const from.Ipv6,
                &raw const name.Ipv6,
                data,
                size,
                std::ptr::null(),
                reply.cast(),
                room,
                FORGOTTEN_AFTER_MS,
            )
        } else {
            IcmpSendEcho2(
                port.handle,
                none,
                Some(completed),
                context,
                name.Ipv4.sin_addr.S_un.S_addr,
                data,
                size,
                std::ptr::null(),
                reply.cast(),
                room,
                FORGOTTEN_AFTER_MS,
            )
        };
        if accepted == 0 { GetLastError() } else { ERROR_IO_PENDING }
    };
    if code == ERROR_IO_PENDING {
        return Ok(());
    }
    BOOK.with_borrow_mut(|book| book.give_back(index));
    Err(fault_of(code))
}

/// The system's word that a question has ended: with a reply, an error or nothing. Runs
/// inside `wait_alertable`, when nobody holds the book.
unsafe extern "system" fn completed(context: *mut c_void, _: *mut IO_STATUS_BLOCK, _: u32) {
    let here = clock::boottime_nanos();
    let context = context as usize as u32;
    let (index, round) = (context & 0xFFFF, (context >> 16) as u16);
    BOOK.with(|book| {
        let Ok(mut book) = book.try_borrow_mut() else { return };
        let Some(question) = book.questions.get_mut(index as usize) else { return };
        if !question.pending || question.round != round {
            return;
        }
        let heard = read(question, here);
        book.give_back(index);
        let Some(shared) = &book.shared else { return };
        match heard {
            Ok(reply) => shared.desk().replies.push(reply),
            Err(IP_REQ_TIMED_OUT) => return,
            Err(_) => shared.desk().foreign += 1,
        }
        shared.ready.set();
    });
}

/// A reply counts only with status success and from the address that was asked; else the
/// status.
fn read(question: &mut Question, here: i64) -> Result<EchoReply, u32> {
    let room = ROOM as u32;
    let place: *mut c_void = question.reply.as_mut_ptr().cast();
    // SAFETY: the system has ended its work on the buffer, which is as large as said and
    // larger than either structure; every pattern of bits is valid in both.
    let (count, address, status, ms) = unsafe {
        match question.echo.address {
            IpAddr::V4(_) => {
                let count = IcmpParseReplies(place, room);
                let reply = place.cast::<ICMP_ECHO_REPLY>().read();
                let address = IpAddr::V4(Ipv4Addr::from(reply.Address.to_ne_bytes()));
                (count, address, reply.Status, reply.RoundTripTime)
            }
            IpAddr::V6(_) => {
                let count = Icmp6ParseReplies(place, room);
                let reply = place.cast::<ICMPV6_ECHO_REPLY_LH>().read();
                // Big-endian words in memory order.
                let words = reply.Address.sin6_addr;
                let address = IpAddr::V6(Ipv6Addr::from(words.map(u16::from_be)));
                (count, address, reply.Status, reply.RoundTripTime)
            }
        }
    };
    question.reply = [0; ROOM / 8];
    judge(question.echo, (count, address, status))?;
    // The system counts whole milliseconds; our own clock is finer but may come late.
    let measured = Duration::from_nanos(u64::try_from(here - question.sent).unwrap_or(0));
    let told = Duration::from_millis(u64::from(ms) + 1);
    let Echo { address, token } = question.echo;
    Ok(EchoReply { address, token, rtt: measured.min(told), via: Method::IpHelper })
}

fn judge(asked: Echo, (count, from, status): (u32, IpAddr, u32)) -> Result<(), u32> {
    if count == 0 {
        return Err(IP_REQ_TIMED_OUT);
    }
    if status != IP_SUCCESS || from != asked.address {
        return Err(if status == IP_SUCCESS { IP_DEST_HOST_UNREACHABLE } else { status });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T13: Windows tells of an unreachable host in a reply from our own address.
    #[test]
    fn t13_unreachable_replies_are_not_life() {
        let address = IpAddr::from([192, 168, 1, 9]);
        let own = IpAddr::from([192, 168, 1, 2]);
        let asked = Echo { address, token: 1 };
        assert_eq!(judge(asked, (1, address, IP_SUCCESS)), Ok(()));
        assert!(judge(asked, (1, own, IP_DEST_HOST_UNREACHABLE)).is_err());
        assert!(judge(asked, (1, address, IP_DEST_HOST_UNREACHABLE)).is_err());
        assert!(judge(asked, (1, own, IP_SUCCESS)).is_err());
        assert!(judge(asked, (0, address, IP_SUCCESS)).is_err());
    }
}
