//! The privacy mode: no pictures of the screen while it is on.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use cafesentinel_domain::capture::PrivacyView;
use cafesentinel_domain::monitor::Input;
use serde_json::{Value, json};

use super::failure::Failure;
use super::read::json;
use super::{ApiState, times};
use crate::driver::Message;

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

/// `GET /api/v1/privacy`: `{"on", "since", "until"}`.
pub(super) async fn get(State(state): State<ApiState>) -> Json<Value> {
    answer(state.view.borrow().privacy)
}

/// `POST /api/v1/privacy`: `{"on": true, "minutes": 60}`; without minutes until it is
/// switched off.
pub(super) async fn post(
    State(state): State<ApiState>,
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
    let lasts = minutes.map(|m| Duration::from_secs(m * 60));
    let input = Input::Privacy { on, lasts };
    state.inputs.send(Message::Inputs(vec![input])).map_err(Failure::internal)?;
    let mut view = state.view.clone();
    let until = |p: PrivacyView| p.on == on && p.until.is_some() == lasts.is_some();
    let switched = tokio::time::timeout(PATIENCE, view.wait_for(|v| until(v.privacy))).await;
    match switched {
        Ok(Ok(view)) => Ok(answer(view.privacy)),
        Ok(Err(_)) | Err(_) => {
            let text = "The privacy mode was not switched in time; try again";
            Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "not_in_time", text))
        }
    }
}
