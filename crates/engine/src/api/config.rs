//! The configuration with its revision: read, check, put in force, restore.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use cafesentinel_domain::config::Config;
use serde_json::{Value, json};

use super::caller::Caller;
use super::failure::Failure;
use super::read::json;
use super::{ApiState, blocking};
use crate::access;
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

/// What is in force, secrets masked.
#[utoipa::path(
    get, path = "/api/v1/config", tag = "config", operation_id = "config",
    responses((status = 200, description = "Revision, configuration, faults of the file", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn get(State(state): State<ApiState>) -> Response {
    answer(&state.config.current(), &json!(*state.config.faults()))
}

/// Puts a whole configuration in force.
#[utoipa::path(
    post, path = "/api/v1/config", tag = "config", operation_id = "post_config_v1",
    params(("if-match" = Option<String>, Header, description = "Only if this revision is in force")),
    request_body = Value,
    responses((status = 200, description = "In force", body = Value), (status = 412, description = "Another revision is in force", body = super::openapi::Problem)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn post(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
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
        blocking(move || state.config.replace(&document, &caller.by(), expected.as_deref()));
    Ok(answer(&*replaced.await??, &json!([])))
}

/// Checks a configuration without changing anything.
#[utoipa::path(
    post, path = "/api/v1/config/check", tag = "config", operation_id = "check_config",
    request_body = Value,
    responses((status = 200, description = "What would be refused", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn check(
    State(state): State<ApiState>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let document = json(body).await?;
    let errors = blocking(move || state.config.check(&document)).await?;
    Ok(Json(json!({ "status": "success", "valid": errors.is_empty(), "errors": errors })))
}

/// A backup, secrets masked.
#[utoipa::path(
    get, path = "/api/v1/config/backups/{name}", tag = "config", operation_id = "backup",
    params(("name" = String, Path, description = "Its name, from the list")),
    responses((status = 200, description = "The backup", body = Value), (status = 404, description = "There is none", body = super::openapi::Problem), (status = 409, description = "It is faulty", body = super::openapi::Problem)),
    security(("bearer" = ["admin"]))
)]
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

/// Puts a backup in force.
#[utoipa::path(
    post, path = "/api/v1/config/restore", tag = "config", operation_id = "restore_config",
    request_body = super::openapi::RestoreBody,
    responses((status = 200, description = "In force", body = Value), (status = 404, description = "There is none", body = super::openapi::Problem), (status = 409, description = "It is faulty", body = super::openapi::Problem)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn restore(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Response, Failure> {
    let request = json(body).await?;
    let Some(name) = request.get("backup").and_then(Value::as_str).map(str::to_owned) else {
        return Err(Failure::bad("bad_request", "backup: expected the name of a backup"));
    };
    match blocking(move || state.config.restore(&name, &caller.by())).await? {
        Ok(config) => Ok(answer(&config, &json!([]))),
        Err(error @ Refused::Faulty(_)) => Err(unusable(error)),
        Err(error) => Err(error.into()),
    }
}

/// What putting a backup in force would change, secrets masked.
#[utoipa::path(
    get, path = "/api/v1/config/backups/{name}/diff", tag = "config", operation_id = "diff_backup",
    params(("name" = String, Path, description = "Its name, from the list")),
    responses((status = 200, description = "What differs, from what is in force to the backup", body = Value), (status = 404, description = "There is none", body = super::openapi::Problem), (status = 409, description = "It is faulty", body = super::openapi::Problem)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn diff(
    State(state): State<ApiState>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let Path(name) = name.map_err(|_| Refused::NoBackup)?;
    let current = state.config.current();
    match blocking(move || state.config.backup(&name)).await? {
        Ok(config) => {
            let differences = access::diff(&current, &config);
            Ok(Json(json!({ "status": "success", "differences": differences })))
        }
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
