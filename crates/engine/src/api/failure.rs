//! Answers that say what went wrong: `{"status":"error","message","code"}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::config::Fault;
use serde_json::json;

use crate::config_file::Refused;

/// A refusal. The code is contract, the text is not.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
    errors: Option<Vec<Fault>>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Failure { status, code, message: message.into(), errors: None }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Failure::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn not_found() -> Self {
        Failure::new(StatusCode::NOT_FOUND, "not_found", "Endpoint not found")
    }

    pub(super) fn no_method() -> Self {
        let text = "Method not allowed";
        Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text)
    }

    /// Our own fault. What exactly goes to the log, not to the client.
    pub(super) fn internal(what: impl std::fmt::Display) -> Self {
        tracing::error!(category = "ERROR", "A request could not be answered: {what}");
        let text = "The program could not do this; its log says why";
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", text)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::Faulty(faults) => {
                Failure { errors: Some(faults), ..Failure::bad("invalid_config", message) }
            }
            Refused::NoBackup => Failure::new(StatusCode::NOT_FOUND, "backup_not_found", message),
            Refused::Stale(_) => {
                Failure::new(StatusCode::PRECONDITION_FAILED, "stale_revision", message)
            }
            Refused::Io(_) => {
                Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "config_not_written", message)
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut body = json!({
            "status": "error",
            "message": self.message,
            "code": self.code,
        });
        if let (Some(errors), Some(map)) = (self.errors, body.as_object_mut()) {
            map.insert("errors".into(), json!(errors));
        }
        (self.status, Json(body)).into_response()
    }
}
