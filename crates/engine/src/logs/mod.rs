//! The log: a line for people at each thing that matters, in the ancestor's format.
//!
//! In the order of life: an event of `tracing` reaches [`LogLayer`], becomes one line
//! (`[2025-12-09 14:22:10] [ALERT] …`, see [`line`]), goes into the memory of the last
//! 500 and into a bounded queue; a thread of its own writes the queue to `info.log`,
//! which at midnight and at 5 MiB moves to `probes/` ([`archive`]). Whoever logs never
//! waits for the disk: if it is too slow, lines are dropped, counted, and that is told.

mod archive;
mod line;
mod writer;

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::civil::DateTime;
use tokio::sync::broadcast;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

pub use archive::ArchiveError;

/// How many lines stay in memory.
pub const MEMORY_LINES: usize = 500;
const QUEUE_LINES: usize = 10_000;
const MAX_BYTES: u64 = 5 * 1024 * 1024;
/// How long [`Logs::flush`] waits for a disk that does not answer.
const FLUSH_PATIENCE: Duration = Duration::from_secs(5);

/// Local time, handed in so that tests can move it.
type Clock = Arc<dyn Fn() -> DateTime + Send + Sync>;

/// The log of this installation. Clones share it; it ends, everything written, with the
/// last clone (the layer does not keep it alive).
#[derive(Clone)]
pub struct Logs {
    shared: Arc<Shared>,
    _owner: Arc<Owner>,
}

/// The face towards `tracing`.
pub struct LogLayer {
    shared: Arc<Shared>,
}

struct Owner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    folder: PathBuf,
    clock: Clock,
    max_bytes: u64,
    state: Mutex<State>,
    live: broadcast::Sender<Arc<str>>,
    /// Something for the writer to do.
    wake: Condvar,
    /// The writer has done it.
    done: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(DateTime, Arc<str>)>,
    memory: VecDeque<Arc<str>>,
    dropped: u64,
    retention_days: u32,
    /// Rounds of the writer asked for, and done.
    asked: u64,
    served: u64,
    stop: bool,
    fault: Option<String>,
}

/// Starts the log in `folder`: an `info.log` of an earlier day moves to the archive first.
#[must_use]
pub fn start(folder: &Path, retention_days: u32) -> Logs {
    start_with(folder, retention_days, Arc::new(|| jiff::Zoned::now().datetime()), MAX_BYTES)
}

fn start_with(folder: &Path, retention_days: u32, clock: Clock, max_bytes: u64) -> Logs {
    let shared = Arc::new(Shared {
        folder: folder.to_path_buf(),
        clock,
        max_bytes,
        state: Mutex::new(State { retention_days, ..State::default() }),
        live: broadcast::channel(MEMORY_LINES).0,
        wake: Condvar::new(),
        done: Condvar::new(),
    });
    let of_thread = Arc::clone(&shared);
    let spawned =
        std::thread::Builder::new().name("log".into()).spawn(move || writer::run(&of_thread));
    // Without a thread the log still works in memory, and says so.
    let thread = spawned.inspect_err(|error| shared.lock().fault = Some(error.to_string())).ok();
    let owner = Arc::new(Owner { shared: Arc::clone(&shared), thread: Mutex::new(thread) });
    Logs { shared, _owner: owner }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.wake.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the writer has nothing more to tell here.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time is taken under the lock, so that lines stand in the order of their times.
    fn push(&self, category: &str, message: &str) {
        let message = line::clean(message);
        let mut state = self.lock();
        let at = (self.clock)();
        let text: Arc<str> = line::format(at, category, &message).into();
        state.remember(Arc::clone(&text));
        // Nobody listening is no fault.
        let _ = self.live.send(Arc::clone(&text));
        if state.queue.len() < QUEUE_LINES {
            state.queue.push_back((at, text));
        } else {
            state.dropped += 1;
        }
        drop(state);
        self.wake.notify_one();
    }
}

impl State {
    fn remember(&mut self, text: Arc<str>) {
        if self.memory.len() == MEMORY_LINES {
            self.memory.pop_front();
        }
        self.memory.push_back(text);
    }
}

impl Logs {
    /// The layer for a `tracing` subscriber.
    #[must_use]
    pub fn layer(&self) -> LogLayer {
        LogLayer { shared: Arc::clone(&self.shared) }
    }

    /// The last `n` lines in memory, oldest first.
    #[must_use]
    pub fn recent(&self, n: usize) -> Vec<String> {
        let state = self.shared.lock();
        let skip = state.memory.len().saturating_sub(n);
        state.memory.iter().skip(skip).map(ToString::to_string).collect()
    }

    /// The lines in memory, oldest first, and each that comes after them.
    #[must_use]
    pub fn follow(&self) -> (Vec<String>, broadcast::Receiver<Arc<str>>) {
        // Under one lock, so that no line is told twice or not at all.
        let state = self.shared.lock();
        let lines = state.memory.iter().map(ToString::to_string).collect();
        (lines, self.shared.live.subscribe())
    }

    /// The last `n` lines and where they are from: `memory`, or `disk` (today's file) where
    /// memory does not hold so many.
    #[must_use]
    pub fn lines(&self, n: usize) -> (&'static str, Vec<String>) {
        let recent = self.recent(n);
        if recent.len() >= n {
            return ("memory", recent);
        }
        self.flush();
        let stored = read_lines(&self.shared.folder.join(writer::CURRENT)).unwrap_or_default();
        if stored.len() <= recent.len() {
            return ("memory", recent);
        }
        ("disk", stored.into_iter().rev().take(n).rev().collect())
    }

    /// The names in the archive, newest first.
    #[must_use]
    pub fn archives(&self) -> Vec<String> {
        archive::list(&self.archive_folder()).into_iter().rev().map(|a| a.file_name).collect()
    }

    /// The lines of an archive.
    ///
    /// # Errors
    /// If the name is not one of an archive, there is none, or it cannot be read.
    pub fn read_archive(&self, name: &str) -> Result<Vec<String>, ArchiveError> {
        let path = archive::find(&self.archive_folder(), name)?;
        Ok(read_lines(&path)?)
    }

    /// Deletes an archive.
    ///
    /// # Errors
    /// If the name is not one of an archive, there is none, or it cannot be deleted.
    pub fn delete_archive(&self, name: &str) -> Result<(), ArchiveError> {
        let path = archive::find(&self.archive_folder(), name)?;
        Ok(std::fs::remove_file(path)?)
    }

    /// Archives older than this are removed, from now on.
    pub fn set_retention(&self, days: u32) {
        self.shared.lock().retention_days = days;
        self.shared.wake.notify_one();
    }

    /// Waits until everything logged so far is on the disk (5 s at most).
    pub fn flush(&self) {
        let until = Instant::now() + FLUSH_PATIENCE;
        let mut state = self.shared.lock();
        state.asked += 1;
        let mine = state.asked;
        self.shared.wake.notify_one();
        while state.served < mine {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.shared.done.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Why lines cannot be written at the moment, if so.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.shared.lock().fault.clone()
    }

    fn archive_folder(&self) -> PathBuf {
        self.shared.folder.join(archive::FOLDER)
    }
}

/// Lossy, because a torn write may have left half a character.
fn read_lines(path: &Path) -> std::io::Result<Vec<String>> {
    const MOST: u64 = 64 * 1024 * 1024;
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let ours = meta.target().starts_with("cafesentinel");
        // Libraries talk much; only their complaints are of interest.
        let finest = if cfg!(test) || ours { Level::INFO } else { Level::WARN };
        if *meta.level() > finest {
            return;
        }
        let mut fields = line::Fields::default();
        event.record(&mut fields);
        let category = line::category(fields.category(), meta);
        self.shared.push(category, &fields.into_message());
    }
}

#[cfg(test)]
mod tests;
