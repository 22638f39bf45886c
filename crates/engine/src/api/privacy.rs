//! The privacy mode: no pictures of the screen while it is on.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use cafesentinel_domain::access::Role;
use cafesentinel_domain::capture::PrivacyView;
use cafesentinel_domain::monitor::Input;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::caller::Caller;
use super::failure::Failure;
use super::read::json;
use super::{ApiState, times};
use crate::driver::Message;
use crate::vault::Which;

/// The longest time after which it ends by itself, in minutes: a week.
const LONGEST: u64 = 7 * 24 * 60;
/// The switch takes effect within a turn of the machine.
const PATIENCE: Duration = Duration::from_secs(3);

fn answer(privacy: PrivacyView) -> Json<Value> {
    let mut body = json!({ "status": "success" });
    if let (Some(all), Value::Object(view)) = (body.as_object_mut(), times::outside(&privacy)) {
        all.extend(view);
    }
    Json(body)
}

/// Whether pictures of the screen are taken: `on`, `since`, `until`.
#[utoipa::path(
    get, path = "/api/v1/privacy", tag = "screenshots", operation_id = "privacy",
    responses((status = 200, description = "The privacy mode", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn get(State(state): State<ApiState>) -> Json<Value> {
    answer(state.view.borrow().privacy)
}

/// Switches the privacy mode, for some minutes or until it is switched off. Who is not the
/// admin needs the staff's privacy password.
#[utoipa::path(
    post, path = "/api/v1/privacy", tag = "screenshots", operation_id = "switch_privacy",
    request_body = super::openapi::PrivacyBody,
    responses((status = 200, description = "The privacy mode as it is now", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn post(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let request = json(body).await?;
    let Some(on) = request.get("on").and_then(Value::as_bool) else {
        return Err(Failure::bad("bad_request", "on: expected true or false"));
    };
    let minutes = match request.get("minutes") {
        None | Some(Value::Null) => None,
        Some(value) => match value.as_u64().filter(|m| on && (1..=LONGEST).contains(m)) {
            Some(minutes) => Some(minutes),
            None => {
                let text = format!(
                    "minutes: expected a whole number from 1 to {LONGEST}, and only with on: true"
                );
                return Err(Failure::bad("bad_request", text));
            }
        },
    };
    if caller.role < Role::Admin {
        let password = request.get("password").and_then(Value::as_str);
        let Some(password) = password.map(|p| Zeroizing::new(p.to_owned())) else {
            let text = "The privacy password is needed";
            return Err(Failure::new(StatusCode::UNAUTHORIZED, "password_needed", text));
        };
        state.access.check(caller.origin.source, Which::Privacy, password).await?;
    }
    let lasts = minutes.map(|m| Duration::from_secs(m * 60));
    let input = Input::Privacy { on, lasts };
    state.inputs.send(Message::Inputs(vec![input])).map_err(Failure::internal)?;
    let mut view = state.view.clone();
    let until = |p: PrivacyView| p.on == on && p.until.is_some() == lasts.is_some();
    let switched = tokio::time::timeout(PATIENCE, view.wait_for(|v| until(v.privacy))).await;
    let switched = switched.ok().and_then(Result::ok).map(|view| view.privacy);
    let Some(privacy) = switched else {
        let text = "The privacy mode was not switched in time; try again";
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "not_in_time", text));
    };
    state.note(&caller, "privacy", json!({ "on": on, "minutes": minutes })).await;
    Ok(answer(privacy))
}
