//! What people are told: the outbox, seen and helped along by hand.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use cafesentinel_domain::config::Config;
use cafesentinel_domain::notify::body::{self, Style};
use cafesentinel_domain::notify::{Channel, LaneState, NoticeId};
use serde_json::{Value, json};

use super::failure::Failure;
use super::read::{Params, json};
use super::{ApiState, times};
use crate::outbox::LaneReport;
use crate::outbox::calendar::LocalCalendar;
use crate::store::{MAX_NOTICES, NoticeFilter, NoticeRow, NoticeState};

const CHANNELS: &str = "alerts, occupancy or screenshots";

fn filter(params: &Params) -> Result<NoticeFilter, Failure> {
    let states = NoticeState::ALL.map(NoticeState::code).join(", ");
    let limit = format!("a number from 1 to {MAX_NOTICES}");
    Ok(NoticeFilter {
        channel: params.parsed("channel", CHANNELS, Channel::from_code)?,
        state: params.parsed("state", &format!("one of {states}"), NoticeState::from_code)?,
        limit: params.parsed("limit", &limit, |t| {
            t.parse().ok().filter(|n| (1..=MAX_NOTICES).contains(n))
        })?,
        before_id: params.parsed("before", "the id of a notice", |t| t.parse().ok())?.map(NoticeId),
    })
}

fn show(row: &NoticeRow, config: &Config, calendar: &LocalCalendar) -> Value {
    let NoticeRow { id, outgoing, state, attempts, changed_at, next_try, error } = row;
    let style = Style::of(config, calendar);
    let (title, text) = body::read(&outgoing.notice, outgoing.at, &style);
    json!({
        "id": id,
        "at": times::print(outgoing.at),
        "channel": outgoing.channel,
        "code": outgoing.notice.code(),
        "title": title,
        "text": text,
        "state": state,
        "attempts": attempts,
        "changed_at": changed_at.map(times::print),
        "next_try": next_try.map(times::print),
        "last_error": error,
        "incident": outgoing.notice.incident(),
    })
}

fn lane(report: &LaneReport) -> Value {
    let (state, since, status) = match report.state {
        LaneState::Off => ("off", None, None),
        LaneState::Idle => ("ok", None, None),
        LaneState::Waiting => ("waiting", None, None),
        LaneState::Dead(dead) => ("dead", Some(dead.since), Some(dead.status)),
    };
    json!({
        "channel": report.channel,
        "state": state,
        "since": since.map(times::print),
        "status": status,
        "waiting": report.waiting,
        "error": report.error,
        "blocked_until": report.blocked_until.map(times::print),
    })
}

/// Notices, newest first, and how the channels are.
#[utoipa::path(
    get, path = "/api/v1/notices", tag = "notices", operation_id = "notices",
    params(
        ("channel" = Option<String>, Query, description = "alerts, occupancy or screenshots"),
        ("state" = Option<String>, Query, description = "waiting, delivered, merged, dropped or refused"),
        ("limit" = Option<u32>, Query, description = "1 to 500"),
        ("before" = Option<i64>, Query, description = "Only those with a smaller number"),
    ),
    responses((status = 200, description = "Notices and channels", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn get(State(state): State<ApiState>, uri: Uri) -> Result<Json<Value>, Failure> {
    let filter = filter(&Params::of(&uri)?)?;
    let rows = state.history.read(move |reader| reader.notices(&filter)).await?;
    let config = state.config.current();
    let calendar = LocalCalendar::of_system();
    let notices: Vec<Value> = rows.iter().map(|row| show(row, &config, &calendar)).collect();
    let channels: Vec<Value> = state.outbox.report().iter().map(lane).collect();
    Ok(Json(json!({ "status": "success", "notices": notices, "channels": channels })))
}

async fn find(
    state: &ApiState,
    id: Result<Path<i64>, PathRejection>,
) -> Result<NoticeRow, Failure> {
    let none = || Failure::new(StatusCode::NOT_FOUND, "notice_not_found", "Notice not found");
    let Path(id) = id.map_err(|_| none())?;
    state.history.read(move |reader| reader.notice(NoticeId(id))).await?.ok_or_else(none)
}

/// A waiting notice is tried at once, one that was dropped or refused is taken up again.
#[utoipa::path(
    post, path = "/api/v1/notices/{id}/retry", tag = "notices", operation_id = "retry_notice",
    params(("id" = i64, Path, description = "The notice")),
    responses((status = 200, description = "It is tried", body = Value),
        (status = 404, description = "There is no such notice", body = super::openapi::Problem),
        (status = 409, description = "There is nothing to be tried", body = super::openapi::Problem))
)]
pub(super) async fn retry(
    State(state): State<ApiState>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let row = find(&state, id).await?;
    if state.outbox.retry(row).await {
        return Ok(Json(json!({ "status": "success", "message": "It is tried now" })));
    }
    let text = "There is nothing to be tried: it is delivered, or its channel is switched off or \
                has no working webhook";
    Err(Failure::new(StatusCode::CONFLICT, "notice_not_waiting", text))
}

/// A waiting notice is given up.
#[utoipa::path(
    post, path = "/api/v1/notices/{id}/drop", tag = "notices", operation_id = "drop_notice",
    params(("id" = i64, Path, description = "The notice")),
    responses((status = 200, description = "It is given up", body = Value),
        (status = 404, description = "There is no such notice", body = super::openapi::Problem),
        (status = 409, description = "It does not wait", body = super::openapi::Problem))
)]
pub(super) async fn give_up(
    State(state): State<ApiState>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let row = find(&state, id).await?;
    if state.outbox.give_up(row.id).await {
        return Ok(Json(json!({ "status": "success", "message": "It is given up" })));
    }
    let text = "It does not wait any more";
    Err(Failure::new(StatusCode::CONFLICT, "notice_not_waiting", text))
}

/// Sends a message to try the webhook of a channel, and says what came of it.
#[utoipa::path(
    post, path = "/api/v1/notices/test", tag = "notices", operation_id = "test_notice",
    request_body = super::openapi::ChannelBody,
    responses((status = 200, description = "Whether it was delivered, in words", body = Value))
)]
pub(super) async fn test(
    State(state): State<ApiState>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let request = json(body).await?;
    let channel = request.get("channel").and_then(Value::as_str).and_then(Channel::from_code);
    let Some(channel) = channel else {
        return Err(Failure::bad("bad_request", format!("channel: expected {CHANNELS}")));
    };
    let tried = state.outbox.test(channel).await;
    Ok(Json(json!({
        "status": "success",
        "channel": channel,
        "delivered": tried.delivered,
        "message": tried.message,
    })))
}
