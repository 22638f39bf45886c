//! A picture of the screen, now, for the owner.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::ApiState;
use super::failure::Failure;
use crate::capture::{CaptureCode, Settings};

/// `GET /api/v1/screenshot`: a WebP picture of the primary monitor, made as the
/// configuration says. Refused with one of the codes `privacy`, `busy`, `no_display`,
/// `locked`, `failed`, or `screenshots_off`.
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
