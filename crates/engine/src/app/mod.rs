//! The composition root of the engine: what is started, in which order, and how it ends.
//!
//! In the order of life: data folder, log, configuration, history, monitor; then the
//! driver and the recorder on threads of their own; then what looks things up, and the
//! API. A thread that ends unasked ends the program: never a living API over a dead
//! engine.

mod first;
mod guard;
mod instance;
mod listen;
mod photographs;
mod stop;
mod summary;
mod threads;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use anyhow::Context;
use cafesentinel_domain::config::{Config, Host};
use cafesentinel_domain::event::{LinkState, Target};
use cafesentinel_domain::monitor::{Input, Monitor, Restored};
use cafesentinel_domain::time::Moment;
use cafesentinel_domain::view::SiteView;
use cafesentinel_platform::{dirs, limits, machine};
use tokio::sync::watch;
use tracing_subscriber::layer::SubscriberExt;

use crate::api::{self, About, ApiState, PageSource, Parts};
use crate::bus::Bus;
use crate::capture::{Camera, Desktop, Screen, Simulated};
use crate::clock::Clock;
use crate::config_file::ConfigFile;
use crate::digest::Digest;
use crate::discovery::{Discovery, Machine};
use crate::driver::{BeatReport, Driver, Message, Wires};
use crate::outbox::Outbox;
use crate::pinger::{Methods, Pinger, Prober};
use crate::recorder::{Faults, Recorder};
use crate::store::{Ledger, Store, Undelivered};
use crate::vault::{Costs, Vault};
use crate::{demo, logs, outbox, resolver};
use instance::Instance;
pub use photographs::Photographs;

/// The history's file in the data folder.
pub const HISTORY: &str = "history.db";
/// The log's own faults are looked at this often.
const LOOK: Duration = Duration::from_secs(5);

/// How to run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Data folder; else the one of this system.
    pub data_dir: Option<PathBuf>,
    /// Port of the API; else that of the configuration.
    pub port: Option<u16>,
    /// A simulated café with a data folder of its own.
    pub demo: bool,
    /// Folder of the built page.
    pub page: Option<PathBuf>,
}

/// Prints a line for people.
pub type Say = fn(&str);

/// Runs until the system says to stop.
///
/// # Errors
/// What makes it impossible to go on, in words.
pub fn run(options: Options, say: Say) -> anyhow::Result<()> {
    // Removed with everything in it when the demo ends.
    let throw_away = if options.demo {
        let folder = tempfile::Builder::new().prefix("cafesentinel-demo-").tempdir();
        Some(folder.context("no folder for the demo")?)
    } else {
        None
    };
    let folder = match &throw_away {
        Some(folder) => folder.path().to_path_buf(),
        None => dirs::data_dir(options.data_dir.as_deref()),
    };
    dirs::private_folder(&folder)
        .with_context(|| format!("the data folder {} cannot be used", folder.display()))?;
    let instance = match Instance::take(&folder)? {
        Ok(instance) => instance,
        Err(taken) => {
            say(&taken.to_string());
            return Ok(());
        }
    };
    let logs = logs::start(&folder, Config::default().system.log_retention_days);
    // A second subscriber in one process happens in tests only.
    let _ =
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(logs.layer()));
    threads::log_panics();
    let _ = limits::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("service")
        .enable_all()
        .build()?;
    let result = runtime.block_on(supervise(options, &folder, instance, logs.clone(), say));
    if let Err(error) = &result {
        tracing::error!(category = "ERROR", "{error:#}");
    }
    // Tasks that wait for the network end with the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    logs.flush();
    result
}

async fn supervise(
    options: Options,
    folder: &Path,
    instance: Instance,
    logs: logs::Logs,
    say: Say,
) -> anyhow::Result<()> {
    let told_to_stop = stop::Signals::listen()?;
    let faults = Faults::default();
    let (clock, midnight) = if options.demo {
        let midnight = demo::midnight();
        (demo::clock(midnight), Some(midnight))
    } else {
        (Clock::real(), None)
    };
    let first = if options.demo { demo::config() } else { first::config() };
    let ledger = Ledger::of(&folder.join(HISTORY));
    let identity = machine::identity();
    let vault = Vault::open(folder, identity, Costs::USUAL, Some(ledger.clone()));
    // What is wrong with the file is shown by the API, from the file's own list.
    let (file, _, _) = ConfigFile::open_with(folder, first, Arc::new(vault.clone()));
    let mut configs = file.follow();
    let config = configs.borrow_and_update().clone();
    logs.set_retention(config.system.log_retention_days);
    let version = env!("CARGO_PKG_VERSION");
    let mode = if options.demo { " as a DEMO: nothing is probed or sent" } else { "" };
    tracing::info!(category = "SYSTEM", "CafeSentinel {version} starts{mode}.");

    let now = clock.now();
    let (store, restored, undelivered) = history(folder, &config, &clock, now, &faults);
    let history = store.as_ref().map(|store| store.path().to_path_buf());
    vault.leave_traces();

    let (inputs, messages) = mpsc::channel();
    let (prober, methods, discovery): (Box<dyn Prober>, Methods, Discovery) = match midnight {
        Some(midnight) => {
            let cafe = demo::Cafe::open(midnight, inputs.clone());
            let around = demo::Surroundings::new(midnight, clock);
            (Box::new(cafe), demo::Cafe::methods(), Discovery::new(around))
        }
        None => {
            let pinger = Pinger::start(inputs.clone()).context("no thread for the pinger")?;
            let methods = pinger.methods();
            let discovery = Discovery::new(Machine::beside(pinger.broadcasts()));
            (Box::new(pinger), methods, discovery)
        }
    };
    tracing::info!(
        category = "NETWORK",
        "Asking by: IPv4 {}, IPv6 {}, ARP {}.",
        methods.v4,
        methods.v6,
        methods.arp
    );
    let monitor = Monitor::start((*config).clone(), restored, now);
    let (view_sender, view) = watch::channel(Arc::new(monitor.view(now)));
    let (beats, _) = watch::channel(BeatReport::default());
    let (records, record_queue) = mpsc::channel();
    let bus = Bus::default();
    let (outbox, inbox) = Outbox::open();
    let pool = outbox::Pool::default();
    let (photographs, orders) = Photographs::open(pool.clone());
    let recorder = Recorder {
        store,
        bus: bus.clone(),
        outbox: outbox.clone(),
        faults: faults.clone(),
        csv: folder.join("incidents_log.csv"),
        config: file.follow(),
        clock,
    };
    let access = guard::start(vault, ledger, options.demo, records.clone(), &file, &faults);
    let wires = Wires { records: records.clone(), view: view_sender, beats, photographs };
    let driver = Driver::new(monitor, prober, messages, wires, clock, now);
    let mut threads = threads::Threads::default();
    threads.start("recorder", move || {
        recorder.run(&record_queue);
        Ok(())
    })?;
    threads.start("driver", move || driver.run().map_err(anyhow::Error::from))?;

    if !options.demo {
        let (router, router_address) = watch::channel(None);
        tokio::spawn(resolver::resolve(file.follow(), inputs.clone(), router));
        tokio::spawn(resolver::watch_cable(router_address, inputs.clone()));
    }
    let camera = if options.demo {
        Camera::start(move || Simulated::new(clock), clock)
    } else {
        Camera::start(|| Desktop, clock)
    }
    .context("no thread for the camera")?;
    camera.set_privacy(view.borrow().privacy.on);
    tokio::spawn(photographs::follow_privacy(camera.clone(), view.clone()));
    tokio::spawn(photographs::take(
        camera.clone(),
        orders,
        pool.clone(),
        outbox.clone(),
        inputs.clone(),
    ));
    if options.demo {
        // Nobody works behind the outbox, and whoever asks is told so at once.
        drop(inbox);
    } else {
        let parts = outbox::Parts {
            config: file.follow(),
            records: records.clone(),
            clock,
            pictures: pool.clone(),
            undelivered,
        };
        tokio::spawn(deliver(inbox, parts, faults.clone()));
        tokio::spawn(follow_internet(view.clone(), outbox.clone()));
        if let Some(history) = history.clone() {
            tokio::spawn(Digest { history, config: file.follow(), records, clock }.run());
        }
    }
    tokio::spawn(follow_config(configs, inputs.clone(), logs.clone()));
    tokio::spawn(watch_log(logs.clone(), faults.clone()));
    if !options.demo {
        tokio::task::spawn_blocking({
            let (config, private) = (Arc::clone(&config), view.borrow().privacy.on);
            move || summarize(&config, private, say)
        });
    }
    let about =
        About { version: version.to_owned(), demo: options.demo, started_at: now.utc, methods };
    let page = page(options.page);
    let state = ApiState::new(Parts {
        about,
        view,
        bus,
        config: file.clone(),
        faults: faults.clone(),
        outbox: outbox.clone(),
        inputs: inputs.clone(),
        camera,
        logs,
        access: access.clone(),
        history,
        page,
        discovery,
    });
    let listener = listen::Listener {
        router: api::router(state),
        port: options.port,
        config: file.follow(),
        access,
        faults,
        instance: Arc::new(instance),
        say,
    };
    tokio::spawn(listener.run());

    let broken = tokio::select! {
        why = told_to_stop.wait() => {
            tracing::info!(category = "SYSTEM", "Stopping: {why}.");
            None
        }
        ended = threads.ended() => Some(ended),
    };
    // First, so that what is delivered at the last moment is stored as delivered.
    outbox.stop().await;
    // Failing to tell it means that it has ended.
    let _ = inputs.send(Message::Stop);
    let stored = threads.all_ended().await;
    match broken {
        Some((name, result)) => {
            result.with_context(|| format!("the {name} thread failed"))?;
            anyhow::bail!("the {name} thread ended without being told to")
        }
        None => {
            stored.context("not everything could be stored at the end")?;
            tracing::info!(category = "SYSTEM", "CafeSentinel stopped.");
            Ok(())
        }
    }
}

/// Opens the history and reads what the last run left. Without it monitoring goes on.
fn history(
    folder: &Path,
    config: &Config,
    clock: &Clock,
    now: Moment,
    faults: &Faults,
) -> (Option<Store>, Restored, Undelivered) {
    let nothing = || (None, Restored::nothing(), Undelivered::default());
    let complain = |code, text: String| {
        tracing::error!(category = "ERROR", "{text}");
        faults.set(code, Some(text));
    };
    let opened = match Store::open(&folder.join(HISTORY), now.utc) {
        Ok(opened) => opened,
        Err(error) => {
            complain("storage", format!("Nothing is stored, but monitoring goes on: {error}."));
            return nothing();
        }
    };
    if let Some(aside) = &opened.set_aside {
        let name = aside.file_name().unwrap_or_default().to_string_lossy();
        let text =
            format!("The history was damaged: it was set aside as {name} and a new one begun.");
        complain("storage_damaged", text);
    }
    let restored = opened.store.restored(&targets(config), now, &clock.boot_id());
    match restored.and_then(|restored| Ok((restored, opened.store.undelivered()?))) {
        Ok((restored, undelivered)) => (Some(opened.store), restored, undelivered),
        Err(error) => {
            // Writing on without knowing the numbers in use would overwrite incidents.
            let text = format!("Nothing is stored, but monitoring goes on: {error}.");
            complain("storage", text);
            nothing()
        }
    }
}

fn targets(config: &Config) -> Vec<(Target, Host)> {
    [
        (Target::Router, Some(&config.targets.router)),
        (Target::Server, config.targets.server.as_ref()),
        (Target::Internet, Some(&config.targets.internet)),
    ]
    .into_iter()
    .filter_map(|(target, host)| Some((target, host?.clone())))
    .collect()
}

async fn follow_config(
    mut configs: watch::Receiver<Arc<Config>>,
    inputs: Sender<Message>,
    logs: logs::Logs,
) {
    while configs.changed().await.is_ok() {
        let config = configs.borrow_and_update().clone();
        logs.set_retention(config.system.log_retention_days);
        let input = Input::Config(Box::new((*config).clone()));
        if inputs.send(Message::Inputs(vec![input])).is_err() {
            return;
        }
    }
}

/// Says what is switched on and what is missing, the display included.
fn summarize(config: &Config, private: bool, say: Say) {
    let wanted = config.screenshot.enabled && !private;
    let unseen = wanted.then(|| Desktop.grab().err()).flatten().map(|why| why.to_string());
    for line in summary::lines(config, private, unseen.as_deref()) {
        tracing::info!(category = "SYSTEM", "{line}");
        say(&line);
    }
}

async fn deliver(inbox: outbox::Inbox, parts: outbox::Parts, faults: Faults) {
    if let Err(error) = inbox.run(parts).await {
        let text = format!("Nothing can be sent to Discord: {error:#}");
        tracing::error!(category = "ERROR", "{text}");
        faults.set("outbox", Some(text));
    }
}

/// The outbox knows whether the internet is down: then it knocks less, and waits for its
/// end when it is back.
async fn follow_internet(mut view: watch::Receiver<Arc<SiteView>>, outbox: Outbox) {
    let down = |view: &SiteView| {
        view.targets.iter().any(|t| t.target == Target::Internet && t.state == LinkState::Down)
    };
    let mut known = false;
    loop {
        let now = down(&view.borrow_and_update());
        if now != known {
            known = now;
            outbox.offline(now);
        }
        if view.changed().await.is_err() {
            return;
        }
    }
}

/// The log cannot log that it cannot be written.
async fn watch_log(logs: logs::Logs, faults: Faults) {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        faults.set("log", logs.fault().map(|why| format!("The log cannot be written: {why}")));
    }
}

/// The built page: where we were told, else beside the program, else where packages put
/// it, else in the checkout that a developer builds from.
fn page(told: Option<PathBuf>) -> PageSource {
    let exe = std::env::current_exe().ok();
    let beside = exe.as_deref().and_then(Path::parent);
    let mut places = vec![
        beside.map(|folder| folder.join("ui/dist")),
        beside.map(|folder| folder.join("../share/cafesentinel/ui")),
        beside.map(|folder| folder.join("../../ui/dist")),
    ];
    if cfg!(debug_assertions) {
        places.push(Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/dist"))));
    }
    // What we were told counts even while it is not built yet.
    told.or_else(|| places.into_iter().flatten().find(|p| p.join("index.html").is_file()))
        .map_or(PageSource::None, PageSource::Folder)
}
