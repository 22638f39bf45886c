//! One channel's way out: what is sent next, and what an answer means for it.
//!
//! ```text
//!          next()                answered()
//!  queue ─────────► in flight ─┬─ done ──────► delivered (and, for a recovery, an edit of
//!    ▲                         │               the message that told of the outage)
//!    │                         ├─ refused ───► refused; the next one goes on
//!    ├── limited: as told ─────┤
//!    └── failed: backs off ────┤
//!                              └─ gone ──────► the lane is dead until its URL is replaced
//! ```
//! Strictly in order, one at a time. What happened to a notice comes out as a [`Mark`],
//! which the shell stores. The outcome of an outage that could not be told before it was
//! over is told together with it, in one message.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::answer::Answer;
use super::errand::{Dead, Errand, Item, LaneState, Mark, MarkState, Pictures};
use super::{Channel, Notice, NoticeId, Outgoing, PictureId};
use crate::event::{EndReason, Incident, IncidentId};
use crate::time::{Moment, Tick, Utc, millis};

/// First wait after a failure; it doubles …
const BACK_OFF: Duration = Duration::from_secs(1);
/// … up to this.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);
/// While the internet is known to be down, a failed try is repeated this late only.
const BACK_OFF_OFFLINE: Duration = Duration::from_secs(300);
/// When the internet is back, an untold outage waits so long for its end, which is sure
/// only when it has held (5 s): the two are told in one message.
const END_PATIENCE: Duration = Duration::from_secs(8);
/// A message waits so long for its picture.
const PICTURE_PATIENCE: Duration = Duration::from_secs(10);
/// What waited longer for a new URL is told in a summary.
pub(super) const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Debug, Clone)]
struct Waiting {
    item: Item,
    since: Tick,
    merged: bool,
    bare: bool,
}

/// A delivered message that tells of a running outage.
#[derive(Debug, Clone, PartialEq)]
struct Standing {
    id: NoticeId,
    at: Utc,
    message: String,
}

/// The lane. See the module.
#[derive(Debug)]
pub struct Lane {
    channel: Channel,
    /// Which webhook; none: off.
    webhook: Option<String>,
    dead: Option<Dead>,
    queue: VecDeque<Waiting>,
    standing: BTreeMap<IncidentId, Standing>,
    edits: VecDeque<(Standing, Incident)>,
    flying: Option<Errand>,
    not_before: Tick,
    failures: u32,
    /// The internet is known to be down.
    offline: bool,
    error: Option<String>,
    marks: Vec<Mark>,
    news: Vec<Outgoing>,
}

impl Lane {
    /// An empty lane that is switched off.
    #[must_use]
    pub fn new(channel: Channel) -> Lane {
        Lane {
            channel,
            webhook: None,
            dead: None,
            queue: VecDeque::new(),
            standing: BTreeMap::new(),
            edits: VecDeque::new(),
            flying: None,
            not_before: Tick(i64::MIN),
            failures: 0,
            offline: false,
            error: None,
            marks: Vec::new(),
            news: Vec::new(),
        }
    }

    /// Its channel.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// A message delivered by an earlier run, and the end of its incident, if that is told.
    pub fn restore(
        &mut self,
        id: NoticeId,
        at: Utc,
        message: String,
        incident: IncidentId,
        over: Option<Incident>,
    ) {
        let standing = Standing { id, at, message };
        match over {
            Some(over) => self.edits.push_back((standing, over)),
            None => {
                self.standing.insert(incident, standing);
            }
        }
    }

    /// The webhook in force (its number, which is no secret), or none; `dead` is what was
    /// remembered of it.
    pub fn configure(&mut self, webhook: Option<String>, dead: Option<Dead>, now: Moment) {
        if webhook == self.webhook && dead.is_none() {
            return;
        }
        let replaced = webhook != self.webhook;
        self.webhook = webhook;
        self.dead = dead;
        if self.webhook.is_none() {
            let why = "Discord or this channel was switched off";
            for waiting in std::mem::take(&mut self.queue) {
                self.mark(&waiting.item, MarkState::Dropped(why.into()), now);
            }
            self.edits.clear();
            self.standing.clear();
        }
        if replaced {
            self.failures = 0;
            self.error = None;
            self.not_before = now.tick;
        }
        if self.dead.is_none() {
            self.sum_up(now);
        }
    }

    /// What has waited for a week is told in one message.
    fn sum_up(&mut self, now: Moment) {
        let kept_ms = millis(KEPT);
        let old = |w: &Waiting| now.utc.0.saturating_sub(w.item.at.0) > kept_ms;
        if !self.queue.iter().any(old) {
            return;
        }
        let (old, young): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.queue).into_iter().partition(old);
        self.queue = young;
        let from = old.iter().map(|w| w.item.at).min().unwrap_or(now.utc);
        let to = old.iter().map(|w| w.item.at).max().unwrap_or(now.utc);
        let notice =
            Notice::Missed { count: u32::try_from(old.len()).unwrap_or(u32::MAX), from, to };
        self.news.push(Outgoing { channel: self.channel, at: now.utc, notice });
        for waiting in old {
            let why = "waited for a week; told in a summary";
            self.mark(&waiting.item, MarkState::Dropped(why.into()), now);
        }
    }

    /// A notice that is stored.
    pub fn add(&mut self, item: Item, now: Moment) {
        if self.webhook.is_none() {
            let why = "Discord or this channel was switched off";
            self.mark(&item, MarkState::Dropped(why.into()), now);
            return;
        }
        self.queue.push_back(Waiting { item, since: now.tick, merged: false, bare: false });
        self.merge(now);
    }

    /// Takes up a notice that was dropped or refused, as somebody wants it: behind the
    /// others, as if it had never been tried.
    pub fn take_up(&mut self, item: Item, now: Moment) {
        self.give_up(item.id, "", now);
        let next_try = now.utc;
        self.mark(&item, MarkState::Waiting { error: String::new(), next_try }, now);
        self.add(item, now);
    }

    /// Beginnings that were not told before their ends are told with them.
    fn merge(&mut self, now: Moment) {
        let flying = match &self.flying {
            Some(Errand::Post { id, .. }) => Some(*id),
            Some(Errand::Edit { .. }) | None => None,
        };
        let ends: Vec<IncidentId> = self
            .queue
            .iter()
            .filter_map(|w| {
                let Notice::OutageOver { incident, .. } = &w.item.notice else { return None };
                Some(incident.id)
            })
            .collect();
        for id in ends {
            let began = self.queue.iter().position(|w| {
                matches!(&w.item.notice, Notice::OutageBegan { incident } if incident.id == id)
                    && Some(w.item.id) != flying
            });
            let Some(began) = began.and_then(|at| self.queue.remove(at)) else {
                continue;
            };
            self.mark(&began.item, MarkState::Merged, now);
            for waiting in &mut self.queue {
                if let Notice::OutageOver { incident, .. } = &waiting.item.notice
                    && incident.id == id
                {
                    waiting.merged = true;
                }
            }
        }
    }

    /// What to send now. `ready` is when the webhook may be used. Until the answer is
    /// given to [`Lane::answered`] there is nothing else.
    pub fn next(
        &mut self,
        ready: Tick,
        pictures: impl Fn(PictureId) -> Pictures,
        now: Moment,
    ) -> Option<Errand> {
        if self.flying.is_some() || self.webhook.is_none() || self.dead.is_some() {
            return None;
        }
        self.settle_quiet_ends(now);
        if self.next_try(ready) > now.tick {
            return None;
        }
        let errand = match self.queue.front() {
            Some(first) => {
                let picture = first.item.notice.picture().filter(|_| !first.bare);
                let look = picture.map_or(Pictures::None, pictures);
                if look == Pictures::Pending && first.since + PICTURE_PATIENCE > now.tick {
                    return None;
                }
                Errand::Post {
                    id: first.item.id,
                    at: first.item.at,
                    notice: first.item.notice.clone(),
                    merged: first.merged,
                    picture: picture.filter(|_| look == Pictures::Ready),
                }
            }
            None => {
                let (standing, incident) = self.edits.front()?;
                Errand::Edit {
                    id: standing.id,
                    at: standing.at,
                    message: standing.message.clone(),
                    incident: incident.clone(),
                }
            }
        };
        self.flying = Some(errand.clone());
        Some(errand)
    }

    /// Outages that nobody watches any more end without a message of their own.
    fn settle_quiet_ends(&mut self, now: Moment) {
        loop {
            let quiet = self.queue.front().is_some_and(|w| {
                matches!(&w.item.notice, Notice::OutageOver { incident, .. }
                    if incident.end_reason != Some(EndReason::Restored))
            });
            if !quiet {
                return;
            }
            if let Some(waiting) = self.queue.pop_front() {
                self.mark(&waiting.item, MarkState::Merged, now);
                self.show_end(&waiting.item.notice);
            }
        }
    }

    fn show_end(&mut self, notice: &Notice) {
        if let Notice::OutageOver { incident, .. } = notice
            && let Some(standing) = self.standing.remove(&incident.id)
        {
            self.edits.push_back((standing, incident.clone()));
        }
    }

    /// Whether an edit is next: Discord counts those apart from new messages.
    #[must_use]
    pub fn edits_next(&self) -> bool {
        self.queue.is_empty() && !self.edits.is_empty()
    }

    fn next_try(&self, ready: Tick) -> Tick {
        self.not_before.max(ready)
    }

    /// When to ask again, where only time is awaited; none: nothing waits, or an answer is
    /// awaited.
    #[must_use]
    pub fn next_deadline(
        &self,
        ready: Tick,
        pictures: impl Fn(PictureId) -> Pictures,
        now: Tick,
    ) -> Option<Tick> {
        let waits = !self.queue.is_empty() || !self.edits.is_empty();
        if self.flying.is_some() || self.webhook.is_none() || self.dead.is_some() || !waits {
            return None;
        }
        let at = self.next_try(ready);
        if at > now {
            return Some(at);
        }
        let patience = self.queue.front().and_then(|first| {
            let picture = first.item.notice.picture().filter(|_| !first.bare)?;
            (pictures(picture) == Pictures::Pending).then(|| first.since + PICTURE_PATIENCE)
        });
        Some(patience.unwrap_or(at))
    }

    /// The answer to what is in flight. `jitter` from 0 to 1 spreads what comes after a
    /// failure. Gives back for how long everything must rest, if a limit is for everything.
    pub fn answered(&mut self, answer: Answer, jitter: f64, now: Moment) {
        let Some(errand) = self.flying.take() else {
            return;
        };
        match errand {
            Errand::Post { id, at, picture, .. } => {
                self.posted(id, at, picture.is_some(), answer, jitter, now);
            }
            Errand::Edit { id, .. } => self.edited(id, answer, jitter, now),
        }
        self.merge(now);
    }

    fn posted(
        &mut self,
        id: NoticeId,
        at: Utc,
        with_picture: bool,
        answer: Answer,
        jitter: f64,
        now: Moment,
    ) {
        // It may have been dropped meanwhile.
        let here = self.queue.iter().position(|w| w.item.id == id);
        if let Some(waiting) = here.and_then(|at| self.queue.get_mut(at)) {
            waiting.item.attempts = waiting.item.attempts.saturating_add(1);
        }
        match answer {
            Answer::Done { message } => {
                self.went_well();
                let Some(waiting) = here.and_then(|at| self.queue.remove(at)) else {
                    return;
                };
                if let (Notice::OutageBegan { incident }, Some(message)) =
                    (&waiting.item.notice, &message)
                {
                    let standing = Standing { id, at, message: message.clone() };
                    self.standing.insert(incident.id, standing);
                }
                self.show_end(&waiting.item.notice);
                self.mark(&waiting.item, MarkState::Delivered { message }, now);
            }
            Answer::Limited { wait, .. } => self.wait(now.tick + wait),
            Answer::Failed(why) => self.back_off(why, jitter, now),
            Answer::Refused(why) => {
                if let Some(waiting) =
                    here.filter(|_| with_picture).and_then(|at| self.queue.get_mut(at))
                {
                    // The text goes regardless.
                    waiting.bare = true;
                } else if let Some(waiting) = here.and_then(|at| self.queue.remove(at)) {
                    self.mark(&waiting.item, MarkState::Refused(why), now);
                }
            }
            Answer::MessageGone => self.back_off("Discord answered 404".into(), jitter, now),
            Answer::Gone(status) => self.die(status, now),
        }
    }

    fn edited(&mut self, id: NoticeId, answer: Answer, jitter: f64, now: Moment) {
        match answer {
            Answer::Limited { wait, .. } => self.wait(now.tick + wait),
            Answer::Failed(why) => self.back_off(why, jitter, now),
            Answer::Gone(status) => self.die(status, now),
            Answer::Done { .. } | Answer::Refused(_) | Answer::MessageGone => {
                self.went_well();
                self.edits.retain(|(standing, _)| standing.id != id);
                self.marks.push(Mark { id, attempts: 0, at: now.utc, state: MarkState::Edited });
            }
        }
    }

    fn went_well(&mut self) {
        self.failures = 0;
        self.error = None;
    }

    fn wait(&mut self, until: Tick) {
        self.not_before = self.not_before.max(until);
    }

    fn back_off(&mut self, why: String, jitter: f64, now: Moment) {
        let doubled = if self.offline {
            BACK_OFF_OFFLINE
        } else {
            BACK_OFF.saturating_mul(1 << self.failures.min(10)).min(BACK_OFF_MAX)
        };
        // Half of it for sure, the other half by chance, so that cafés do not come in step.
        let wait = doubled.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
        self.failures = self.failures.saturating_add(1);
        self.wait(now.tick + wait);
        self.error = Some(why.clone());
        if let Some(first) = self.queue.front().map(|w| w.item.clone()) {
            let next_try = now.at(now.tick + wait).utc;
            self.mark(&first, MarkState::Waiting { error: why, next_try }, now);
        }
    }

    fn die(&mut self, status: u16, now: Moment) {
        self.dead = Some(Dead { since: now.utc, status });
        self.edits.clear();
        self.standing.clear();
        if self.channel != Channel::Alerts {
            let notice = Notice::WebhookDead { channel: self.channel };
            self.news.push(Outgoing { channel: Channel::Alerts, at: now.utc, notice });
        }
    }

    fn mark(&mut self, item: &Item, state: MarkState, now: Moment) {
        self.marks.push(Mark { id: item.id, attempts: item.attempts, at: now.utc, state });
    }

    /// Whether the internet is known to be down. When it is back, what waits after failures
    /// is tried again.
    pub fn offline(&mut self, offline: bool, now: Tick) {
        let back = self.offline && !offline;
        self.offline = offline;
        if back && self.failures > 0 {
            let untold = |w: &Waiting| matches!(w.item.notice, Notice::OutageBegan { .. });
            let patience = self.queue.iter().any(untold).then_some(END_PATIENCE);
            self.failures = 0;
            self.not_before = now + patience.unwrap_or_default();
        }
    }

    /// Somebody asks for it: what waits after failures is tried at once. A limit is never
    /// cut short.
    pub fn hurry(&mut self, now: Tick) {
        if self.failures > 0 {
            self.failures = 0;
            self.not_before = now;
        }
    }

    /// Gives a waiting notice up. Says whether it was there.
    pub fn give_up(&mut self, id: NoticeId, why: &str, now: Moment) -> bool {
        let Some(at) = self.queue.iter().position(|w| w.item.id == id) else {
            return false;
        };
        if let Some(waiting) = self.queue.remove(at) {
            self.mark(&waiting.item, MarkState::Dropped(why.to_owned()), now);
        }
        true
    }

    /// What it is like.
    #[must_use]
    pub fn state(&self) -> LaneState {
        match (&self.webhook, self.dead) {
            (None, _) => LaneState::Off,
            (Some(_), Some(dead)) => LaneState::Dead(dead),
            (Some(_), None) if self.queue.is_empty() => LaneState::Idle,
            (Some(_), None) => LaneState::Waiting,
        }
    }

    /// How many notices wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Why the last try failed; none if it did not.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// When it is used again, if it has to wait.
    #[must_use]
    pub fn not_before(&self) -> Tick {
        self.not_before
    }

    /// Pictures that waiting notices want.
    pub fn wanted(&self) -> impl Iterator<Item = PictureId> + '_ {
        self.queue.iter().filter_map(|w| w.item.notice.picture())
    }

    /// What is to be stored.
    pub fn take_marks(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.marks)
    }

    /// Notices that came of all this, to be stored and delivered like any other.
    pub fn take_news(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.news)
    }
}
