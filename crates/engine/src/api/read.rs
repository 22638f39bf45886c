//! What clients send: queries and bodies, refused with a sentence when they are wrong.

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use futures_util::StreamExt;
use serde_json::Value;

use super::failure::Failure;

/// The largest body.
pub(super) const MAX_BODY: usize = 1024 * 1024;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The parameters of a query; of one given twice the last.
pub(super) struct Params(HashMap<String, String>);

impl Params {
    pub(super) fn of(uri: &Uri) -> Result<Params, Failure> {
        match Query::try_from_uri(uri) {
            Ok(Query(params)) => Ok(Params(params)),
            Err(_) => Err(Failure::bad("bad_query", "The query of the address cannot be read")),
        }
    }

    /// A parameter; an empty one counts as absent, as forms send it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// A parameter understood by `read`; `what` says what would be.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        what: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let refusal = || Failure::bad("bad_parameter", format!("{name}: expected {what}"));
        read(text).map(Some).ok_or_else(refusal)
    }
}

/// The JSON of a body.
pub(super) async fn json(body: Body) -> Result<Value, Failure> {
    optional_json(body).await?.ok_or_else(no_data)
}

/// The JSON of a body; none of an empty one.
pub(super) async fn optional_json(body: Body) -> Result<Option<Value>, Failure> {
    let bytes = tokio::time::timeout(PATIENCE, collect(body)).await.unwrap_or_else(|_| {
        let text = "The request took too long to arrive";
        Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "too_slow", text))
    })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(bytes)
        .map(Some)
        .map_err(|error| Failure::bad("bad_json", format!("The body is not valid JSON: {error}")))
}

/// As the ancestor says it, also for `{}` and `null`.
pub(super) fn no_data() -> Failure {
    Failure::bad("no_data", "No config data provided")
}

async fn collect(body: Body) -> Result<Vec<u8>, Failure> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Failure::bad("bad_body", "The body broke off"))?;
        if bytes.len() + chunk.len() > MAX_BODY {
            let text = "The body is larger than 1 MiB";
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", text));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
