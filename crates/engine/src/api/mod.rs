//! The HTTP API: the ancestor's endpoints, `/api/v1`, and the page.
//!
//! It sees no driver: the site comes from a watched value, events from the bus and from
//! storage, changes of the configuration go to its file, orders down a channel to the
//! machine or to the outbox. Whatever touches the disk runs
//! off the async threads. Bad input is refused with 4xx and a JSON body ([`failure`]).
//! Until access control lands only this machine is served (`guard`, `serve`).

mod ancestor;
mod config;
mod discovery;
mod events;
mod failure;
mod guard;
mod history;
mod notices;
mod occupancy;
mod page;
mod privacy;
mod read;
mod screenshot;
mod serve;
mod site;
mod times;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use cafesentinel_domain::time::Utc;
use cafesentinel_domain::view::SiteView;
use tokio::sync::{Semaphore, watch};

use crate::bus::Bus;
use crate::capture::Camera;
use crate::config_file::ConfigFile;
use crate::discovery::Discovery;
use crate::driver::Message;
use crate::logs::Logs;
use crate::outbox::Outbox;
use crate::pinger::Methods;
use crate::recorder::Faults;
use failure::Failure;
use history::History;

pub use page::{Page, PageSource, media_type};
pub use serve::{bind, serve};

/// What the program says of itself.
#[derive(Debug, Clone)]
pub struct About {
    /// Its version.
    pub version: String,
    /// A simulated café.
    pub demo: bool,
    /// When it was started.
    pub started_at: Utc,
    /// How each address family is asked.
    pub methods: Methods,
}

/// What the API is given.
pub struct Parts {
    /// What the program says of itself.
    pub about: About,
    /// The site.
    pub view: watch::Receiver<Arc<SiteView>>,
    /// Live events.
    pub bus: Bus,
    /// The configuration.
    pub config: ConfigFile,
    /// Standing faults besides those of the configuration.
    pub faults: Faults,
    /// Where people are told.
    pub outbox: Outbox,
    /// To the machine.
    pub inputs: Sender<Message>,
    /// Takes pictures of the screen.
    pub camera: Camera,
    /// The log.
    pub logs: Logs,
    /// The database file; none if there is no history.
    pub history: Option<PathBuf>,
    /// The page.
    pub page: PageSource,
    /// Who looks who is there.
    pub discovery: Discovery,
}

/// What every request has at hand. Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

#[doc(hidden)]
pub struct Inner {
    about: About,
    view: watch::Receiver<Arc<SiteView>>,
    bus: Bus,
    config: ConfigFile,
    faults: Faults,
    outbox: Outbox,
    inputs: Sender<Message>,
    camera: Camera,
    logs: Logs,
    history: History,
    page: PageSource,
    discovery: Discovery,
    printed: site::Printed,
    streams: Arc<Semaphore>,
}

impl std::ops::Deref for ApiState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl ApiState {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> ApiState {
        ApiState(Arc::new(Inner {
            about: parts.about,
            view: parts.view,
            bus: parts.bus,
            config: parts.config,
            faults: parts.faults,
            outbox: parts.outbox,
            inputs: parts.inputs,
            camera: parts.camera,
            logs: parts.logs,
            history: History::new(parts.history),
            page: parts.page,
            discovery: parts.discovery,
            printed: site::Printed::default(),
            streams: Arc::new(Semaphore::new(events::MAX_STREAMS)),
        }))
    }
}

/// Off the async threads: everything that touches the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)
}

/// All routes.
pub fn router(state: ApiState) -> Router {
    Router::new()
        .route("/api/status", get(ancestor::status))
        .route("/api/config", get(ancestor::get_config).post(ancestor::post_config))
        .route("/api/config/backups", get(ancestor::backups))
        .route("/api/logs", get(ancestor::logs))
        .route("/api/logs/archive", get(ancestor::archives))
        .route("/api/logs/archive/{name}", get(ancestor::archive).delete(ancestor::delete_archive))
        .route("/api/v1/site", get(site::get))
        .route("/api/v1/events", get(events::get))
        .route("/api/v1/incidents", get(history::incidents))
        .route("/api/v1/incidents.csv", get(history::incidents_csv))
        .route("/api/v1/seats", get(occupancy::seats))
        .route("/api/v1/sessions", get(occupancy::sessions))
        .route("/api/v1/sessions.csv", get(occupancy::sessions_csv))
        .route("/api/v1/occupancy", get(occupancy::occupancy))
        .route("/api/v1/occupancy/minutes", get(occupancy::minutes))
        .route("/api/v1/links/{target}/statistics", get(history::statistics))
        .route("/api/v1/notices", get(notices::get))
        .route("/api/v1/notices/test", post(notices::test))
        .route("/api/v1/notices/{id}/retry", post(notices::retry))
        .route("/api/v1/notices/{id}/drop", post(notices::give_up))
        .route("/api/v1/screenshot", get(screenshot::get))
        .route("/api/v1/privacy", get(privacy::get).post(privacy::post))
        .route("/api/v1/config", get(config::get).post(config::post))
        .route("/api/v1/config/check", post(config::check))
        .route("/api/v1/config/restore", post(config::restore))
        .route("/api/v1/config/backups/{name}", get(config::backup))
        .route(
            "/api/v1/discovery",
            get(discovery::get).post(discovery::post).delete(discovery::delete),
        )
        .method_not_allowed_fallback(|| async { Failure::no_method() })
        .fallback(page::fallback)
        // Bodies are bounded where they are read, with an answer of our own shape.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(guard::guard))
        .with_state(state)
}

#[cfg(test)]
mod tests;
