//! What was: incidents and statistics, read from storage.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::event::{Cause, IncidentId, Target};
use cafesentinel_domain::time::Utc;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::failure::Failure;
use super::read::Params;
use super::{ApiState, times};
use crate::incidents_csv;
use crate::store::{IncidentFilter, MAX_INCIDENTS, MAX_STAT_ROWS, Reader, Resolution, StoreError};

/// Questions at once; the others wait their turn, not the disk's.
const AT_ONCE: usize = 4;
/// Incidents in one export, far more than a café ever has.
const EXPORT_MAX: usize = 100_000;
const HOUR_MS: i64 = 3_600_000;

/// The history, asked off the async threads.
pub(super) struct History {
    path: Option<PathBuf>,
    idle: Mutex<Vec<Reader>>,
    turns: Semaphore,
}

impl History {
    pub(super) fn new(path: Option<PathBuf>) -> History {
        History { path, idle: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }

    pub(super) fn path(&self) -> Option<&std::path::Path> {
        self.path.as_deref()
    }

    /// Whether there is one at all.
    pub(super) fn is_there(&self) -> bool {
        self.path.is_some()
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let Some(path) = self.path.clone() else {
            let text = "The history could not be opened; see the faults of the site";
            return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "no_history", text));
        };
        let _turn = self.turns.acquire().await.map_err(Failure::internal)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let asked = tokio::task::spawn_blocking(move || {
            let reader = idle.map_or_else(|| Reader::open(&path), Ok)?;
            let answer = question(&reader)?;
            Ok::<_, StoreError>((reader, answer))
        });
        let (reader, answer) =
            asked.await.map_err(Failure::internal)?.map_err(Failure::internal)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        Ok(answer)
    }
}

pub(super) const MOMENT: &str = "a time like 2026-01-02T03:04:05Z, or a date";

pub(super) fn stretch(params: &Params) -> Result<(Option<Utc>, Option<Utc>), Failure> {
    let from = params.parsed("from", MOMENT, times::parse)?;
    let to = params.parsed("to", MOMENT, times::parse)?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Failure::bad("bad_parameter", "from: is later than to"));
    }
    Ok((from, to))
}

fn filter(params: &Params) -> Result<IncidentFilter, Failure> {
    let (from, to) = stretch(params)?;
    let causes = Cause::ALL.map(Cause::code).join(", ");
    let limit = format!("a number from 1 to {MAX_INCIDENTS}");
    Ok(IncidentFilter {
        from,
        to,
        cause: params.parsed("cause", &format!("one of {causes}"), Cause::from_code)?,
        open: params.parsed("open", "true or false", |t| t.parse().ok())?,
        limit: params.parsed("limit", &limit, |t| {
            t.parse().ok().filter(|n| (1..=MAX_INCIDENTS).contains(n))
        })?,
        before_id: params
            .parsed("before", "the id of an incident", |t| t.parse().ok())?
            .map(IncidentId),
        include_parts: params
            .parsed("parts", "true or false", |t| t.parse().ok())?
            .unwrap_or(false),
    })
}

/// Incidents.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "history", operation_id = "incidents",
    params(("from" = Option<String>, Query, description = "From this time or day on"), ("to" = Option<String>, Query, description = "Until this time or day"), ("cause" = Option<String>, Query, description = "ROUTER_DOWN, SERVER_DOWN, ISP_DOWN or LAN_DOWN"), ("open" = Option<String>, Query, description = "true: running ones, false: closed ones"), ("limit" = Option<String>, Query, description = "At most so many, 1 to 1000"), ("before" = Option<String>, Query, description = "Only those with a smaller number"), ("parts" = Option<String>, Query, description = "true: with those that are part of another")),
    responses((status = 200, description = "Newest first", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn incidents(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let filter = filter(&Params::of(&uri)?)?;
    let incidents = state.history.read(move |reader| reader.incidents(&filter)).await?;
    Ok(Json(json!({ "status": "success", "incidents": times::outside(&incidents) })))
}

/// Incidents as CSV.
#[utoipa::path(
    get, path = "/api/v1/incidents.csv", tag = "history", operation_id = "incidents_csv",
    params(("from" = Option<String>, Query, description = "From this time or day on"), ("to" = Option<String>, Query, description = "Until this time or day"), ("cause" = Option<String>, Query, description = "As of incidents"), ("open" = Option<String>, Query, description = "As of incidents"), ("limit" = Option<String>, Query, description = "As of incidents"), ("before" = Option<String>, Query, description = "As of incidents"), ("parts" = Option<String>, Query, description = "As of incidents")),
    responses((status = 200, description = "Oldest first", body = String, content_type = "text/csv")),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn incidents_csv(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Response, Failure> {
    let filter = filter(&Params::of(&uri)?)?;
    let most = filter.limit.unwrap_or(EXPORT_MAX);
    let found = state.history.read(move |reader| {
        let mut all = Vec::new();
        let mut page = IncidentFilter { limit: Some(MAX_INCIDENTS.min(most)), ..filter };
        while all.len() < most {
            let incidents = reader.incidents(&page)?;
            let Some(last) = incidents.last() else { break };
            page.before_id = Some(last.id);
            all.extend(incidents);
        }
        all.truncate(most);
        all.reverse();
        Ok(all)
    });
    let incidents = found.await?;
    let mut csv = Vec::new();
    incidents_csv::export(&incidents, &mut csv).map_err(Failure::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"incidents.csv\""),
    ];
    Ok((headers, csv).into_response())
}

/// Round trips and losses of a target.
#[utoipa::path(
    get, path = "/api/v1/links/{target}/statistics", tag = "history", operation_id = "statistics",
    params(("target" = String, Path, description = "router, server or internet"), ("from" = Option<String>, Query, description = "From this time or day on"), ("to" = Option<String>, Query, description = "Until this time or day"), ("resolution" = Option<String>, Query, description = "raw, minute or hour")),
    responses((status = 200, description = "Rows, oldest first", body = Value), (status = 404, description = "There is none", body = super::openapi::Problem)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn statistics(
    State(state): State<ApiState>,
    target: Result<Path<String>, axum::extract::rejection::PathRejection>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let target = target
        .ok()
        .and_then(|Path(code)| Target::ALL.into_iter().find(|target| target.code() == code));
    let Some(target) = target else {
        let text = "There is no such link: router, server, internet";
        return Err(Failure::new(StatusCode::NOT_FOUND, "unknown_link", text));
    };
    let params = Params::of(&uri)?;
    let (from, to) = stretch(&params)?;
    let resolution = params.parsed("resolution", "raw, minute or hour", |text| match text {
        "raw" => Some(Resolution::Raw),
        "minute" => Some(Resolution::Minute),
        "hour" => Some(Resolution::Hour),
        _ => None,
    })?;
    let resolution = resolution.unwrap_or(Resolution::Minute);
    let (word, usual_ms) = match resolution {
        Resolution::Raw => ("raw", HOUR_MS),
        Resolution::Minute => ("minute", 24 * HOUR_MS),
        Resolution::Hour => ("hour", 31 * 24 * HOUR_MS),
    };
    let to = to.unwrap_or_else(times::now);
    let from = from.unwrap_or(Utc(to.0.saturating_sub(usual_ms)));
    let asked =
        state.history.read(move |reader| reader.link_statistics(target, from, to, resolution));
    let rows = asked.await?;
    Ok(Json(json!({
        "status": "success",
        "target": target,
        "resolution": word,
        "from": times::print(from),
        "to": times::print(to),
        "truncated": rows.len() >= MAX_STAT_ROWS,
        "rows": times::outside(&rows),
    })))
}
