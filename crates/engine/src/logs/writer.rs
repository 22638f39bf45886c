//! The thread that writes: `info.log` of one day and of bounded size.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::{Date, DateTime};

use super::{Shared, archive, line};

/// Today's file.
pub(super) const CURRENT: &str = "info.log";
/// How late midnight may be noticed when nothing is logged.
const LOOK: Duration = Duration::from_secs(20);
/// After a fault (disk full, file held by another program) not each line tries again.
const RETRY: Duration = Duration::from_secs(30);

struct Writer<'a> {
    shared: &'a Shared,
    path: PathBuf,
    file: Option<File>,
    size: u64,
    /// The day of what the file holds; none while it is empty.
    date: Option<Date>,
    not_before: Option<Instant>,
    unwritten: u64,
    tidied: Option<(Date, u32)>,
}

pub(super) fn run(shared: &Arc<Shared>) {
    let mut writer = Writer {
        shared,
        path: shared.folder.join(CURRENT),
        file: None,
        size: 0,
        date: None,
        not_before: None,
        unwritten: 0,
        tidied: None,
    };
    loop {
        writer.turn_the_page();
        let mut state = shared.lock();
        if state.queue.is_empty() && state.asked == state.served && !state.stop {
            let waited = shared.wake.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let lines = std::mem::take(&mut state.queue);
        let dropped = std::mem::take(&mut state.dropped);
        let (asked, stop, retention) = (state.asked, state.stop, state.retention_days);
        drop(state);
        writer.write_all(&lines);
        if dropped > 0 {
            writer.tell("LOGGER", &format!("{dropped} lines were dropped: the disk is too slow"));
        }
        writer.turn_the_page();
        writer.tidy(retention);
        let mut state = shared.lock();
        state.served = asked;
        let finished = stop && state.queue.is_empty();
        drop(state);
        shared.done.notify_all();
        if finished {
            return;
        }
    }
}

impl Writer<'_> {
    fn write_all(&mut self, lines: &VecDeque<(DateTime, Arc<str>)>) {
        for (at, text) in lines {
            self.write(*at, text);
        }
    }

    fn write(&mut self, at: DateTime, text: &str) {
        if self.not_before.is_some_and(|t| Instant::now() < t) {
            self.unwritten += 1;
            return;
        }
        match self.try_write(at, text) {
            Ok(()) => {
                self.not_before = None;
                let unwritten = std::mem::take(&mut self.unwritten);
                if unwritten > 0 {
                    self.shared.lock().fault = None;
                    self.tell("LOGGER", &format!("{unwritten} lines could not be written"));
                }
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.file = None;
        self.unwritten += 1;
        self.not_before = Some(Instant::now() + RETRY);
        self.shared.lock().fault = Some(error.to_string());
    }

    fn try_write(&mut self, at: DateTime, text: &str) -> io::Result<()> {
        self.open()?;
        let full = self.size > 0 && self.size + text.len() as u64 + 1 > self.shared.max_bytes;
        if self.date.is_some_and(|date| date != at.date()) || full {
            self.rotate();
            self.open()?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let bytes = format!("{text}\n");
        file.write_all(bytes.as_bytes())?;
        self.size += bytes.len() as u64;
        self.date.get_or_insert(at.date());
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        if self.file.is_some() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.shared.folder)?;
        let file = OpenOptions::new().read(true).append(true).create(true).open(&self.path)?;
        self.size = file.metadata()?.len();
        self.date = if self.size == 0 { None } else { content_date(&file) };
        self.file = Some(file);
        Ok(())
    }

    /// Midnight without a line being logged, and a stale file at the start.
    fn turn_the_page(&mut self) {
        if self.not_before.is_some_and(|t| Instant::now() < t) {
            return;
        }
        if let Err(error) = self.open() {
            self.failed(&error);
            // No line was lost by looking.
            self.unwritten -= 1;
            return;
        }
        if self.date.is_some_and(|date| date != (self.shared.clock)().date()) {
            self.rotate();
        }
    }

    /// A file that cannot be moved (another program holds it) is written on: its date and
    /// size are asked again in a while, the lines are not lost.
    fn rotate(&mut self) {
        let Some(date) = self.date else { return };
        // Windows does not move an open file.
        self.file = None;
        let folder = self.shared.folder.join(archive::FOLDER);
        let taken = archive::take_in(&folder, &self.path, date);
        self.shared.lock().fault =
            taken.err().map(|error| format!("{CURRENT} cannot be archived: {error}"));
    }

    fn tidy(&mut self, retention: u32) {
        let today = (self.shared.clock)().date();
        if self.tidied == Some((today, retention)) {
            return;
        }
        self.tidied = Some((today, retention));
        let folder = self.shared.folder.join(archive::FOLDER);
        let (removed, failure) = archive::forget(&folder, today, retention);
        if removed > 0 {
            self.tell("ARCHIVE", &format!("{removed} logs older than {retention} days removed"));
        }
        if let Some(error) = failure {
            self.tell("ARCHIVE", &format!("An old log cannot be removed: {error}"));
        }
    }

    /// A line of the writer's own: not through the queue, which may be full.
    fn tell(&mut self, category: &str, message: &str) {
        let at = (self.shared.clock)();
        let text: Arc<str> = line::format(at, category, &line::clean(message)).into();
        self.shared.lock().remember(Arc::clone(&text));
        if let Err(error) = self.try_write(at, &text) {
            self.failed(&error);
        }
    }
}

/// The day of the first line, else of the last change.
fn content_date(file: &File) -> Option<Date> {
    let mut first = Vec::new();
    let read = io::Read::take(BufReader::new(file), 64).read_until(b'\n', &mut first);
    let text = String::from_utf8_lossy(&first);
    let dated = text.strip_prefix('[').and_then(|t| t.get(..10)).and_then(|t| t.parse().ok());
    let changed = || {
        let time = jiff::Timestamp::try_from(file.metadata().ok()?.modified().ok()?).ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::system()).date())
    };
    read.ok().and(dated).or_else(changed)
}
