//! Attacks on the door, and the ways through it.

use cafesentinel_domain::config::Network;

use super::*;

fn from(peer: Peer, mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(peer);
    request
}

fn with(mut request: Request<Body>, headers: &[(&'static str, &str)]) -> Request<Body> {
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

fn login(password: &str) -> Request<Body> {
    request("POST", "/api/v1/login", json!({ "password": password }).to_string())
}

fn cookie(response: &Response) -> String {
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    for needed in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(needed), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

fn set(cafe: &Cafe, key: &str, value: Value) {
    let mut document = cafe.config.current().to_value();
    document["api_settings"][key] = value;
    cafe.config.replace(&document, "a test", None).unwrap();
}

#[tokio::test]
async fn over_the_network_the_password_opens_and_logging_out_shuts() {
    let cafe = cafe();
    let there = stranger(7);
    let ask = |cookie: &str, path: &str| {
        let request = with(request("GET", path, ""), &[("cookie", cookie)]);
        cafe.raw(from(there, request))
    };
    let response = cafe.raw(from(there, login(PASSWORD))).await;
    assert_eq!(response.status(), 200);
    let mine = cookie(&response);
    assert_eq!(ask(&mine, "/api/config").await.status(), 200);
    let session = answer(ask(&mine, "/api/v1/session").await).await.1;
    assert_eq!((&session["role"], &session["local"]), (&json!("admin"), &json!(false)));
    let lock = with(request("POST", "/api/v1/lock", ""), &[("cookie", &mine)]);
    assert_eq!(cafe.raw(from(there, lock)).await.status(), 200);
    let (status, body) = answer(ask(&mine, "/api/config").await).await;
    assert_eq!((status, &body["code"]), (401, &json!("admin_needed")));
    assert_eq!(ask(&mine, "/api/v1/site").await.status(), 200);
    let out = with(request("POST", "/api/v1/logout", ""), &[("cookie", &mine)]);
    let response = cafe.raw(from(there, out)).await;
    assert!(response.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let (status, body) = answer(ask(&mine, "/api/v1/site").await).await;
    assert_eq!((status, &body["code"]), (401, &json!("bad_credentials")));
    let trail = cafe.get("/api/v1/audit").await.1;
    assert_eq!(trail["audit"][0]["what"], "login");
    assert_eq!(trail["audit"][0]["from"], "192.168.1.7");
}

#[tokio::test(start_paused = true)]
async fn brute_force_is_slowed_locked_and_hits_nobody_else() {
    let cafe = cafe();
    let began = tokio::time::Instant::now();
    for _ in 0..5 {
        let (status, body) = answer(cafe.raw(from(stranger(66), login("wrong one"))).await).await;
        assert_eq!((status, &body["code"]), (401, &json!("wrong_password")));
    }
    assert!(began.elapsed() >= Duration::from_millis(7750));
    let response = cafe.raw(from(stranger(66), login(PASSWORD))).await;
    assert_eq!(response.headers()["retry-after"], "60");
    let (status, body) = answer(response).await;
    assert_eq!((status, &body["code"]), (429, &json!("locked_out")));
    assert_eq!(cafe.raw(from(stranger(2), login(PASSWORD))).await.status(), 200);
    let token =
        with(request("GET", "/api/config", ""), &[("authorization", &format!("Bearer {ADMIN}"))]);
    assert_eq!(cafe.raw(from(stranger(66), token)).await.status(), 200, "tokens least of all");
    cafe.later.store(61, Ordering::Relaxed);
    assert_eq!(cafe.raw(from(stranger(66), login(PASSWORD))).await.status(), 200);
}

#[tokio::test]
async fn a_stolen_cookie_is_worth_nothing_from_another_page() {
    let cafe = cafe();
    let mine = cookie(&cafe.raw(login(PASSWORD)).await);
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:8080"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let ask = |method| {
            with(request(method, "/api/config", "{}"), &[("cookie", &mine), (name, value)])
        };
        assert_eq!(cafe.raw(ask("GET")).await.status(), 401, "{name}: {value}");
        assert_eq!(cafe.raw(ask("POST")).await.status(), 403, "{name}: {value}");
    }
    let own = [("cookie", mine.as_str()), ("origin", "http://localhost:5000")];
    assert_eq!(cafe.raw(with(request("GET", "/api/config", ""), &own)).await.status(), 200);
}

#[tokio::test]
async fn the_local_link_makes_a_viewer_here_once_and_nowhere_else() {
    let cafe = cafe();
    let fragment = cafe.access.fragment();
    let body = json!({ "code": fragment.strip_prefix("#code=").unwrap() }).to_string();
    let redeem = || request("POST", "/api/v1/login", body.clone());
    let (status, refused) = answer(cafe.raw(from(stranger(9), redeem())).await).await;
    assert_eq!((status, &refused["code"]), (403, &json!("only_local")));
    let proxied = with(redeem(), &[("x-forwarded-for", "8.8.8.8")]);
    assert_eq!(cafe.raw(proxied).await.status(), 403);
    let response = cafe.raw(redeem()).await;
    let mine = cookie(&response);
    assert_eq!(answer(response).await.1["role"], "viewer");
    let ask = |path| with(request("GET", path, ""), &[("cookie", &mine)]);
    assert_eq!(cafe.raw(ask("/api/v1/site")).await.status(), 200);
    assert_eq!(cafe.raw(ask("/api/config")).await.status(), 401);
    let both = json!({ "password": "x", "code": "y" }).to_string();
    assert_eq!(cafe.raw(request("POST", "/api/v1/login", both)).await.status(), 400);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_was_used_is_a_wrong_guess() {
    let cafe = cafe();
    let body = json!({ "code": "used" }).to_string();
    let response = cafe.raw(request("POST", "/api/v1/login", body)).await;
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn the_window_sees_without_a_password_and_changes_with_one() {
    let cafe = cafe();
    let ask = |request: Request<Body>| cafe.raw(from(Peer::Window, request));
    let mut bare = request("GET", "/api/v1/site", "");
    bare.headers_mut().remove("host");
    assert_eq!(ask(bare).await.status(), 200);
    assert_eq!(ask(request("GET", "/api/config", "")).await.status(), 401);
    let mine = cookie(&ask(login(PASSWORD)).await);
    let config = with(request("GET", "/api/config", ""), &[("cookie", &mine)]);
    assert_eq!(ask(config).await.status(), 200);
    // A request that says nothing of where it comes from is a stranger's.
    let lost = router(cafe.state.clone()).oneshot(request("GET", "/api/v1/site", "")).await;
    assert_eq!(lost.unwrap().status(), 401);
}

#[tokio::test]
async fn the_setup_is_done_here_once_with_the_code() {
    let cafe = cafe_as(PageSource::None, false);
    let code = cafe.access.fragment().strip_prefix("#setup=").unwrap().to_owned();
    let ask = |code: &str, admin: &str| {
        let body = json!({ "code": code, "admin": admin, "privacy": "battery staple" });
        request("POST", "/api/v1/setup", body.to_string())
    };
    let (status, body) = answer(cafe.raw(from(stranger(9), ask(&code, PASSWORD))).await).await;
    assert_eq!((status, &body["code"]), (403, &json!("only_local")));
    let (status, body) = answer(cafe.raw(ask(&code, "short")).await).await;
    assert_eq!((status, &body["code"]), (400, &json!("weak_password")), "{body}");
    assert_eq!(cafe.raw(ask("wrong", PASSWORD)).await.status(), 401);
    let (status, body) = answer(cafe.raw(ask(&code, PASSWORD)).await).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["recovery_code"].as_str().unwrap().len(), 34);
    let (status, again) = answer(cafe.raw(ask(&code, PASSWORD)).await).await;
    assert_eq!((status, &again["code"]), (409, &json!("already_set_up")));
    assert_eq!(cafe.raw(login(PASSWORD)).await.status(), 200);
    let garbled = json!({ "recovery_code": "x", "admin": "another one", "privacy": "staff word" });
    let recover = request("POST", "/api/v1/recover", garbled.to_string());
    assert_eq!(cafe.raw(recover).await.status(), 400);
}

#[tokio::test]
async fn the_recovery_code_brings_back_control_here() {
    let cafe = cafe_as(PageSource::None, false);
    let code = cafe.access.vault().set_up(PASSWORD, "battery staple").unwrap();
    cafe.access.vault_changed();
    let mine = cookie(&cafe.raw(login(PASSWORD)).await);
    let body = json!({
        "recovery_code": *code.reveal(), "admin": "another one", "privacy": "staff word",
    });
    let recover = || request("POST", "/api/v1/recover", body.to_string());
    assert_eq!(cafe.raw(from(stranger(9), recover())).await.status(), 403);
    assert_eq!(cafe.raw(recover()).await.status(), 200);
    let old = with(request("GET", "/api/v1/site", ""), &[("cookie", &mine)]);
    assert_eq!(cafe.raw(old).await.status(), 401, "sessions ended");
    assert_eq!(cafe.raw(login("another one")).await.status(), 200);
}

#[tokio::test]
async fn tokens_are_shown_once_and_revoked_at_once() {
    let cafe = cafe();
    let body = json!({ "name": "Manager", "scope": "read" }).to_string();
    let (status, made) = cafe.post("/api/v1/tokens", body).await;
    assert_eq!(status, 200);
    let secret = made["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {secret}");
    let ask = |path| with(request("GET", path, ""), &[("authorization", &bearer)]);
    assert_eq!(cafe.raw(ask("/api/v1/site")).await.status(), 200);
    assert_eq!(cafe.raw(ask("/api/config")).await.status(), 403);
    let list = cafe.get("/api/v1/tokens").await.1;
    assert!(!list.to_string().contains(&secret));
    assert_eq!(list["tokens"].as_array().unwrap().len(), 3);
    let path = format!("/api/v1/tokens/{}", made["id"]);
    assert_eq!(cafe.send(request("DELETE", &path, "")).await.status(), 200);
    assert_eq!(cafe.raw(ask("/api/v1/site")).await.status(), 401);
    for bad in [json!({}), json!({ "name": "x", "scope": "all" }), json!({ "name": 7 })] {
        assert_eq!(cafe.post("/api/v1/tokens", bad.to_string()).await.0, 400, "{bad}");
    }
    let trail = cafe.get("/api/v1/audit?limit=2").await.1;
    assert_eq!(trail["audit"][0]["what"], "token_revoked");
    assert_eq!(trail["audit"][1]["who"], "token admin");
    assert!(!trail.to_string().contains(&secret));
}

#[tokio::test]
async fn the_ancestors_client_works_with_a_token_and_without_one_from_a_trusted_network() {
    let cafe = cafe();
    set(&cafe, "trusted_networks", json!(["192.168.1.32/27"]));
    let paths = ["/api/config", "/api/config/backups", "/api/logs?lines=10", "/api/logs/archive"];
    for path in paths {
        let ask = |peer| cafe.raw(from(peer, request("GET", path, "")));
        assert_eq!(ask(stranger(40)).await.status(), 200, "{path}");
        assert_eq!(ask(stranger(70)).await.status(), 401, "{path}");
        assert_eq!(ask(HERE).await.status(), 401, "{path}");
    }
    let own = from(stranger(40), request("GET", "/api/v1/config", ""));
    assert_eq!(cafe.raw(own).await.status(), 401, "only the ancestor's");
    let (_, read) = cafe.get("/api/config").await;
    let mut document = read["config"].clone();
    document["monitor_settings"]["interval_seconds"] = json!(9);
    let post = request("POST", "/api/config", document.to_string());
    assert_eq!(cafe.raw(from(stranger(40), post)).await.status(), 200);
    assert_eq!(cafe.config.current().monitor.interval.as_secs(), 9);
    let page = with(
        request("POST", "/api/config", document.to_string()),
        &[("origin", "http://evil.example")],
    );
    assert_eq!(cafe.raw(from(stranger(40), page)).await.status(), 403, "not for a web page");
    assert!(Network::parse("0.0.0.0/0").is_none(), "nobody trusts everyone");
}

#[tokio::test]
async fn only_proxies_that_are_trusted_say_who_their_client_is() {
    let cafe = cafe();
    set(&cafe, "trusted_networks", json!(["10.9.0.0/16"]));
    let ask = |peer, chain: &str| {
        let forwarded = with(request("GET", "/api/config", ""), &[("x-forwarded-for", chain)]);
        cafe.raw(from(peer, forwarded))
    };
    assert_eq!(ask(stranger(5), "10.9.0.1").await.status(), 401, "anybody can claim that");
    set(&cafe, "trusted_proxies", json!(["192.168.1.5", "192.168.1.6"]));
    assert_eq!(ask(stranger(5), "10.9.0.1").await.status(), 200);
    assert_eq!(ask(stranger(5), "10.9.0.1, 192.168.1.6").await.status(), 200);
    assert_eq!(ask(stranger(5), "10.9.0.1, 8.8.8.8").await.status(), 401, "claimed by 8.8.8.8");
    assert_eq!(ask(stranger(5), "nonsense").await.status(), 401);
    assert_eq!(ask(stranger(7), "10.9.0.1").await.status(), 401);
    let host = |peer, host: &str| {
        let headers = [("x-forwarded-host", host), ("x-forwarded-proto", "https")];
        cafe.raw(from(peer, with(login(PASSWORD), &headers)))
    };
    assert_eq!(host(stranger(5), "cafe.example").await.status(), 421);
    set(&cafe, "allowed_hosts", json!(["cafe.example"]));
    let response = host(stranger(5), "CAFE.example").await;
    assert!(response.headers()["set-cookie"].to_str().unwrap().contains("; Secure"));
}

#[tokio::test]
async fn another_origin_is_let_in_only_where_the_configuration_names_it() {
    let cafe = cafe();
    let ask = |method, origin: &str| {
        cafe.send(with(request(method, "/api/v1/config/check", "{}"), &[("origin", origin)]))
    };
    let here = "https://manager.example";
    assert_eq!(ask("POST", here).await.status(), 403);
    set(&cafe, "allowed_origins", json!([here]));
    let response = ask("POST", here).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], here);
    assert!(!response.headers().contains_key("access-control-allow-credentials"));
    let preflight = with(request("OPTIONS", "/api/config", ""), &[("origin", here)]);
    let response = cafe.raw(preflight).await;
    assert_eq!(response.status(), 204, "asked without a token");
    assert!(response.headers()["access-control-allow-headers"].to_str().unwrap().contains("auth"));
    for other in ["https://manager.example:8443", "http://manager.example", "https://x.example"] {
        let response = ask("POST", other).await;
        assert_eq!(response.status(), 403, "{other}");
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn nobody_asks_more_than_his_share() {
    let cafe = cafe();
    let mut asked = 0;
    // On a slow machine some turns come back while he asks.
    let refused = loop {
        let response = cafe.raw(from(stranger(66), request("GET", "/api/status", ""))).await;
        asked += 1;
        if response.status() == 429 {
            break response;
        }
        assert!(asked < 20_000, "never refused");
    };
    assert!(refused.headers().contains_key("retry-after"));
    assert!(asked > 50, "refused after {asked}");
    assert_eq!(cafe.raw(from(stranger(2), request("GET", "/api/status", ""))).await.status(), 200);
    let known =
        with(request("GET", "/api/v1/site", ""), &[("authorization", &format!("Bearer {READ}"))]);
    assert_eq!(cafe.raw(from(stranger(66), known)).await.status(), 200);
}

/// Statistically: a token of which the first half is right takes no longer to refuse.
#[tokio::test]
async fn how_long_a_refusal_takes_tells_nothing_about_the_token() {
    let cafe = cafe();
    let near = format!("{}x", &ADMIN[..ADMIN.len() - 1]);
    let time = |token: &str| {
        let mut took: Vec<Duration> = (0..2001)
            .map(|_| {
                let began = std::time::Instant::now();
                assert!(cafe.access.token(token).is_none());
                began.elapsed()
            })
            .collect();
        took.sort();
        took[1000].as_nanos() as f64
    };
    // What is compared are digests: nothing of the texts can show but their lengths.
    let ratios = (0..5).map(|_| time(&near) / time(&"y".repeat(ADMIN.len())));
    assert!(ratios.clone().any(|ratio| (0.8..1.25).contains(&ratio)));
}

#[tokio::test]
async fn two_admins_who_save_at_once_do_not_overwrite_each_other() {
    let cafe = cafe();
    let (_, read) = cafe.get("/api/v1/config").await;
    let tag = format!("\"{}\"", read["revision"].as_str().unwrap());
    let save = |seconds: u32| {
        let mut document = read["config"].clone();
        document["monitor_settings"]["interval_seconds"] = json!(seconds);
        let post = request("POST", "/api/v1/config", document.to_string());
        let post = with(post, &[("if-match", &tag)]);
        async { cafe.send(post).await.status().as_u16() }
    };
    let mut statuses = futures_util::future::join_all((3..13).map(save)).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[412; 9]].concat());
}

#[tokio::test]
async fn names_of_logs_and_backups_lead_nowhere_else() {
    let cafe = cafe();
    for name in [
        "..%2fconfig.json",
        "..%2f..%2fetc%2fpasswd",
        "..%5cconfig.json",
        "%2e%2e%2fconfig.json",
        "config.json",
        "info-2026-01-02.log%00.txt",
        "NUL",
        "CON.log",
        "info-2026-01-02.log:stream",
        "config_backup_20260102_030405.json%2f..%2f..%2fcron.dll",
        "%ff%fe",
        "cron.dll",
    ] {
        for folder in ["/api/logs/archive", "/api/v1/config/backups"] {
            let (status, body) = cafe.get(&format!("{folder}/{name}")).await;
            assert_eq!(status, 404, "{folder}/{name}: {body}");
        }
        let (status, _) =
            cafe.post("/api/v1/config/restore", json!({ "backup": name }).to_string()).await;
        assert_eq!(status, 404, "{name}");
    }
}
