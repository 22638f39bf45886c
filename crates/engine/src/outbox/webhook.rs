//! One request to Discord, and its answer.
//!
//! Nothing here ever prints a URL: a webhook's address is its password.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use cafesentinel_domain::notify::body::Message;
use cafesentinel_domain::notify::{Answer, Reply};
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};

/// Until the connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// Until the answer is read.
const TOTAL: Duration = Duration::from_secs(30);
/// Of an answer that is read.
const MAX_ANSWER: usize = 64 * 1024;

/// A picture to send.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) webp: Bytes,
}

/// What is asked of a webhook.
#[derive(Debug)]
pub(super) enum Call {
    /// A new message.
    Post { message: Message, file: Option<File> },
    /// A message of this number is changed.
    Edit { number: String, message: Message },
}

/// The way out. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Sender(Client);

impl Sender {
    pub(super) fn open() -> Result<Sender, reqwest::Error> {
        // The second one in one process (in tests) finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            // A webhook that points elsewhere is no webhook.
            .redirect(redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("CafeSentinel/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Sender(client))
    }

    /// What came of it; the reply, where there was one.
    pub(super) async fn call(&self, webhook: &str, call: Call) -> (Answer, Option<Reply>) {
        let request = match self.request(webhook, call) {
            Ok(request) => request,
            Err(why) => return (Answer::Refused(why), None),
        };
        match request.send().await {
            Ok(response) => {
                let reply = read(response).await;
                (reply.answer(), Some(reply))
            }
            Err(error) => (Answer::Failed(describe(&error)), None),
        }
    }

    fn request(&self, webhook: &str, call: Call) -> Result<RequestBuilder, String> {
        let mut url = Url::parse(webhook).map_err(|_| "the webhook's URL cannot be read")?;
        match call {
            Call::Post { message, file } => {
                // The message's number is needed to show later that the outage is over.
                url.query_pairs_mut().append_pair("wait", "true");
                let body = encode(&message)?;
                let request = self.0.post(url);
                Ok(match file {
                    None => request.header("content-type", "application/json").body(body),
                    Some(file) => request.multipart(form(body, file)?),
                })
            }
            Call::Edit { number, message } => {
                let path = format!("{}/messages/{number}", url.path().trim_end_matches('/'));
                url.set_path(&path);
                let body = encode(&message)?;
                Ok(self.0.patch(url).header("content-type", "application/json").body(body))
            }
        }
    }
}

fn encode(message: &Message) -> Result<String, String> {
    serde_json::to_string(message)
        .map_err(|error| format!("the message cannot be encoded: {error}"))
}

fn form(body: String, file: File) -> Result<Form, String> {
    let odd = |error: reqwest::Error| format!("the picture cannot be sent: {}", describe(&error));
    let payload = Part::text(body).mime_str("application/json").map_err(odd)?;
    let length = u64::try_from(file.webp.len()).unwrap_or(u64::MAX);
    let picture = Part::stream_with_length(file.webp, length)
        .file_name(file.name)
        .mime_str("image/webp")
        .map_err(odd)?;
    Ok(Form::new().part("payload_json", payload).part("files[0]", picture))
}

async fn read(mut response: Response) -> Reply {
    let headers = response.headers();
    let mut reply = Reply {
        status: response.status().as_u16(),
        remaining: number(headers, "x-ratelimit-remaining").map(|n| n.max(0.0) as u32),
        reset_after: number(headers, "x-ratelimit-reset-after"),
        retry_after: number(headers, "retry-after"),
        scope: headers
            .get("x-ratelimit-scope")
            .and_then(|v| v.to_str().ok())
            .map(|v| v.chars().take(16).collect()),
        body: None,
    };
    let mut body = Vec::new();
    // An answer that breaks off has said its status all the same.
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_ANSWER {
            return reply;
        }
        body.extend_from_slice(&chunk);
    }
    reply.body = serde_json::from_slice(&body).ok();
    reply
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

/// Why there is no answer, in plain words, without the URL.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() && !error.is_connect() {
        return format!("Discord did not answer within {} s", TOTAL.as_secs());
    }
    let what = if error.is_connect() { "no connection to Discord" } else { "the request failed" };
    // The innermost cause says most, and never the address of the webhook.
    let mut inner: &dyn Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let detail = inner.to_string();
    if detail.contains("/webhooks/") || detail.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {detail}")
    }
}
