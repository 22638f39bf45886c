//! The listener: stands where the configuration says, moves when that changes, and comes
//! back when the port was taken. Monitoring never waits for it.

use std::sync::Arc;
use std::time::Duration;

use cafesentinel_domain::config::Config;
use tokio::sync::watch;

use super::Say;
use super::instance::Instance;
use crate::api;
use crate::recorder::Faults;

const RETRY: Duration = Duration::from_secs(5);

/// What the listener needs.
pub(super) struct Listener {
    pub(super) router: axum::Router,
    /// In place of the configured one.
    pub(super) port: Option<u16>,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) faults: Faults,
    pub(super) instance: Instance,
    pub(super) demo: bool,
    pub(super) say: Say,
}

impl Listener {
    /// Serves until the program ends.
    pub(super) async fn run(mut self) {
        loop {
            let config = self.config.borrow_and_update().clone();
            let port = self.port.unwrap_or(config.api.port);
            match api::bind(port).await {
                Ok(listener) => {
                    self.faults.set("api", None);
                    self.announce(port, &config);
                    let moved = moved(self.config.clone(), self.port.is_some(), port);
                    api::serve(listener, self.router.clone(), moved).await;
                }
                Err(error) => {
                    let text = format!(
                        "Port {port} cannot be used ({error}): the page is not there, but \
                         monitoring goes on. Stop the program that has it, or choose another \
                         with api_settings.port or --port."
                    );
                    if self.faults.set("api", Some(text.clone())) {
                        tracing::error!(category = "ERROR", "{text}");
                        (self.say)(&text);
                    }
                    // A new port in the configuration is tried at once.
                    let _ = tokio::time::timeout(RETRY, self.config.changed()).await;
                }
            }
        }
    }

    fn announce(&self, port: u16, config: &Config) {
        let page = format!("http://127.0.0.1:{port}/");
        if let Err(error) = self.instance.note(&page) {
            tracing::warn!(category = "ERROR", "A second start will not find us: {error}");
        }
        let demo = if self.demo { " (DEMO: a simulated café)" } else { "" };
        let line = format!("CafeSentinel watches{demo}; open {page}");
        tracing::info!(category = "DAEMON", "{line}");
        (self.say)(&line);
        if !config.api.bind.is_loopback() {
            let line = format!(
                "Only this computer can open it, although api_settings.bind is {}: passwords \
                 are not built yet.",
                config.api.bind
            );
            tracing::info!(category = "SECURITY", "{line}");
            (self.say)(&line);
        }
    }
}

/// Done when the configuration wants another port.
async fn moved(mut config: watch::Receiver<Arc<Config>>, fixed: bool, port: u16) {
    let wants_another = |config: &Arc<Config>| !fixed && config.api.port != port;
    if config.wait_for(wants_another).await.is_err() {
        // Nobody can change it any more.
        std::future::pending::<()>().await;
    }
}
