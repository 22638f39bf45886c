//! What reaches the phone: the real program in the lab, a Discord behind the provider.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cafesentinel_tests::discord::{Act, Limits, Message, On, Options, Scope, Script};
use cafesentinel_tests::harness::{PORT, Sentinel, require_root, wait_for};
use cafesentinel_tests::lab::{Lab, LabDiscord, LabOptions};
use cafesentinel_tests::screen::{Picture, Xvfb, assert_card, require_xvfb};
use serde_json::{Value, json};

use crate::spine::{moment, now};

const SOON: Duration = Duration::from_secs(40);

fn config(discord: &LabDiscord, pcs: u16) -> Value {
    json!({
        "targets": { "router": "192.168.1.1", "server": "192.168.1.200", "internet": "8.8.8.8" },
        "monitor_settings": {
            "interval_seconds": 1, "pc_subnet": "192.168.1", "pc_start_range": 110,
            "pc_count": pcs,
        },
        "verification_settings": { "min_incident_duration_seconds": 3 },
        "occupancy_settings": { "min_session_minutes": 0.1, "batch_delay_seconds": 2 },
        "screenshot_settings": { "resize_ratio": 0.5 },
        "discord_settings": {
            "enabled": true, "shop_name": "Café Sol",
            "webhook_alerts": discord.url("alerts"),
            "webhook_occupancy": discord.url("occupancy"),
            "webhook_screenshots": discord.url("screenshots"),
        },
    })
}

/// A lab with some PCs, a Discord behind its provider, and the program, all well.
fn told(pcs: u16, story: impl FnOnce(&Lab, &LabDiscord, &mut Sentinel<'_>)) {
    if !require_root() {
        return;
    }
    let lab = Lab::up(LabOptions { pcs, firewalled: 0 }).expect("the lab comes up");
    let discord = lab.discord().expect("Discord comes up");
    let mut sentinel = started(&lab, &discord, pcs, &[]);
    story(&lab, &discord, &mut sentinel);
    let problems = discord.problems();
    assert!(problems.is_empty(), "T6: {problems:#?}");
}

fn started<'lab>(
    lab: &'lab Lab,
    discord: &LabDiscord,
    pcs: u16,
    environment: &[(&str, &str)],
) -> Sentinel<'lab> {
    let mut sentinel = Sentinel::prepare(lab).expect("prepared");
    let (name, file) = discord.trust();
    sentinel.set_env(name, file);
    for (name, value) in environment {
        sentinel.set_env(name, value);
    }
    sentinel.write_config(&config(discord, pcs)).expect("written");
    sentinel.launch().expect("the program starts");
    sentinel.until("all is well and everybody is in a session", SOON, |s| {
        let site = s.site();
        site["headline"]["code"] == "all_well" && site["sessions"] == pcs
    });
    let started = discord.wait_for_messages("occupancy", 1, SOON);
    assert_eq!(started[0].titles(), ["New Activity"]);
    sentinel
}

fn wait(seconds: f64) {
    // The lab's time is real time.
    sleep(Duration::from_secs_f64(seconds));
}

/// Breaks the server for long enough to be an incident, and mends it.
fn server_outage(lab: &Lab, sentinel: &Sentinel<'_>) {
    let known = sentinel.incidents().len();
    lab.cut("server").expect("cut");
    sentinel.until("an incident", SOON, |s| s.incidents().len() > known);
    lab.mend("server").expect("mended");
    sentinel.until("it is over", SOON, |s| s.incidents().iter().all(|i| !i["end"].is_null()));
}

fn notices(sentinel: &Sentinel<'_>) -> Vec<Value> {
    let answer = sentinel.get("/api/v1/notices").expect("it answers");
    answer["notices"].as_array().cloned().unwrap_or_default()
}

fn waiting(sentinel: &Sentinel<'_>) -> usize {
    notices(sentinel).iter().filter(|n| n["state"] == "waiting").count()
}

fn description(message: &Message) -> String {
    message.embed()["description"].as_str().unwrap_or_default().to_owned()
}

fn post(sentinel: &Sentinel<'_>, path: &str, body: &Value) -> Value {
    sentinel.post(path, body).expect("it answers")
}

#[test]
fn an_outage_is_told_then_its_end_and_the_first_message_is_edited() {
    told(3, |lab, discord, sentinel| {
        lab.cut("server").expect("cut");
        let first = discord.wait_for_messages("alerts", 1, SOON);
        assert_eq!(first[0].titles(), ["Server Down"]);
        lab.mend("server").expect("mended");
        let both = discord.wait_for_messages("alerts", 2, SOON);
        assert_eq!(both[1].titles(), ["Server Restored"]);
        let embed = both[1].embed();
        assert_eq!(embed["color"], 15_158_332);
        let text = description(&both[1]);
        assert!(
            text.starts_with("**Duration:** 0:00:") && text.ends_with("**Active:** 3"),
            "{text}"
        );
        assert!(
            embed["footer"]["text"].as_str().is_some_and(|f| f.starts_with("Café Sol Monitor"))
        );
        let incident = sentinel.incidents().remove(0);
        assert!((moment(&embed["timestamp"]) - moment(&incident["end"])).abs() < 0.01);
        wait_for("the first message shows that it is over", SOON, || {
            let message = discord.messages("alerts").remove(0);
            description(&message).contains("**Over since:**").then_some(())
        });
        // No display here: a named state, the text went all the same.
        assert!(sentinel.log().contains("No screenshots: there is no display"));
    });
}

#[test]
fn t3_what_was_queued_while_the_provider_was_down_arrives_once_in_order_with_its_times() {
    if !require_xvfb() || !require_root() {
        return;
    }
    let xvfb = Xvfb::start("640x480x24");
    xvfb.show_card(|_| (0, 0, 640, 480));
    let lab = Lab::up(LabOptions { pcs: 6, firewalled: 0 }).expect("the lab comes up");
    let discord = lab.discord().expect("Discord comes up");
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path().to_str().expect("plain");
    let environment = [("DISPLAY", xvfb.display.as_str()), ("TMPDIR", folder)];
    let mut sentinel = started(&lab, &discord, 6, &environment);

    let began = Instant::now();
    let cut = now();
    lab.cut("internet").expect("cut");
    lab.off("pc1").expect("off");
    lab.off("pc2").expect("off");
    sentinel.until("their ends are queued", SOON, |s| waiting(s) >= 2);
    sentinel.kill9().expect("killed");
    wait(2.0);
    sentinel.launch().expect("started again");
    lab.on("pc1").expect("on");
    sentinel.until("a new session is queued", SOON, |s| {
        notices(s).iter().filter(|n| n["code"] == "sessions_started").count() >= 2
    });
    wait((60.0 - began.elapsed().as_secs_f64()).max(0.0));
    lab.mend("internet").expect("mended");

    let alerts = discord.wait_for_messages("alerts", 1, SOON);
    assert_eq!(alerts[0].titles(), ["Internet Restored"], "one merged message");
    assert!(description(&alerts[0]).contains("could not be told when it began"));
    let picture = &alerts[0].files[0];
    assert_eq!(picture.name, "evidence.webp");
    let seen = Picture::decode(&picture.bytes);
    assert_eq!(seen.size, (320, 240), "resize_ratio 0.5");
    assert_card(&seen, 40);
    let evidence = discord.wait_for_messages("screenshots", 1, SOON);
    assert_eq!(evidence[0].titles(), ["Incident Evidence"]);
    assert_eq!(evidence[0].files[0].bytes, picture.bytes);

    sentinel.until("nothing waits any more", SOON, |s| waiting(s) == 0);
    for channel in ["alerts", "occupancy", "screenshots"] {
        assert!(discord.doubles(channel).is_empty(), "{:#?}", discord.doubles(channel));
    }
    let occupancy = discord.messages("occupancy");
    let titles: Vec<String> = occupancy.iter().flat_map(Message::titles).collect();
    assert_eq!(titles, ["New Activity", "Session Ended", "New Activity"]);
    let ended = description(&occupancy[1]);
    assert!(ended.contains("PC-1") && ended.contains("PC-2"), "{ended}");
    let times: Vec<f64> = occupancy.iter().map(|m| moment(&m.embed()["timestamp"])).collect();
    assert!(times[1] > cut && times[1] < cut + 59.0, "when it happened, not when it was sent");
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(discord.problems(), [""; 0]);
    // Pictures were in memory only: nothing but what belongs there, and no pixel in it.
    assert_eq!(fs::read_dir(temporary.path()).expect("a folder").count(), 0);
    for file in fs::read_dir(sentinel.data_dir()).expect("a folder").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let ours = [
            "config",
            "cron",
            "history.db",
            "incidents_log.csv",
            "info.log",
            "instance",
            "setup.mark",
            "stand-down.pub",
        ];
        assert!(ours.iter().any(|o| name.starts_with(o)), "{name}");
        let bytes = fs::read(file.path()).unwrap_or_default();
        assert!(!bytes.windows(4).any(|w| w == b"WEBP"), "a picture in {name}");
    }
}

#[test]
fn t4_a_webhook_that_hangs_does_not_move_the_beat() {
    told(3, |lab, discord, sentinel| {
        discord.script(Script::always(Act::Hang { seconds: 60.0 }).to("alerts"));
        lab.cut("server").expect("cut");
        sentinel.until("it is told", SOON, |s| waiting(s) == 1);
        let before = sentinel.site();
        let began = Instant::now();
        // The other channels go on meanwhile.
        lab.off("pc3").expect("off");
        let _ = discord.wait_for_messages("occupancy", 2, Duration::from_secs(25));
        wait(10.0);
        let after = sentinel.site();
        let cycles = |s: &Value| s["cycle"].as_u64().expect("a number") as f64;
        let beats = cycles(&after) - cycles(&before);
        assert!((beats - began.elapsed().as_secs_f64()).abs() <= 1.5, "{beats}");
        assert_eq!(after["missed_beats"], 0);
        assert!(discord.messages("alerts").is_empty());
        // The hung request is given up after 30 s and then sent again.
        discord.behave();
        lab.mend("server").expect("mended");
        let alerts = discord.wait_for_messages("alerts", 1, Duration::from_secs(60));
        assert_eq!(alerts[0].titles(), ["Server Restored"], "merged, since it was never answered");
    });
}

#[test]
fn t5_limits_are_kept_a_deleted_webhook_stops_alone_and_a_refusal_blocks_nobody() {
    told(3, |lab, discord, sentinel| {
        // Each kind of limit that Discord has; a third outage would be told as "unstable".
        for scope in [Scope::Shared, Scope::Global] {
            let limited = Act::RateLimited { retry_after: 1.5, scope };
            discord.script(Script::once(limited).to("alerts").on(On::Posts));
            let known = discord.messages("alerts").len();
            lab.cut("server").expect("cut");
            let told = discord.wait_for_messages("alerts", known + 1, SOON);
            let requests = discord.requests_to("alerts");
            let refused = requests.iter().rfind(|r| r.status == Some(429)).expect("a 429");
            let waited = told[known].after.saturating_sub(refused.after);
            assert!(waited >= Duration::from_millis(1500), "{scope:?}: {waited:?}");
            lab.mend("server").expect("mended");
            let _ = discord.wait_for_messages("alerts", known + 2, SOON);
        }
        let user = Act::RateLimited { retry_after: 1.5, scope: Scope::User };
        discord.script(Script::once(user).to("occupancy").on(On::Posts));
        let known = discord.messages("occupancy").len();
        lab.off("pc1").expect("off");
        let told = discord.wait_for_messages("occupancy", known + 1, SOON);
        let refused = discord.requests_to("occupancy");
        let refused = refused.iter().rfind(|r| r.status == Some(429)).expect("a 429");
        assert!(told[known].after.saturating_sub(refused.after) >= Duration::from_millis(1500));
        lab.on("pc1").expect("on");
        let _ = discord.wait_for_messages("occupancy", known + 2, SOON);
        assert_eq!(discord.summary().early, 0, "no request before its time");

        discord.script(Script::once(Act::Status { code: 400 }).to("occupancy").on(On::Posts));
        lab.off("pc1").expect("off");
        sentinel.until("the refusal is shown", SOON, |s| {
            notices(s).iter().any(|n| n["state"] == "refused" && n["channel"] == "occupancy")
        });
        lab.on("pc1").expect("on");
        let after = discord.wait_for_messages("occupancy", known + 3, SOON);
        assert_eq!(after[known + 2].titles(), ["New Activity"], "the next one went");

        discord.delete_webhook("occupancy");
        lab.off("pc2").expect("off");
        let alerts = discord.messages("alerts").len();
        let told = discord.wait_for_messages("alerts", alerts + 1, SOON);
        assert_eq!(told[alerts].titles(), ["Webhook Not Working"]);
        let asked = discord.requests().len();
        lab.off("pc3").expect("off");
        sentinel.until("two wait for a new URL", SOON, |s| waiting(s) == 2);
        assert_eq!(discord.requests().len(), asked, "a dead webhook is not asked again");
        let tried = post(sentinel, "/api/v1/notices/test", &json!({ "channel": "occupancy" }));
        assert_eq!(tried["message"], "Discord answered 404: this webhook was deleted");
        let tried = post(sentinel, "/api/v1/notices/test", &json!({ "channel": "alerts" }));
        assert_eq!(tried["delivered"], true);
        // It is still dead after a restart, and the new URL gets what waited.
        sentinel.restart().expect("restarted");
        wait(3.0);
        assert_eq!(waiting(sentinel), 2);
        let url = discord.add_webhook("again", "occupancy");
        let mut config = config(discord, 3);
        config["discord_settings"]["webhook_occupancy"] = json!(url);
        sentinel.write_config(&config).expect("written");
        let came = discord.wait_for_messages("again", 2, SOON);
        assert!(came.iter().all(|m| m.titles() == ["Session Ended"]));
    });
}

#[test]
fn t7_the_token_of_a_webhook_is_nowhere_but_on_the_wire() {
    told(2, |lab, discord, sentinel| {
        discord.script(Script::always(Act::Status { code: 503 }).to("alerts"));
        server_outage(lab, sentinel);
        lab.cut("internet").expect("cut");
        wait(8.0);
        lab.mend("internet").expect("mended");
        discord.behave();
        let _ = discord.wait_for_messages("alerts", 1, Duration::from_secs(90));
        discord.delete_webhook("occupancy");
        lab.off("pc1").expect("off");
        let _ = discord.wait_for_messages("alerts", 2, SOON);
        for channel in ["alerts", "occupancy", "screenshots"] {
            post(sentinel, "/api/v1/notices/test", &json!({ "channel": channel }));
        }
        let mut said = sentinel.log() + &sentinel.console();
        for path in
            ["config", "v1/config", "v1/site", "v1/notices", "logs", "v1/incidents", "status"]
        {
            said += &sentinel.fetch(&format!("/api/{path}")).expect("it answers");
        }
        sentinel.terminate().expect("stops");
        let tokens = ["alerts", "occupancy", "screenshots"].map(|name| discord.token(name));
        let folders = [sentinel.data_dir(), sentinel.data_dir().join("config_backups")];
        let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        for entry in entries.flatten() {
            let path = entry.path();
            // Sealed since the start: in config.json and its backups, too.
            if path.is_file() {
                said += &String::from_utf8_lossy(&fs::read(&path).expect("readable"));
            }
        }
        for token in tokens {
            assert!(!said.contains(&token), "the token of a webhook was told");
        }
        assert!(said.contains("DISCORD"), "there was something to be told");
    });
}

#[test]
fn in_privacy_mode_no_picture_is_taken_and_switching_it_is_told() {
    if !require_xvfb() || !require_root() {
        return;
    }
    let xvfb = Xvfb::start("640x480x24");
    xvfb.show_card(|_| (0, 0, 640, 480));
    let lab = Lab::up(LabOptions { pcs: 2, firewalled: 0 }).expect("the lab comes up");
    let discord = lab.discord_with(Options::default()).expect("Discord comes up");
    let mut sentinel = started(&lab, &discord, 2, &[("DISPLAY", &xvfb.display)]);
    let answer = post(&sentinel, "/api/v1/privacy", &json!({ "on": true }));
    assert_eq!(answer["on"], true, "{answer}");
    let alerts = discord.wait_for_messages("alerts", 1, SOON);
    assert_eq!(alerts[0].titles(), ["Privacy Mode On"]);
    let admin = [sentinel.authorization()];
    let shot = lab.http(PORT, "GET", "/api/v1/screenshot", &admin, "").expect("it answers");
    assert_eq!(shot.status, 403);
    sentinel.restart().expect("restarted");
    sentinel.until("all is well", SOON, |s| s.site()["headline"]["code"] == "all_well");
    server_outage(&lab, &sentinel);
    let alerts = discord.wait_for_messages("alerts", 3, SOON);
    assert_eq!(alerts[2].titles(), ["Server Restored"]);
    assert!(alerts[2].files.is_empty() && discord.messages("screenshots").is_empty());
    post(&sentinel, "/api/v1/privacy", &json!({ "on": false }));
    let mut whole = config(&discord, 2);
    whole["screenshot_settings"]["resize_ratio"] = json!(1.0);
    sentinel.write_config(&whole).expect("written");
    server_outage(&lab, &sentinel);
    let evidence = discord.wait_for_messages("screenshots", 1, SOON);
    assert_eq!(evidence[0].titles(), ["Incident Evidence"]);
    let seen = Picture::decode(&evidence[0].files[0].bytes);
    assert_eq!(seen.size, (640, 480), "resize_ratio 1.0");
    assert_card(&seen, 40);
    assert_eq!(discord.problems(), [""; 0]);
}

/// 1,000 notices against Discord's own limits: some 34 minutes.
#[test]
#[ignore = "takes 35 minutes: npm run test:long"]
#[allow(clippy::print_stdout)] // a measurement is there to be read
fn a_thousand_notices_drain_at_the_allowed_rate_without_a_429() {
    told(1, |_, discord, sentinel| {
        assert_eq!(discord.limited(), 0);
        discord.offline(true);
        let mut days = 30;
        wait_for("a thousand wait", Duration::from_secs(600), || {
            days = if days == 30 { 31 } else { 30 };
            let mut config = config(discord, 1);
            config["system_settings"] = json!({ "log_retention_days": days });
            let answer = post(sentinel, "/api/v1/config", &config);
            assert_eq!(answer["status"], "success", "{answer}");
            let answer = sentinel.get("/api/v1/notices?limit=1").expect("it answers");
            (answer["channels"][0]["waiting"].as_u64()? >= 1000).then_some(())
        });
        let memory = sentinel.usage().expect("measured").rss_kib;
        let began = Instant::now();
        discord.offline(false);
        let all = discord.wait_for_messages("alerts", 1000, Duration::from_secs(2400));
        let took = began.elapsed();
        let after = sentinel.usage().expect("measured").rss_kib;
        let allowed = Limits::default();
        println!(
            "{} notices in {:.0} s (limits {allowed:?}), {} answers with 429, memory {memory} → {after} KiB",
            all.len(),
            took.as_secs_f64(),
            discord.limited()
        );
        assert_eq!(discord.limited(), 0);
        // 30 in 60 s, and a tenth on top.
        assert!(took < Duration::from_secs(2200), "{took:?}");
        assert!(after < memory + 8 * 1024, "{memory} → {after} KiB");
    });
}
