//! The log for the dashboard: filtered, and live.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, broadcast};

use super::failure::Failure;
use super::read::Params;
use super::{ApiState, blocking};

/// The most lines in one answer.
const MOST: usize = 5000;

/// Which lines.
struct Filter {
    category: Option<String>,
    contains: Option<String>,
}

impl Filter {
    fn of(params: &Params) -> Result<Filter, Failure> {
        let category = params.parsed("category", "a category like NETWORK", |text| {
            text.bytes().all(|b| b.is_ascii_alphabetic()).then(|| text.to_ascii_uppercase())
        })?;
        Ok(Filter { category, contains: params.get("contains").map(str::to_lowercase) })
    }

    /// A line is `[time] [CATEGORY] message`.
    fn takes(&self, line: &str) -> bool {
        let category = line.split_once("] [").and_then(|(_, rest)| rest.split_once(']'));
        let of = |wanted: &String| category.is_some_and(|(category, _)| category == wanted);
        self.category.as_ref().is_none_or(of)
            && self.contains.as_ref().is_none_or(|text| line.to_lowercase().contains(text))
    }
}

/// The last lines of the log that fit.
#[utoipa::path(
    get, path = "/api/v1/logs", tag = "logs", operation_id = "filtered_logs",
    params(
        ("lines" = Option<String>, Query, description = "How many, 1 to 5000; 500 if absent"),
        ("category" = Option<String>, Query, description = "Only of this category, like NETWORK"),
        ("contains" = Option<String>, Query, description = "Only with this text, in any case")
    ),
    responses((status = 200, description = "The lines, oldest first", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn get(State(state): State<ApiState>, uri: Uri) -> Result<Json<Value>, Failure> {
    let params = Params::of(&uri)?;
    let lines = params.parsed("lines", "a number from 1 to 5000", |t| {
        t.parse().ok().filter(|n| (1..=MOST).contains(n))
    })?;
    let (n, filter) = (lines.unwrap_or(500), Filter::of(&params)?);
    let (source, all) = blocking(move || state.logs.lines(usize::MAX)).await?;
    let mut found: Vec<String> =
        all.into_iter().rev().filter(|l| filter.takes(l)).take(n).collect();
    found.reverse();
    Ok(Json(json!({
        "status": "success",
        "lines": found.len(),
        "source": source,
        "logs": found,
    })))
}

/// The log, live: what is in memory, then each line as it comes (Server-Sent Events).
#[utoipa::path(
    get, path = "/api/v1/logs/tail", tag = "logs", operation_id = "tail_logs",
    params(
        ("category" = Option<String>, Query, description = "Only of this category, like NETWORK"),
        ("contains" = Option<String>, Query, description = "Only with this text, in any case")
    ),
    responses((status = 200, description = "A stream that does not end", body = String, content_type = "text/event-stream")),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn tail(State(state): State<ApiState>, uri: Uri) -> Result<Response, Failure> {
    let filter = Filter::of(&Params::of(&uri)?)?;
    let Ok(slot) = std::sync::Arc::clone(&state.streams).try_acquire_owned() else {
        let text = "Too many live streams; try again later";
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", text));
    };
    let (before, live) = state.logs.follow();
    let feed = Feed { before: before.into(), live, filter, _slot: slot };
    let events = stream::unfold(feed, |mut feed| async move {
        let line = feed.next().await?;
        Some((Ok::<_, Infallible>(Event::default().event("line").data(line)), feed))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

struct Feed {
    before: VecDeque<String>,
    live: broadcast::Receiver<std::sync::Arc<str>>,
    filter: Filter,
    _slot: OwnedSemaphorePermit,
}

impl Feed {
    /// The next line that fits. Who is too slow misses lines, and goes on.
    async fn next(&mut self) -> Option<String> {
        loop {
            let line = match self.before.pop_front() {
                Some(line) => line,
                None => match self.live.recv().await {
                    Ok(line) => line.to_string(),
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
            };
            if self.filter.takes(&line) {
                return Some(line);
            }
        }
    }
}
