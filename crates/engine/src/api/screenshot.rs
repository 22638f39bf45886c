//! A picture of the screen, now, for the owner.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::ApiState;
use super::failure::Failure;
use crate::capture::{CaptureCode, Settings};

/// A WebP picture of the primary monitor, made as the configuration says. Refused with one
/// of the codes `privacy`, `busy`, `no_display`, `locked`, `failed`, or `screenshots_off`.
#[utoipa::path(
    get, path = "/api/v1/screenshot", tag = "screenshots", operation_id = "screenshot",
    responses((status = 200, description = "The picture", content_type = "image/webp", body = Vec<u8>),
        (status = 409, description = "There is no picture; the code says why", body = super::openapi::Problem))
)]
pub(super) async fn get(State(state): State<ApiState>) -> Result<Response, Failure> {
    let config = state.config.current();
    if !config.screenshot.enabled {
        let text = "Screenshots are switched off in the settings";
        return Err(Failure::new(StatusCode::CONFLICT, "screenshots_off", text));
    }
    match state.camera.take(Settings::from(&config.screenshot)).await {
        Ok(picture) => Ok(([(header::CONTENT_TYPE, "image/webp")], picture.webp).into_response()),
        Err(error) => {
            let code = error.code();
            let status = match code {
                CaptureCode::Privacy => StatusCode::FORBIDDEN,
                CaptureCode::Busy => StatusCode::TOO_MANY_REQUESTS,
                CaptureCode::NoDisplay | CaptureCode::Locked | CaptureCode::Failed => {
                    StatusCode::CONFLICT
                }
            };
            Err(Failure::new(status, code.as_str(), format!("No picture: {error}")))
        }
    }
}
