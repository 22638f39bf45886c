//! The layer around every route: who may speak to us at all, and to whom which endpoint
//! is open.
//!
//! In order: the `Host` must be an address or a name of ours (a rebound DNS name is
//! refused, 421); whatever changes state must come from our own page, an allowed origin,
//! or no browser at all (403); nobody asks more than his share (429); who is not known
//! gets what is open to anyone, who is known what his role allows (401 where the password
//! would help, 403 for a token).
//! What an endpoint needs stands in its own description; one without needs the admin.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::access::Role;
use cafesentinel_domain::config::ApiSettings;

use super::ApiState;
use super::caller::{Asked, Caller, Origin, Peer, Who, identify};
use super::failure::Failure;
use crate::vault::Condition;

/// What the page may load and who may frame it: itself, nobody.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";
/// All that is answered before the installation is set up.
const BEFORE_SETUP: [&str; 4] =
    ["/api/status", "/api/v1/session", "/api/v1/setup", "/api/v1/recover"];
/// What other origins that are allowed may send.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "authorization, content-type, if-match, last-event-id";

/// What each endpoint needs, by path and method.
#[derive(Debug, Clone, Default)]
pub(super) struct Needed(BTreeMap<(String, String), Role>);

impl Needed {
    pub(super) fn new(all: impl IntoIterator<Item = ((String, String), Role)>) -> Needed {
        Needed(all.into_iter().collect())
    }

    fn of(&self, path: &str, method: &Method) -> Role {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let key = (path.to_owned(), method.to_owned());
        // Not described means: nobody has thought about it.
        self.0.get(&key).copied().unwrap_or(Role::Admin)
    }

    fn knows(&self, path: &str) -> bool {
        self.0.keys().any(|(known, _)| known == path)
    }

    fn has(&self, path: &str, method: &Method) -> bool {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        self.0.contains_key(&(path.to_owned(), method.to_owned()))
    }
}

/// What the layer has at hand.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) state: ApiState,
    pub(super) needed: Arc<Needed>,
    pub(super) own_name: Option<Arc<str>>,
}

/// The layer.
pub(super) async fn guard(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    let config = guard.state.config.current();
    let allowed = allowed_origin(&request, &config.api);
    let mut response = match guard.admit(&request, &config.api, allowed.is_some()) {
        Ok(_) if allowed.is_some() && request.method() == Method::OPTIONS => {
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let shared = if allowed.is_some() { "cross-origin" } else { "same-origin" };
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static(shared));
    if !config.api.allowed_origins.is_empty() {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = allowed {
        // Never with credentials: another origin brings a token, not our cookie.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let list = HeaderValue::from_static;
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, list(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, list(HEADERS));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, list("etag, retry-after"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

impl Guard {
    fn admit(
        &self,
        request: &Request,
        settings: &ApiSettings,
        from_allowed: bool,
    ) -> Result<Caller, Failure> {
        let headers = request.headers();
        let origin = Origin::of(request.extensions().get::<Peer>(), headers, settings);
        let mut foreign = false;
        // The window's requests were never on a wire.
        if let Some(address) = origin.address {
            let host = self.host(request, &origin, settings)?;
            foreign = !comes_from_us(headers, &host, origin.secure);
            let harmless = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
            if foreign && !harmless && !from_allowed {
                self.turn(address, false)?;
                let text = "Requests from other web pages are refused";
                return Err(Failure::new(StatusCode::FORBIDDEN, "origin_refused", text));
            }
        }
        let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let needed = match &path {
            // The page itself holds nothing of the café; what is not there is told anyone.
            None => Role::Anyone,
            // Neither is a method that is not there an endpoint.
            Some(path) if self.needed.knows(path) && !self.needed.has(path, request.method()) => {
                Role::Anyone
            }
            Some(path) => self.needed.of(path, request.method()),
        };
        let path = path.unwrap_or_default();
        let ancestors = path.starts_with("/api/") && !path.starts_with("/api/v1/");
        let address = origin.address;
        let access = &self.state.access;
        let caller =
            identify(access, settings, Asked { headers, origin, needed, ancestors, foreign });
        if let Some(address) = address {
            self.turn(address, caller.role > Role::Anyone)?;
        }
        if !access.is_demo() && path.starts_with("/api/") && !BEFORE_SETUP.contains(&path.as_str())
        {
            self.ready()?;
        }
        judge(&caller, needed)?;
        Ok(caller)
    }

    fn turn(&self, address: std::net::IpAddr, known: bool) -> Result<(), Failure> {
        self.state.access.turn(address, known).map_err(|wait| {
            let text = "Too many requests from this address; try again later";
            Failure::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", text).after(wait)
        })
    }

    fn ready(&self) -> Result<(), Failure> {
        match self.state.access.condition() {
            Condition::Open => Ok(()),
            Condition::Fresh => {
                let text = "This installation is not set up yet: open the address that the \
                            program shows, or run `cafesentinel-headless setup`";
                Err(Failure::new(StatusCode::FORBIDDEN, "setup_needed", text))
            }
            Condition::Faulty(fault) => {
                let text = fault.to_string();
                Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "vault_shut", text))
            }
        }
    }

    /// The host under which the client knows us, if we are known under it.
    fn host(
        &self,
        request: &Request,
        origin: &Origin,
        settings: &ApiSettings,
    ) -> Result<Authority, Failure> {
        let own = host(request.headers())?;
        let handed_on = origin.forwarded_host.as_ref();
        let host = handed_on.and_then(|h| Authority::try_from(h.as_bytes()).ok()).unwrap_or(own);
        // `GET http://name/ HTTP/1.1` outranks the header (RFC 9112, 3.2.2).
        let asked = request.uri().authority().into_iter().chain([&host]);
        for authority in asked {
            let name = authority.host();
            let named = || {
                let own = self.own_name.iter().map(AsRef::as_ref);
                let mut names = settings.allowed_hosts.iter().map(String::as_str).chain(own);
                names.any(|known| known.eq_ignore_ascii_case(name.trim_end_matches('.')))
            };
            if !is_address(name) && !name.eq_ignore_ascii_case("localhost") && !named() {
                let text = "This address is not served under that host name; \
                            api_settings.allowed_hosts names those that are";
                return Err(Failure::new(StatusCode::MISDIRECTED_REQUEST, "host_refused", text));
            }
        }
        Ok(host)
    }
}

fn judge(caller: &Caller, needed: Role) -> Result<(), Failure> {
    if caller.role >= needed {
        return Ok(());
    }
    if matches!(caller.who, Who::Token(_)) {
        let text = "This token is not good for that";
        return Err(Failure::new(StatusCode::FORBIDDEN, "admin_needed", text));
    }
    // Everybody else gets further with the password.
    let (code, text) = if caller.refused {
        ("bad_credentials", "This token or session is not valid, or not any more")
    } else if caller.locked {
        ("locked", "The settings have locked; the admin password opens them again")
    } else if caller.role > Role::Anyone {
        ("admin_needed", "Only the admin may do this: log in with the admin password")
    } else {
        ("login_needed", "Log in, or send a token (Authorization: Bearer …)")
    };
    Err(Failure::new(StatusCode::UNAUTHORIZED, code, text))
}

fn host(headers: &HeaderMap) -> Result<Authority, Failure> {
    let mut all = headers.get_all(header::HOST).iter();
    let bad = || Failure::bad("bad_host", "Exactly one valid Host header is needed");
    match (all.next(), all.next()) {
        (Some(one), None) => {
            let authority = Authority::try_from(one.as_bytes()).map_err(|_| bad())?;
            if authority.as_str().contains('@') { Err(bad()) } else { Ok(authority) }
        }
        (None | Some(_), _) => Err(bad()),
    }
}

/// A page at a bare address is that address's own: nobody can rebind a number.
fn is_address(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    host.parse::<Ipv4Addr>().is_ok() || v6.is_some_and(|h| h.parse::<Ipv6Addr>().is_ok())
}

/// Browsers say where a request comes from; other programs say nothing, and need not.
fn comes_from_us(headers: &HeaderMap, host: &Authority, secure: bool) -> bool {
    let own = format!("{}://{host}", if secure { "https" } else { "http" });
    let origin = headers
        .get_all(header::ORIGIN)
        .iter()
        .all(|o| o.as_bytes().eq_ignore_ascii_case(own.as_bytes()));
    let site = headers
        .get_all("sec-fetch-site")
        .iter()
        .all(|s| [&b"same-origin"[..], b"none"].contains(&s.as_bytes()));
    origin && site
}

/// The origin of a request, if it is one that the configuration allows.
fn allowed_origin(request: &Request, settings: &ApiSettings) -> Option<HeaderValue> {
    let mut all = request.headers().get_all(header::ORIGIN).iter();
    let (one, another) = (all.next()?, all.next());
    let known = settings.allowed_origins.iter().any(|o| o.as_bytes() == one.as_bytes());
    (known && another.is_none()).then(|| one.clone())
}

/// Whole seconds to wait, as `Retry-After` has them.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
