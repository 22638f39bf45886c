//! Who asks: from where, as whom, and what he may do.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{HeaderMap, HeaderValue, header};
use cafesentinel_domain::access::Role;
use cafesentinel_domain::access::lockout::Source;
use cafesentinel_domain::access::sessions::Key;
use cafesentinel_domain::config::ApiSettings;
use zeroize::Zeroizing;

use crate::access::{Access, source_name};

/// The session's cookie.
pub(super) const COOKIE: &str = "cafesentinel_session";

/// The other end of a connection; to be put into the extensions of every request. One
/// without it is a stranger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The program's own window, which speaks through no socket.
    Window,
    /// Somebody at an address.
    Address {
        /// Which.
        address: IpAddr,
        /// It is one of this computer.
        own: bool,
    },
}

impl Peer {
    /// A stranger, of whom nothing is known.
    const NOBODY: Peer = Peer::Address { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), own: false };
}

/// From where a request comes, seen through the proxies that we trust.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) source: Source,
    /// None for the window.
    pub(super) address: Option<IpAddr>,
    /// At this computer, and not handed on by anybody.
    pub(super) local: bool,
    /// The client speaks https with the proxy before us.
    pub(super) secure: bool,
    /// By a proxy that we trust.
    pub(super) forwarded_host: Option<HeaderValue>,
}

impl Origin {
    pub(super) fn of(peer: Option<&Peer>, headers: &HeaderMap, settings: &ApiSettings) -> Origin {
        let (address, own) = match peer.copied().unwrap_or(Peer::NOBODY) {
            Peer::Window => {
                return Origin {
                    source: Source::Window,
                    address: None,
                    local: true,
                    secure: false,
                    forwarded_host: None,
                };
            }
            Peer::Address { address, own } => (address.to_canonical(), own),
        };
        let trusted = |a: &IpAddr| settings.trusted_proxies.iter().any(|p| p.to_canonical() == *a);
        let handed_on = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded"]
            .iter()
            .any(|name| headers.contains_key(*name));
        let local = !handed_on && (own || address.is_loopback());
        if !trusted(&address) {
            let (source, address) = (Source::of(address), Some(address));
            return Origin { source, address, local, secure: false, forwarded_host: None };
        }
        let last = |name: &str| headers.get_all(name).iter().next_back();
        let chain = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
        let chain: Vec<&str> = chain.flat_map(|v| v.split(',')).map(str::trim).collect();
        // From the right: each proxy of ours added whom it saw; what is left of them is
        // only what the client claims.
        let client = chain.iter().rev().map_while(|text| text.parse::<IpAddr>().ok());
        let client = client.map(|a| a.to_canonical()).find(|a| !trusted(a)).unwrap_or(address);
        Origin {
            source: Source::of(client),
            address: Some(client),
            local,
            secure: last("x-forwarded-proto").is_some_and(|p| p.as_bytes() == b"https"),
            forwarded_host: last("x-forwarded-host").cloned(),
        }
    }
}

/// As whom somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    Nobody,
    Window,
    Session,
    Token(String),
    TrustedNetwork,
    Demo,
}

/// Who asks. In the extensions of every request that is let through.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) role: Role,
    pub(super) who: Who,
    pub(super) origin: Origin,
    pub(super) session: Option<Key>,
    /// The session was an admin's, and its settings have locked again.
    pub(super) locked: bool,
    /// A token or session was given that is not good.
    pub(super) refused: bool,
}

impl Caller {
    pub(super) fn who(&self) -> String {
        match &self.who {
            Who::Nobody => "somebody".to_owned(),
            Who::Window | Who::Session => self.role.code().to_owned(),
            Who::Token(name) => format!("token {name}"),
            Who::TrustedNetwork => "trusted network".to_owned(),
            Who::Demo => "demo".to_owned(),
        }
    }

    pub(super) fn place(&self) -> String {
        if self.origin.local { "this computer".to_owned() } else { source_name(self.origin.source) }
    }

    /// For the log and the trail.
    pub(super) fn by(&self) -> String {
        format!("{} from {}", self.who(), self.place())
    }
}

/// What of a request is looked at to know who asks.
pub(super) struct Asked<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) origin: Origin,
    /// What the endpoint needs.
    pub(super) needed: Role,
    /// It is one of the ancestor's, which trusted networks may use.
    pub(super) ancestors: bool,
    /// A page of another site sends it, however it got the cookie.
    pub(super) foreign: bool,
}

/// Says who asks.
pub(super) fn identify(access: &Access, settings: &ApiSettings, asked: Asked<'_>) -> Caller {
    let Asked { headers, origin, needed, ancestors, foreign } = asked;
    let mut caller = Caller {
        role: access.role_without_credentials(),
        who: if access.is_demo() { Who::Demo } else { Who::Nobody },
        origin,
        session: None,
        locked: false,
        refused: false,
    };
    if access.is_demo() {
        return caller;
    }
    if let Some(bearer) = bearer(headers) {
        // Whoever says who he is, is nobody else.
        match bearer.as_deref().and_then(|secret| access.token(secret)) {
            Some(token) => {
                caller.role = token.scope.role();
                caller.who = Who::Token(token.name);
            }
            None => caller.refused = true,
        }
        return caller;
    }
    if let Some(secret) = cookie(headers).filter(|_| !foreign) {
        match access.session(&secret, needed == Role::Admin) {
            Some((key, standing)) => {
                caller.role = standing.role;
                caller.who = Who::Session;
                caller.session = Some(key);
                caller.locked = standing.locked;
                return caller;
            }
            None => caller.refused = true,
        }
    }
    let network = caller.origin.address.filter(|address| {
        ancestors && settings.trusted_networks.iter().any(|network| network.contains(*address))
    });
    if caller.origin.source == Source::Window {
        caller.role = Role::Viewer;
        caller.who = Who::Window;
    } else if network.is_some() {
        caller.role = Role::Admin;
        caller.who = Who::TrustedNetwork;
    }
    caller
}

/// The token of `Authorization: Bearer`; none inside if there is another or a broken one.
fn bearer(headers: &HeaderMap) -> Option<Option<Zeroizing<String>>> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (all.next()?, all.next());
    let token = first.to_str().ok().filter(|_| second.is_none()).and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Zeroizing::new(token.trim().to_owned()))
    });
    Some(token.filter(|token| token.len() <= 256))
}

/// The session's secret.
fn cookie(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim() == COOKIE).then(|| value.trim())
    });
    // The first, as browsers send the most specific first; two of ours there never are.
    pairs.next().filter(|value| value.len() <= 256).map(|value| Zeroizing::new(value.to_owned()))
}

/// The header that gives a browser its session, or takes it away (none).
pub(super) fn set_cookie(secret: Option<&str>, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let (value, age) = match secret {
        // The program ends it earlier; a browser that is closed forgets it, too.
        Some(secret) => (secret, ""),
        None => ("", "; Max-Age=0"),
    };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(name: &'static str, value: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_among_others_and_a_token_in_any_case_of_its_scheme() {
        let found = |text: &str| cookie(&headers("cookie", text.as_bytes())).map(|c| c.to_string());
        assert_eq!(found("a=b; cafesentinel_session=xyz; c"), Some("xyz".into()));
        assert_eq!(found("xcafesentinel_session=xyz; cafesentinel_sessions=1"), None);
        let token = |text: &str| bearer(&headers("authorization", text.as_bytes()));
        assert_eq!(
            token("BEARER  cafe_1 ").flatten().map(|t| t.to_string()),
            Some("cafe_1".into())
        );
        for bad in ["Basic eDp5", "Bearer", "cafe_1", &format!("Bearer {}", "x".repeat(300))] {
            assert!(token(bad).is_some_and(|token| token.is_none()), "{bad}");
        }
        assert!(bearer(&HeaderMap::new()).is_none());
        let mut two = headers("authorization", b"Bearer a");
        two.append("authorization", HeaderValue::from_static("Bearer b"));
        assert!(bearer(&two).is_some_and(|token| token.is_none()), "which of both?");
    }

    proptest! {
        #[test]
        fn whatever_a_client_sends_is_taken_apart_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = cookie(&headers("cookie", &bytes));
            let _ = bearer(&headers("authorization", &bytes));
            let mut settings = cafesentinel_domain::config::Config::default().api;
            settings.trusted_proxies = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
            let peer = Peer::Address { address: IpAddr::V4(Ipv4Addr::LOCALHOST), own: true };
            let origin = Origin::of(Some(&peer), &headers("x-forwarded-for", &bytes), &settings);
            // No header makes somebody elsewhere somebody here.
            prop_assert!(!origin.local || !headers("x-forwarded-for", &bytes).contains_key("x-forwarded-for"));
        }
    }
}
