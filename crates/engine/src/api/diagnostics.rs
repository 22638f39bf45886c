//! What somebody who looks for a fault wants to know of the program itself.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{ApiState, blocking, times};
use crate::vault;

/// The program's own state: how it asks, what it may, clocks, storage, faults, versions.
#[utoipa::path(
    get, path = "/api/v1/diagnostics", tag = "site", operation_id = "diagnostics",
    responses((status = 200, description = "The program's own state", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn get(State(state): State<ApiState>) -> Result<Json<Value>, Failure> {
    let history = state.history.path().map(std::path::Path::to_path_buf);
    let storage = blocking(move || {
        let size = |suffix: &str| {
            let mut name = history.clone()?.into_os_string();
            name.push(suffix);
            std::fs::metadata(name).ok().map(|about| about.len())
        };
        json!({ "history_bytes": size(""), "journal_bytes": size("-wal") })
    });
    let storage = storage.await?;
    let about = &state.about;
    let config = state.config.current();
    let faults: Vec<Value> = state
        .faults
        .all()
        .into_iter()
        .map(|(code, message)| json!({ "code": code, "message": message }))
        .collect();
    let methods = &about.methods;
    let now = jiff::Zoned::now();
    let view = state.view.borrow().clone();
    Ok(Json(json!({
        "status": "success",
        "version": about.version,
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "demo": about.demo,
        "started_at": times::print(about.started_at),
        "probing": { "v4": methods.v4, "v6": methods.v6, "arp": methods.arp },
        "cycles": view.cycle,
        "missed_beats": view.missed_beats,
        "clock": {
            "utc": times::print(times::now()),
            "local": now.datetime().strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            "zone": now.time_zone().iana_name(),
        },
        "storage": storage,
        "faults": faults,
        "config_faults": *state.config.faults(),
        "listening": {
            "bind": config.api.bind.to_string(),
            "port": config.api.port,
            "trusted_networks": config.api.trusted_networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "vault": {
            "file": vault::FILE,
            "open": state.access.condition() == vault::Condition::Open,
            "tokens": state.access.vault().tokens().len(),
        },
    })))
}
