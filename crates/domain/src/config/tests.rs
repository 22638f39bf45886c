use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Config, FaultCode, Host, missing_sections};

/// The ancestor's default file, letter by letter.
const ANCESTOR: &str = r#"{"targets":{"router":"192.168.1.1","server":"192.168.1.200","internet":"8.8.8.8"},
 "monitor_settings":{"interval_seconds":2,"pc_subnet":"192.168.1","pc_start_range":110,"pc_count":20},
 "verification_settings":{"retry_delay_seconds":1.0,"secondary_target":"1.1.1.1","min_incident_duration_seconds":10},
 "screenshot_settings":{"enabled":true,"interval_minutes":60,"resize_ratio":1.0,"quality":80},
 "occupancy_settings":{"enabled":true,"mode":"session","min_session_minutes":3,"batch_delay_seconds":30,"hourly_snapshot_enabled":true},
 "discord_settings":{"enabled":false,"shop_name":"My Internet Cafe","webhook_alerts":"","webhook_occupancy":"","webhook_screenshots":""},
 "system_settings":{"env_state":false,"log_retention_days":30,"tray_visibility":{"router":true,"server":true,"internet":true,"clients":true}}}"#;

const HOOK: &str = "https://discord.com/api/webhooks/1234567890/abcDEF-ghi_jkl";

/// The defaults with one value changed.
fn with(path: &str, value: Value) -> Value {
    let mut document = Config::default().to_value();
    document["system_settings"]["tray_visibility"]["router"] = json!(true);
    let mut slot = &mut document;
    for part in path.split('.') {
        slot = &mut slot[part];
    }
    *slot = value;
    document
}

fn faults(document: &Value) -> Vec<super::Fault> {
    Config::from_value(document).expect_err("is faulty")
}

#[test]
fn the_ancestors_default_file_loads_unchanged() {
    let config = Config::parse(ANCESTOR).expect("loads");
    assert_eq!(config, Config::default());
    assert_eq!(config.monitor.seats.len(), 20);
    assert_eq!(config.monitor.seats[19].name, "PC-20");
    assert_eq!(config.monitor.seats[19].address.to_string(), "192.168.1.129");
    // Every value of the old file stands in the new one.
    let (old, new): (Value, Value) =
        (serde_json::from_str(ANCESTOR).expect("json"), config.to_value());
    for (section, values) in old.as_object().expect("object") {
        for (key, value) in values.as_object().expect("object") {
            assert_eq!(&new[section][key], value, "{section}.{key}");
        }
    }
}

#[test]
fn an_older_file_without_system_settings_takes_defaults() {
    let mut old: Value = serde_json::from_str(ANCESTOR).expect("json");
    old.as_object_mut().expect("object").remove("system_settings");
    old["discord_settings"]["webhook_alerts"] = json!("YOUR_WEBHOOK_URL_HERE");
    let config = Config::from_value(&old).expect("loads");
    assert_eq!(config.system, Config::default().system);
    assert!(config.discord.webhook_alerts.is_empty());
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert!(Config::parse(&format!("\u{feff}{ANCESTOR}")).is_ok());
}

#[test]
fn a_wrong_key_name_gets_a_suggestion() {
    for (section, wrong, meant) in [
        ("occupancy_settings", "hourly_snapshot", "hourly_snapshot_enabled"),
        ("occupancy_settings", "session_stability_seconds", "min_session_minutes"),
        ("monitor_settings", "interval_second", "interval_seconds"),
        ("monitor_settings", "pc_range_start", "pc_start_range"),
        ("targets", "routr", "router"),
        ("discord_settings", "webhook_alert", "webhook_alerts"),
        ("system_settings", "log_retention", "log_retention_days"),
    ] {
        let mut document = Config::default().to_value();
        document[section][wrong] = json!(1);
        let all = faults(&document);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(all[0].path, format!("{section}.{wrong}"));
        assert_eq!(all[0].code, FaultCode::UnknownKey);
        assert!(all[0].message.contains(&format!("`{meant}`")), "{}", all[0].message);
    }
    let mut document = Config::default().to_value();
    document["monitor_setings"] = json!({});
    assert!(faults(&document)[0].message.contains("`monitor_settings`"));
    document.as_object_mut().expect("object").remove("monitor_setings");
    document["zebra"] = json!(1);
    assert_eq!(faults(&document)[0].message, "zebra: unknown key");
}

#[test]
fn bad_values_are_refused_with_path_and_bound() {
    let table = [
        ("monitor_settings.interval_seconds", json!(0), "1..=60"),
        ("monitor_settings.interval_seconds", json!(61), "1..=60"),
        ("monitor_settings.interval_seconds", json!(1.5), "1..=60"),
        ("monitor_settings.interval_seconds", json!("2"), "expected a number, found text"),
        ("monitor_settings.interval_seconds", json!(true), "expected a number"),
        ("monitor_settings.interval_seconds", Value::Null, "found null"),
        ("monitor_settings.probe_timeout_ms", json!(99), "100..=5000"),
        ("monitor_settings.probe_timeout_ms", json!(1e300), "100..=5000"),
        ("monitor_settings.pc_subnet", json!("192.168"), "three octets"),
        ("monitor_settings.pc_subnet", json!("192.168.256"), "three octets"),
        ("monitor_settings.pc_start_range", json!(255), "1..=254"),
        ("monitor_settings.pc_count", json!(-1), "0..=254"),
        ("monitor_settings.pc_count", json!(200), "0..=145"),
        ("monitor_settings.presence", json!("ping"), "auto, icmp, arp"),
        ("monitor_settings.pcs", json!({}), "expected a list"),
        ("verification_settings.retry_delay_seconds", json!(0), "0.1..=10"),
        ("verification_settings.secondary_target", json!(""), "neither an IP address"),
        ("verification_settings.min_incident_duration_seconds", json!(301), "0..=300"),
        ("screenshot_settings.interval_minutes", json!(1441), "1..=1440"),
        ("screenshot_settings.quality", json!(0), "1..=100"),
        ("screenshot_settings.resize_ratio", json!(1.01), "0.1..=1"),
        ("screenshot_settings.enabled", json!("yes"), "true or false"),
        ("occupancy_settings.mode", json!("sessions"), "session, timer"),
        ("occupancy_settings.min_session_minutes", json!(0.01), "0.05..=60"),
        ("occupancy_settings.batch_delay_seconds", json!(0), "1..=300"),
        ("occupancy_settings.opening_hours", json!([]), "expected an object"),
        ("discord_settings.shop_name", json!(""), "1..=80"),
        (
            "discord_settings.webhook_alerts",
            json!("http://discord.com/api/webhooks/1/x"),
            "https://discord.com",
        ),
        (
            "discord_settings.webhook_alerts",
            json!("https://evil.example/api/webhooks/1/x"),
            "https://discord.com",
        ),
        (
            "discord_settings.webhook_alerts",
            json!("https://discord.com@evil.example/api/webhooks/1/x"),
            "https://discord.com",
        ),
        (
            "discord_settings.webhook_alerts",
            json!("http://127.0.0.1@evil.example/"),
            "https://discord.com",
        ),
        ("system_settings.log_retention_days", json!(0), "1..=365"),
        ("system_settings.history_retention_days", json!(6), "7..=3650"),
        ("system_settings.language", json!("de"), "en, es"),
        ("targets.router", json!("300.1.1.1"), "neither an IP address"),
        ("targets.router", json!("a b"), "neither an IP address"),
        ("targets.internet", json!(8), "expected text, found a number"),
        ("api_settings.port", json!(0), "1..=65535"),
        ("api_settings.bind", json!("everywhere"), "not an IP address"),
        ("api_settings.allowed_origins", json!(["*"]), "exact origin"),
        ("api_settings.trusted_networks", json!(["10.0.0.0/33"]), "not a network"),
        ("api_settings.allowed_origins", json!(["https://a.example/x"]), "origin"),
        ("api_settings.trusted_networks", json!(["0.0.0.0/0"]), "not a network"),
        ("api_settings.trusted_networks", json!(["10.0.0.0/+8"]), "not a network"),
        ("monitor_settings.pc_subnet", json!("192.168.+1"), "three octets"),
        ("targets.router", json!("0.0.0.0"), "neither an IP address"),
        (
            "system_settings.tray_visibility",
            json!({"router": false, "server": false, "internet": false, "clients": false}),
            "At least one tray icon must be enabled!",
        ),
        ("targets.router", json!("255.255.255.255"), "neither an IP address"),
        (
            "discord_settings.webhook_alerts",
            json!("http://127.0.0.1:9/…/••••"),
            "https://discord.com",
        ),
        (
            "discord_settings.webhook_alerts",
            json!("https://discord.com/api/webhooks/x/y"),
            "https://discord.com",
        ),
        ("discord_settings.shop_name", json!("a\nb"), "control characters"),
        ("chain_settings.token", json!("••••"), "masked"),
        ("chain_settings.username", json!("a:b"), "colon"),
        ("chain_settings.link", json!("https://me:pw@x.example/"), "user name or password"),
        ("chain_settings.site", json!("Café"), "a-z 0-9 -"),
        ("chain_settings.group", json!("x".repeat(64)), "0..=63"),
        ("chain_settings.push_interval_seconds", json!(4), "5..=300"),
        ("chain_settings.remote_write_url", json!("http://8.8.8.8/"), "https"),
        ("chain_settings.heartbeat_url", json!("ftp://x/"), "https"),
    ];
    for (path, value, bound) in table {
        let all = faults(&with(path, value.clone()));
        assert_eq!(all.len(), 1, "{path} = {value}: {all:?}");
        assert!(all[0].path.starts_with(path), "{path}: {}", all[0].path);
        assert!(all[0].message.starts_with(path), "{}", all[0].message);
        assert!(all[0].message.contains(bound), "{path}: {} lacks {bound}", all[0].message);
    }
    assert_eq!(
        faults(&with("monitor_settings.interval_seconds", json!(0)))[0].message,
        "monitor_settings.interval_seconds: 0 is outside 1..=60"
    );
}

#[test]
fn all_faults_are_reported_at_once() {
    let mut document = with("monitor_settings.interval_seconds", json!(0));
    document["targets"]["router"] = json!("");
    document["screenshot_settings"]["quality"] = json!("good");
    document["nonsense"] = json!(1);
    assert_eq!(faults(&document).len(), 4);
}

/// T10.
#[test]
fn t10_truncated_older_wrong_typed_and_out_of_range_files_are_refused_with_path_and_bound() {
    for end in (1..ANCESTOR.len()).step_by(7) {
        let all = Config::parse(&ANCESTOR[..end]).expect_err("is cut");
        assert_eq!(all[0].code, FaultCode::Syntax);
        assert!(all[0].message.contains("line"), "{}", all[0].message);
    }
    for top in ["[]", "1", "null", "\"x\""] {
        assert_eq!(Config::parse(top).expect_err("no object")[0].code, FaultCode::WrongType);
    }
    assert_eq!(Config::parse("{}").expect("all defaults"), Config::default());
    let wrong = ANCESTOR.replace("\"interval_seconds\":2", "\"interval_seconds\":\"2\"");
    let all = Config::parse(&wrong).expect_err("wrong type");
    assert_eq!(
        (all[0].path.as_str(), all[0].code),
        ("monitor_settings.interval_seconds", FaultCode::WrongType)
    );
    let beyond = ANCESTOR.replace("\"quality\":80", "\"quality\":101");
    let all = Config::parse(&beyond).expect_err("out of range");
    assert_eq!(all[0].message, "screenshot_settings.quality: 101 is outside 1..=100");
}

/// T15.
#[test]
fn t15_shop_name_of_81_characters_discord_in_the_name_and_zero_pcs_are_clear_faults_or_fine() {
    let name = |n: &str| with("discord_settings.shop_name", json!(n));
    assert!(faults(&name(&"é".repeat(81)))[0].message.contains("81 characters is outside 1..=80"));
    assert!(Config::from_value(&name(&"é".repeat(80))).is_ok());
    for bad in ["My Discord Cafe", "CLYDE's"] {
        assert!(faults(&name(bad))[0].message.contains("Discord refuses"));
    }
    let none = Config::from_value(&with("monitor_settings.pc_count", json!(0))).expect("fine");
    assert!(none.monitor.seats.is_empty());
}

#[test]
fn a_seat_with_an_address_of_the_range_renames_it_and_others_are_added() {
    let config = Config::from_value(&with(
        "monitor_settings.pcs",
        json!([
            {"name": "VIP", "address": "192.168.1.111", "mac": "AA-BB-CC-00-11-22"},
            {"name": "Office", "address": "fd00::5"},
        ]),
    ))
    .expect("fine");
    let names: Vec<_> = config.monitor.seats.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.len(), 21);
    assert_eq!((names[0], names[1], names[2], names[20]), ("PC-1", "VIP", "PC-3", "Office"));
    assert_eq!(config.monitor.seats[1].mac.expect("has one").to_string(), "aa:bb:cc:00:11:22");
    assert_eq!(Config::from_value(&config.to_value()).expect("round"), config);
    for (pcs, path) in [
        (json!([{"name": "A"}]), "monitor_settings.pcs[0].address"),
        (json!([{"name": "", "address": "10.0.0.1"}]), "monitor_settings.pcs[0].name"),
        (
            json!([{"name": "A", "address": "10.0.0.1"}, {"name": "A", "address": "10.0.0.2"}]),
            "monitor_settings.pcs[1].name",
        ),
        (
            json!([{"name": "A", "address": "10.0.0.1"}, {"name": "B", "address": "10.0.0.1"}]),
            "monitor_settings.pcs[1].address",
        ),
        (json!([{"name": "A", "address": "10.0.0.1", "mac": "zz"}]), "monitor_settings.pcs[0].mac"),
        (json!([7]), "monitor_settings.pcs[0]"),
    ] {
        assert_eq!(faults(&with("monitor_settings.pcs", pcs))[0].path, path);
    }
}

#[test]
fn opening_hours_may_pass_midnight() {
    let hours = |v: Value| with("occupancy_settings.opening_hours", v);
    let config = Config::from_value(&hours(json!({"monday": ["10:00", "02:00"]}))).expect("fine");
    assert_eq!(config.occupancy.opening_hours.0[0], Some((600, 120)));
    assert_eq!(Config::from_value(&config.to_value()).expect("round"), config);
    for bad in [
        json!({"monday": ["10:00"]}),
        json!({"monday": ["25:00", "02:00"]}),
        json!({"mon": ["10:00", "02:00"]}),
    ] {
        assert!(!faults(&hours(bad)).is_empty());
    }
}

#[test]
fn secrets_are_masked_and_a_masked_value_means_unchanged() {
    let config =
        Config::from_value(&with("discord_settings.webhook_alerts", json!(HOOK))).expect("fine");
    let shown = config.masked();
    let text = format!("{shown} {config:?}");
    assert!(!text.contains("abcDEF"), "{text}");
    let back = Config::merge_masked(&shown, &config);
    assert_eq!(Config::from_value(&back).expect("fine"), config);
    assert!(
        faults(&with("discord_settings.webhook_alerts", json!("https://x/secret-token")))
            .iter()
            .all(|f| !f.message.contains("secret-token"))
    );
    let sealed = with("discord_settings.webhook_alerts", json!("sealed:AAAA"));
    assert!(Config::from_value(&sealed).is_ok());
}

#[test]
fn a_post_that_lacks_a_section_is_named_as_the_ancestor_did() {
    assert_eq!(
        missing_sections(&json!({"targets": {}})).as_deref(),
        Some("Missing key 'monitor_settings'")
    );
    assert_eq!(missing_sections(&Config::default().to_value()), None);
}

#[test]
fn hosts_are_addresses_or_names() {
    assert!(matches!(Host::parse("::1"), Some(Host::Address(_))));
    assert!(matches!(Host::parse("router.lan"), Some(Host::Name(_))));
    for bad in ["", "1.2.3", "-a.b", "a..b", "http://x", "a b"] {
        assert_eq!(Host::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_key_given_twice_is_a_fault() {
    let text = r#"{"targets":{"router":"10.0.0.1","router":"10.0.0.2"}}"#;
    let all = Config::parse(text).expect_err("twice");
    assert_eq!(all[0].message, "targets.router: is given twice");
}

#[test]
fn no_fault_quotes_a_webhook_pasted_into_the_wrong_field() {
    for path in
        ["targets.router", "occupancy_settings.mode", "api_settings.bind", "chain_settings.site"]
    {
        let all = faults(&with(path, json!(HOOK)));
        assert!(all.iter().all(|f| !f.message.contains("abcDEF")), "{all:?}");
    }
}

#[test]
fn a_mask_where_there_is_no_secret_to_keep_is_a_fault() {
    let mut config = Config::default();
    config.discord.webhook_alerts = super::Secret::new(HOOK);
    config.chain.heartbeat_url = super::Secret::new("https://hc.example/ping/abcDEF");
    let shown = config.masked();
    assert!(!shown.to_string().contains("abcDEF") && !shown.to_string().contains("1234567890"));
    let elsewhere = Config::merge_masked(&shown, &Config::default());
    let paths: Vec<_> = faults(&elsewhere).into_iter().map(|f| f.path).collect();
    assert_eq!(paths, ["discord_settings.webhook_alerts", "chain_settings.heartbeat_url"]);
}

#[test]
fn seats_of_one_mac_or_with_a_name_of_the_range_are_refused() {
    for (pcs, path) in [
        (json!([{"name": "pc-2", "address": "10.0.0.1"}]), "monitor_settings.pcs[0].name"),
        (
            json!([
                {"name": "A", "address": "10.0.0.1", "mac": "02:00:00:00:00:01"},
                {"name": "B", "address": "10.0.0.2", "mac": "02-00-00-00-00-01"},
            ]),
            "monitor_settings.pcs[1].mac",
        ),
    ] {
        let all = faults(&with("monitor_settings.pcs", pcs));
        assert_eq!((all.len(), all[0].path.as_str()), (1, path), "{all:?}");
    }
    let swapped = json!([
        {"name": "PC-2", "address": "192.168.1.110"}, {"name": "PC-1", "address": "192.168.1.111"}
    ]);
    assert!(Config::from_value(&with("monitor_settings.pcs", swapped)).is_ok());
}

#[test]
fn a_network_contains_its_addresses_and_no_others() {
    let net = |t: &str| super::Network::parse(t).expect("a network");
    let at = |t: &str| t.parse().expect("an address");
    assert!(net("100.64.0.0/10").contains(at("100.127.255.255")));
    assert!(!net("100.64.0.0/10").contains(at("100.128.0.0")));
    assert!(net("10.0.0.5").contains(at("::ffff:10.0.0.5")));
    assert!(!net("10.0.0.5").contains(at("10.0.0.4")));
    assert!(net("fd00::/8").contains(at("fdff::1")) && !net("fd00::/8").contains(at("10.0.0.1")));
}

#[test]
fn fractions_of_a_minute_come_back_as_they_were_written() {
    for minutes in [0.05, 0.3, 2.3, 59.99] {
        let path = "occupancy_settings.min_session_minutes";
        let config = Config::from_value(&with(path, json!(minutes))).expect("fine");
        assert_eq!(config.to_value()["occupancy_settings"]["min_session_minutes"], json!(minutes));
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(
                prop_oneof![
                    Just("targets".to_owned()),
                    Just("router".to_owned()),
                    Just("monitor_settings".to_owned()),
                    Just("pcs".to_owned()),
                    "[a-z_]{1,8}"
                ],
                inner,
                0..5
            )
            .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let _ = Config::parse(&text);
    }

    #[test]
    fn no_document_makes_it_panic(value in any_json()) {
        if let Ok(config) = Config::from_value(&value) {
            prop_assert_eq!(Config::from_value(&config.to_value()).expect("round"), config);
        }
    }
}

#[test]
fn the_places_of_secrets_are_those_of_the_settings() {
    let mut config = super::Config::default();
    let places: Vec<_> = super::secret_places().iter().map(|(s, k)| format!("{s}.{k}")).collect();
    for (n, (place, secret)) in config.secrets_mut().into_iter().enumerate() {
        assert_eq!(place, places[n]);
        *secret = super::values::Secret::new(&format!("sealed:{n}"));
    }
    let document = config.to_value();
    for (n, (section, key)) in super::secret_places().iter().enumerate() {
        assert_eq!(document[section][key], format!("sealed:{n}"));
    }
}
