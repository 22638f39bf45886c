//! The listener: stands where the configuration says once the installation is set up, on
//! loopback alone before; moves when either changes, and comes back when the port was
//! taken. Monitoring never waits for it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use cafesentinel_domain::config::Config;
use tokio::sync::watch;

use super::Say;
use super::instance::Instance;
use crate::access::Access;
use crate::api;
use crate::recorder::Faults;
use crate::vault::Condition;

const RETRY: Duration = Duration::from_secs(5);

/// What the listener needs.
pub(super) struct Listener {
    pub(super) router: axum::Router,
    /// In place of the configured one.
    pub(super) port: Option<u16>,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) access: Access,
    pub(super) faults: Faults,
    pub(super) instance: Arc<Instance>,
    pub(super) say: Say,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    address: IpAddr,
    port: u16,
}

impl Place {
    /// Nobody but this computer gets through to what has no password.
    fn of(config: &Config, access: &Access, port: Option<u16>) -> Place {
        let guarded = !access.is_demo() && access.condition() == Condition::Open;
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Place {
            address: if guarded { config.api.bind } else { loopback },
            port: port.unwrap_or(config.api.port),
        }
    }

    /// Its page for a browser of this computer.
    fn page(self) -> String {
        let host = match self.address {
            IpAddr::V4(v4) if v4.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) if v6.is_unspecified() => "[::1]".to_owned(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        format!("http://{host}:{}/", self.port)
    }
}

impl Listener {
    /// Serves until the program ends.
    pub(super) async fn run(mut self) {
        let mut condition = self.access.follow();
        loop {
            let config = self.config.borrow_and_update().clone();
            condition.mark_unchanged();
            let place = Place::of(&config, &self.access, self.port);
            match api::bind(place.address, place.port).await {
                Ok(listener) => {
                    self.faults.set("api", None);
                    self.announce(place, &config);
                    let note = tokio::spawn(keep_note(
                        self.access.clone(),
                        Arc::clone(&self.instance),
                        place,
                    ));
                    api::serve(listener, self.router.clone(), self.moved(place)).await;
                    note.abort();
                }
                Err(error) => {
                    let Place { address, port } = place;
                    let text = format!(
                        "Port {port} of {address} cannot be used ({error}): the page is not \
                         there, but monitoring goes on. Stop the program that has it, or choose \
                         another with api_settings.port or --port."
                    );
                    if self.faults.set("api", Some(text.clone())) {
                        tracing::error!(category = "ERROR", "{text}");
                        (self.say)(&text);
                    }
                    // A new place is tried at once.
                    let news = async {
                        tokio::select! {
                            _ = self.config.changed() => {}
                            _ = condition.changed() => {}
                        }
                    };
                    let _ = tokio::time::timeout(RETRY, news).await;
                }
            }
        }
    }

    fn announce(&self, place: Place, config: &Config) {
        let page = place.page();
        let demo = if self.access.is_demo() {
            " (DEMO: a simulated café; no password is needed)"
        } else {
            ""
        };
        tracing::info!(category = "DAEMON", "CafeSentinel watches{demo}; its page: {page}");
        // The code in it is for who sits here, not for the log.
        (self.say)(&format!("CafeSentinel watches{demo}; open {page}{}", *self.access.fragment()));
        let line = match self.access.condition() {
            _ if self.access.is_demo() => None,
            Condition::Fresh => Some(
                "It is not set up yet: open that address, or run `cafesentinel-headless setup`. \
                 Until then it answers on this computer only."
                    .to_owned(),
            ),
            Condition::Faulty(fault) => {
                Some(format!("TAMPERING or a new computer: {fault}. Monitoring goes on."))
            }
            Condition::Open if !config.api.trusted_networks.is_empty() => Some(
                "Clients of api_settings.trusted_networks may change the configuration without \
                 a password."
                    .to_owned(),
            ),
            Condition::Open => None,
        };
        if let Some(line) = line {
            tracing::warn!(category = "SECURITY", "{line}");
            (self.say)(&line);
        }
    }

    /// Done when it belongs elsewhere.
    fn moved(&self, place: Place) -> impl Future<Output = ()> + use<> {
        let (mut config, access, port) = (self.config.clone(), self.access.clone(), self.port);
        let mut condition = access.follow();
        async move {
            loop {
                let current = config.borrow_and_update().clone();
                condition.mark_unchanged();
                if Place::of(&current, &access, port) != place {
                    return;
                }
                tokio::select! {
                    changed = config.changed() => if changed.is_err() {
                        // Nobody can change it any more.
                        std::future::pending::<()>().await;
                    },
                    _ = condition.changed() => {}
                }
            }
        }
    }
}

/// Keeps the note by which a second start finds the page, and its way in, current.
async fn keep_note(access: Access, instance: Arc<Instance>, place: Place) {
    let (mut link, mut set_up) = access.follow_codes();
    let mut condition = access.follow();
    loop {
        link.mark_unchanged();
        set_up.mark_unchanged();
        condition.mark_unchanged();
        if let Err(error) = instance.note(&format!("{}{}", place.page(), *access.fragment())) {
            tracing::warn!(category = "ERROR", "A second start will not find us: {error}");
        }
        tokio::select! {
            _ = link.changed() => {}
            _ = set_up.changed() => {}
            _ = condition.changed() => {}
        }
    }
}
