//! The shapes of `/api/v1`.

use super::*;

/// No number that could be a moment is left in what goes out.
fn no_raw_moment(value: &Value) {
    match value {
        Value::Object(map) => map.values().for_each(no_raw_moment),
        Value::Array(list) => list.iter().for_each(no_raw_moment),
        Value::Number(n) => assert!(n.as_f64().unwrap() < 1e11, "{n}"),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_site_is_told_with_its_faults() {
    let cafe = cafe();
    cafe.faults.set("storage", Some("The disk is full.".into()));
    let (status, site) = cafe.get("/api/v1/site").await;
    assert_eq!(status, 200);
    no_raw_moment(&site);
    assert_eq!(site["demo"], false);
    assert_eq!(site["shop_name"], "My Internet Cafe");
    assert_eq!(site["at"], "2026-01-01T00:00:00.002Z");
    assert_eq!(site["started_at"], "2026-01-01T00:00:00.000Z");
    assert_eq!(site["headline"]["code"], "all_well");
    assert_eq!(site["headline"]["since"], "2026-01-01T00:00:00.003Z");
    assert_eq!(site["targets"][0]["since"], "2026-01-01T00:00:00.001Z");
    assert_eq!(site["seats"][0]["since"], "2026-01-01T00:00:00.004Z");
    assert_eq!(site["incidents"][0]["start"], "2026-01-01T00:00:00.005Z");
    assert_eq!(site["methods"], json!({ "v4": "raw", "v6": "none", "arp": "none" }));
    assert_eq!(site["faults"], json!([{ "code": "storage", "message": "The disk is full." }]));
    cafe.faults.set("storage", None);
    assert_eq!(cafe.get("/api/v1/site").await.1["faults"], json!([]));
}

fn stay(id: i64, start: i64, end: Option<i64>) -> Event {
    let change = if end.is_some() { SessionChange::Ended } else { SessionChange::Started };
    let session = Session {
        id: SessionId(id),
        seat: "PC-1".into(),
        address: "192.168.1.110".into(),
        mac: None,
        start: Utc(T0 + start),
        end: end.map(|ms| Utc(T0 + ms)),
        duration_ms: end.map(|ms| ms - start),
        gaps: vec![Gap { from: Utc(T0 + start), to: Utc(T0 + start + 1) }],
        end_reason: end.map(|_| SessionEnd::Left),
    };
    Event::Session { change, session }
}

#[tokio::test]
async fn seats_and_sessions_are_told_with_what_they_amount_to() {
    const HOUR: i64 = 3_600_000;
    let mut cafe = cafe();
    let minute = |n: i64| SeatMinute { at: Utc(T0 + n * 60_000), online: 1, peak: 1, total: 20 };
    cafe.seat_minutes = (0..180).map(minute).collect();
    cafe.store([
        stay(1, 0, None),
        stay(1, 0, Some(HOUR)),
        stay(2, 2 * HOUR, None),
        Event::ShortStay {
            seat: "PC-2".into(),
            address: "192.168.1.111".into(),
            start: Utc(T0),
            end: Utc(T0 + 60_000),
        },
    ]);
    let (status, seats) = cafe.get("/api/v1/seats").await;
    assert_eq!((status, &seats["seats"][0]["stay"]), (200, &json!("here")));
    assert_eq!(seats["seats"][0]["firewalled"], true);
    no_raw_moment(&seats);

    let all = cafe.get("/api/v1/sessions").await.1;
    let ids: Vec<_> = all["sessions"].as_array().unwrap().iter().map(|s| &s["id"]).collect();
    assert_eq!(ids, [2, 1], "newest first");
    no_raw_moment(&all);
    let open = cafe.get("/api/v1/sessions?open=true").await.1;
    assert_eq!(open["sessions"].as_array().unwrap().len(), 1);
    let page = cafe.get("/api/v1/sessions?before=2&seat=PC-1&limit=5").await.1;
    assert_eq!(page["sessions"][0]["id"], 1);
    for bad in
        ["limit=0", "limit=5001", "open=x", "before=x", "from=x", "from=2026-02-01&to=2026-01-01"]
    {
        let (status, answer) = cafe.get(&format!("/api/v1/sessions?{bad}")).await;
        assert_eq!((status, &answer["code"]), (400, &json!("bad_parameter")), "{bad}");
    }

    let stretch = "from=2026-01-01T00:00:00Z&to=2026-01-01T03:00:00Z";
    let (status, figures) = cafe.get(&format!("/api/v1/occupancy?{stretch}")).await;
    assert_eq!(status, 200, "{figures}");
    no_raw_moment(&figures["seats"][0]["seat"]);
    assert_eq!(figures["seats"][0]["used_ms"], 2 * HOUR - 2);
    assert_eq!(figures["idle"].as_array().unwrap().len(), 19);
    assert_eq!(figures["peak"]["online"], 1);
    assert_eq!(figures["short_stays"][0]["seat"], "PC-2");
    assert_eq!(figures["observed_open_ms"], 3 * HOUR);
    let (status, _) = cafe.get("/api/v1/occupancy?from=2020-01-01").await;
    assert_eq!(status, 400, "too long a stretch");

    let rows = cafe.get(&format!("/api/v1/occupancy/minutes?{stretch}")).await.1;
    assert_eq!(rows["rows"].as_array().unwrap().len(), 180);
    assert_eq!(rows["rows"][1]["at"], "2026-01-01T00:01:00.000Z");
}

#[test]
fn no_event_leaves_with_a_raw_moment() {
    let gap = Gap { from: Utc(T0), to: Utc(T0 + 1) };
    let link = Event::Link {
        target: Target::Router,
        from: LinkState::Up,
        to: LinkState::Down,
        reason: None,
        since: Utc(T0),
    };
    let group =
        Event::SeatGroupLost { seats: vec!["PC-1".into()], online_before: 3, start: Utc(T0) };
    for event in [
        Event::Started { last_alive: Some(Utc(T0)) },
        Event::Unobserved { gap },
        link,
        Event::Warning { target: Target::Router, warning: Some(Warning::NoPingReply) },
        jitter(1),
        told(incident(1, 0, Some(5))),
        stay(1, 0, Some(5)),
        Event::ShortStay {
            seat: "PC-1".into(),
            address: "10.0.0.1".into(),
            start: Utc(T0),
            end: Utc(T0 + 1),
        },
        Event::Frozen { frozen: true },
        Event::HourlySnapshot { hour: Utc(T0), online: 1, total: 2 },
        group,
        Event::ConfigChanged { changed: Vec::new() },
        Event::LockedOut { source: "10.0.0.1".into(), wrong: 5, seconds: 60 },
        Event::Tampering { what: Tampering::VaultMissing },
    ] {
        let printed = times::outside(&Stamped { at: Utc(T0), event: event.clone() });
        no_raw_moment(&printed);
        assert_eq!(printed["kind"], event.code());
        assert_eq!(printed["at"], "2026-01-01T00:00:00.000Z");
    }
}

#[tokio::test]
async fn incidents_are_listed_filtered_and_exported() {
    let mut cafe = cafe();
    cafe.store([
        told(incident(1, 0, Some(60_000))),
        told(incident(2, 100_000, Some(160_000))),
        told(incident(3, 200_000, None)),
    ]);
    let ids = |body: &Value| -> Vec<i64> {
        let incidents = body["incidents"].as_array().unwrap();
        incidents.iter().map(|i| i["id"].as_i64().unwrap()).collect()
    };
    let (status, body) = cafe.get("/api/v1/incidents").await;
    assert_eq!((status, ids(&body)), (200, vec![3, 2, 1]));
    no_raw_moment(&body);
    assert_eq!(
        body["incidents"][2],
        json!({
            "id": 1, "cause": "ISP_DOWN", "kind": "outage",
            "start": "2026-01-01T00:00:00.000Z", "end": "2026-01-01T00:01:00.000Z",
            "duration_ms": 60_000, "down_ms": 60_000, "outages": 1,
            "gaps": [{ "from": "2026-01-01T00:00:00.000Z", "to": "2026-01-01T00:00:00.001Z" }],
            "end_reason": "restored", "held": false, "uncertain": false,
            "seats_at_start": 3, "part_of": null,
        })
    );
    for (query, expected) in [
        ("open=true", vec![3]),
        ("open=false", vec![2, 1]),
        ("limit=1", vec![3]),
        ("before=3&limit=1", vec![2]),
        ("cause=ROUTER_DOWN", vec![]),
        ("from=2026-01-01T00:01:30Z", vec![3, 2]),
        ("to=2026-01-01T00:01:30Z", vec![1]),
        ("from=2026-01-01T02:01:30+02:00&to=2026-01-01T00:03:00Z&cause=", vec![2]),
    ] {
        let (status, body) = cafe.get(&format!("/api/v1/incidents?{query}")).await;
        assert_eq!((status, ids(&body)), (200, expected), "{query}");
    }
    for query in [
        "open=maybe",
        "limit=0",
        "limit=1001",
        "limit=x",
        "before=x",
        "cause=NONE",
        "from=yesterday",
        "from=2026-01-02&to=2026-01-01",
        "from=%ff%",
        "to=99999-01-01",
    ] {
        let (status, body) = cafe.get(&format!("/api/v1/incidents?{query}")).await;
        assert_eq!((status, &body["status"]), (400, &json!("error")), "{query}");
    }
    let response = cafe.send(request("GET", "/api/v1/incidents.csv?open=false", "")).await;
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    let csv = text(response).await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "Start Time,End Time,Duration,Cause,Notes");
    assert!(lines[1] < lines[2], "oldest first: {csv}");
}

#[tokio::test]
async fn statistics_of_a_link_are_told_by_resolution() {
    let cafe = cafe();
    for resolution in ["raw", "minute", "hour"] {
        let path = format!("/api/v1/links/router/statistics?resolution={resolution}");
        let (status, body) = cafe.get(&path).await;
        assert_eq!((status, &body["resolution"]), (200, &json!(resolution)));
        assert_eq!(body["rows"], json!([]));
    }
    let (status, body) = cafe.get("/api/v1/links/modem/statistics").await;
    assert_eq!((status, &body["code"]), (404, &json!("unknown_link")));
    for query in ["resolution=day", "from=x", "to=-1"] {
        let path = format!("/api/v1/links/router/statistics?{query}");
        assert_eq!(cafe.get(&path).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn a_configuration_has_a_revision_and_a_stale_write_is_refused() {
    let cafe = cafe();
    let (_, read) = cafe.get("/api/v1/config").await;
    let post = |tag: String, seconds: u32| {
        let mut document = read["config"].clone();
        document["monitor_settings"]["interval_seconds"] = json!(seconds);
        let mut request = request("POST", "/api/v1/config", document.to_string());
        request.headers_mut().insert("if-match", tag.parse().unwrap());
        cafe.send(request)
    };
    let tag = format!("\"{}\"", read["revision"].as_str().unwrap());
    let response = post(tag.clone(), 7).await;
    assert_ne!(response.headers()["etag"], tag);
    let (status, written) = answer(response).await;
    assert_eq!(
        (status, &written["config"]["monitor_settings"]["interval_seconds"]),
        (200, &json!(7))
    );
    let (status, refused) = answer(post(tag, 8).await).await;
    assert_eq!((status, &refused["code"]), (412, &json!("stale_revision")));
    let bad = json!({ "monitor_settings": { "interval_seconds": 0 } }).to_string();
    let (status, checked) = cafe.post("/api/v1/config/check", bad).await;
    assert_eq!((status, &checked["valid"]), (200, &json!(false)));
    assert_eq!(checked["errors"][0]["path"], "monitor_settings.interval_seconds");
    let (_, checked) = cafe.post("/api/v1/config/check", written["config"].to_string()).await;
    assert_eq!(checked, json!({ "status": "success", "valid": true, "errors": [] }));
}

#[tokio::test]
async fn a_backup_is_shown_masked_and_restored() {
    let cafe = cafe();
    let mut document = Config::default().to_value();
    let hook = "https://discord.com/api/webhooks/1/very-secret";
    document["discord_settings"]["webhook_alerts"] = json!(hook);
    assert_eq!(cafe.post("/api/config", document.to_string()).await.0, 200);
    document["discord_settings"]["webhook_alerts"] = json!("");
    assert_eq!(cafe.post("/api/config", document.to_string()).await.0, 200);
    let name = cafe.config.backups()[0].clone();
    for path in ["/api/config", "/api/v1/config", &format!("/api/v1/config/backups/{name}")] {
        let (status, body) = cafe.get(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(!body.to_string().contains("very-secret"), "{path}");
    }
    let (status, body) =
        cafe.post("/api/v1/config/restore", json!({ "backup": name }).to_string()).await;
    assert_eq!(status, 200);
    assert!(!body.to_string().contains("very-secret"));
    assert_eq!(cafe.config.current().discord.webhook_alerts.expose(), hook);
    let (status, body) = cafe
        .post("/api/v1/config/restore", json!({ "backup": "../config.json" }).to_string())
        .await;
    assert_eq!((status, &body["code"]), (404, &json!("backup_not_found")));
    assert_eq!(cafe.post("/api/v1/config/restore", "[]").await.0, 400);
}
