//! The API against a real configuration file, a real history and, for streams, sockets.

mod ancestor;
mod discovery;
mod door;
mod limits;
mod notices;
mod roles;
mod stream;
mod v1;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::response::Response;
use cafesentinel_domain::access::Scope;
use cafesentinel_domain::capture::PrivacyView;
use cafesentinel_domain::config::Config;
use cafesentinel_domain::event::*;
use cafesentinel_domain::headline::{Headline, HeadlineCode};
use cafesentinel_domain::monitor::SeatMinute;
use cafesentinel_domain::notify::Told;
use cafesentinel_domain::time::{Moment, Tick};
use cafesentinel_domain::view::{OpenIncidentView, SeatView, Stay, TargetView};
use cafesentinel_platform::machine::Identity;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use std::sync::mpsc::Receiver;

use super::*;
use crate::access::Audit;
use crate::bus::Published;
use crate::capture::Simulated;
use crate::clock::Clock;
use crate::logs;
use crate::store::{Batch, Ledger, Store};
use crate::vault::{Costs, Vault};

/// Tokens of every café of these tests.
pub(super) const ADMIN: &str = "cafe_admin-of-the-tests";
pub(super) const READ: &str = "cafe_reader-of-the-tests";
pub(super) const PASSWORD: &str = "correct horse";

pub(super) const T0: i64 = 1_767_225_600_000;

/// Everything that the API is given, and the ends that a test holds.
pub(super) struct Cafe {
    pub(super) folder: TempDir,
    pub(super) store: Store,
    pub(super) bus: Bus,
    pub(super) view: watch::Sender<Arc<SiteView>>,
    pub(super) faults: Faults,
    pub(super) config: ConfigFile,
    pub(super) state: ApiState,
    /// Orders to the machine.
    pub(super) ordered: Receiver<Message>,
    pub(super) camera: Camera,
    /// Stored with the next events.
    pub(super) told: Vec<Told>,
    pub(super) access: Access,
    /// Seconds by which the clock of access control is ahead.
    pub(super) later: Arc<AtomicI64>,
    /// Stored with the next events.
    pub(super) seat_minutes: Vec<SeatMinute>,
}

pub(super) fn cafe() -> Cafe {
    cafe_with(PageSource::None)
}

pub(super) fn cafe_with(page: PageSource) -> Cafe {
    cafe_as(page, true)
}

pub(super) fn cafe_of(page: PageSource, discovery: Discovery) -> Cafe {
    made(page, true, discovery)
}

pub(super) fn cafe_as(page: PageSource, set_up: bool) -> Cafe {
    made(page, set_up, Discovery::new(crate::discovery::tests::cafe()))
}

fn made(page: PageSource, set_up: bool, discovery: Discovery) -> Cafe {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("history.db"), Utc(T0)).unwrap().store;
    let identity = Identity { system: Some("here".into()), hardware: None };
    let ledger = Ledger::of(&folder.path().join("history.db"));
    let vault = Vault::open(folder.path(), identity, Costs::CHEAP, Some(ledger.clone()));
    if set_up {
        vault.set_up(PASSWORD, "battery staple").unwrap();
        vault.keep_token("admin", Scope::Admin, Utc(T0), ADMIN).unwrap();
        vault.keep_token("reader", Scope::Read, Utc(T0), READ).unwrap();
    }
    let sealer = Arc::new(vault.clone());
    let (config, _, _) = ConfigFile::open_with(folder.path(), Config::default(), sealer);
    let later = Arc::<AtomicI64>::default();
    let clock = Arc::clone(&later);
    let now = move || {
        let real = Clock::real().now();
        let ahead = Duration::from_secs(clock.load(Ordering::Relaxed).unsigned_abs());
        Moment { tick: real.tick + ahead, utc: real.utc }
    };
    let audit = Audit::new(Some(ledger));
    let access = Access::new(vault, false, audit, Box::new(now), Box::new(|_| {}));
    let (view, watched) = watch::channel(Arc::new(site(1)));
    let (bus, faults) = (Bus::default(), Faults::default());
    let (inputs, ordered) = std::sync::mpsc::channel();
    let camera = Camera::start(|| Simulated::new(Clock::real()), Clock::real()).unwrap();
    let state = ApiState::new(Parts {
        about: About {
            version: "1.2.3".into(),
            demo: false,
            started_at: Utc(T0),
            methods: Methods { v4: "raw".into(), v6: "none".into(), arp: "none".into() },
        },
        view: watched,
        bus: bus.clone(),
        config: config.clone(),
        faults: faults.clone(),
        outbox: Outbox::closed(),
        inputs,
        camera: camera.clone(),
        logs: logs::start(folder.path(), 30),
        access: access.clone(),
        history: Some(store.path().to_path_buf()),
        page,
        discovery,
    });
    Cafe {
        folder,
        store,
        bus,
        view,
        faults,
        config,
        state,
        ordered,
        camera,
        told: Vec::new(),
        access,
        later,
        seat_minutes: Vec::new(),
    }
}

pub(super) fn site(cycle: u64) -> SiteView {
    let targets = Target::ALL.map(|target| TargetView {
        target,
        address: "192.168.1.1".into(),
        state: LinkState::Up,
        since: Some(Utc(T0 + 1)),
        reason: None,
        warning: None,
        explained_by: None,
        rtt_ms: Some(1.5),
        sent: 1,
        lost: 0,
        recent: vec![Some(1.5)],
    });
    SiteView {
        at: Utc(T0 + 2),
        cycle,
        missed_beats: 0,
        interval_ms: 2000,
        headline: Headline {
            code: HeadlineCode::AllWell,
            since: Some(Utc(T0 + 3)),
            params: Map::new(),
        },
        targets: targets.to_vec(),
        seats: vec![SeatView {
            name: "PC-1".into(),
            address: "192.168.1.110".into(),
            state: LinkState::Up,
            since: Some(Utc(T0 + 4)),
            rtt_ms: None,
            firewalled: true,
            mac: Some("02:00:00:00:00:01".into()),
            stay: Stay::Here,
            stay_since: Some(Utc(T0 + 6)),
            session: Some(SessionId(3)),
        }],
        seats_online: 1,
        seats_total: 1,
        sessions: 1,
        frozen: false,
        incidents: vec![OpenIncidentView {
            id: IncidentId(7),
            cause: Cause::IspDown,
            kind: IncidentKind::Outage,
            start: Utc(T0 + 5),
            held: false,
        }],
        privacy: PrivacyView::default(),
    }
}

pub(super) fn incident(id: i64, start: i64, end: Option<i64>) -> Incident {
    Incident {
        id: IncidentId(id),
        cause: Cause::IspDown,
        kind: IncidentKind::Outage,
        start: Utc(T0 + start),
        end: end.map(|e| Utc(T0 + e)),
        duration_ms: end.map(|e| e - start),
        down_ms: end.map_or(0, |e| e - start),
        outages: 1,
        gaps: vec![Gap { from: Utc(T0 + start), to: Utc(T0 + start + 1) }],
        end_reason: end.map(|_| EndReason::Restored),
        held: false,
        uncertain: false,
        seats_at_start: 3,
        part_of: None,
    }
}

pub(super) fn told(incident: Incident) -> Event {
    let closed = incident.end.is_some();
    let change = if closed { IncidentChange::Closed } else { IncidentChange::Opened };
    Event::Incident { change, incident }
}

pub(super) fn jitter(n: i64) -> Event {
    let (start, threshold_ms) = (Utc(T0 + n), 10_000);
    Event::Jitter { target: Target::Router, start, duration_ms: n, threshold_ms }
}

impl Cafe {
    /// Stores events as the recorder does, without telling them.
    pub(super) fn store(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Published> {
        let stamped: Vec<_> =
            events.into_iter().map(|event| (Stamped { at: Utc(T0), event }, None)).collect();
        let batch = Batch {
            events: &stamped,
            samples: &[],
            state_times: &[],
            seen: &[],
            seat_minutes: &self.seat_minutes,
            memories: &[],
            told: &self.told,
            marks: &[],
            dead: &[],
            now: Moment { tick: Tick(0), utc: Utc(T0) },
            boot_id: "a test",
        };
        let ids = self.store.append(&batch).unwrap().events;
        let events = stamped.into_iter().map(|(stamped, _)| Arc::new(stamped));
        ids.into_iter().zip(events).map(|(id, event)| Published { id, event }).collect()
    }

    /// Stores and tells.
    pub(super) fn tell(&mut self, events: impl IntoIterator<Item = Event>) {
        for published in self.store(events) {
            self.bus.publish(published.id, published.event);
        }
    }

    /// As the admin at this computer, unless the request says otherwise.
    pub(super) async fn send(&self, mut request: Request<Body>) -> Response {
        let admin = format!("Bearer {ADMIN}").parse().unwrap();
        request.headers_mut().entry("authorization").or_insert(admin);
        self.raw(request).await
    }

    /// From this computer, unless the request says otherwise, and as whom it says.
    pub(super) async fn raw(&self, mut request: Request<Body>) -> Response {
        if request.extensions().get::<Peer>().is_none() {
            request.extensions_mut().insert(HERE);
        }
        router(self.state.clone()).oneshot(request).await.unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.send(request("GET", path, "")).await).await
    }

    pub(super) async fn post(&self, path: &str, body: impl Into<Body>) -> (u16, Value) {
        answer(self.send(request("POST", path, body)).await).await
    }
}

pub(super) const HERE: Peer = Peer::Address { address: IpAddr::V4(Ipv4Addr::LOCALHOST), own: true };

/// Somebody else on the network.
pub(super) fn stranger(last: u8) -> Peer {
    Peer::Address { address: IpAddr::from([192, 168, 1, last]), own: false }
}

pub(super) fn request(method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:5000")
        .body(body.into())
        .unwrap()
}

pub(super) async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(super) async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = text(response).await;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, body)
}

/// An error as every error looks.
pub(super) fn error(code: &str, message: &str) -> Value {
    json!({ "status": "error", "message": message, "code": code })
}
