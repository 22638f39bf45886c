//! What we believe of one target.
//!
//! ```text
//!             answer                       answer
//!   Unknown ─────────► Up ◄──────────────────────────────┐
//!      │ silence        │ silence                         │
//!      │ (seen before)  ▼            asked again, silent  │
//!      └────────────► Suspect ─────────────────────────► Down
//! ```
//!
//! * Never answered: stays `Unknown, never seen`, whatever its silence.
//! * A probe that could not be sent is no silence: `Unknown` with the system's reason.
//! * `internet` has two addresses. It is silent only if both are; a silent primary beside
//!   an answering secondary is a warning.
//! * `router` counts as up while something behind it answers; see [`Link::vouch`].

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use crate::config::Host;
use crate::event::{LinkState, Reason, Target, Warning};
use crate::monitor::SendFault;
use crate::probe::Side;
use crate::time::{Moment, Tick};

/// How many verdicts the view shows.
pub const RECENT: usize = 60;

/// One address that stands for a target.
#[derive(Debug, Clone)]
pub struct Voice {
    /// As configured.
    pub host: Host,
    /// Where to ask; none until the name is resolved.
    pub address: Option<IpAddr>,
    /// The newest probe that was answered.
    answered: Option<Tick>,
    /// The first unanswered probe since; none while it answers.
    silent_since: Option<Moment>,
    /// Unanswered probes in a row.
    silences: u32,
    fault: Option<SendFault>,
}

impl Voice {
    /// A voice that has not been asked yet.
    #[must_use]
    pub fn new(host: &Host) -> Self {
        let address = match host {
            Host::Address(address) => Some(*address),
            Host::Name(_) => None,
        };
        Voice {
            host: host.clone(),
            address,
            answered: None,
            silent_since: None,
            silences: 0,
            fault: None,
        }
    }

    fn answers(&self) -> bool {
        self.answered.is_some() && self.silent_since.is_none() && self.fault.is_none()
    }
}

/// The machine. See the module for its states.
#[derive(Debug, Clone)]
pub struct Link {
    target: Target,
    primary: Voice,
    secondary: Option<Voice>,
    state: LinkState,
    since: Moment,
    reason: Option<Reason>,
    warning: Option<Warning>,
    seen: bool,
    /// Where an outage would begin: the first unanswered probe.
    suspected: Option<Moment>,
    /// The confirmed outage; survives a stretch of `Unknown`.
    outage: Option<Moment>,
    /// An outage that an earlier run has left, not yet confirmed by this one.
    inherited: Option<Moment>,
    retry_at: Option<Tick>,
    last_answer: Option<Moment>,
    rtt: Option<Duration>,
    recent: VecDeque<Option<f64>>,
}

/// What ended when an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// The first unanswered probe.
    pub start: Moment,
    /// Probes left unanswered in a row.
    pub silences: u32,
    /// Whether the silence had been confirmed.
    pub confirmed: bool,
}

impl Link {
    /// A link about which nothing is known yet. `seen`: it has answered under this
    /// address before; `inherited`: it was down since then when the last run ended.
    #[must_use]
    pub fn new(
        target: Target,
        primary: Voice,
        secondary: Option<Voice>,
        seen: bool,
        inherited: Option<Moment>,
        now: Moment,
    ) -> Self {
        let reason = if primary.address.is_none()
            && secondary.as_ref().is_none_or(|s| s.address.is_none())
        {
            Reason::Unresolved
        } else {
            Reason::Starting
        };
        Link {
            target,
            primary,
            secondary,
            state: LinkState::Unknown,
            since: now,
            reason: Some(reason),
            warning: None,
            seen,
            suspected: None,
            outage: None,
            inherited,
            retry_at: None,
            last_answer: None,
            rtt: None,
            recent: VecDeque::with_capacity(RECENT),
        }
    }

    /// The addresses to ask at a beat. The secondary is asked only while the primary
    /// cannot decide alone, so that a healthy café does not ping two strangers.
    pub fn beat_addresses(&self) -> impl Iterator<Item = (Side, IpAddr)> + use<> {
        let second = self.secondary.as_ref().filter(|_| {
            !self.seen
                || self.primary.address.is_none()
                || self.primary.fault.is_some()
                || self.state == LinkState::Down
                || self.warning == Some(Warning::PrimarySilent)
        });
        let primary = self.primary.address.map(|a| (Side::Primary, a));
        let second = second.and_then(|s| s.address).map(|a| (Side::Secondary, a));
        primary.into_iter().chain(second)
    }

    /// All addresses, for the second question.
    pub fn all_addresses(&self) -> impl Iterator<Item = (Side, IpAddr)> + use<> {
        let primary = self.primary.address.map(|a| (Side::Primary, a));
        let second = self.secondary.as_ref().and_then(|s| s.address).map(|a| (Side::Secondary, a));
        primary.into_iter().chain(second)
    }

    /// A probe sent at `sent` was answered, received at `now`. Says what ended by it.
    pub fn answer(
        &mut self,
        side: Side,
        sent: Tick,
        rtt: Duration,
        now: Moment,
    ) -> Option<Recovery> {
        let voice = self.voice_mut(side)?;
        let silences = voice.silences;
        voice.fault = None;
        // Answers may overtake each other: an old one proves nothing about a newer silence.
        if voice.answered.is_none_or(|newest| sent >= newest) {
            voice.answered = Some(sent);
        }
        if voice.silent_since.is_some_and(|first| sent < first.tick) {
            return None;
        }
        voice.silent_since = None;
        voice.silences = 0;
        if side == Side::Primary || self.rtt.is_none() {
            self.rtt = Some(rtt);
        }
        self.seen = true;
        self.last_answer = Some(now);
        self.retry_at = None;
        self.inherited = None;
        let confirmed = self.outage.is_some();
        let start = self.outage.take().or(self.suspected.take());
        self.suspected = None;
        self.enter(LinkState::Up, None, now);
        if side == Side::Primary {
            self.warning = None;
        } else if self.primary.silences > 1 || self.primary.address.is_some() && confirmed {
            self.warning = Some(Warning::PrimarySilent);
        }
        start.map(|start| Recovery { start, silences, confirmed })
    }

    /// A probe was left unanswered. `retry` says whether it was the second question;
    /// `behind`, for the router only, whether something behind it has answered a probe
    /// sent after the given tick (which can end an outage: then it is returned).
    pub fn silence(
        &mut self,
        side: Side,
        sent: Moment,
        retry: bool,
        retry_delay: Duration,
        now: Moment,
        behind: &dyn Fn(Tick) -> bool,
    ) -> Option<Recovery> {
        let voice = self.voice_mut(side)?;
        voice.fault = None;
        if voice.answered.is_some_and(|newest| newest >= sent.tick) {
            return None;
        }
        voice.silences = voice.silences.saturating_add(1);
        if voice.silent_since.is_none_or(|first| sent.tick < first.tick) {
            voice.silent_since = Some(sent);
        }
        if side == Side::Primary {
            self.rtt = None;
        }
        // One address of two: the other may still speak for the target.
        let other = match side {
            Side::Primary => self.secondary.as_ref(),
            Side::Secondary => Some(&self.primary),
        };
        if other.is_some_and(|o| o.answers() && o.answered.is_some_and(|t| t >= sent.tick)) {
            if side == Side::Primary && self.state == LinkState::Up {
                self.warning = Some(Warning::PrimarySilent);
            }
            return None;
        }
        // The primary is known to be silent: the secondary's verdict of this beat decides.
        if side == Side::Primary
            && self.warning == Some(Warning::PrimarySilent)
            && other.is_some_and(Voice::answers)
        {
            return None;
        }
        if !self.seen {
            // The tick before: an answer to a probe of the same beat vouches for it.
            if behind(Tick(sent.tick.0 - 1)) {
                self.vouch(now);
            } else {
                self.warning = None;
                self.enter(LinkState::Unknown, Some(Reason::NeverSeen), now);
            }
            return None;
        }
        match self.state {
            LinkState::Up | LinkState::Unknown => {
                if self.warning == Some(Warning::NoPingReply) {
                    // Its silence says nothing; see `doubt`.
                    return None;
                }
                if self.outage.is_some() {
                    // It was down before we lost sight of it.
                    self.enter(LinkState::Down, None, now);
                    return None;
                }
                let start = self.inherited.take().unwrap_or_else(|| self.first_silence(sent));
                self.suspect(start, retry_delay, now);
            }
            LinkState::Suspect => {
                if retry && self.all_silent() {
                    let start = self.suspected.unwrap_or(sent);
                    if behind(start.tick) {
                        self.suspected = None;
                        self.vouch(now);
                    } else {
                        self.outage = Some(start);
                        self.suspected = None;
                        self.warning = None;
                        self.enter(LinkState::Down, None, now);
                    }
                }
            }
            LinkState::Down => {
                if behind(Tick(sent.tick.0 - 1)) {
                    return self.vouch(now);
                }
            }
        }
        None
    }

    /// Something behind the router answers: it is up, whether it answers ping or not.
    pub fn vouch(&mut self, now: Moment) -> Option<Recovery> {
        let confirmed = self.outage.is_some();
        let start = self.outage.take().or(self.suspected.take());
        self.suspected = None;
        self.inherited = None;
        self.retry_at = None;
        self.warning = Some(Warning::NoPingReply);
        self.enter(LinkState::Up, None, now);
        let silences = self.primary.silences;
        start.map(|start| Recovery { start, silences, confirmed })
    }

    /// It answers ARP: it is there, so from now on its silence counts. Says whether that is
    /// new.
    pub fn heard_by_arp(&mut self, now: Moment) -> bool {
        self.last_answer = Some(now);
        !std::mem::replace(&mut self.seen, true)
    }

    /// What vouched for the router has fallen silent at `first`, so the router's own
    /// silence counts again, from there on.
    pub fn doubt(&mut self, first: Moment, retry_delay: Duration, now: Moment) {
        self.warning = None;
        if self.seen {
            self.suspect(first, retry_delay, now);
        } else {
            self.enter(LinkState::Unknown, Some(Reason::NeverSeen), now);
        }
    }

    /// A probe could not be sent.
    pub fn refused(&mut self, side: Side, fault: SendFault, now: Moment) {
        let reason = match fault {
            SendFault::Busy => return,
            SendFault::NoPermission => Reason::NoPermission,
            SendFault::NoSocket => Reason::NoSocket,
            SendFault::NoRoute => Reason::NoRoute,
        };
        let Some(voice) = self.voice_mut(side) else {
            return;
        };
        voice.fault = Some(fault);
        let other = match side {
            Side::Primary => self.secondary.as_ref(),
            Side::Secondary => Some(&self.primary),
        };
        // The other address still speaks, or its verdict is still to come.
        if other.is_some_and(|o| o.answers() && o.fault.is_none())
            || (side == Side::Secondary && self.primary.fault.is_none())
        {
            return;
        }
        self.suspected = None;
        self.retry_at = None;
        self.enter(LinkState::Unknown, Some(reason), now);
    }

    /// A name was looked up. Without an address the last one stays in use.
    pub fn resolved(&mut self, name: &str, address: Option<IpAddr>, now: Moment) {
        let mut changed = false;
        for voice in std::iter::once(&mut self.primary).chain(self.secondary.as_mut()) {
            if matches!(&voice.host, Host::Name(n) if n == name)
                && let Some(address) = address
                && voice.address != Some(address)
            {
                voice.address = Some(address);
                changed = true;
            }
        }
        if changed && self.reason == Some(Reason::Unresolved) {
            self.enter(LinkState::Unknown, Some(Reason::Starting), now);
        }
    }

    /// Exchanges the second opinion and keeps everything else.
    pub fn replace_secondary(&mut self, host: &Host) {
        if self.secondary.as_ref().is_some_and(|s| s.host != *host) {
            self.secondary = Some(Voice::new(host));
        }
    }

    /// Nobody looked: the second question has to be asked anew.
    pub fn woke(&mut self, now: Moment) {
        if self.state == LinkState::Suspect {
            self.retry_at = Some(now.tick);
        }
    }

    /// When to ask again, and whether it is time.
    #[must_use]
    pub fn retry_at(&self) -> Option<Tick> {
        self.retry_at
    }

    /// The second question is being asked now.
    pub fn retried(&mut self) {
        self.retry_at = None;
    }

    /// Keeps a second question coming while suspect: one that could not be sent (a full
    /// queue) must not leave the link in doubt for good.
    pub fn retry_again(&mut self, at: Tick) {
        if self.state == LinkState::Suspect {
            self.retry_at = Some(at);
        }
    }

    /// Notes the verdict of a beat for the chart.
    pub fn note(&mut self, rtt: Option<Duration>) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(rtt.map(|d| d.as_secs_f64() * 1000.0));
    }

    /// An answer to a probe sent after `then` exists and none was missed since.
    #[must_use]
    pub fn answers_after(&self, then: Tick) -> bool {
        std::iter::once(&self.primary)
            .chain(self.secondary.as_ref())
            .any(|v| v.answers() && v.answered.is_some_and(|t| t > then))
    }

    /// The first unanswered probe since the last answer; none while it answers.
    #[must_use]
    pub fn silent_since(&self) -> Option<Moment> {
        if self.all_silent() { Some(self.first_silence(self.primary.silent_since?)) } else { None }
    }

    /// Whether the system refuses, as "no route", every address of this target.
    #[must_use]
    pub fn is_refused_by_route(&self) -> bool {
        self.primary.fault == Some(SendFault::NoRoute)
            && self
                .secondary
                .as_ref()
                .is_none_or(|s| s.fault.is_none_or(|f| f == SendFault::NoRoute) && !s.answers())
    }

    fn suspect(&mut self, start: Moment, retry_delay: Duration, now: Moment) {
        self.suspected = Some(start);
        self.retry_at = Some(now.tick + retry_delay);
        self.enter(LinkState::Suspect, None, start);
    }

    /// Where the silence of all addresses began: when the last of them fell silent,
    /// unless that one was only asked because the first was silent.
    fn first_silence(&self, sent: Moment) -> Moment {
        match &self.secondary {
            Some(second) if second.answered.is_some() => {
                let first = self.primary.silent_since.unwrap_or(sent);
                match (second.silent_since, second.answered) {
                    (Some(s), Some(answered)) if answered > first.tick => s,
                    _ => first,
                }
            }
            Some(_) | None => self.primary.silent_since.unwrap_or(sent),
        }
    }

    /// Every address that can be asked is silent.
    fn all_silent(&self) -> bool {
        let dumb = |v: &Voice| v.address.is_none() || v.fault.is_some() || v.silent_since.is_some();
        let heard_of = self.primary.silent_since.is_some()
            || self.secondary.as_ref().is_some_and(|s| s.silent_since.is_some());
        heard_of && dumb(&self.primary) && self.secondary.as_ref().is_none_or(dumb)
    }

    fn enter(&mut self, state: LinkState, reason: Option<Reason>, now: Moment) {
        if self.state != state || self.reason != reason {
            if state == LinkState::Down {
                self.since = self.outage.unwrap_or(now);
            } else if self.state != state {
                self.since = now;
            }
            self.state = state;
            self.reason = reason;
        }
    }

    fn voice_mut(&mut self, side: Side) -> Option<&mut Voice> {
        match side {
            Side::Primary => Some(&mut self.primary),
            Side::Secondary => self.secondary.as_mut(),
        }
    }

    /// Which target.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }
    /// What we believe.
    #[must_use]
    pub fn state(&self) -> LinkState {
        self.state
    }
    /// Since when.
    #[must_use]
    pub fn since(&self) -> Moment {
        self.since
    }
    /// Why, when unknown.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }
    /// The standing oddity.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        self.warning
    }
    /// Whether it has ever answered.
    #[must_use]
    pub fn seen(&self) -> bool {
        self.seen
    }
    /// The confirmed outage, if one runs.
    #[must_use]
    pub fn outage(&self) -> Option<Moment> {
        self.outage
    }
    /// The last answer of any of its addresses.
    #[must_use]
    pub fn last_answer(&self) -> Option<Moment> {
        self.last_answer
    }
    /// The configured address.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.primary.host
    }
    /// The second opinion, if any.
    #[must_use]
    pub fn secondary_host(&self) -> Option<&Host> {
        self.secondary.as_ref().map(|s| &s.host)
    }
    /// The address in use.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.primary.address
    }
    /// The newest round trip.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }
    /// The last verdicts.
    #[must_use]
    pub fn recent(&self) -> &VecDeque<Option<f64>> {
        &self.recent
    }
}
