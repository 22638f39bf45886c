//! Answers that say what went wrong: `{"status":"error","message","code"}`.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::config::Fault;
use serde_json::json;

use super::guard::seconds;
use crate::access::Denied;
use crate::config_file::Refused;
use crate::vault::VaultError;

/// A refusal. The code is contract, the text is not.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
    errors: Option<Vec<Fault>>,
    /// `Retry-After`.
    wait: Option<Duration>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Failure { status, code, message: message.into(), errors: None, wait: None }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Failure::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The same, with when to try again.
    pub(super) fn after(self, wait: Duration) -> Self {
        Failure { wait: Some(wait), ..self }
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

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            VaultError::NotFresh => (StatusCode::CONFLICT, "already_set_up"),
            VaultError::NotSetUp => (StatusCode::FORBIDDEN, "setup_needed"),
            VaultError::Faulty(_) => (StatusCode::SERVICE_UNAVAILABLE, "vault_shut"),
            VaultError::Weak(_) => (StatusCode::BAD_REQUEST, "weak_password"),
            VaultError::WrongPassword => (StatusCode::FORBIDDEN, "wrong_password"),
            VaultError::WrongCode => (StatusCode::FORBIDDEN, "wrong_code"),
            VaultError::BadName(_) => (StatusCode::BAD_REQUEST, "bad_name"),
            VaultError::TooManyTokens => (StatusCode::CONFLICT, "too_many_tokens"),
            VaultError::NoToken => (StatusCode::NOT_FOUND, "token_not_found"),
            VaultError::NoIdentity => (StatusCode::CONFLICT, "no_identity"),
            VaultError::Io(_) | VaultError::Broken => return Failure::internal(message),
        };
        Failure::new(status, code, message)
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Locked(wait) => {
                let text = format!("Too many wrong passwords; locked for {} s", seconds(wait));
                Failure::new(StatusCode::TOO_MANY_REQUESTS, "locked_out", text).after(wait)
            }
            Denied::Wrong => {
                Failure::new(StatusCode::UNAUTHORIZED, "wrong_password", "Wrong password or code")
            }
            Denied::Vault(error) => error.into(),
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
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer realm=\"CafeSentinel\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        if let Some(wait) = self.wait {
            response.headers_mut().insert(header::RETRY_AFTER, seconds(wait).into());
        }
        response
    }
}
