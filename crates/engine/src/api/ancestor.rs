//! The endpoints of the ancestor, in its shapes and texts: its remote manager goes on
//! working. Codes are added; nothing is taken away.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::{Extension, Json};
use cafesentinel_domain::config::missing_sections;
use serde_json::{Value, json};

use super::caller::Caller;
use super::failure::Failure;
use super::read::{Params, json, no_data};
use super::{ApiState, blocking};
use crate::logs::ArchiveError;

/// That the program is there.
#[utoipa::path(
    get, path = "/api/status", tag = "ancestor", operation_id = "status",
    responses((status = 200, description = "The program is there", body = Value)),
    security(())
)]
pub(super) async fn status(State(state): State<ApiState>) -> Json<Value> {
    // Local and without an offset, as Python's `isoformat` prints it.
    let now = jiff::Zoned::now().datetime().strftime("%Y-%m-%dT%H:%M:%S%.6f");
    let mut status = json!({
        "status": "online",
        "service": "CafeSentinel Config API",
        "timestamp": now.to_string(),
        "version": state.about.version,
    });
    if state.about.demo
        && let Some(map) = status.as_object_mut()
    {
        map.insert("demo".into(), Value::Bool(true));
    }
    Json(status)
}

/// The configuration, secrets masked.
#[utoipa::path(
    get, path = "/api/config", tag = "ancestor", operation_id = "get_config",
    responses((status = 200, description = "The configuration", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn get_config(State(state): State<ApiState>) -> Json<Value> {
    Json(json!({ "status": "success", "config": state.config.current().masked() }))
}

/// Puts a whole configuration in force; a masked secret means unchanged.
#[utoipa::path(
    post, path = "/api/config", tag = "ancestor", operation_id = "post_config",
    request_body = Value,
    responses((status = 200, description = "In force", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn post_config(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let document = json(body).await?;
    if document.is_null() || document.as_object().is_some_and(serde_json::Map::is_empty) {
        return Err(no_data());
    }
    if !document.is_object() {
        return Err(Failure::bad("bad_json", "The configuration must be a JSON object"));
    }
    if let Some(message) = missing_sections(&document) {
        return Err(Failure::bad("missing_key", message));
    }
    blocking(move || state.config.replace(&document, &caller.by(), None)).await??;
    Ok(Json(json!({
        "status": "success",
        "message": "Configuration updated successfully",
    })))
}

/// The backups of the configuration.
#[utoipa::path(
    get, path = "/api/config/backups", tag = "ancestor", operation_id = "backups",
    responses((status = 200, description = "Names, newest first", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn backups(State(state): State<ApiState>) -> Result<Json<Value>, Failure> {
    let backups = blocking(move || state.config.backups()).await?;
    Ok(Json(json!({ "status": "success", "backups": backups })))
}

/// The last lines of the log.
#[utoipa::path(
    get, path = "/api/logs", tag = "ancestor", operation_id = "logs",
    params(("lines" = Option<String>, Query, description = "How many, 10 to 5000; 500 if absent or no number")),
    responses((status = 200, description = "The lines, oldest first", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn logs(State(state): State<ApiState>, uri: Uri) -> Result<Json<Value>, Failure> {
    // What is no number counts as none, as with the ancestor.
    let asked = Params::of(&uri)?.get("lines").and_then(|n| n.parse::<i64>().ok());
    let n = usize::try_from(asked.unwrap_or(500).clamp(10, 5000)).unwrap_or(500);
    let (source, lines) = blocking(move || state.logs.lines(n)).await?;
    Ok(Json(json!({
        "status": "success",
        "lines": lines.len(),
        "source": source,
        "logs": lines,
    })))
}

/// The archived logs.
#[utoipa::path(
    get, path = "/api/logs/archive", tag = "ancestor", operation_id = "archives",
    responses((status = 200, description = "Names, newest first", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn archives(State(state): State<ApiState>) -> Result<Json<Value>, Failure> {
    let archives = blocking(move || state.logs.archives()).await?;
    Ok(Json(json!({ "status": "success", "count": archives.len(), "archives": archives })))
}

/// An archived log.
#[utoipa::path(
    get, path = "/api/logs/archive/{name}", tag = "ancestor", operation_id = "archive",
    params(("name" = String, Path, description = "Its name, from the list")),
    responses((status = 200, description = "Its lines", body = Value), (status = 404, description = "There is none", body = super::openapi::Problem)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn archive(
    State(state): State<ApiState>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let Path(name) = name.map_err(|_| no_archive())?;
    let of = name.clone();
    let read = blocking(move || state.logs.read_archive(&of)).await?;
    let lines = read.map_err(|error| match error {
        ArchiveError::InvalidName | ArchiveError::NotFound => no_archive(),
        ArchiveError::Io(error) => refused(&error),
    })?;
    Ok(Json(json!({
        "status": "success",
        "filename": name,
        "lines": lines.len(),
        "logs": lines,
    })))
}

/// Deletes an archived log.
#[utoipa::path(
    delete, path = "/api/logs/archive/{name}", tag = "ancestor", operation_id = "delete_archive",
    params(("name" = String, Path, description = "Its name, from the list")),
    responses((status = 200, description = "Deleted", body = Value), (status = 404, description = "There is none", body = super::openapi::Problem)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn delete_archive(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let bad_name = || Failure::bad("bad_name", "Invalid filename format");
    let Path(name) = name.map_err(|_| bad_name())?;
    let of = name.clone();
    let logs = state.logs.clone();
    let deleted = blocking(move || logs.delete_archive(&of)).await?;
    deleted.map_err(|error| match error {
        ArchiveError::InvalidName => bad_name(),
        ArchiveError::NotFound => no_archive(),
        ArchiveError::Io(error) => refused(&error),
    })?;
    tracing::info!(category = "ARCHIVE", "{name} was deleted by {}.", caller.by());
    state.note(&caller, "log_deleted", json!({ "name": name })).await;
    Ok(Json(json!({ "status": "success", "message": "Archive deleted permanently" })))
}

fn no_archive() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "archive_not_found", "Archive file not found")
}

fn refused(error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return Failure::new(StatusCode::FORBIDDEN, "access_denied", "Access denied");
    }
    Failure::internal(error)
}
