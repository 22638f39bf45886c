//! The way out to Discord: one lane per channel, none of which waits for another.
//!
//! In the order of life: what earlier runs left is loaded; the recorder hands over each
//! notice once it is stored; the lane of its channel says what to send and when; a request
//! runs as a task of its own (a webhook that hangs holds up its own lane and nothing else);
//! its answer goes to the lane, and what has become of the notice back to the recorder.
//! Everything that decides is in `domain::notify`; this performs.
//!
//! Cancel-safe: a request that is cut off at the end counts as not sent and is sent again
//! by the next run; that is the one way in which Discord can get a message twice.

pub mod calendar;
mod desk;
mod pool;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use cafesentinel_domain::config::Config;
use cafesentinel_domain::notify::{Channel, LaneState, NoticeId, Outgoing};
use cafesentinel_domain::time::Utc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{oneshot, watch};

pub use pool::Pool;

use crate::clock::Clock;
use crate::recorder::Record;
use crate::store::{NoticeRow, Undelivered};

/// How long requests that are on their way get at the end.
const FAREWELL: Duration = Duration::from_millis(1200);

/// What a lane is like, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneReport {
    /// Which.
    pub channel: Channel,
    /// What it is like.
    pub state: LaneState,
    /// How many notices wait.
    pub waiting: usize,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it goes on, if it has to wait.
    pub blocked_until: Option<Utc>,
}

/// How a test message went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Whether it arrived.
    pub delivered: bool,
    /// In plain words.
    pub message: String,
}

#[derive(Debug)]
enum Order {
    Stored(Vec<(NoticeId, Outgoing)>),
    Offline(bool),
    Look,
    Retry(Box<NoticeRow>, oneshot::Sender<bool>),
    GiveUp(NoticeId, oneshot::Sender<bool>),
    Test(Channel, oneshot::Sender<Tried>),
    Stop(oneshot::Sender<()>),
}

/// Handle to the outbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    orders: UnboundedSender<Order>,
    reports: watch::Receiver<Vec<LaneReport>>,
}

/// What a running outbox needs.
pub struct Parts {
    /// The configuration in force.
    pub config: watch::Receiver<Arc<Config>>,
    /// Where what becomes of notices is stored.
    pub records: std::sync::mpsc::Sender<Record>,
    /// The machine's clocks.
    pub clock: Clock,
    /// Pictures that wait in memory.
    pub pictures: Pool,
    /// What earlier runs left.
    pub undelivered: Undelivered,
}

/// The receiving end, to be handed to [`Inbox::run`].
#[derive(Debug)]
pub struct Inbox {
    orders: UnboundedReceiver<Order>,
    reports: watch::Sender<Vec<LaneReport>>,
}

impl Outbox {
    /// A handle, and the end that does the work.
    #[must_use]
    pub fn open() -> (Outbox, Inbox) {
        let (sender, orders) = unbounded_channel();
        let (reporter, reports) = watch::channel(Vec::new());
        (Outbox { orders: sender, reports }, Inbox { orders, reports: reporter })
    }

    /// One behind which nobody works: notices stay stored, as in the demo.
    #[must_use]
    pub fn closed() -> Outbox {
        Outbox::open().0
    }

    /// Notices that are stored now.
    pub fn stored(&self, notices: Vec<(NoticeId, Outgoing)>) {
        if !notices.is_empty() {
            self.order(Order::Stored(notices));
        }
    }

    /// Whether the internet is known to be down.
    pub fn offline(&self, offline: bool) {
        self.order(Order::Offline(offline));
    }

    /// A picture is there, or will not come.
    pub fn look(&self) {
        self.order(Order::Look);
    }

    /// Tries a waiting notice at once, or takes up one that was dropped or refused. False
    /// if there is nothing to be done for it.
    pub async fn retry(&self, row: NoticeRow) -> bool {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Retry(Box::new(row), reply));
        answer.await.unwrap_or(false)
    }

    /// Gives a waiting notice up. False if it does not wait.
    pub async fn give_up(&self, id: NoticeId) -> bool {
        let (reply, answer) = oneshot::channel();
        self.order(Order::GiveUp(id, reply));
        answer.await.unwrap_or(false)
    }

    /// Sends a message to try a webhook, whether Discord is switched on or not.
    pub async fn test(&self, channel: Channel) -> Tried {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Test(channel, reply));
        answer.await.unwrap_or_else(|_| Tried {
            delivered: false,
            message: "Nothing is sent by this program: it is a demo, or it is ending".to_owned(),
        })
    }

    /// What the lanes are like; empty while nobody works behind it.
    #[must_use]
    pub fn report(&self) -> Vec<LaneReport> {
        self.reports.borrow().clone()
    }

    /// Ends it. What is on its way gets a moment to arrive.
    pub async fn stop(&self) {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Stop(reply));
        let _ = tokio::time::timeout(FAREWELL, answer).await;
    }

    fn order(&self, order: Order) {
        // Nobody there: the demo, or the end.
        let _ = self.orders.send(order);
    }
}

impl Inbox {
    /// Works until told to stop.
    ///
    /// # Errors
    /// If this system has no way to speak TLS.
    pub async fn run(self, parts: Parts) -> anyhow::Result<()> {
        desk::Desk::open(parts, self.reports)?.run(self.orders).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
