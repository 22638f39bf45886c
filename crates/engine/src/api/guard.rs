//! Who may speak to us at all, until access control lands: programs of this machine, and
//! of web pages only our own.
//!
//! The listener is bound to loopback. A page in a browser of this machine still reaches
//! it, so the `Host` must be a name of loopback (a rebound DNS name is refused, 421), and
//! whatever changes state must come from our own page (`Origin` equal to the host, 403).

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::failure::Failure;

/// What the page may load and who may frame it: itself, nobody.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The layer around every route.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match admit(&request) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn admit(request: &Request) -> Result<(), Failure> {
    let host = host(request.headers())?;
    // `GET http://name/ HTTP/1.1` outranks the header (RFC 9112, 3.2.2).
    let asked = request.uri().authority().into_iter().chain([&host]);
    for authority in asked {
        if !is_loopback(authority.host()) {
            let text = "This address is not served under that host name";
            return Err(Failure::new(StatusCode::MISDIRECTED_REQUEST, "host_refused", text));
        }
    }
    let harmless = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if harmless || comes_from_us(request.headers(), &host) {
        return Ok(());
    }
    let text = "Requests from other web pages are refused";
    Err(Failure::new(StatusCode::FORBIDDEN, "origin_refused", text))
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

fn is_loopback(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|a| a.is_loopback())
        || v6.is_some_and(|h| h.parse::<Ipv6Addr>().is_ok_and(|a| a.is_loopback()))
}

/// Browsers say where a request comes from; other programs say nothing, and need not.
fn comes_from_us(headers: &HeaderMap, host: &Authority) -> bool {
    let own = format!("http://{host}");
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
