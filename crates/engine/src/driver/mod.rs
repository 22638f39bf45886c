//! The driver: the one thread that owns the machine.
//!
//! It waits for a message or for the machine's next deadline, whichever comes first,
//! takes the time once per turn, hands it in, and carries out what comes out. Replies
//! that are already here are always handed over before silence is judged.
//!
//! Waiting is cut into seconds: the timer of the system stands still while the machine
//! sleeps, and so a turn that comes far too late tells that nobody looked meanwhile.
//! A thread of its own with nothing but a channel: neither HTTP nor disk share it.

mod lateness;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use cafesentinel_domain::capture::Capture;
use cafesentinel_domain::config::Host;
use cafesentinel_domain::event::{Stamped, Target};
use cafesentinel_domain::monitor::{
    ArpFault, Input, Monitor, Output, ProbeId, ProbeRequest, Sample, SeatMinute, SendFault,
    StateTime, Why,
};
use cafesentinel_domain::notify::Told;
use cafesentinel_domain::occupancy::Memory;
use cafesentinel_domain::time::{Moment, Tick};
use cafesentinel_domain::view::SiteView;
use tokio::sync::watch;

pub use lateness::{BeatReport, Lateness};

use crate::app::Photographs;
use crate::clock::Clock;
use crate::pinger::Prober;
use crate::recorder::Record;

/// A wait is never longer, so that sleep is noticed.
const LOOK_UP: Duration = Duration::from_secs(1);
/// A turn that comes later than this after the longest wait was not late: the machine
/// slept, or the program stood still.
const ASLEEP: Duration = Duration::from_secs(2);
/// From this lateness on, replies may still be in the receiver's hands …
const LATE: Duration = Duration::from_millis(100);
/// … and get this long to arrive.
const SETTLE: Duration = Duration::from_millis(20);
/// Time in state is handed over to the disk this often.
const FLUSH: Duration = Duration::from_secs(10);
/// The beat's lateness is summed up this often, and logged this often.
const REPORT_EVERY: u64 = 32;
const LOG_EVERY: Duration = Duration::from_secs(6 * 3600);

/// What the driver is told.
#[derive(Debug)]
pub enum Message {
    /// Something happened.
    Inputs(Vec<Input>),
    /// Store everything and end.
    Stop,
}

/// What a turn of the machine left to be stored.
#[derive(Debug, Default)]
pub struct Turn {
    /// Events, oldest first.
    pub events: Vec<Stamped>,
    /// Verdicts.
    pub samples: Vec<Sample>,
    /// Time in state.
    pub state_times: Vec<StateTime>,
    /// Targets that answered for the first time.
    pub seen: Vec<(Target, Host)>,
    /// Who was online in which minute.
    pub seat_minutes: Vec<SeatMinute>,
    /// What is to be remembered of seats.
    pub memories: Vec<(IpAddr, Option<Memory>)>,
    /// What is told.
    pub told: Vec<Told>,
}

impl Turn {
    /// Nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.samples.is_empty()
            && self.state_times.is_empty()
            && self.seen.is_empty()
            && self.seat_minutes.is_empty()
            && self.memories.is_empty()
            && self.told.is_empty()
    }
}

/// The driver's belongings. See the module.
pub struct Driver {
    monitor: Monitor,
    prober: Box<dyn Prober>,
    messages: Receiver<Message>,
    wires: Wires,
    clock: Clock,
    lateness: Lateness,
    last_turn: Tick,
    flushed: Tick,
    logged: Tick,
}

/// Where a driver's results go.
pub struct Wires {
    /// To the disk.
    pub records: Sender<Record>,
    /// To everybody who looks.
    pub view: watch::Sender<Arc<SiteView>>,
    /// To the diagnostics.
    pub beats: watch::Sender<BeatReport>,
    /// To the camera.
    pub photographs: Photographs,
}

impl Driver {
    /// Puts a driver together; `now` is when the monitor was started.
    #[must_use]
    pub fn new(
        monitor: Monitor,
        prober: Box<dyn Prober>,
        messages: Receiver<Message>,
        wires: Wires,
        clock: Clock,
        now: Moment,
    ) -> Driver {
        Driver {
            monitor,
            prober,
            messages,
            wires,
            clock,
            lateness: Lateness::default(),
            last_turn: now.tick,
            flushed: now.tick,
            logged: now.tick,
        }
    }

    /// Runs until told to stop.
    ///
    /// # Errors
    /// The other end of a channel is gone: the program is broken and must not go on
    /// pretending.
    pub fn run(mut self) -> io::Result<()> {
        // What the start itself has to tell, the first beat included.
        let mut next = self.turn(None, self.clock.now())?;
        while next.is_continue() {
            let now = self.clock.now().tick;
            let wait = self.monitor.next_deadline().map_or(LOOK_UP, |(deadline, _)| {
                self.clock.real_span(deadline.since(now)).min(LOOK_UP)
            });
            let first = match self.messages.recv_timeout(wait) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("nobody holds the driver any more"));
                }
            };
            next = self.turn(first, self.clock.now())?;
        }
        self.log_lateness();
        Ok(())
    }

    /// One turn, all of it at `now`. Breaks when it was told to stop and has stored
    /// everything.
    pub(crate) fn turn(
        &mut self,
        first: Option<Message>,
        now: Moment,
    ) -> io::Result<ControlFlow<()>> {
        let away = now.tick.since(self.last_turn);
        self.last_turn = now.tick;
        let mut stop = self.take_messages(first, now);
        let asleep = away > self.clock.told(LOOK_UP + ASLEEP);
        let due = self.monitor.next_deadline().filter(|(deadline, _)| *deadline <= now.tick);
        let late = due.map_or(Duration::ZERO, |(deadline, _)| now.tick.since(deadline));
        if asleep || late > self.clock.told(LATE) {
            stop |= self.settle_messages(now);
        }
        if asleep {
            self.monitor.handle(Input::Woke { asleep: away }, now);
        }
        if self.monitor.next_deadline().is_some_and(|(deadline, _)| deadline <= now.tick) {
            self.monitor.advance(now);
        }
        if let Some((_, Why::Beat)) = due
            && !asleep
        {
            self.beat_started(self.clock.real_span(late), now);
        }
        if stop || now.tick.since(self.flushed) >= FLUSH {
            self.monitor.account(now);
            self.flushed = now.tick;
        }
        if self.carry_out(now)? {
            self.wires.view.send_replace(Arc::new(self.monitor.view(now)));
        }
        if stop {
            self.wires.records.send(Record::Stop).map_err(io::Error::other)?;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Hands over everything that is here. Says whether to stop.
    fn take_messages(&mut self, first: Option<Message>, now: Moment) -> bool {
        let mut next = first;
        let mut stop = false;
        while let Some(message) = next.take().or_else(|| self.messages.try_recv().ok()) {
            stop |= self.take(message, now);
        }
        stop
    }

    /// After a long absence: what lies in the sockets is heard before silence is judged.
    fn settle_messages(&mut self, now: Moment) -> bool {
        let mut stop = false;
        while let Ok(message) = self.messages.recv_timeout(SETTLE) {
            stop |= self.take(message, now);
        }
        stop
    }

    fn take(&mut self, message: Message, now: Moment) -> bool {
        match message {
            Message::Inputs(inputs) => {
                for input in inputs {
                    self.monitor.handle(input, now);
                }
                false
            }
            Message::Stop => true,
        }
    }

    /// Does what the machine asks for. Says whether anything visible may have changed.
    fn carry_out(&mut self, now: Moment) -> io::Result<bool> {
        let mut turn = Turn::default();
        let mut probes: Vec<ProbeRequest> = Vec::new();
        let mut refused: Vec<(ProbeId, SendFault)> = Vec::new();
        let mut neighbours: Vec<Ipv4Addr> = Vec::new();
        let mut unasked: Vec<(Ipv4Addr, ArpFault)> = Vec::new();
        let mut captures: Vec<Capture> = Vec::new();
        let mut completed = false;
        loop {
            while let Some(output) = self.monitor.poll() {
                match output {
                    Output::Probe(request) => probes.push(request),
                    Output::Event(stamped) => turn.events.push(stamped),
                    Output::Sample(sample) => turn.samples.push(sample),
                    Output::StateTime(time) => turn.state_times.push(time),
                    Output::Seen { target, host } => turn.seen.push((target, host)),
                    Output::Arp(address) => neighbours.push(address),
                    Output::SeatMinute(minute) => turn.seat_minutes.push(minute),
                    Output::Remember { address, memory } => turn.memories.push((address, memory)),
                    Output::Told(told) => turn.told.push(told),
                    Output::Capture(capture) => captures.push(capture),
                    Output::CycleCompleted { .. } => completed = true,
                }
            }
            if probes.is_empty() && neighbours.is_empty() {
                break;
            }
            self.prober.send(&probes, now, &mut refused);
            probes.clear();
            self.prober.ask_arp(&neighbours, now, &mut unasked);
            neighbours.clear();
            for (address, fault) in unasked.drain(..) {
                self.monitor.handle(Input::ArpRefused { address, fault }, now);
            }
            for (id, fault) in refused.drain(..) {
                self.monitor.handle(Input::Refused { id, fault }, now);
            }
        }
        let changed = completed || !turn.events.is_empty();
        // Before what is told: a message must know that its picture is on its way.
        for capture in captures {
            if !self.wires.photographs.ask(capture) {
                self.monitor.handle(Input::Captured { id: capture.id, there: false }, now);
            }
        }
        if !turn.is_empty() {
            self.wires.records.send(Record::Turn { turn, now }).map_err(io::Error::other)?;
        }
        Ok(changed)
    }

    fn beat_started(&mut self, late: Duration, now: Moment) {
        self.lateness.note(late);
        if self.lateness.beats() % REPORT_EVERY == 1 {
            self.wires.beats.send_replace(self.lateness.report());
        }
        if now.tick.since(self.logged) >= LOG_EVERY {
            self.logged = now.tick;
            self.log_lateness();
        }
    }

    fn log_lateness(&self) {
        let report = self.lateness.report();
        if report.beats > 0 {
            tracing::info!(category = "SYSTEM", "{report}");
        }
    }
}
