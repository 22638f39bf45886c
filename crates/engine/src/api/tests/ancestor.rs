//! The ancestor's shapes, and bad configurations at the door.

use super::*;
use crate::config_file::revision;

#[tokio::test]
async fn the_ancestors_shapes_are_kept() {
    let cafe = cafe();
    let (code, status) = cafe.get("/api/status").await;
    assert_eq!(code, 200);
    assert_eq!(status["status"], "online");
    assert_eq!(status["service"], "CafeSentinel Config API");
    assert_eq!(status["version"], "1.2.3");
    assert_eq!(status["timestamp"].as_str().unwrap().len(), "2025-12-09T14:22:10.123456".len());
    let (code, config) = cafe.get("/api/config").await;
    assert_eq!((code, &config["status"]), (200, &json!("success")));
    assert_eq!(config["config"], Config::default().masked());
    assert_eq!(
        cafe.get("/api/config/backups").await,
        (200, json!({ "status": "success", "backups": [] }))
    );
    let mut document = config["config"].clone();
    document["monitor_settings"]["interval_seconds"] = json!(7);
    assert_eq!(
        cafe.post("/api/config", document.to_string()).await,
        (
            200,
            json!({
                "status": "success",
                "message": "Configuration updated successfully",
            })
        )
    );
    assert_eq!(cafe.config.current().monitor.interval.as_secs(), 7);
    let (_, backups) = cafe.get("/api/config/backups").await;
    assert_eq!(backups["backups"].as_array().unwrap().len(), 1);
    let missing = (404, error("not_found", "Endpoint not found"));
    for path in ["/api", "/api/", "/api/nothing", "/nothing", "/api/v1/nothing", "/../etc/passwd"] {
        assert_eq!(cafe.get(path).await, missing, "{path}");
    }
    let refused = answer(cafe.send(request("PUT", "/api/config", "{}")).await).await;
    assert_eq!(refused, (405, error("method_not_allowed", "Method not allowed")));
}

#[tokio::test]
async fn logs_and_archives_are_read_and_deleted_as_before() {
    let cafe = cafe();
    let archives = cafe.folder.path().join("probes");
    std::fs::create_dir_all(&archives).unwrap();
    // Of today: an old one would be removed.
    let name = format!("info-{}.log", jiff::Zoned::now().date());
    let of_it = format!("/api/logs/archive/{name}");
    std::fs::write(archives.join(&name), "one\ntwo\n").unwrap();
    std::fs::write(cafe.folder.path().join("info-2026-01-02.log"), "outside").unwrap();
    let (code, logs) = cafe.get("/api/logs?lines=abc").await;
    assert_eq!((code, &logs["status"]), (200, &json!("success")));
    assert!(logs["logs"].is_array() && logs["source"].is_string() && logs["lines"].is_number());
    assert_eq!(
        cafe.get("/api/logs/archive").await,
        (
            200,
            json!({
                "status": "success",
                "count": 1,
                "archives": [name],
            })
        )
    );
    assert_eq!(
        cafe.get(&of_it).await,
        (
            200,
            json!({
                "status": "success",
                "filename": name,
                "lines": 2,
                "logs": ["one", "two"],
            })
        )
    );
    let none = (404, error("archive_not_found", "Archive file not found"));
    for name in ["info-2026-01-03.log", "..%2Finfo-2026-01-02.log", "config.json", "%ff"] {
        let path = format!("/api/logs/archive/{name}");
        assert_eq!(cafe.get(&path).await, none, "{name}");
    }
    for name in ["..%2Finfo-2026-01-02.log", "info.log", "%ff", "info-2026-01-02.log%00"] {
        let path = format!("/api/logs/archive/{name}");
        let deleted = answer(cafe.send(request("DELETE", &path, "")).await).await;
        assert_eq!(deleted, (400, error("bad_name", "Invalid filename format")), "{name}");
    }
    let delete = || request("DELETE", &of_it, "");
    assert_eq!(
        answer(cafe.send(delete()).await).await,
        (200, json!({ "status": "success", "message": "Archive deleted permanently" }))
    );
    assert_eq!(answer(cafe.send(delete()).await).await, none);
}

#[tokio::test]
async fn what_is_no_configuration_is_refused_in_the_ancestors_words() {
    let cafe = cafe();
    for nothing in ["", "  ", "{}", "null", "\u{feff}"] {
        let refused = cafe.post("/api/config", nothing).await;
        assert_eq!(refused, (400, error("no_data", "No config data provided")), "{nothing}");
    }
    for bad in ["{", "[1]", "5", "{\"a\":}", "\u{0}"] {
        let (status, body) = cafe.post("/api/config", bad).await;
        assert_eq!((status, &body["code"]), (400, &json!("bad_json")), "{bad}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(cafe.post("/api/config", deep).await.0, 400);
    let mut document = Config::default().to_value();
    document.as_object_mut().unwrap().remove("verification_settings");
    let refused = cafe.post("/api/config", document.to_string()).await;
    assert_eq!(refused, (400, error("missing_key", "Missing key 'verification_settings'")));
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let (status, body) = cafe.post("/api/config", large).await;
    assert_eq!((status, &body["code"]), (413, &json!("too_large")));
}

/// T10, T15: each is refused with path and bound, and nothing changes.
#[tokio::test]
async fn thirty_kinds_of_bad_configuration_are_refused_while_the_running_one_stays() {
    let cafe = cafe();
    let kinds: [(&str, Value, &str); 32] = [
        ("monitor_settings.interval_seconds", json!(0), "1..=60"),
        ("monitor_settings.interval_seconds", json!(61), "1..=60"),
        ("monitor_settings.interval_seconds", json!("2"), ""),
        ("monitor_settings.interval_seconds", json!(1.5), ""),
        ("monitor_settings.probe_timeout_ms", json!(99), "100..=5000"),
        ("monitor_settings.pc_subnet", json!("192.168"), ""),
        ("monitor_settings.pc_start_range", json!(0), "1..=254"),
        ("monitor_settings.pc_count", json!(255), "0..=254"),
        ("monitor_settings.pc_count", json!(-1), "0..=254"),
        ("monitor_settings.pc_count", json!(200), "254"),
        ("monitor_settings.pcs", json!({}), ""),
        ("monitor_settings.presence", json!("maybe"), "auto"),
        ("monitor_settings.interval_secs", json!(2), "interval_seconds"),
        ("verification_settings.retry_delay_seconds", json!(0.05), "0.1..=10"),
        ("verification_settings.min_incident_duration_seconds", json!(301), "0..=300"),
        ("verification_settings.secondary_target", json!(""), ""),
        ("targets.router", json!(""), ""),
        ("targets.internet", json!("not a host"), ""),
        ("targets.router", json!(null), ""),
        ("screenshot_settings.interval_minutes", json!(1441), "1..=1440"),
        ("screenshot_settings.quality", json!(0), "1..=100"),
        ("screenshot_settings.resize_ratio", json!(1.1), "0.1..=1"),
        ("screenshot_settings.enabled", json!("yes"), ""),
        ("occupancy_settings.mode", json!("sometimes"), "session"),
        ("occupancy_settings.hourly_snapshot", json!(true), "hourly_snapshot_enabled"),
        ("occupancy_settings.batch_delay_seconds", json!(0), "1..=300"),
        ("discord_settings.shop_name", json!("x".repeat(81)), "1..=80"),
        ("discord_settings.shop_name", json!("My Discord Cafe"), "discord"),
        ("discord_settings.webhook_alerts", json!("http://example.com/hook"), ""),
        ("system_settings.log_retention_days", json!(366), "1..=365"),
        ("api_settings.port", json!(0), "1..=65535"),
        ("chain_settings.push_interval_seconds", json!(4), "5..=300"),
    ];
    let running = cafe.config.current();
    let file = std::fs::read(cafe.folder.path().join("config.json")).unwrap();
    for (path, value, bound) in kinds {
        let mut document = Config::default().to_value();
        let (section, key) = path.split_once('.').unwrap();
        document[section][key] = value.clone();
        let (status, body) = cafe.post("/api/config", document.to_string()).await;
        assert_eq!((status, &body["code"]), (400, &json!("invalid_config")), "{path} {value}");
        let errors = body["errors"].as_array().unwrap();
        assert!(errors.iter().any(|e| e["path"] == path), "{path} {value}: {body}");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(path), "{message}");
        assert!(message.contains(bound), "{message} names {bound}");
    }
    // All at once are told at once.
    let mut document = Config::default().to_value();
    document["monitor_settings"]["interval_seconds"] = json!(0);
    document["screenshot_settings"]["quality"] = json!(101);
    let (_, body) = cafe.post("/api/config", document.to_string()).await;
    assert_eq!(body["errors"].as_array().unwrap().len(), 2);
    assert_eq!(revision(&cafe.config.current()), revision(&running));
    assert_eq!(std::fs::read(cafe.folder.path().join("config.json")).unwrap(), file);
    assert!(cafe.config.backups().is_empty());
}
