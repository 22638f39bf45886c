//! The configuration with its revision: read, check, put in force, restore.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::config::Config;
use serde_json::{Value, json};

use super::failure::Failure;
use super::read::json;
use super::{ApiState, blocking};
use crate::config_file::{Refused, revision};

fn answer(config: &Config, faults: &Value) -> Response {
    let revision = revision(config);
    let tag = HeaderValue::from_str(&format!("\"{revision}\""));
    let mut response = Json(json!({
        "status": "success",
        "revision": revision,
        "config": config.masked(),
        "faults": faults,
    }))
    .into_response();
    if let Ok(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// `GET /api/v1/config`: what is in force, and what is wrong with the file if it is not.
pub(super) async fn get(State(state): State<ApiState>) -> Response {
    answer(&state.config.current(), &json!(*state.config.faults()))
}

/// `POST /api/v1/config`: a whole document; with `If-Match` only if that revision is in
/// force, 412 otherwise.
pub(super) async fn post(
    State(state): State<ApiState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let expected = match headers.get(header::IF_MATCH) {
        None => None,
        Some(tag) if tag.as_bytes() == b"*" => None,
        // Anything that is not a tag of ours matches nothing.
        Some(tag) => Some(tag.to_str().unwrap_or("").trim_matches('"').to_owned()),
    };
    let document = json(body).await?;
    let replaced =
        blocking(move || state.config.replace(&document, "the API", expected.as_deref()));
    Ok(answer(&*replaced.await??, &json!([])))
}

/// `POST /api/v1/config/check`: what would be refused, without changing anything.
pub(super) async fn check(
    State(state): State<ApiState>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let document = json(body).await?;
    let errors = blocking(move || state.config.check(&document)).await?;
    Ok(Json(json!({ "status": "success", "valid": errors.is_empty(), "errors": errors })))
}

/// `GET /api/v1/config/backups/{name}`: a backup, secrets masked.
pub(super) async fn backup(
    State(state): State<ApiState>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let Path(name) = name.map_err(|_| Refused::NoBackup)?;
    let read = blocking(move || state.config.backup(&name)).await?;
    match read {
        Ok(config) => Ok(answer(&config, &json!([]))),
        Err(error @ Refused::Faulty(_)) => Err(unusable(error)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /api/v1/config/restore`: `{"backup": name}` puts that backup in force.
pub(super) async fn restore(
    State(state): State<ApiState>,
    body: Body,
) -> Result<Response, Failure> {
    let request = json(body).await?;
    let Some(name) = request.get("backup").and_then(Value::as_str).map(str::to_owned) else {
        return Err(Failure::bad("bad_request", "backup: expected the name of a backup"));
    };
    match blocking(move || state.config.restore(&name, "the API (a backup)")).await? {
        Ok(config) => Ok(answer(&config, &json!([]))),
        Err(error @ Refused::Faulty(_)) => Err(unusable(error)),
        Err(error) => Err(error.into()),
    }
}

/// What was faulty when it was backed up is not shown: what in it is a secret, nobody
/// can tell.
fn unusable(error: Refused) -> Failure {
    let text = format!("This backup is faulty: {error}");
    Failure::new(StatusCode::CONFLICT, "backup_faulty", text)
}
