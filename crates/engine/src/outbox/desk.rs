//! The desk where the lanes meet: the only place that holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cafesentinel_domain::config::Config;
use cafesentinel_domain::notify::body::{self, Style};
use cafesentinel_domain::notify::{
    Answer, Channel, Errand, Item, Lane, LaneState, Notice, Outgoing, PictureId, Rate, Reply, Scope,
};
use cafesentinel_domain::time::{Moment, Tick};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::calendar::LocalCalendar;
use super::webhook::{Call, File, Sender};
use super::{LaneReport, Order, Parts, Pool, Tried};
use crate::clock::Clock;
use crate::recorder::Record;
use crate::store::{DeadWebhook, NoticeRow, NoticeState, Standing};

/// Looks up at least so often: the wall clock and the configuration may have moved.
const LOOK_UP: Duration = Duration::from_secs(30);

/// A picture stays so long after the last notice that wanted it.
const KEEP_PICTURE: Duration = Duration::from_secs(60);

/// Whose answer it is.
enum Asked {
    Lane(Channel),
    Test(oneshot::Sender<Tried>),
    /// The old webhook is told that it is replaced or switched off: once, and no more.
    Farewell,
}

struct Answered {
    whose: Asked,
    webhook: String,
    /// What Discord counts together: a webhook's new messages, or its edits.
    bucket: String,
    answer: Answer,
    reply: Option<Reply>,
}

pub(super) struct Desk {
    lanes: [Lane; 3],
    rates: BTreeMap<String, Rate>,
    config: watch::Receiver<Arc<Config>>,
    in_force: Arc<Config>,
    records: std::sync::mpsc::Sender<Record>,
    clock: Clock,
    calendar: LocalCalendar,
    pictures: Pool,
    sender: Sender,
    requests: JoinSet<Answered>,
    reports: watch::Sender<Vec<LaneReport>>,
    dead: BTreeMap<Channel, DeadWebhook>,
    /// When a notice last wanted which picture.
    wanted: BTreeMap<PictureId, Tick>,
}

impl Desk {
    pub(super) fn open(
        parts: Parts,
        reports: watch::Sender<Vec<LaneReport>>,
    ) -> anyhow::Result<Desk> {
        let mut config = parts.config;
        let in_force = Arc::clone(&config.borrow_and_update());
        let mut desk = Desk {
            lanes: Channel::ALL.map(Lane::new),
            rates: BTreeMap::new(),
            config,
            in_force,
            records: parts.records,
            clock: parts.clock,
            calendar: LocalCalendar::of_system(),
            pictures: parts.pictures,
            sender: Sender::open()?,
            requests: JoinSet::new(),
            reports,
            dead: parts.undelivered.dead.into_iter().collect(),
            wanted: BTreeMap::new(),
        };
        desk.configure();
        let now = desk.clock.now();
        for Standing { channel, id, at, message, incident, over } in parts.undelivered.standing {
            desk.lane(channel).restore(id, at, message, incident, over);
        }
        for (channel, item) in parts.undelivered.waiting {
            desk.lane(channel).add(item, now);
        }
        Ok(desk)
    }

    pub(super) async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        loop {
            let now = self.clock.now();
            self.dispatch(now);
            self.settle(now);
            let wait = self
                .next_deadline(now)
                .map_or(LOOK_UP, |due| self.clock.real_span(due.since(now.tick)).min(LOOK_UP));
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Stop(reply)) => {
                        self.finish().await;
                        let _ = reply.send(());
                        return;
                    }
                    Some(order) => self.obey(order),
                    None => return,
                },
                Some(done) = self.requests.join_next() => {
                    // A request that panicked counts as unanswered: its lane is asked below.
                    if let Ok(answered) = done {
                        self.take(answered);
                    }
                }
                changed = self.config.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.reconfigure();
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn lane(&mut self, channel: Channel) -> &mut Lane {
        &mut self.lanes[channel.index()]
    }

    /// Under which name the rate of what a lane does next is kept.
    fn rate_of(&self, channel: Channel, webhook: &str) -> String {
        bucket(webhook, self.lanes[channel.index()].edits_next())
    }

    /// What the webhook of a channel is called, if it is in use.
    fn webhook_of(&self, channel: Channel) -> Option<String> {
        let config = &self.in_force;
        channel.is_on(config).then(|| channel.webhook(config).clear().and_then(number)).flatten()
    }

    fn configure(&mut self) {
        let now = self.clock.now();
        for channel in Channel::ALL {
            let webhook = self.webhook_of(channel);
            let known = self.dead.get(&channel).filter(|d| Some(&d.webhook) == webhook.as_ref());
            let dead = known.map(|d| d.dead);
            if dead.is_none() && webhook.is_some() && self.dead.remove(&channel).is_some() {
                self.record(Record::Dead(channel, None));
            }
            self.lane(channel).configure(webhook, dead, now);
        }
    }

    fn reconfigure(&mut self) {
        let old = Arc::clone(&self.in_force);
        self.in_force = Arc::clone(&self.config.borrow_and_update());
        let before = Channel::Alerts.is_on(&old).then(|| Channel::Alerts.webhook(&old).clear());
        let after =
            Channel::Alerts.is_on(&self.in_force).then(|| Channel::Alerts.webhook(&self.in_force));
        if let Some(Some(url)) = before
            && after.and_then(|s| s.clear()) != Some(url)
        {
            self.say_farewell(url, &old);
        }
        self.configure();
    }

    /// Whoever looks at the old webhook must see that it was switched off, or where from
    /// it hears nothing any more.
    fn say_farewell(&mut self, url: &str, old: &Config) {
        let Some(webhook) = number(url) else { return };
        let changed = old.changes(&self.in_force);
        let count = u32::try_from(changed.len()).unwrap_or(u32::MAX);
        let notice =
            Notice::ConfigChanged { changed: changed.into_iter().take(30).collect(), count };
        let at = self.clock.now().utc;
        let style = Style::of(old, &self.calendar);
        let message = body::post(&notice, at, false, false, &style);
        self.request(Asked::Farewell, webhook, url.to_owned(), Call::Post { message, file: None });
    }

    fn obey(&mut self, order: Order) {
        let now = self.clock.now();
        match order {
            Order::Stored(notices) => {
                for (id, Outgoing { channel, at, notice }) in notices {
                    self.lane(channel).add(Item { id, at, notice, attempts: 0 }, now);
                }
            }
            Order::Offline(offline) => {
                for lane in &mut self.lanes {
                    lane.offline(offline, now.tick);
                }
            }
            Order::Look => {}
            Order::Retry(row, reply) => {
                let _ = reply.send(self.retry(*row, now));
            }
            Order::GiveUp(id, reply) => {
                let found =
                    self.lanes.iter_mut().any(|lane| lane.give_up(id, "given up by hand", now));
                let _ = reply.send(found);
            }
            Order::Test(channel, reply) => self.test(channel, reply),
            // Taken by the loop.
            Order::Stop(reply) => drop(reply),
        }
    }

    fn retry(&mut self, row: NoticeRow, now: Moment) -> bool {
        let NoticeRow { id, outgoing, state, attempts, .. } = row;
        let lane = &mut self.lanes[outgoing.channel.index()];
        match state {
            NoticeState::Waiting => {
                lane.hurry(now.tick);
                lane.state() == LaneState::Waiting
            }
            NoticeState::Dropped | NoticeState::Refused if lane.state() != LaneState::Off => {
                let (at, notice) = (outgoing.at, outgoing.notice);
                lane.take_up(Item { id, at, notice, attempts }, now);
                true
            }
            NoticeState::Dropped
            | NoticeState::Refused
            | NoticeState::Delivered
            | NoticeState::Merged => false,
        }
    }

    fn test(&mut self, channel: Channel, reply: oneshot::Sender<Tried>) {
        let config = Arc::clone(&self.in_force);
        let no = |message: &str| Tried { delivered: false, message: message.to_owned() };
        let Some(url) = channel.webhook(&config).clear() else {
            let _ = reply.send(no("There is no webhook for this channel; put its URL in first"));
            return;
        };
        let Some(webhook) = number(url) else {
            let _ = reply.send(no("The webhook's URL cannot be read"));
            return;
        };
        let now = self.clock.now();
        let ready = self.ready(&bucket(&webhook, false), now.tick).since(now.tick);
        if ready > Duration::from_secs(1) {
            let text = format!(
                "Discord asks to wait {} s before the next message; try again then",
                ready.as_secs() + 1
            );
            let _ = reply.send(no(&text));
            return;
        }
        let style = Style::of(&config, &self.calendar);
        let message = body::post(&Notice::Test, now.utc, false, false, &style);
        let call = Call::Post { message, file: None };
        self.request(Asked::Test(reply), webhook, url.to_owned(), call);
    }

    fn ready(&self, bucket: &str, now: Tick) -> Tick {
        self.rates.get(bucket).map_or(now, |rate| rate.ready_at(now))
    }

    /// Sends everything that may go now.
    fn dispatch(&mut self, now: Moment) {
        let config = Arc::clone(&self.in_force);
        for channel in Channel::ALL {
            let Some(webhook) = self.webhook_of(channel) else {
                continue;
            };
            let Some(url) = channel.webhook(&config).clear() else {
                continue;
            };
            let ready = self.ready(&self.rate_of(channel, &webhook), now.tick);
            let pool = self.pictures.clone();
            let look = |id: PictureId| pool.look(id);
            let Some(errand) = self.lanes[channel.index()].next(ready, look, now) else {
                continue;
            };
            let style = Style::of(&config, &self.calendar);
            let call = match errand {
                Errand::Post { at, notice, merged, picture, .. } => {
                    let webp = picture.and_then(|id| self.pictures.get(id));
                    let message = body::post(&notice, at, merged, webp.is_some(), &style);
                    let name = body::file_name(&notice);
                    let file = name.zip(webp).map(|(name, webp)| File { name, webp });
                    Call::Post { message, file }
                }
                Errand::Edit { at, message: number, incident, .. } => {
                    Call::Edit { number, message: body::edit(&incident, at, &style) }
                }
            };
            self.request(Asked::Lane(channel), webhook, url.to_owned(), call);
        }
    }

    fn request(&mut self, whose: Asked, webhook: String, url: String, call: Call) {
        let now = self.clock.now().tick;
        let bucket = bucket(&webhook, matches!(call, Call::Edit { .. }));
        self.rates.entry(bucket.clone()).or_default().used(now);
        let sender = self.sender.clone();
        self.requests.spawn(async move {
            let (answer, reply) = sender.call(&url, call).await;
            Answered { whose, webhook, bucket, answer, reply }
        });
    }

    fn take(&mut self, answered: Answered) {
        let Answered { whose, webhook, bucket: counted, answer, reply } = answered;
        let now = self.clock.now();
        let rate = self.rates.entry(counted).or_default();
        if let Some(reply) = &reply {
            rate.learn(reply, now.tick);
        }
        if let Answer::Limited { wait, scope } = answer {
            rate.limited(wait, scope, now.tick);
            tracing::info!(
                category = "DISCORD",
                "Discord asks to wait {:.1} s ({}).",
                wait.as_secs_f64(),
                match scope {
                    Scope::User => "this webhook",
                    Scope::Shared => "this channel",
                    Scope::Global => "everything",
                }
            );
            if scope == Scope::Global {
                for rate in self.rates.values_mut() {
                    rate.block(now.tick + wait);
                }
                for channel in Channel::ALL {
                    if let Some(webhook) = self.webhook_of(channel) {
                        for edits in [false, true] {
                            let rate = self.rates.entry(bucket(&webhook, edits)).or_default();
                            rate.block(now.tick + wait);
                        }
                    }
                }
            }
        }
        match whose {
            Asked::Lane(channel) => {
                self.log(channel, &answer);
                let jitter = jitter();
                self.lane(channel).answered(answer, jitter, now);
                if let LaneState::Dead(dead) = self.lane(channel).state()
                    && self.dead.get(&channel).is_none_or(|d| d.dead != dead)
                {
                    let known = DeadWebhook { webhook, dead };
                    self.dead.insert(channel, known.clone());
                    self.record(Record::Dead(channel, Some(known)));
                }
            }
            Asked::Test(reply) => {
                let _ = reply.send(tried(&answer));
            }
            Asked::Farewell => {}
        }
    }

    /// What people should know of an answer; each kind of trouble once.
    fn log(&mut self, channel: Channel, answer: &Answer) {
        let lane = &self.lanes[channel.index()];
        let name = channel.code();
        match answer {
            Answer::Done { .. } => {
                if lane.error().is_some() {
                    tracing::info!(category = "DISCORD", "{name}: messages are delivered again.");
                }
            }
            Answer::Failed(why) => {
                if lane.error() != Some(why) {
                    tracing::warn!(
                        category = "DISCORD",
                        "{name}: {why}. Messages wait and are sent later."
                    );
                }
            }
            Answer::Refused(why) => {
                tracing::error!(category = "DISCORD", "{name}: a message was refused. {why}.");
            }
            Answer::Gone(status) => {
                tracing::error!(
                    category = "DISCORD",
                    "{name}: Discord answered {status}: this webhook was deleted. Its messages \
                     are kept for 7 days; put a new URL into the settings."
                );
            }
            Answer::Limited { .. } | Answer::MessageGone => {}
        }
    }

    /// Hands over what has become of notices, and says what the lanes are like.
    fn settle(&mut self, now: Moment) {
        let mut marks = Vec::new();
        let mut news = Vec::new();
        for lane in &mut self.lanes {
            marks.extend(lane.take_marks());
            news.extend(lane.take_news());
        }
        news.retain(|outgoing: &Outgoing| outgoing.channel.is_on(&self.in_force));
        if !marks.is_empty() {
            self.record(Record::Marks(marks));
        }
        if !news.is_empty() {
            self.record(Record::Tell(news));
        }
        self.forget_pictures(now);
        let reports: Vec<LaneReport> = self
            .lanes
            .iter()
            .map(|lane| {
                let webhook = self.webhook_of(lane.channel());
                let ready = webhook.map_or(now.tick, |webhook| {
                    self.ready(&self.rate_of(lane.channel(), &webhook), now.tick)
                });
                let until = ready.max(lane.not_before());
                let waits = lane.state() == LaneState::Waiting && until > now.tick;
                LaneReport {
                    channel: lane.channel(),
                    state: lane.state(),
                    waiting: lane.waiting(),
                    error: lane.error().map(str::to_owned),
                    blocked_until: waits.then(|| now.at(until).utc),
                }
            })
            .collect();
        self.reports.send_if_modified(|known| {
            let news = *known != reports;
            *known = reports;
            news
        });
    }

    /// Pictures that no notice has wanted for a while. Not at once: the notice for another
    /// channel may still be on its way from the disk.
    fn forget_pictures(&mut self, now: Moment) {
        let wanted: BTreeSet<PictureId> = self.lanes.iter().flat_map(Lane::wanted).collect();
        for id in &wanted {
            self.wanted.insert(*id, now.tick);
        }
        let pictures = &self.pictures;
        self.wanted.retain(|id, last| {
            let keep = *last + KEEP_PICTURE > now.tick;
            if !keep {
                pictures.forget(*id);
            }
            keep
        });
    }

    fn next_deadline(&self, now: Moment) -> Option<Tick> {
        self.lanes
            .iter()
            .filter_map(|lane| {
                let webhook = self.webhook_of(lane.channel())?;
                let ready = self.ready(&self.rate_of(lane.channel(), &webhook), now.tick);
                lane.next_deadline(ready, |id| self.pictures.look(id), now.tick)
            })
            .min()
    }

    /// What is on its way may arrive.
    async fn finish(&mut self) {
        while let Some(done) = self.requests.join_next().await {
            if let Ok(answered) = done {
                self.take(answered);
            }
            self.settle(self.clock.now());
        }
    }

    fn record(&self, record: Record) {
        // Without a recorder the program is ending.
        let _ = self.records.send(record);
    }
}

/// Discord counts new messages and edits of a webhook apart.
fn bucket(webhook: &str, edits: bool) -> String {
    format!("{webhook}/{}", if edits { "edits" } else { "posts" })
}

/// The number of a webhook: the part of its URL that is no secret.
fn number(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let (_, rest) = path.split_once("/webhooks/")?;
    let number = rest.split('/').next().unwrap_or_default();
    (!number.is_empty()).then(|| number.to_owned())
}

/// From 0 to 1, by chance.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}

fn tried(answer: &Answer) -> Tried {
    let no = |message: String| Tried { delivered: false, message };
    match answer {
        Answer::Done { .. } => {
            Tried { delivered: true, message: "Discord has taken the test message".to_owned() }
        }
        Answer::Limited { wait, .. } => no(format!(
            "Discord asks to wait {} s before the next message; try again then",
            wait.as_secs() + 1
        )),
        Answer::Failed(why) | Answer::Refused(why) => no(why.clone()),
        Answer::Gone(401) => {
            no("Discord answered 401: the token in this webhook's URL is wrong".to_owned())
        }
        Answer::Gone(status) => no(format!("Discord answered {status}: this webhook was deleted")),
        Answer::MessageGone => no("Discord answered 404".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_webhook_is_the_part_that_is_no_secret() {
        let of = |url| number(url);
        assert_eq!(of("https://discord.com/api/webhooks/12/tok?x=1").as_deref(), Some("12"));
        assert_eq!(of("http://127.0.0.1:9/api/v10/webhooks/3/t").as_deref(), Some("3"));
        assert_eq!(of("https://discord.com/"), None);
    }

    #[test]
    fn chance_is_between_nothing_and_one_and_not_always_the_same() {
        let all: Vec<f64> = (0..50).map(|_| jitter()).collect();
        assert!(all.iter().all(|j| (0.0..1.0).contains(j)));
        assert!(all.iter().any(|j| *j != all[0]));
    }
}
