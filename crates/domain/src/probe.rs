//! The ledger of questions: what was asked of whom, and what became of it.
//!
//! Probe numbers are consecutive and all probes wait equally long, so the ledger is a
//! queue: the number is the position, and what is due next stands in front. An entry
//! stays for a while after its verdict, so that a late or doubled reply is recognised
//! as such and not taken for a stranger's.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use crate::event::Target;
use crate::monitor::ProbeId;
use crate::time::{Moment, Tick};

/// Which of the two addresses that stand for a target. Only `internet` has two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The configured address.
    Primary,
    /// The second opinion.
    Secondary,
}

/// Identity of a seat within one run; survives changes of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatKey(pub u32);

/// Who was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A target, by one of its addresses.
    Target(Target, Side),
    /// A seat.
    Seat(SeatKey),
}

/// Why it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The beat with this number.
    Beat(u64),
    /// The second question after a first silence.
    Retry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Waiting,
    Answered,
    Lost,
    /// Refused by the system, or written off because nobody looked: no verdict.
    Void,
}

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Who was asked.
    pub subject: Subject,
    /// Under which address.
    pub address: IpAddr,
    /// Why.
    pub purpose: Purpose,
    /// When.
    pub sent: Moment,
    deadline: Tick,
    fate: Fate,
}

/// What a reply turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// The answer to a probe that was waiting, or that was judged although its answer
    /// had reached the machine in time.
    Answer(Probe),
    /// Too late: counted and dropped.
    Late,
    /// Answered before: counted and dropped.
    Duplicate,
    /// Not ours, or from another address than was asked: counted and dropped.
    Foreign,
}

/// Replies that did not count, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stray {
    /// After the timeout.
    pub late: u64,
    /// More than one for a probe.
    pub duplicate: u64,
    /// Unknown number or wrong address.
    pub foreign: u64,
}

/// The ledger. See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    first: u64,
    probes: VecDeque<Probe>,
    judged: usize,
    open_beats: VecDeque<(u64, u32)>,
    stray: Stray,
}

impl Ledger {
    /// Begins a beat of so many questions; they may go out over some time.
    pub fn begin_beat(&mut self, number: u64, questions: usize) {
        self.open_beats.push_back((number, u32::try_from(questions).unwrap_or(u32::MAX)));
    }

    /// A question of a beat will not be asked.
    pub fn skip(&mut self, beat: u64) {
        if let Some((_, waiting)) = self.open_beats.iter_mut().find(|(n, _)| *n == beat) {
            *waiting = waiting.saturating_sub(1);
        }
    }

    /// Enters a question sent `now` that waits for `timeout`.
    pub fn ask(
        &mut self,
        subject: Subject,
        address: IpAddr,
        purpose: Purpose,
        now: Moment,
        timeout: Duration,
    ) -> ProbeId {
        let id = ProbeId(self.first + self.probes.len() as u64);
        let deadline = now.tick + timeout;
        self.probes.push_back(Probe {
            subject,
            address,
            purpose,
            sent: now,
            deadline,
            fate: Fate::Waiting,
        });
        id
    }

    /// Takes a reply. An answer that was in time by the kernel's clock counts even if
    /// its probe was judged meanwhile: the newest answer beats older silence.
    pub fn reply(&mut self, id: ProbeId, address: IpAddr, rtt: Duration) -> Hearing {
        let Some(probe) = self.entry(id).copied() else {
            // Numbers that we have given out and forgotten are late; others are not ours.
            if id.0 < self.first {
                self.stray.late += 1;
                return Hearing::Late;
            }
            self.stray.foreign += 1;
            return Hearing::Foreign;
        };
        if probe.address != address {
            self.stray.foreign += 1;
            return Hearing::Foreign;
        }
        match probe.fate {
            Fate::Answered => {
                self.stray.duplicate += 1;
                return Hearing::Duplicate;
            }
            Fate::Void => {
                self.stray.late += 1;
                return Hearing::Late;
            }
            Fate::Waiting | Fate::Lost => {}
        }
        if rtt > probe.deadline.since(probe.sent.tick) {
            self.stray.late += 1;
            return Hearing::Late;
        }
        self.settle(id, Fate::Answered);
        Hearing::Answer(probe)
    }

    /// The system would not send it: no verdict. Gives the probe, if it was waiting.
    pub fn refuse(&mut self, id: ProbeId) -> Option<Probe> {
        let probe = *self.entry(id)?;
        if probe.fate != Fate::Waiting {
            return None;
        }
        self.settle(id, Fate::Void);
        Some(probe)
    }

    /// The next probe whose time is over without an answer, if one is due.
    pub fn next_lost(&mut self, now: Tick) -> Option<Probe> {
        while let Some(probe) = self.probes.get(self.judged).copied() {
            if probe.deadline > now {
                if probe.fate == Fate::Waiting {
                    return None;
                }
                // Judged already; it does not hold up those behind it.
                self.judged += 1;
                continue;
            }
            let id = ProbeId(self.first + self.judged as u64);
            self.judged += 1;
            if probe.fate == Fate::Waiting {
                self.settle(id, Fate::Lost);
                return Some(probe);
            }
        }
        None
    }

    /// When the next verdict is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Tick> {
        self.probes.iter().skip(self.judged).find(|p| p.fate == Fate::Waiting).map(|p| p.deadline)
    }

    /// Nobody looked: what waits will get no verdict.
    pub fn write_off(&mut self) {
        for probe in self.probes.iter_mut().skip(self.judged) {
            if probe.fate == Fate::Waiting {
                probe.fate = Fate::Void;
            }
        }
        for (_, waiting) in &mut self.open_beats {
            *waiting = 0;
        }
    }

    /// Forgets what is long over. `memory` is how long a verdict is remembered.
    pub fn forget(&mut self, now: Tick, memory: Duration) {
        while self.judged > 0 {
            match self.probes.front() {
                Some(probe) if probe.deadline + memory < now => {
                    self.probes.pop_front();
                    self.first += 1;
                    self.judged -= 1;
                }
                _ => break,
            }
        }
    }

    /// The number of a beat all of whose probes are judged, oldest first.
    pub fn completed_beat(&mut self) -> Option<u64> {
        match self.open_beats.front() {
            Some((number, 0)) => {
                let number = *number;
                self.open_beats.pop_front();
                Some(number)
            }
            _ => None,
        }
    }

    /// Replies that did not count.
    #[must_use]
    pub fn stray(&self) -> Stray {
        self.stray
    }

    fn entry(&self, id: ProbeId) -> Option<&Probe> {
        let position = usize::try_from(id.0.checked_sub(self.first)?).ok()?;
        self.probes.get(position)
    }

    fn settle(&mut self, id: ProbeId, fate: Fate) {
        let Some(position) = id.0.checked_sub(self.first).and_then(|p| usize::try_from(p).ok())
        else {
            return;
        };
        let Some(probe) = self.probes.get_mut(position) else {
            return;
        };
        let was_waiting = probe.fate == Fate::Waiting;
        probe.fate = fate;
        let purpose = probe.purpose;
        if let (true, Purpose::Beat(number)) = (was_waiting, purpose) {
            self.skip(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Utc;

    const TIMEOUT: Duration = Duration::from_secs(1);

    fn moment(ms: i64) -> Moment {
        Moment { tick: Tick(ms * 1_000_000), utc: Utc(ms) }
    }

    fn ask(ledger: &mut Ledger, ms: i64) -> (ProbeId, IpAddr) {
        let address = IpAddr::from([10, 0, 0, 1]);
        let subject = Subject::Target(Target::Router, Side::Primary);
        (ledger.ask(subject, address, Purpose::Beat(1), moment(ms), TIMEOUT), address)
    }

    #[test]
    fn a_reply_counts_only_for_the_probe_and_the_address_that_was_asked() {
        let mut ledger = Ledger::default();
        let (id, address) = ask(&mut ledger, 0);
        let rtt = Duration::from_millis(3);
        assert_eq!(ledger.reply(id, IpAddr::from([10, 0, 0, 2]), rtt), Hearing::Foreign);
        assert_eq!(ledger.reply(ProbeId(99), address, rtt), Hearing::Foreign);
        assert!(matches!(ledger.reply(id, address, rtt), Hearing::Answer(_)));
        assert_eq!(ledger.reply(id, address, rtt), Hearing::Duplicate);
        assert_eq!(ledger.stray(), Stray { late: 0, duplicate: 1, foreign: 2 });
    }

    #[test]
    fn an_answer_in_time_by_the_kernels_clock_counts_after_the_verdict() {
        let mut ledger = Ledger::default();
        let (id, address) = ask(&mut ledger, 0);
        assert!(ledger.next_lost(moment(1000).tick).is_some());
        assert!(matches!(
            ledger.reply(id, address, Duration::from_millis(999)),
            Hearing::Answer(_)
        ));
    }

    #[test]
    fn an_answer_after_the_timeout_is_late_even_before_the_verdict() {
        let mut ledger = Ledger::default();
        let (id, address) = ask(&mut ledger, 0);
        assert_eq!(ledger.reply(id, address, Duration::from_millis(1001)), Hearing::Late);
        assert!(ledger.next_lost(moment(1000).tick).is_some());
    }

    #[test]
    fn a_beat_is_complete_when_the_last_of_its_probes_is_judged() {
        let mut ledger = Ledger::default();
        ledger.begin_beat(1, 4);
        ledger.skip(1);
        let (a, address) = ask(&mut ledger, 0);
        let (b, _) = ask(&mut ledger, 0);
        let (_, _) = ask(&mut ledger, 0);
        assert!(matches!(ledger.reply(a, address, TIMEOUT), Hearing::Answer(_)));
        assert!(ledger.refuse(b).is_some());
        assert_eq!(ledger.completed_beat(), None);
        assert!(ledger.next_lost(moment(1000).tick).is_some());
        assert_eq!(ledger.completed_beat(), Some(1));
    }

    #[test]
    fn a_forgotten_number_is_late_and_not_foreign() {
        let mut ledger = Ledger::default();
        let (id, address) = ask(&mut ledger, 0);
        assert!(ledger.next_lost(moment(1000).tick).is_some());
        ledger.forget(moment(9000).tick, TIMEOUT);
        assert_eq!(ledger.reply(id, address, TIMEOUT), Hearing::Late);
        assert_eq!(ledger.next_deadline(), None);
    }
}
