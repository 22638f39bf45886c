//! The HTTP API: the ancestor's endpoints, `/api/v1`, and the page.
//!
//! It sees no driver: the site comes from a watched value, events from the bus and from
//! storage, changes of the configuration go to its file, orders down a channel to the
//! machine or to the outbox. Whatever touches the disk runs
//! off the async threads. Bad input is refused with 4xx and a JSON body ([`failure`]).
//! Who may ask what is decided in one layer around all routes ([`guard`]), by what each
//! route says of itself ([`openapi`]).

mod access;
mod ancestor;
mod caller;
mod config;
mod diagnostics;
mod discovery;
mod events;
mod failure;
mod guard;
mod history;
mod logs;
mod notices;
mod occupancy;
mod openapi;
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
use axum::middleware::from_fn_with_state;
use cafesentinel_domain::time::Utc;
use cafesentinel_domain::view::SiteView;
use tokio::sync::{Semaphore, watch};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
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
use guard::{Guard, Needed};
use history::History;

pub use caller::Peer;
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
    /// Who may do what.
    pub access: Access,
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
    access: Access,
    description: openapi::Description,
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
            access: parts.access,
            description: openapi::Description::new(),
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

/// All routes with their descriptions.
fn described() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(openapi::Base::openapi())
        .routes(routes!(ancestor::status))
        .routes(routes!(ancestor::get_config, ancestor::post_config))
        .routes(routes!(ancestor::backups))
        .routes(routes!(ancestor::logs))
        .routes(routes!(ancestor::archives))
        .routes(routes!(ancestor::archive, ancestor::delete_archive))
        .routes(routes!(site::get))
        .routes(routes!(events::get))
        .routes(routes!(history::incidents))
        .routes(routes!(history::incidents_csv))
        .routes(routes!(occupancy::seats))
        .routes(routes!(occupancy::sessions))
        .routes(routes!(occupancy::sessions_csv))
        .routes(routes!(occupancy::occupancy))
        .routes(routes!(occupancy::minutes))
        .routes(routes!(history::statistics))
        .routes(routes!(config::get, config::post))
        .routes(routes!(config::check))
        .routes(routes!(config::restore))
        .routes(routes!(config::backup))
        .routes(routes!(config::diff))
        .routes(routes!(notices::get))
        .routes(routes!(notices::test))
        .routes(routes!(notices::retry))
        .routes(routes!(notices::give_up))
        .routes(routes!(screenshot::get))
        .routes(routes!(privacy::get, privacy::post))
        .routes(routes!(discovery::get, discovery::post, discovery::delete))
        .routes(routes!(access::session))
        .routes(routes!(access::login))
        .routes(routes!(access::logout))
        .routes(routes!(access::lock))
        .routes(routes!(access::setup_state, access::setup))
        .routes(routes!(access::recover))
        .routes(routes!(access::passwords))
        .routes(routes!(access::tokens, access::create_token))
        .routes(routes!(access::revoke_token))
        .routes(routes!(access::audit))
        .routes(routes!(logs::get))
        .routes(routes!(logs::tail))
        .routes(routes!(diagnostics::get))
        .routes(routes!(openapi::openapi))
        .routes(routes!(openapi::docs))
}

/// All routes. What each needs is read from its description; one without needs the admin.
pub fn router(state: ApiState) -> Router {
    let (router, document) = described().split_for_parts();
    let document = openapi::complete(&document);
    let needed = Arc::new(Needed::new(openapi::roles(&document)));
    // A second router of the same state has the same routes.
    let _ = state.description.set(Arc::new(document));
    let own_name = cafesentinel_platform::machine::name().map(Arc::from);
    let guard = Guard { state: state.clone(), needed, own_name };
    router
        .method_not_allowed_fallback(|| async { Failure::no_method() })
        .fallback(page::fallback)
        // Bodies are bounded where they are read, with an answer of our own shape.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(guard, guard::guard))
        .with_state(state)
}

#[cfg(test)]
mod tests;
