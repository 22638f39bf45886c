//! From the recorder to everybody who listens: events with their row numbers.

use std::sync::Arc;

use cafesentinel_domain::event::Stamped;
use tokio::sync::broadcast;

/// A listener that falls further behind reads the rest from storage.
const BACKLOG: usize = 1024;

/// An event and the row under which it is stored.
#[derive(Debug, Clone)]
pub struct Published {
    /// The row.
    pub id: i64,
    /// The event.
    pub event: Arc<Stamped>,
}

/// The bus. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bus {
    sender: broadcast::Sender<Published>,
}

impl Default for Bus {
    fn default() -> Self {
        Bus { sender: broadcast::channel(BACKLOG).0 }
    }
}

impl Bus {
    /// Tells an event that is stored. Nobody listening is no fault.
    pub fn publish(&self, id: i64, event: Arc<Stamped>) {
        let _ = self.sender.send(Published { id, event });
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Published> {
        self.sender.subscribe()
    }
}
