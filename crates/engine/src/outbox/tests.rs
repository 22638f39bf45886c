//! The outbox against a small Discord on the loopback.
// These look for one kind of thing among many; a new kind is none of their business.
#![allow(clippy::wildcard_enum_match_arm)]

use std::sync::Mutex;
use std::sync::mpsc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::config::Secret;
use cafesentinel_domain::notify::{MarkState, Notice};
use serde_json::{Value, json};

use super::*;
use crate::store::{Standing, Undelivered};

/// What it was asked, and what it answers next (then 200 for ever).
#[derive(Default)]
struct Script {
    heard: Vec<(String, Value)>,
    answers: Vec<Response>,
}

type Shared = Arc<Mutex<Script>>;

async fn answer(
    State(script): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert!(headers.get("user-agent").unwrap().to_str().unwrap().starts_with("CafeSentinel/"));
    let mut script = script.lock().unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    script.heard.push((format!("{method} {uri}"), body));
    if script.answers.is_empty() {
        let id = script.heard.len().to_string();
        return axum::Json(json!({ "id": id })).into_response();
    }
    script.answers.remove(0)
}

struct Bench {
    outbox: Outbox,
    script: Shared,
    config: watch::Sender<Arc<Config>>,
    records: mpsc::Receiver<Record>,
}

async fn bench(undelivered: Undelivered) -> Bench {
    let script = Shared::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new().fallback(answer).with_state(Arc::clone(&script));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut config = Config::default();
    config.discord.enabled = true;
    let url = |n: u8| Secret::new(&format!("http://127.0.0.1:{port}/api/webhooks/{n}/token"));
    config.discord.webhook_alerts = url(1);
    config.discord.webhook_occupancy = url(2);
    let (config, follow) = watch::channel(Arc::new(config));
    let (sender, records) = mpsc::channel();
    let (outbox, inbox) = Outbox::open();
    let parts = Parts {
        config: follow,
        records: sender,
        clock: Clock::real(),
        pictures: Pool::default(),
        undelivered,
    };
    tokio::spawn(inbox.run(parts));
    // It has opened with this configuration.
    let mut reports = outbox.reports.clone();
    reports.wait_for(|r| !r.is_empty()).await.unwrap();
    Bench { outbox, script, config, records }
}

impl Bench {
    /// Waits until so many requests were heard.
    async fn heard(&self, count: usize) -> Vec<(String, Value)> {
        let all = async {
            loop {
                let heard = self.script.lock().unwrap().heard.clone();
                if heard.len() >= count {
                    return heard;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all).await.expect("it is asked in time")
    }

    /// Waits for what is to be stored.
    async fn marks(&self, count: usize) -> Vec<(i64, MarkState)> {
        let mut marks = Vec::new();
        let end = tokio::time::Instant::now() + Duration::from_secs(10);
        while marks.len() < count {
            match self.records.try_recv() {
                Ok(Record::Marks(some)) => {
                    marks.extend(some.into_iter().map(|m| (m.id.0, m.state)))
                }
                Ok(_) => {}
                Err(_) => {
                    assert!(tokio::time::Instant::now() < end, "only {marks:?}");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        marks
    }
}

fn snapshot(id: i64, channel: Channel) -> (NoticeId, Outgoing) {
    let notice = Notice::HourlySnapshot { hour: Utc(0), online: 1, total: 2 };
    (NoticeId(id), Outgoing { channel, at: Clock::real().now().utc, notice })
}

fn limited(seconds: f64) -> Response {
    let body = json!({ "message": "slow down", "retry_after": seconds, "global": false });
    (axum::http::StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response()
}

fn unknown_webhook() -> Response {
    let body = json!({ "message": "Unknown Webhook", "code": 10015 });
    (axum::http::StatusCode::NOT_FOUND, axum::Json(body)).into_response()
}

#[tokio::test]
async fn what_is_stored_is_delivered_and_marked() {
    let bench = bench(Undelivered::default()).await;
    bench.outbox.stored(vec![snapshot(1, Channel::Alerts), snapshot(2, Channel::Alerts)]);
    let heard = bench.heard(2).await;
    assert_eq!(heard[0].0, "POST /api/webhooks/1/token?wait=true");
    assert_eq!(heard[0].1["allowed_mentions"], json!({"parse": []}));
    let marks = bench.marks(2).await;
    let done = |n: &str| MarkState::Delivered { message: Some(n.into()) };
    assert_eq!(marks, [(1, done("1")), (2, done("2"))]);
    bench.outbox.stop().await;
}

#[tokio::test]
async fn a_limit_is_waited_for_and_holds_up_one_channel_only() {
    let bench = bench(Undelivered::default()).await;
    bench.script.lock().unwrap().answers.push(limited(0.4));
    let began = std::time::Instant::now();
    bench.outbox.stored(vec![snapshot(1, Channel::Alerts)]);
    bench.heard(1).await;
    bench.outbox.stored(vec![snapshot(2, Channel::Occupancy)]);
    let heard = bench.heard(3).await;
    assert!(heard[1].0.contains("/webhooks/2/"), "{heard:?}");
    assert!(heard[2].0.contains("/webhooks/1/"), "{heard:?}");
    assert!(began.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn a_deleted_webhook_is_left_alone_told_and_remembered() {
    let bench = bench(Undelivered::default()).await;
    bench.script.lock().unwrap().answers.push(unknown_webhook());
    bench.outbox.stored(vec![snapshot(1, Channel::Occupancy), snapshot(2, Channel::Occupancy)]);
    bench.heard(1).await;
    let mut told = Vec::new();
    let mut dead = None;
    while told.is_empty() || dead.is_none() {
        match bench.records.recv_timeout(Duration::from_secs(5)).unwrap() {
            Record::Tell(news) => told = news,
            Record::Dead(channel, Some(known)) => dead = Some((channel, known.webhook)),
            _ => {}
        }
    }
    assert_eq!(told[0].notice, Notice::WebhookDead { channel: Channel::Occupancy });
    assert_eq!(dead, Some((Channel::Occupancy, "2".to_owned())));
    let tried = bench.outbox.test(Channel::Alerts).await;
    assert!(tried.delivered, "{tried:?}");
    assert_eq!(bench.script.lock().unwrap().heard.len(), 2, "the dead one is not asked again");
    let report = bench.outbox.report();
    assert!(matches!(report[1].state, LaneState::Dead(_)) && report[1].waiting == 2);
    // A new URL: what waited goes there.
    let mut config = Config::clone(&bench.config.borrow());
    let old = config.discord.webhook_occupancy.expose().to_owned();
    config.discord.webhook_occupancy = Secret::new(&old.replace("/2/", "/3/"));
    bench.config.send_replace(Arc::new(config));
    let heard = bench.heard(4).await;
    assert!(heard[2..].iter().all(|(asked, _)| asked.contains("/webhooks/3/")), "{heard:?}");
}

#[tokio::test]
async fn an_earlier_runs_message_is_edited_when_its_outage_is_over() {
    let over = cafesentinel_domain::event::Incident {
        id: cafesentinel_domain::event::IncidentId(7),
        cause: cafesentinel_domain::event::Cause::IspDown,
        kind: cafesentinel_domain::event::IncidentKind::Outage,
        start: Utc(0),
        end: Some(Utc(60_000)),
        duration_ms: Some(60_000),
        down_ms: 60_000,
        outages: 1,
        gaps: Vec::new(),
        end_reason: Some(cafesentinel_domain::event::EndReason::Restored),
        held: false,
        uncertain: false,
        seats_at_start: 1,
        part_of: None,
    };
    let standing = Standing {
        channel: Channel::Alerts,
        id: NoticeId(4),
        at: Utc(0),
        message: "99".into(),
        incident: over.id,
        over: Some(over),
    };
    let bench = bench(Undelivered { standing: vec![standing], ..Undelivered::default() }).await;
    let heard = bench.heard(1).await;
    assert_eq!(heard[0].0, "PATCH /api/webhooks/1/token/messages/99");
    assert_eq!(bench.marks(1).await, [(4, MarkState::Edited)]);
}

#[tokio::test]
async fn the_old_webhook_is_told_that_it_is_replaced() {
    let bench = bench(Undelivered::default()).await;
    let mut config = Config::clone(&bench.config.borrow());
    config.discord.enabled = false;
    bench.config.send_replace(Arc::new(config));
    let heard = bench.heard(1).await;
    assert!(heard[0].0.contains("/webhooks/1/"));
    assert_eq!(heard[0].1["embeds"][0]["title"], "Configuration Changed");
    let text = heard[0].1["embeds"][0]["description"].as_str().unwrap();
    assert!(text.contains("discord_settings.enabled") && !text.contains("token"), "{text}");
}

#[tokio::test]
async fn a_test_says_in_plain_words_what_came_of_it() {
    let bench = bench(Undelivered::default()).await;
    bench.script.lock().unwrap().answers.push(unknown_webhook());
    let tried = bench.outbox.test(Channel::Alerts).await;
    assert_eq!(tried.message, "Discord answered 404: this webhook was deleted");
    assert!(!bench.outbox.test(Channel::Screenshots).await.delivered, "there is no URL");
    let mut config = Config::clone(&bench.config.borrow());
    config.discord.webhook_alerts = Secret::new("http://127.0.0.1:1/api/webhooks/9/secret-token");
    bench.config.send_replace(Arc::new(config));
    let nobody = async {
        loop {
            let tried = bench.outbox.test(Channel::Alerts).await;
            if !tried.delivered && tried.message.contains("connection") {
                return tried;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let tried = tokio::time::timeout(Duration::from_secs(10), nobody).await.unwrap();
    assert!(!tried.message.contains("secret-token"), "{tried:?}");
}

#[tokio::test]
async fn a_notice_is_given_up_and_taken_up_again_by_hand() {
    let bench = bench(Undelivered::default()).await;
    bench.script.lock().unwrap().answers.push(limited(30.0));
    bench.outbox.stored(vec![snapshot(1, Channel::Alerts)]);
    bench.heard(1).await;
    assert!(bench.outbox.give_up(NoticeId(1)).await);
    assert!(!bench.outbox.give_up(NoticeId(1)).await);
    let (id, outgoing) = snapshot(1, Channel::Alerts);
    let row = NoticeRow {
        id,
        outgoing,
        state: crate::store::NoticeState::Dropped,
        attempts: 1,
        changed_at: None,
        next_try: None,
        error: None,
    };
    assert!(bench.outbox.retry(row.clone()).await);
    assert_eq!(bench.outbox.report()[0].waiting, 1);
    let delivered = NoticeRow { state: crate::store::NoticeState::Delivered, ..row };
    assert!(!bench.outbox.retry(delivered).await);
}
