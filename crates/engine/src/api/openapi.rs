//! The description of the API, made from the endpoints' own: for programs as OpenAPI 3.1,
//! for people as a page.
//!
//! What every endpoint may answer (errors in one shape) is added here, once. The role
//! that an endpoint needs is read from the same description that is published: it cannot
//! say one thing and do another.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::access::Role;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{OpenApi, ToSchema};

use super::ApiState;

/// An error, as every error looks.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `error`.
    status: String,
    /// For people.
    message: String,
    /// For programs; contract.
    code: String,
    /// What is wrong with a configuration.
    errors: Option<Vec<Value>>,
}

/// One of both.
#[derive(Serialize, ToSchema)]
pub(super) struct LoginBody {
    /// The admin password.
    password: Option<String>,
    /// The code of the local link.
    code: Option<String>,
}

/// Passwords of at least 8 characters that differ.
#[derive(Serialize, ToSchema)]
pub(super) struct SetupBody {
    /// The code that the program shows.
    code: Option<String>,
    /// The owner's password.
    admin: String,
    /// The staff's, for the privacy mode.
    privacy: String,
}

/// The recovery code, and new passwords.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoverBody {
    /// As it was written down.
    recovery_code: String,
    /// The owner's new password.
    admin: String,
    /// The staff's new password.
    privacy: String,
}

/// A new password.
#[derive(Serialize, ToSchema)]
pub(super) struct PasswordBody {
    /// `admin` or `privacy`.
    which: String,
    /// The admin password that is in force.
    current: String,
    /// The new one.
    password: String,
}

/// What a token is to be.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenBody {
    /// Whose it is: 1 to 64 characters.
    name: String,
    /// `read` or `admin`.
    scope: String,
}

/// Which channel.
#[derive(Serialize, ToSchema)]
pub(super) struct ChannelBody {
    /// `alerts`, `occupancy` or `screenshots`.
    channel: String,
}

/// How the privacy mode is to be.
#[derive(Serialize, ToSchema)]
pub(super) struct PrivacyBody {
    /// On or off.
    on: bool,
    /// After how many minutes it ends by itself: 1 to 10,080, only with `on`.
    minutes: Option<u64>,
    /// The staff's password; the admin needs none.
    password: Option<String>,
}

/// What is searched.
#[derive(Serialize, ToSchema)]
pub(super) struct DiscoveryBody {
    /// One of this computer's networks, like `192.168.1.0/24`; all of them where absent.
    network: Option<String>,
}

/// Which backup.
#[derive(Serialize, ToSchema)]
pub(super) struct RestoreBody {
    /// Its name, from the list of backups.
    backup: String,
}

#[derive(OpenApi)]
#[openapi(components(schemas(Problem)))]
pub(super) struct Base;

/// What any endpoint may answer instead.
const REFUSALS: [(&str, &str); 9] = [
    ("400", "The request cannot be understood"),
    ("401", "Not known: no valid token or session, or a wrong password"),
    ("403", "A token that may not do this; or not set up yet; or from another web page"),
    ("405", "Not with this method"),
    ("408", "The body took too long to arrive"),
    ("413", "The body is larger than 1 MiB"),
    ("421", "Not under this host name"),
    ("429", "Too many requests or wrong passwords; see Retry-After"),
    ("503", "Not now: the vault is shut, or there is no history"),
];

const ABOUT: &str = "Errors are `{\"status\":\"error\",\"message\",\"code\"}`; codes are contract, \
    texts are not. Times are RFC 3339 in UTC. Send a token as `Authorization: Bearer …`, or log \
    in for a cookie.";

/// The whole description.
pub(super) fn complete(described: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(described).unwrap_or_default();
    document["info"] = json!({
        "title": "CafeSentinel",
        "version": env!("CARGO_PKG_VERSION"),
        "description": ABOUT,
        "license": { "name": "MIT", "identifier": "MIT" },
    });
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer" },
        "cookie": { "type": "apiKey", "in": "cookie", "name": super::caller::COOKIE },
    });
    for operation in operations_mut(&mut document) {
        let Some(map) = operation.as_object_mut() else { continue };
        let needs = map.get("security").map_or(Role::Admin, role);
        map.insert("x-role".into(), json!(needs));
        if needs > Role::Anyone {
            map.insert("security".into(), json!([{ "bearer": [] }, { "cookie": [] }]));
        }
        let responses = map.entry("responses").or_insert_with(|| json!({}));
        for (status, text) in REFUSALS {
            if let Some(all) = responses.as_object_mut().filter(|all| !all.contains_key(status)) {
                let schema = json!({ "$ref": "#/components/schemas/Problem" });
                let content = json!({ "application/json": { "schema": schema } });
                all.insert(status.into(), json!({ "description": text, "content": content }));
            }
        }
    }
    document
}

fn operations_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    items.flat_map(|item| item.iter_mut().filter(|(key, _)| is_method(key)).map(|(_, op)| op))
}

fn is_method(key: &str) -> bool {
    ["get", "put", "post", "delete", "patch"].contains(&key)
}

/// The role that a `security` asks for: the first scope of its first way.
fn role(security: &Value) -> Role {
    let ways = security.as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(first) = ways.first().and_then(Value::as_object) else { return Role::Admin };
    match first.values().next().and_then(|scopes| scopes.get(0)).and_then(Value::as_str) {
        None if first.is_empty() => Role::Anyone,
        Some("viewer") => Role::Viewer,
        Some(_) | None => Role::Admin,
    }
}

/// What each operation needs: path, method in capitals, role.
pub(super) fn roles(document: &Value) -> Vec<((String, String), Role)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if is_method(method) {
                let role = serde_json::from_value(operation["x-role"].clone());
                let key = (path.clone(), method.to_uppercase());
                all.push((key, role.unwrap_or(Role::Admin)));
            }
        }
    }
    all
}

/// This description, as OpenAPI 3.1.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "description", operation_id = "openapi",
    responses((status = 200, description = "The description", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn openapi(State(state): State<ApiState>) -> Response {
    let text = state.description.get().map(ToString::to_string).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// This description, as a page for people.
#[utoipa::path(
    get, path = "/api/v1/docs", tag = "description", operation_id = "docs",
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn docs(State(state): State<ApiState>) -> Response {
    let page = state.description.get().map(|document| page(document)).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// Where the description is kept once the routes are known.
pub(super) type Description = std::sync::OnceLock<Arc<Value>>;

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn page(document: &Value) -> String {
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>CafeSentinel API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>body{font:16px/1.5 \
         system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;\
         background:#fff}code{background:#f0f0f0;padding:.1em .3em}h2{margin-top:2rem;\
         border-top:1px solid #ccc;padding-top:1rem;font-size:1.1rem}td{padding:.1rem .8rem .1rem 0;\
         vertical-align:top}</style><h1>CafeSentinel API</h1>",
    );
    // Writing to a String does not fail.
    let about = escape(text(&document["info"], "description"));
    let _ = write!(out, "<p>{about} <a href=\"/api/v1/openapi.json\">OpenAPI</a></p>");
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if !is_method(method) {
                continue;
            }
            let (method, path) = (method.to_uppercase(), escape(path));
            let role = text(operation, "x-role");
            let _ = write!(out, "<h2><code>{method} {path}</code> — {role}</h2>");
            let summary = [text(operation, "summary"), text(operation, "description")].join(" ");
            let _ = write!(out, "<p>{}</p><table>", escape(summary.trim()));
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = escape(text(parameter, "name"));
                let about = escape(text(parameter, "description"));
                let _ = write!(out, "<tr><td><code>{name}</code><td>{about}");
            }
            let reference = &operation["requestBody"]["content"]["application/json"]["schema"];
            let schema = text(reference, "$ref").rsplit('/').next().unwrap_or_default();
            let properties = &document["components"]["schemas"][schema]["properties"];
            for (name, property) in properties.as_object().into_iter().flatten() {
                let (name, about) = (escape(name), escape(text(property, "description")));
                let _ = write!(out, "<tr><td>body <code>{name}</code><td>{about}");
            }
            out.push_str("</table>");
        }
    }
    out
}
