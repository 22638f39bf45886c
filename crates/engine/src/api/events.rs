//! Live events (Server-Sent Events), resumed without gap or double.
//!
//! A stream listens to the bus first, then reads what is stored after the last event that
//! the client has, then passes on what is live and newer than that. An event that is both
//! stored and on the bus is told once, for a row number never goes backwards. Whoever is
//! too slow for the bus reads what was missed from storage and goes on.
//!
//! Beside the stored events goes `event: site`, without an id: the whole site, at once
//! and at each change, so that a page never has to fold events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::config::{Config, Fault};
use cafesentinel_domain::event::Stamped;
use cafesentinel_domain::view::SiteView;
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

use super::failure::Failure;
use super::read::Params;
use super::{ApiState, site, times};
use crate::bus::Published;

/// Streams at once.
pub(super) const MAX_STREAMS: usize = 256;
/// Stored events read at a time.
const PAGE: usize = 500;
/// A comment after this much silence, so that a dead line is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How soon a client should come back.
const COME_BACK: Duration = Duration::from_secs(2);

/// Live events (Server-Sent Events).
#[utoipa::path(
    get, path = "/api/v1/events", tag = "site", operation_id = "events",
    params(("last_event_id" = Option<String>, Query, description = "The last event that the client has"), ("last-event-id" = Option<String>, Header, description = "Likewise; outranks the query")),
    responses((status = 200, description = "A stream that does not end", body = String, content_type = "text/event-stream")),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Failure> {
    let params = Params::of(&uri)?;
    let last = match headers.get("last-event-id") {
        // The header is newer than the address, which a browser repeats unchanged.
        Some(id) => Some(id.to_str().ok().and_then(row).ok_or_else(bad_id)?),
        None => params.get("last_event_id").map(|id| row(id).ok_or_else(bad_id)).transpose()?,
    };
    let Ok(slot) = Arc::clone(&state.streams).try_acquire_owned() else {
        let text = format!("{MAX_STREAMS} streams are open; no more are served");
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", text));
    };
    let feed = Feed::start(state, last, slot).await?;
    let events = stream::unfold(feed, |mut feed| async move {
        feed.next().await.map(|event| (Ok::<_, Infallible>(event), feed))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

fn row(text: &str) -> Option<i64> {
    text.trim().parse().ok().filter(|id| *id >= 0)
}

fn bad_id() -> Failure {
    Failure::bad("bad_event_id", "Last-Event-ID: expected the id of an event")
}

/// One client's stream.
struct Feed {
    state: ApiState,
    live: broadcast::Receiver<Published>,
    view: watch::Receiver<Arc<SiteView>>,
    config: watch::Receiver<Arc<Config>>,
    config_faults: watch::Receiver<Arc<Vec<Fault>>>,
    /// The newest row that the client has.
    sent: i64,
    /// Rows that are read but not told yet.
    stored: VecDeque<(i64, Stamped)>,
    /// There may be rows in storage that were neither told nor will come live.
    behind: bool,
    /// The site has been told once.
    greeted: bool,
    _slot: OwnedSemaphorePermit,
}

impl Feed {
    async fn start(
        state: ApiState,
        last: Option<i64>,
        slot: OwnedSemaphorePermit,
    ) -> Result<Feed, Failure> {
        let live = state.bus.listen();
        let newest = match state.history.is_there() {
            true => state.history.read(|reader| reader.last_event_id()).await?,
            false => 0,
        };
        // A number beyond the newest is of a history that was set aside as damaged: all
        // of this one is new to the client.
        let sent = last.map_or(newest, |id| if id > newest { 0 } else { id });
        Ok(Feed {
            live,
            view: state.view.clone(),
            config: state.config.follow(),
            config_faults: state.config.follow_faults(),
            sent,
            stored: VecDeque::new(),
            behind: sent < newest,
            greeted: false,
            state,
            _slot: slot,
        })
    }

    /// The next thing to tell; none ends the stream, and the client comes back with the
    /// last id it has. Not to be cancelled in the middle: it is awaited to its end.
    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            self.view.mark_unchanged();
            return Some(self.site().retry(COME_BACK));
        }
        loop {
            if let Some((id, stamped)) = self.stored.pop_front() {
                self.sent = id;
                return Some(stored(id, &stamped));
            }
            if self.behind {
                let after = self.sent;
                let page = self.state.history.read(move |r| r.events_after(after, PAGE)).await;
                // What cannot be read must not be passed over: the client asks again.
                let page = page.ok()?;
                self.behind = page.len() == PAGE;
                self.stored.extend(page);
                continue;
            }
            // Each of these loses nothing when another one is ready first.
            tokio::select! {
                // The order is fixed, so that a flood of events is not held up by sites.
                biased;
                event = self.live.recv() => match event {
                    Ok(event) if event.id > self.sent => {
                        self.sent = event.id;
                        return Some(stored(event.id, &event.event));
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => self.behind = self.state.history.is_there(),
                    Err(RecvError::Closed) => return None,
                },
                changed = self.view.changed() => {
                    changed.ok()?;
                    return Some(self.site());
                }
                changed = self.config.changed() => {
                    changed.ok()?;
                    return Some(self.site());
                }
                changed = self.config_faults.changed() => {
                    changed.ok()?;
                    return Some(self.site());
                }
            }
        }
    }

    fn site(&self) -> Event {
        let bytes = site::print(&self.state);
        // JSON that we printed ourselves is UTF-8, and one line.
        Event::default().event("site").data(String::from_utf8_lossy(&bytes))
    }
}

fn stored(id: i64, stamped: &Stamped) -> Event {
    Event::default()
        .id(id.to_string())
        .event(stamped.event.code())
        .data(times::outside(stamped).to_string())
}
