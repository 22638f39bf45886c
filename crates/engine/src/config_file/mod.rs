//! The configuration file: three ways in, one door.
//!
//! In the order of life: [`ConfigFile::open`] reads `config.json`, or writes it on the
//! first start; a file that is faulty at the start leaves the last good one in force
//! (`config_backups/last_good.json`, else the newest good backup, else the defaults).
//! From then on a change comes through [`ConfigFile::replace`], [`ConfigFile::restore`] or
//! an edit of the file, which is watched. Each is validated whole; a faulty one changes
//! nothing but the list of faults. Before the file is overwritten its content is backed
//! up, whether it was good or not; the new one is written beside it, synced and renamed.
//! What is secret in it lies sealed on the disk ([`sealing`]).

mod files;
mod sealing;
mod watcher;

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cafesentinel_domain::config::{Config, Fault, FaultCode};
use serde_json::Value;
use tokio::sync::{broadcast, watch};

use files::OnDisk;
pub(crate) use files::write_atomically;
pub use sealing::{NoSealer, Sealer};

/// The name of the file.
pub const FILE: &str = "config.json";
/// The folder of its backups.
pub const BACKUPS: &str = "config_backups";
const LAST_GOOD: &str = "last_good.json";

/// Why a change was not made. The running configuration is untouched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is faulty; all faults.
    #[error("{}", sentence(.0))]
    Faulty(Vec<Fault>),
    /// There is no backup of that name.
    #[error("Backup not found")]
    NoBackup,
    /// It is not what the writer believed to be in force; the revision that is.
    #[error("the configuration has changed meanwhile: revision {0} is in force")]
    Stale(String),
    /// The disk refuses.
    #[error("{FILE} cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// Faults as one text: the first ones, and how many more.
fn sentence(faults: &[Fault]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<&str> = faults.iter().take(SHOWN).map(|f| f.message.as_str()).collect();
    let more = faults.len().saturating_sub(SHOWN);
    let tail = format!("and {more} more");
    if more > 0 {
        text.push(&tail);
    }
    text.join("; ")
}

/// The file and what it says. Clones share it.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    shared: Arc<Shared>,
}

/// A change of what is in force.
#[derive(Debug, Clone)]
pub struct Changed {
    /// By whom or what, in words.
    pub by: String,
    /// What was in force.
    pub before: Arc<Config>,
    /// What is.
    pub after: Arc<Config>,
}

/// A listener that falls further behind misses changes.
const BACKLOG: usize = 64;

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    backups: PathBuf,
    sealer: Arc<dyn Sealer>,
    changes: broadcast::Sender<Changed>,
    current: watch::Sender<Arc<Config>>,
    faults: watch::Sender<Arc<Vec<Fault>>>,
    /// Held during every change, so that they come one after another.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The file as last looked at.
    seen: OnDisk,
    /// The text that is in force; none while the defaults are for want of any.
    good: Option<Vec<u8>>,
}

impl ConfigFile {
    /// [`ConfigFile::open_with`] where nothing is sealed.
    #[must_use]
    pub fn open(folder: &Path, default: Config) -> (ConfigFile, Arc<Config>, Vec<Fault>) {
        Self::open_with(folder, default, Arc::new(NoSealer))
    }

    /// Opens the file in `folder`, or writes `default` there on the first start, and
    /// begins to watch it. Gives back what is in force and what is wrong with the file.
    #[must_use]
    pub fn open_with(
        folder: &Path,
        default: Config,
        sealer: Arc<dyn Sealer>,
    ) -> (ConfigFile, Arc<Config>, Vec<Fault>) {
        let path = folder.join(FILE);
        let backups = folder.join(BACKUPS);
        let mut faults = Vec::new();
        let mut seen = files::read(&path);
        if seen == OnDisk::Missing {
            let text = render(&default);
            let made = fs::create_dir_all(folder);
            match made.and_then(|()| files::write_atomically(&path, &text)) {
                Ok(()) => seen = OnDisk::Bytes(text),
                Err(error) => faults.push(of_file(format!("{FILE}: cannot be written: {error}"))),
            }
        }
        let (config, good) = match parse(&seen) {
            Ok((config, text)) => (config, Some(text)),
            Err(found) if seen == OnDisk::Missing => {
                // Said already, with the reason, when it could not be written.
                drop(found);
                (default, None)
            }
            Err(found) => {
                faults.extend(found);
                match last_good(&backups) {
                    Some((config, text)) => (config, Some(text)),
                    None => (default, None),
                }
            }
        };
        let mut config = config;
        let shut = sealing::open(&mut config, &*sealer);
        let in_force = faults.is_empty();
        faults.extend(shut);
        let config = Arc::new(config);
        let shared = Arc::new(Shared {
            path,
            backups,
            sealer,
            changes: broadcast::channel(BACKLOG).0,
            current: watch::Sender::new(Arc::clone(&config)),
            faults: watch::Sender::new(Arc::new(faults.clone())),
            state: Mutex::new(State { seen, good }),
        });
        if in_force {
            shared.remember_good(&shared.lock());
        }
        if !faults.is_empty() {
            let not = if in_force { "in force but for" } else { "not in force" };
            tracing::error!(category = "CONFIG", "{FILE} is {not}: {}", sentence(&faults));
        }
        shared.protect_backups();
        watcher::start(folder, Arc::downgrade(&shared));
        (ConfigFile { shared }, config, faults)
    }

    /// What is in force.
    #[must_use]
    pub fn current(&self) -> Arc<Config> {
        Arc::clone(&self.shared.current.borrow())
    }

    /// What is in force, now and from now on.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Arc<Config>> {
        self.shared.current.subscribe()
    }

    /// What is wrong with the file as it lies there; empty when it is in force.
    #[must_use]
    pub fn faults(&self) -> Arc<Vec<Fault>> {
        Arc::clone(&self.shared.faults.borrow())
    }

    /// [`ConfigFile::faults`], now and from now on.
    #[must_use]
    pub fn follow_faults(&self) -> watch::Receiver<Arc<Vec<Fault>>> {
        self.shared.faults.subscribe()
    }

    /// Puts a whole document in force. A masked secret in it means "unchanged". `by` is
    /// for the log; with `expected` only if that [`revision`] is in force.
    ///
    /// # Errors
    /// If it is faulty, stale, or cannot be written.
    pub fn replace(
        &self,
        document: &Value,
        by: &str,
        expected: Option<&str>,
    ) -> Result<Arc<Config>, Refused> {
        let mut state = self.shared.lock();
        let current = self.current();
        let in_force = revision(&current);
        if expected.is_some_and(|e| e != in_force) {
            return Err(Refused::Stale(in_force));
        }
        let config = self.shared.understand(document, &current).map_err(Refused::Faulty)?;
        self.shared.install(&mut state, render(&config), config, by)
    }

    /// What is wrong with a document, without changing anything.
    #[must_use]
    pub fn check(&self, document: &Value) -> Vec<Fault> {
        self.shared.understand(document, &self.current()).err().unwrap_or_default()
    }

    /// Every change of what is in force, from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Changed> {
        self.shared.changes.subscribe()
    }

    /// The vault was opened: secrets that were shut are opened, and what lies in clear on
    /// the disk is sealed.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn reseal(&self) -> Result<(), Refused> {
        let mut state = self.shared.lock();
        self.shared.protect_backups();
        let Some(good) = state.good.clone() else { return Ok(()) };
        let Ok((config, _)) = parse(&OnDisk::Bytes(good.clone())) else { return Ok(()) };
        let sealed = sealing::protect(&good, &*self.shared.sealer).into_owned();
        // An edit that is not in force lies there: it is the editor's until it is good.
        if sealed != good && files::read(&self.shared.path) == OnDisk::Bytes(good) {
            files::write_atomically(&self.shared.path, &sealed)?;
            state.seen = OnDisk::Bytes(sealed.clone());
            state.good = Some(sealed);
        }
        self.shared.remember_good(&state);
        if self.faults().iter().all(|fault| fault.code == FaultCode::Sealed) {
            self.shared.announce(config, "the opening of the vault");
        }
        Ok(())
    }

    /// Names of the backups, newest first.
    #[must_use]
    pub fn backups(&self) -> Vec<String> {
        files::backups(&self.shared.backups)
    }

    /// A backup.
    ///
    /// # Errors
    /// If there is none of that name, or it was faulty already when it was backed up.
    pub fn backup(&self, name: &str) -> Result<Config, Refused> {
        let (mut config, _) = self.read_backup(name)?;
        // What stays shut is shown masked like everything secret.
        let _ = sealing::open(&mut config, &*self.shared.sealer);
        Ok(config)
    }

    /// Puts a backup in force, as it is written there.
    ///
    /// # Errors
    /// As [`ConfigFile::backup`], and if it cannot be written.
    pub fn restore(&self, name: &str, by: &str) -> Result<Arc<Config>, Refused> {
        let mut state = self.shared.lock();
        // Read before anything is backed up: the new backup may push this one out.
        let (config, text) = self.read_backup(name)?;
        self.shared.install(&mut state, text, config, by)
    }

    fn read_backup(&self, name: &str) -> Result<(Config, Vec<u8>), Refused> {
        if !files::is_backup_name(name) {
            return Err(Refused::NoBackup);
        }
        let path = self.shared.backups.join(name);
        // Never through a link, which somebody may have laid there.
        if !fs::symlink_metadata(&path).is_ok_and(|m| m.is_file()) {
            return Err(Refused::NoBackup);
        }
        parse(&files::read(&path)).map_err(Refused::Faulty)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A document that somebody sent, against what is in force.
    fn understand(&self, document: &Value, current: &Config) -> Result<Config, Vec<Fault>> {
        let mut known = current.clone();
        let kept: Vec<String> =
            known.secrets_mut().iter().map(|(_, secret)| secret.expose().to_owned()).collect();
        let mut config = Config::from_value(&Config::merge_masked(document, current))?;
        let mut faults = sealing::open(&mut config, &*self.sealer);
        // One that was shut before may stay so; a new one must open.
        for ((place, secret), kept) in config.secrets_mut().into_iter().zip(kept) {
            if secret.expose() == kept {
                faults.retain(|fault| fault.path != place);
            }
        }
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    /// Backups that were made before there was a vault hold secrets in clear.
    fn protect_backups(&self) {
        let names = files::backups(&self.backups).into_iter().chain([LAST_GOOD.to_owned()]);
        for path in names.map(|name| self.backups.join(name)) {
            let OnDisk::Bytes(text) = files::read(&path) else { continue };
            let sealed = sealing::protect(&text, &*self.sealer);
            if *sealed != *text
                && let Err(error) = files::write_atomically(&path, &sealed)
            {
                let path = path.display();
                tracing::error!(category = "CONFIG", "{path} cannot be sealed: {error}");
            }
        }
    }

    /// Writes a good configuration and puts it in force.
    fn install(
        &self,
        state: &mut State,
        text: Vec<u8>,
        config: Config,
        by: &str,
    ) -> Result<Arc<Config>, Refused> {
        let text = sealing::protect(&text, &*self.sealer).into_owned();
        let on_disk = files::read(&self.path);
        let already = matches!(&on_disk, OnDisk::Bytes(bytes) if *bytes == text);
        if !already {
            // An edit that is not in force, or not seen yet, lies on the disk: what is in
            // force would be lost with it.
            if let Some(good) = &state.good
                && !matches!(&on_disk, OnDisk::Bytes(bytes) if bytes == good)
            {
                self.back_up(good)?;
            }
            if on_disk != OnDisk::Missing {
                let mut old = Vec::new();
                File::open(&self.path)?.take(files::MAX_BYTES).read_to_end(&mut old)?;
                self.back_up(&old)?;
            }
            files::write_atomically(&self.path, &text)?;
        }
        state.seen = OnDisk::Bytes(text.clone());
        state.good = Some(text);
        self.remember_good(state);
        Ok(self.announce(config, by))
    }

    /// Looks at the file as it lies there, after an edit by hand.
    fn look(&self) {
        let mut state = self.lock();
        let on_disk = files::read(&self.path);
        if on_disk == state.seen {
            return;
        }
        state.seen = on_disk;
        match parse(&state.seen) {
            Ok((config, text)) => {
                if let Some(old) = state.good.as_ref().filter(|old| **old != text)
                    && let Err(error) = self.back_up(old)
                {
                    tracing::error!(category = "ERROR", "No backup of {FILE} was made: {error}");
                }
                state.good = Some(text);
                self.remember_good(&state);
                self.announce(config, "an edit of the file");
            }
            Err(faults) => {
                tracing::error!(
                    category = "CONFIG",
                    "{FILE} was edited and is faulty; the last good one stays in force: {}",
                    sentence(&faults)
                );
                self.set_faults(faults);
            }
        }
    }

    fn announce(&self, mut config: Config, by: &str) -> Arc<Config> {
        self.set_faults(sealing::open(&mut config, &*self.sealer));
        let config = Arc::new(config);
        let before = Arc::clone(&self.current.borrow());
        if *before != *config {
            self.current.send_replace(Arc::clone(&config));
            tracing::info!(category = "CONFIG", "Configuration changed by {by}.");
            let (by, after) = (by.to_owned(), Arc::clone(&config));
            // Nobody listening is no fault.
            let _ = self.changes.send(Changed { by, before, after });
        }
        config
    }

    fn set_faults(&self, faults: Vec<Fault>) {
        self.faults.send_if_modified(|current| {
            let news = **current != faults;
            if news {
                *current = Arc::new(faults);
            }
            news
        });
    }

    fn back_up(&self, content: &[u8]) -> io::Result<String> {
        let content = sealing::protect(content, &*self.sealer);
        files::keep(&self.backups, &*content, jiff::Zoned::now().datetime())
    }

    /// Keeps what is in force for a start at which the file is found faulty.
    fn remember_good(&self, state: &State) {
        let Some(good) = &state.good else { return };
        let good = sealing::protect(good, &*self.sealer);
        let path = self.backups.join(LAST_GOOD);
        if matches!(files::read(&path), OnDisk::Bytes(bytes) if bytes == *good) {
            return;
        }
        let written =
            fs::create_dir_all(&self.backups).and_then(|()| files::write_atomically(&path, &good));
        if let Err(error) = written {
            tracing::warn!(category = "CONFIG", "{LAST_GOOD} cannot be written: {error}");
        }
    }
}

/// Whether the configuration of this folder, or a backup of it, holds a sealed value: then
/// there was a vault here.
pub(crate) fn holds_sealed(folder: &Path) -> bool {
    let backups = folder.join(BACKUPS);
    let names = files::backups(&backups).into_iter().chain([LAST_GOOD.to_owned()]);
    let mut paths = names.map(|name| backups.join(name)).chain([folder.join(FILE)]);
    paths.any(|path| match files::read(&path) {
        OnDisk::Bytes(bytes) => String::from_utf8_lossy(&bytes).contains("\"sealed:"),
        OnDisk::Missing | OnDisk::TooLarge | OnDisk::Unreadable(_) => false,
    })
}

/// A short name of the content: changes whenever a setting does, and only then.
#[must_use]
pub fn revision(config: &Config) -> String {
    let mut hasher = DefaultHasher::new();
    config.to_value().to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn render(config: &Config) -> Vec<u8> {
    // A document of our own always prints: its keys are texts.
    format!("{:#}\n", config.to_value()).into_bytes()
}

fn of_file(message: String) -> Fault {
    Fault { path: String::new(), code: FaultCode::Syntax, message }
}

fn parse(on_disk: &OnDisk) -> Result<(Config, Vec<u8>), Vec<Fault>> {
    let bytes = match on_disk {
        OnDisk::Bytes(bytes) => bytes,
        OnDisk::Missing => return Err(vec![of_file(format!("{FILE}: is missing"))]),
        OnDisk::TooLarge => return Err(vec![of_file(format!("{FILE}: is larger than 1 MiB"))]),
        OnDisk::Unreadable(why) => {
            return Err(vec![of_file(format!("{FILE}: cannot be read: {why}"))]);
        }
    };
    let text = std::str::from_utf8(bytes).map_err(|_| {
        vec![of_file(format!("{FILE}: is not UTF-8 text; save it with the encoding UTF-8"))]
    })?;
    Config::parse(text).map(|config| (config, bytes.clone()))
}

/// What was in force before the file became faulty.
fn last_good(backups: &Path) -> Option<(Config, Vec<u8>)> {
    std::iter::once(LAST_GOOD.to_owned())
        .chain(files::backups(backups))
        .find_map(|name| parse(&files::read(&backups.join(name))).ok())
}

#[cfg(test)]
mod tests;
