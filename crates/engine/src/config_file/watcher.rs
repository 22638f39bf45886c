//! Looking after the file: told by the system, and every few seconds by ourselves.
//!
//! The folder is watched, not the file: editors write a new file and rename it over the
//! old one. Where the system tells nothing (a network drive, no watches left) the second
//! way finds the change.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Weak;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecursiveMode, Watcher};

use super::{FILE, Shared};

/// A change is looked at once nothing has happened for this long.
const QUIET: Duration = Duration::from_millis(100);
/// However busy the file is, it is looked at this long after the first change.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often we look without being told.
const POLL: Duration = Duration::from_secs(5);

/// Starts to watch. Ends by itself when the file's owner is gone.
pub(super) fn start(folder: &Path, file: Weak<Shared>) {
    let (sender, changes) = channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Lost events (an overflow) are as good as one of ours.
        if event.as_ref().map_or(true, concerns_us) {
            let _ = sender.send(());
        }
    })
    .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher))
    .inspect_err(|error| {
        tracing::warn!(
            category = "CONFIG",
            "{FILE} is not watched by the system ({error}); it is looked at every 5 s."
        );
    })
    .ok();
    let spawned = std::thread::Builder::new().name("config-watch".into()).spawn(move || {
        // Dropped with the thread: the watcher sends as long as the thread listens.
        let _watcher = watcher;
        run(&changes, &file);
    });
    if let Err(error) = spawned {
        tracing::error!(category = "ERROR", "{FILE} cannot be watched: {error}");
    }
}

/// Reading is no change; it would make us look at what we look at.
fn concerns_us(event: &notify::Event) -> bool {
    let reading = matches!(event.kind, EventKind::Access(_))
        && event.kind != EventKind::Access(AccessKind::Close(AccessMode::Write));
    let ours = event.paths.is_empty()
        || event.paths.iter().any(|p| p.file_name() == Some(OsStr::new(FILE)))
        || event.need_rescan();
    ours && !reading
}

fn run(changes: &Receiver<()>, file: &Weak<Shared>) {
    loop {
        match changes.recv_timeout(POLL) {
            Ok(()) => settle(changes),
            Err(RecvTimeoutError::Timeout) => {}
            // No watcher: the poll alone.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(POLL),
        }
        let Some(file) = file.upgrade() else { return };
        file.look();
    }
}

fn settle(changes: &Receiver<()>) {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until && changes.recv_timeout(QUIET).is_ok() {}
}
