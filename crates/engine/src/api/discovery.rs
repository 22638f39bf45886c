//! Who is there: a discovery is begun, looked at and cancelled.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use cafesentinel_domain::config::{Config, Host};
use cafesentinel_domain::discovery::{Refusal, Subnet};
use serde_json::{Value, json};

use super::failure::Failure;
use super::read::optional_json;
use super::{ApiState, blocking};
use crate::discovery::{Refused, Report, State as Stage, Wish};

/// A cancelled one has ended long before that.
const FAREWELL: Duration = Duration::from_secs(2);

fn answer(report: &Report) -> Json<Value> {
    let mut all = json!({ "status": "success" });
    if let (Value::Object(all), Ok(Value::Object(report))) =
        (&mut all, serde_json::to_value(report))
    {
        all.extend(report);
    }
    Json(all)
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let text = refused.to_string();
        match refused {
            Refused::Running => Failure::new(StatusCode::CONFLICT, "discovery_running", text),
            Refused::Scope(Refusal::NotLocal { .. }) => Failure::bad("network_not_local", text),
            Refused::Scope(Refusal::TooWide(_)) => Failure::bad("network_too_wide", text),
            Refused::Scope(Refusal::NoCarrier(_) | Refusal::NoNetwork) => {
                Failure::new(StatusCode::CONFLICT, "no_network", text)
            }
            Refused::Thread(error) => Failure::internal(error),
        }
    }
}

/// What the configuration knows to be no seat.
fn no_seats(config: &Config) -> Vec<Ipv4Addr> {
    let hosts = [Some(&config.targets.router), config.targets.server.as_ref()];
    let v4 = |host: &Host| match host {
        Host::Address(IpAddr::V4(address)) => Some(*address),
        Host::Address(IpAddr::V6(_)) | Host::Name(_) => None,
    };
    hosts.into_iter().flatten().filter_map(v4).collect()
}

/// The network of `{"network": "192.168.1.0/24"}`; none of an empty body or `{}`.
fn network(body: Option<&Value>) -> Result<Option<Subnet>, Failure> {
    let bad = |text: &str| Err(Failure::bad("bad_request", text));
    let Some(body) = body else { return Ok(None) };
    let Some(body) = body.as_object() else { return bad("expected an object") };
    if let Some(unknown) = body.keys().find(|key| *key != "network") {
        return bad(&format!("{unknown}: unknown key"));
    }
    match body.get("network") {
        None | Some(Value::Null) => Ok(None),
        Some(named) => match named.as_str().and_then(Subnet::parse) {
            Some(network) => Ok(Some(network)),
            None => bad("network: expected an IPv4 network like 192.168.1.0/24"),
        },
    }
}

/// Begins a search for who is in this computer's networks, or in the one that is named.
#[utoipa::path(
    post, path = "/api/v1/discovery", tag = "discovery", operation_id = "begin_discovery",
    request_body = Option<super::openapi::DiscoveryBody>,
    responses((status = 202, description = "It runs", body = Value),
        (status = 409, description = "One runs already, or there is no network", body = super::openapi::Problem))
)]
pub(super) async fn post(
    State(state): State<ApiState>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let network = network(optional_json(body).await?.as_ref())?;
    let config = state.config.current();
    let timeout = config.monitor.probe_timeout;
    let wish = Wish { network, timeout, no_seats: no_seats(&config) };
    let discovery = state.discovery.clone();
    blocking(move || discovery.start(wish)).await??;
    Ok((StatusCode::ACCEPTED, answer(&state.discovery.report())))
}

/// How far the running search is, or what the last one found and suggests.
#[utoipa::path(
    get, path = "/api/v1/discovery", tag = "discovery", operation_id = "discovery",
    responses((status = 200, description = "State, progress, found, suggestion", body = Value))
)]
pub(super) async fn get(State(state): State<ApiState>) -> Json<Value> {
    answer(&state.discovery.report())
}

/// Cancels the running search, if one runs.
#[utoipa::path(
    delete, path = "/api/v1/discovery", tag = "discovery", operation_id = "cancel_discovery",
    responses((status = 200, description = "None runs any more", body = Value))
)]
pub(super) async fn delete(State(state): State<ApiState>) -> Json<Value> {
    let mut reports = state.discovery.follow();
    state.discovery.cancel();
    let over = reports.wait_for(|report| report.state != Stage::Running);
    // If it takes longer, that is what is told.
    let _ = tokio::time::timeout(FAREWELL, over).await;
    answer(&state.discovery.report())
}
