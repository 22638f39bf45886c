//! Who sits where, and who did: seats, sessions, and what they amount to.

use axum::Json;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::event::SessionId;
use cafesentinel_domain::monitor::SeatMinute;
use cafesentinel_domain::time::Utc;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::failure::Failure;
use super::history::stretch;
use super::read::Params;
use super::{ApiState, times};
use crate::analysis::{self, Facts};
use crate::sessions_csv;
use crate::store::{MAX_SESSIONS, SessionFilter};

const DAY_MS: i64 = 24 * 3_600_000;
/// Sessions in one export or one analysis: 250 seats, ten a day, a year, and room.
const SESSIONS_MAX: usize = 2_000_000;
/// The longest stretch that is analysed at once.
const LONGEST_MS: i64 = 400 * DAY_MS;
/// Minutes in one answer: a week.
const MINUTES_MAX_MS: i64 = 7 * DAY_MS;
/// The default stretch.
const USUAL_MS: i64 = 7 * DAY_MS;

fn filter(params: &Params) -> Result<SessionFilter, Failure> {
    let (from, to) = stretch(params)?;
    let limit = format!("a number from 1 to {MAX_SESSIONS}");
    Ok(SessionFilter {
        from,
        to,
        seat: params.get("seat").map(str::to_owned),
        open: params.parsed("open", "true or false", |t| t.parse().ok())?,
        limit: params.parsed("limit", &limit, |t| {
            t.parse().ok().filter(|n| (1..=MAX_SESSIONS).contains(n))
        })?,
        before_id: params
            .parsed("before", "the id of a session", |t| t.parse().ok())?
            .map(SessionId),
    })
}

/// A bounded stretch that ends now at the latest.
fn bounded(
    state: &ApiState,
    params: &Params,
    usual_ms: i64,
    longest_ms: i64,
) -> Result<(Utc, Utc), Failure> {
    let (from, to) = stretch(params)?;
    // A demo's clock runs ahead of this one.
    let now = times::now().max(state.view.borrow().at);
    let to = to.map_or(now, |to| to.min(now));
    let from = from.unwrap_or(Utc(to.0.saturating_sub(usual_ms)));
    if from > to {
        return Err(Failure::bad("bad_parameter", "from: is in the future"));
    }
    if to.0.saturating_sub(from.0) > longest_ms {
        let days = longest_ms / DAY_MS;
        return Err(Failure::bad("bad_parameter", format!("from, to: more than {days} days")));
    }
    Ok((from, to))
}

/// Every seat and who stays there.
#[utoipa::path(
    get, path = "/api/v1/seats", tag = "occupancy", operation_id = "seats",
    responses((status = 200, description = "All seats", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn seats(State(state): State<ApiState>) -> Json<Value> {
    let view = state.view.borrow().clone();
    Json(json!({
        "status": "success",
        "frozen": view.frozen,
        "online": view.seats_online,
        "total": view.seats_total,
        "sessions": view.sessions,
        "seats": times::outside(&view.seats),
    }))
}

/// Sessions.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "occupancy", operation_id = "sessions",
    params(("from" = Option<String>, Query, description = "From this time or day on"), ("to" = Option<String>, Query, description = "Until this time or day"), ("seat" = Option<String>, Query, description = "Only of this seat"), ("open" = Option<String>, Query, description = "true: running ones, false: ended ones"), ("limit" = Option<String>, Query, description = "At most so many, 1 to 5000"), ("before" = Option<String>, Query, description = "Only those with a smaller number")),
    responses((status = 200, description = "Newest first", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn sessions(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let filter = filter(&Params::of(&uri)?)?;
    let sessions = state.history.read(move |reader| reader.sessions(&filter)).await?;
    Ok(Json(json!({ "status": "success", "sessions": times::outside(&sessions) })))
}

/// Sessions as CSV.
#[utoipa::path(
    get, path = "/api/v1/sessions.csv", tag = "occupancy", operation_id = "sessions_csv",
    params(("from" = Option<String>, Query, description = "From this time or day on"), ("to" = Option<String>, Query, description = "Until this time or day"), ("seat" = Option<String>, Query, description = "As of sessions"), ("open" = Option<String>, Query, description = "As of sessions"), ("limit" = Option<String>, Query, description = "As of sessions"), ("before" = Option<String>, Query, description = "As of sessions")),
    responses((status = 200, description = "Oldest first", body = String, content_type = "text/csv")),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn sessions_csv(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Response, Failure> {
    let filter = filter(&Params::of(&uri)?)?;
    let most = filter.limit.unwrap_or(SESSIONS_MAX);
    let read = state.history.read(move |reader| {
        let sessions = reader.sessions_within(filter, most)?;
        let mut csv = Vec::new();
        // Writing to memory cannot fail.
        let _ = sessions_csv::export(&sessions, &mut csv);
        Ok(csv)
    });
    let csv = read.await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sessions.csv\""),
    ];
    Ok((headers, csv).into_response())
}

/// What the stays of a stretch amount to; 400 days at most.
#[utoipa::path(
    get, path = "/api/v1/occupancy", tag = "occupancy", operation_id = "occupancy",
    params(("from" = Option<String>, Query, description = "From this time or day on"), ("to" = Option<String>, Query, description = "Until this time or day")),
    responses((status = 200, description = "Hours per seat, heat map, peak", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn occupancy(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let (from, to) = bounded(&state, &Params::of(&uri)?, USUAL_MS, LONGEST_MS)?;
    let config = state.config.current();
    let read = state.history.read(move |reader| {
        let within = SessionFilter { from: Some(from), to: Some(to), ..SessionFilter::default() };
        let sessions = reader.sessions_within(within, SESSIONS_MAX)?;
        let minutes = reader.seat_minutes(from, to)?;
        let short = reader.short_stays(from, to)?;
        let seats: Vec<(String, String)> =
            config.monitor.seats.iter().map(|s| (s.name.clone(), s.address.to_string())).collect();
        let facts = Facts {
            span: (from.0, to.0),
            sessions: &sessions,
            minutes: &minutes,
            seats: &seats,
            hours: &config.occupancy.opening_hours,
        };
        Ok((analysis::analyse(&facts, &TimeZone::system()), sessions.len(), short))
    });
    let (result, sessions, short) = read.await?;
    let mut answer = json!({
        "status": "success",
        "from": times::print(from),
        "to": times::print(to),
        "sessions": sessions,
        "short_stays": times::outside(&short),
    });
    if let (Value::Object(all), Value::Object(figures)) = (&mut answer, times::outside(&result)) {
        all.extend(figures);
    }
    Ok(Json(answer))
}

fn minute(row: &SeatMinute) -> Value {
    json!({
        "at": times::print(row.at),
        "online": row.online,
        "peak": row.peak,
        "total": row.total,
    })
}

/// Seats online in each minute; a week at most.
#[utoipa::path(
    get, path = "/api/v1/occupancy/minutes", tag = "occupancy", operation_id = "minutes",
    params(("from" = Option<String>, Query, description = "From this time or day on"), ("to" = Option<String>, Query, description = "Until this time or day")),
    responses((status = 200, description = "Rows, oldest first", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn minutes(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let (from, to) = bounded(&state, &Params::of(&uri)?, DAY_MS, MINUTES_MAX_MS)?;
    let rows = state.history.read(move |reader| reader.seat_minutes(from, to)).await?;
    Ok(Json(json!({
        "status": "success",
        "from": times::print(from),
        "to": times::print(to),
        "rows": rows.iter().map(minute).collect::<Vec<_>>(),
    })))
}
