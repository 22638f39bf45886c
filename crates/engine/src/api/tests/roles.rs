//! Every endpoint × everybody who may ask, out of the description: one that is not
//! described, or without a row here, fails.

use std::collections::BTreeMap;

use cafesentinel_domain::access::Role;

use super::*;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Nobody,
    Reader,
    Admin,
    Cookie,
    Expired,
    Locked,
    Revoked,
    WrongOrigin,
    WrongHost,
}

const EVERYBODY: [As; 9] = [
    As::Nobody,
    As::Reader,
    As::Admin,
    As::Cookie,
    As::Expired,
    As::Locked,
    As::Revoked,
    As::WrongOrigin,
    As::WrongHost,
];

/// What an allowed admin gets for a request without a body: an operation, the path to
/// ask, and the status.
const OPERATIONS: &[(&str, &str, &str, u16)] = &[
    ("GET", "/api/status", "", 200),
    ("GET", "/api/config", "", 200),
    ("POST", "/api/config", "", 400),
    ("GET", "/api/config/backups", "", 200),
    ("GET", "/api/logs", "", 200),
    ("GET", "/api/logs/archive", "", 200),
    ("GET", "/api/logs/archive/{name}", "/api/logs/archive/x", 404),
    ("DELETE", "/api/logs/archive/{name}", "/api/logs/archive/x", 400),
    ("GET", "/api/v1/site", "", 200),
    ("GET", "/api/v1/events", "", 200),
    ("GET", "/api/v1/incidents", "", 200),
    ("GET", "/api/v1/incidents.csv", "", 200),
    ("GET", "/api/v1/seats", "", 200),
    ("GET", "/api/v1/sessions", "", 200),
    ("GET", "/api/v1/sessions.csv", "", 200),
    ("GET", "/api/v1/occupancy", "", 200),
    ("GET", "/api/v1/occupancy/minutes", "", 200),
    ("GET", "/api/v1/links/{target}/statistics", "/api/v1/links/router/statistics", 200),
    ("GET", "/api/v1/config", "", 200),
    ("POST", "/api/v1/config", "", 400),
    ("POST", "/api/v1/config/check", "", 400),
    ("POST", "/api/v1/config/restore", "", 400),
    ("GET", "/api/v1/config/backups/{name}", "/api/v1/config/backups/x", 404),
    ("GET", "/api/v1/config/backups/{name}/diff", "/api/v1/config/backups/x/diff", 404),
    ("GET", "/api/v1/notices", "", 200),
    ("POST", "/api/v1/notices/test", "", 400),
    ("POST", "/api/v1/notices/{id}/retry", "/api/v1/notices/99/retry", 404),
    ("POST", "/api/v1/notices/{id}/drop", "/api/v1/notices/99/drop", 404),
    ("GET", "/api/v1/screenshot", "", 200),
    ("GET", "/api/v1/privacy", "", 200),
    ("POST", "/api/v1/privacy", "", 400),
    ("GET", "/api/v1/discovery", "", 200),
    ("POST", "/api/v1/discovery", "", 202),
    ("DELETE", "/api/v1/discovery", "", 200),
    ("GET", "/api/v1/session", "", 200),
    ("POST", "/api/v1/login", "", 400),
    ("POST", "/api/v1/logout", "", 200),
    ("POST", "/api/v1/lock", "", 200),
    ("GET", "/api/v1/setup", "", 200),
    ("POST", "/api/v1/setup", "", 400),
    ("POST", "/api/v1/recover", "", 400),
    ("POST", "/api/v1/passwords", "", 400),
    ("GET", "/api/v1/tokens", "", 200),
    ("POST", "/api/v1/tokens", "", 400),
    ("DELETE", "/api/v1/tokens/{id}", "/api/v1/tokens/99", 404),
    ("GET", "/api/v1/audit", "", 200),
    ("GET", "/api/v1/logs", "", 200),
    ("GET", "/api/v1/logs/tail", "", 200),
    ("GET", "/api/v1/diagnostics", "", 200),
    ("GET", "/api/v1/openapi.json", "", 200),
    ("GET", "/api/v1/docs", "", 200),
];

fn expected(who: As, needs: Role, status: u16, harmless: bool) -> u16 {
    let role = match who {
        As::WrongHost => return 421,
        // Whoever sends a form for another is refused, whoever only looks gets what his
        // token gives him; the browser keeps it from the other page.
        As::WrongOrigin if !harmless => return 403,
        As::Nobody | As::Expired | As::Revoked => Role::Anyone,
        As::Reader | As::Locked => Role::Viewer,
        As::Admin | As::Cookie | As::WrongOrigin => Role::Admin,
    };
    if role >= needs {
        status
    } else if who == As::Reader {
        403
    } else {
        // The password would help.
        401
    }
}

impl Cafe {
    fn as_somebody(&self, who: As, method: &str, path: &str) -> Request<Body> {
        let mut request = request(method, path, "");
        let mut set = |name: &'static str, value: &str| {
            request.headers_mut().insert(name, value.parse().unwrap());
        };
        let cookie = |secret: &str| format!("a=b; cafesentinel_session={secret}; c=d");
        match who {
            As::Nobody => {}
            As::Reader => set("authorization", &format!("bearer {READ}")),
            As::Admin => set("authorization", &format!("Bearer {ADMIN}")),
            As::Revoked => set("authorization", "Bearer cafe_revoked"),
            As::WrongOrigin => {
                set("authorization", &format!("Bearer {ADMIN}"));
                set("origin", "http://evil.example");
            }
            As::WrongHost => {
                set("authorization", &format!("Bearer {ADMIN}"));
                set("host", "evil.example");
            }
            As::Cookie | As::Locked | As::Expired => {
                let secret = self.access.open_session(true).unwrap();
                set("cookie", &cookie(&secret));
                let later = [(As::Locked, 301), (As::Expired, 13 * 3600)];
                let later = later.iter().find(|(of, _)| *of == who).map_or(0, |(_, s)| *s);
                self.later.fetch_add(later, Ordering::Relaxed);
            }
        }
        request
    }
}

#[tokio::test]
async fn everybody_gets_exactly_what_is_his() {
    let cafe = cafe();
    let revoked = cafe.access.vault().keep_token("x", Scope::Admin, Utc(T0), "cafe_revoked");
    cafe.access.vault().revoke_token(revoked.unwrap().id).unwrap();
    let (status, document) = cafe.get("/api/v1/openapi.json").await;
    assert_eq!(status, 200);
    let operations = openapi::roles(&document);
    let mut rows: BTreeMap<(&str, &str), _> =
        OPERATIONS.iter().map(|(m, path, ask, status)| ((*m, *path), (*ask, *status))).collect();
    let mut asked = 0;
    for ((path, method), needs) in &operations {
        let row = rows.remove(&(method.as_str(), path.as_str()));
        let Some((ask, status)) = row else { panic!("{method} {path} has no row here") };
        let ask = if ask.is_empty() { path.as_str() } else { ask };
        for who in EVERYBODY {
            let response = cafe.raw(cafe.as_somebody(who, method, ask)).await;
            let expected = expected(who, *needs, status, method == "GET");
            // Whoever logs in or out with a session loses it: each has one of his own.
            let status = match response.status().as_u16() {
                // One runs already: the admin before began it.
                409 if expected == 202 => 202,
                status => status,
            };
            assert_eq!(status, expected, "{who:?}: {method} {path}");
            asked += 1;
        }
    }
    assert!(rows.is_empty(), "not described any more: {rows:?}");
    assert_eq!(asked, OPERATIONS.len() * EVERYBODY.len());
}

#[tokio::test]
async fn what_is_not_described_needs_the_admin_and_nothing_sensitive_is_open() {
    let (_, document) = described().split_for_parts();
    let document = openapi::complete(&document);
    let open: Vec<String> = openapi::roles(&document)
        .into_iter()
        .filter(|(_, role)| *role == Role::Anyone)
        .map(|((path, method), _)| format!("{method} {path}"))
        .collect();
    assert_eq!(
        open,
        [
            "GET /api/status",
            "POST /api/v1/login",
            "POST /api/v1/logout",
            "POST /api/v1/recover",
            "GET /api/v1/session",
            "GET /api/v1/setup",
            "POST /api/v1/setup",
        ]
    );
    // Routes come from descriptions alone: no other way is used beside them.
    let source = include_str!("../mod.rs");
    assert!(!source.contains(".route("), "a route without a description");
}

#[tokio::test]
async fn before_the_setup_only_status_and_setup_are_answered() {
    let cafe = cafe_as(PageSource::None, false);
    for (method, path, ask, _) in OPERATIONS {
        let ask = if ask.is_empty() { path } else { ask };
        let response = cafe.send(request(method, ask, "")).await;
        let before = matches!(
            *path,
            "/api/status" | "/api/v1/session" | "/api/v1/setup" | "/api/v1/recover"
        );
        let (status, body) = (response.status().as_u16(), text(response).await);
        if before {
            assert!(status == 200 || status == 400, "{method} {path}: {status}");
        } else {
            assert_eq!(status, 403, "{method} {path}");
            assert!(body.contains("setup_needed"), "{body}");
        }
    }
    assert_eq!(cafe.get("/").await.0, 200, "the page asks for the passwords");
}

#[tokio::test]
async fn the_description_is_whole_and_readable() {
    let cafe = cafe();
    let (_, document) = cafe.get("/api/v1/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let page = cafe.get("/api/v1/docs").await.1;
    let page = page.as_str().unwrap();
    for (method, path, ..) in OPERATIONS {
        let operation = &document["paths"][path][method.to_lowercase()];
        for status in ["400", "401", "403", "421", "429"] {
            assert!(operation["responses"][status].is_object(), "{method} {path} {status}");
        }
        assert!(operation["operationId"].is_string(), "{method} {path}");
        assert!(page.contains(&format!("{method} {path}")), "{method} {path}");
    }
    assert!(page.contains("recovery_code"));
}
