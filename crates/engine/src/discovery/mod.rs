//! Discovery, performed: who lives in this machine's networks, and what to set for them.
//!
//! In the order of life: somebody asks for it ([`Discovery::start`]), on the command line
//! ([`console`]) or through the API; the machine's networks say whom to ask
//! ([`World`]), a thread of its own asks them through sockets of its own ([`sockets`]),
//! as the [`Search`](cafesentinel_domain::discovery::Search) decides, and a [`Report`] says
//! all the while how far it is. The monitor beside it is not touched, except that the
//! two keep one budget of broadcasts.

pub mod console;
mod report;
mod run;
mod sockets;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cafesentinel_domain::config::Mac;
use cafesentinel_domain::discovery::{OwnNetwork, Question, Refusal, Scope, Subnet, Unasked};
use tokio::sync::watch;

pub use report::{HostReport, Methods, NetworkReport, Report, State, SuggestionReport};
pub use sockets::Machine;

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An answer to a ping.
    Ping {
        /// Who answered.
        address: Ipv4Addr,
        /// The round trip.
        rtt: Duration,
    },
    /// An answer by ARP.
    Arp {
        /// Who answered.
        address: Ipv4Addr,
        /// Its Ethernet address.
        mac: Mac,
    },
}

/// The door through which a discovery asks: the network's, or the demo's.
pub trait Door {
    /// How is asked, or why it cannot be.
    fn methods(&self) -> Methods;

    /// How long an answer by ARP may take; none where ARP cannot be asked.
    fn arp_patience(&self) -> Option<Duration>;

    /// Puts a question, without waiting.
    ///
    /// # Errors
    /// Why it could not be put.
    fn put(&mut self, question: Question) -> Result<(), Unasked>;

    /// Waits up to `wait` for answers and takes those that are there.
    ///
    /// # Errors
    /// The system cannot wait, or a socket is broken.
    fn hear(&mut self, wait: Duration, heard: &mut Vec<Heard>) -> io::Result<()>;

    /// The system's neighbour table.
    fn table(&self) -> Vec<(Ipv4Addr, Mac)>;

    /// How many questions by ARP the monitor beside us puts in a second.
    fn others(&mut self) -> u32;
}

/// Where a discovery takes place: this machine, or the demo's.
pub trait World: Send + Sync {
    /// Its IPv4 networks.
    fn networks(&self) -> Vec<OwnNetwork>;

    /// Its router.
    fn gateway(&self) -> Option<Ipv4Addr>;

    /// Opens the door.
    fn open(&self) -> Box<dyn Door>;
}

/// What somebody wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// One network of this machine, or a part of one; none: all of them.
    pub network: Option<Subnet>,
    /// How long an answer to a ping may take.
    pub timeout: Duration,
    /// Addresses that are known to be no seats.
    pub no_seats: Vec<Ipv4Addr>,
}

/// Why a discovery did not begin.
#[derive(Debug)]
pub enum Refused {
    /// Another one runs.
    Running,
    /// There is nobody to ask, or not those who were named.
    Scope(Refusal),
    /// The system gives no thread.
    Thread(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Running => f.write_str("a discovery is running already"),
            Refused::Scope(refusal) => refusal.fmt(f),
            Refused::Thread(error) => write!(f, "the system gives no thread for it: {error}"),
        }
    }
}

impl std::error::Error for Refused {}

struct Inner {
    world: Box<dyn World>,
    report: watch::Sender<Arc<Report>>,
    /// Held while one begins; tells the running one to end.
    cancel: Mutex<Arc<AtomicBool>>,
}

/// The discoveries of one program, one at a time. Cheap to clone.
#[derive(Clone)]
pub struct Discovery(Arc<Inner>);

impl Discovery {
    /// None has run yet.
    #[must_use]
    pub fn new(world: impl World + 'static) -> Discovery {
        let (report, _) = watch::channel(Arc::new(Report::idle()));
        Discovery(Arc::new(Inner { world: Box::new(world), report, cancel: Mutex::default() }))
    }

    /// Begins one.
    ///
    /// # Errors
    /// One runs already, or there is nobody to ask.
    pub fn start(&self, wish: Wish) -> Result<(), Refused> {
        let mut slot = self.0.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        if self.report().state == State::Running {
            return Err(Refused::Running);
        }
        let world = &self.0.world;
        let scope = Scope::of(&world.networks(), world.gateway(), wish.network);
        let scope = scope.map_err(Refused::Scope)?;
        let first = Report::begun(&scope);
        *slot = Arc::default();
        let (inner, cancel) = (Arc::clone(&self.0), Arc::clone(&slot));
        let before = self.0.report.send_replace(Arc::new(first));
        let work = move || {
            let publish = |report| {
                inner.report.send_replace(Arc::new(report));
            };
            let run = || run::run(&scope, &wish, inner.world.open().as_mut(), &cancel, publish);
            // Nothing of what it owned is used after a panic.
            let last = panic::catch_unwind(AssertUnwindSafe(run));
            let last = last.unwrap_or_else(|_| Report::begun(&scope).failed("it panicked".into()));
            publish(last);
        };
        match std::thread::Builder::new().name("discovery".into()).spawn(work) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.0.report.send_replace(before);
                Err(Refused::Thread(error))
            }
        }
    }

    /// Tells the running one to end, if one runs; it does within a tenth of a second.
    pub fn cancel(&self) {
        self.0.cancel.lock().unwrap_or_else(PoisonError::into_inner).store(true, Ordering::Relaxed);
    }

    /// What is known of the running one, or of the last.
    #[must_use]
    pub fn report(&self) -> Arc<Report> {
        self.0.report.borrow().clone()
    }

    /// The same, with each change.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Arc<Report>> {
        self.0.report.subscribe()
    }
}
