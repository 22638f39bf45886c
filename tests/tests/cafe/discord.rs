//! The fake Discord in the lab: reached by its name over https, and only as long as the
//! provider's cable is whole.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cafesentinel_tests::harness::{Sentinel, require_root, wait_for};
use cafesentinel_tests::lab::{Finished, Lab, LabOptions};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(15);

/// Posts from the monitor with a client that has nothing in common with the fake.
fn curl(lab: &Lab, trusted: Option<&Path>, url: &str) -> Finished {
    let body = json!({
        "embeds": [{ "title": "Internet Down" }], "allowed_mentions": { "parse": [] },
    });
    let (url, body) = (format!("{url}?wait=true"), body.to_string());
    let mut words = vec!["curl", "-sS", "-m", "3", "-H", "Content-Type: application/json"];
    if let Some(file) = trusted.and_then(Path::to_str) {
        words.extend(["--cacert", file]);
    }
    words.extend(["-d", &body, &url]);
    lab.output("monitor", &words, LIMIT).expect("curl runs")
}

fn small() -> Lab {
    Lab::up(LabOptions { pcs: 1, firewalled: 0 }).expect("the lab comes up")
}

#[test]
fn discord_is_behind_the_provider_and_known_by_its_name() {
    if !require_root() {
        return;
    }
    let lab = small();
    let discord = lab.discord().expect("it starts");
    let (_, certificate) = discord.trust();
    let url = discord.url("alerts");
    assert!(url.starts_with("https://discord.com/api/webhooks/"), "{url}");

    let done = curl(&lab, Some(&certificate), &url);
    let answer: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
    assert_eq!(answer["id"], discord.messages("alerts")[0].id);
    // 60: the peer's certificate cannot be verified. Only who is told to trust it does.
    assert_eq!(curl(&lab, None, &url).status.code(), Some(60));
    let other = url.replace("discord.com", "internet");
    let stranger = curl(&lab, Some(&certificate), &other);
    assert_eq!(stranger.status.code(), Some(60), "another name is another server: {stranger:?}");

    lab.cut("primary").expect("cut");
    assert!(curl(&lab, Some(&certificate), &url).status.success(), "one address is not all");
    lab.cut("internet").expect("cut");
    // 28: no answer in time, as behind a cable that is cut, not a refusal.
    assert_eq!(curl(&lab, Some(&certificate), &url).status.code(), Some(28));
    assert_eq!(discord.messages("alerts").len(), 2);
    lab.mend("internet").expect("mended");
    assert!(curl(&lab, Some(&certificate), &url).status.success());
    assert_eq!(discord.titles("alerts"), ["Internet Down"; 3]);
    assert_eq!(discord.problems(), [""; 0]);

    assert!(lab.discord().is_err(), "there is room for one");
    drop(discord);
    // 7: refused. Nobody listens there any more.
    assert_eq!(curl(&lab, Some(&certificate), &url).status.code(), Some(7));
    let _again = lab.discord().expect("the place is free again");
}

#[test]
fn the_program_is_started_in_the_environment_it_is_given() {
    if !require_root() {
        return;
    }
    let lab = small();
    let discord = lab.discord().expect("it starts");
    let (name, file) = discord.trust();
    let mut sentinel = Sentinel::prepare(&lab).expect("prepared");
    sentinel.set_env(name, &file);
    sentinel.spawn().expect("started");
    let pid = sentinel.pid().expect("it runs");
    let expected = format!("{name}={}", file.display());
    wait_for("the variable is there", LIMIT, || {
        let text = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        text.split('\0').any(|variable| variable == expected).then_some(())
    });
}

#[test]
fn by_hand_discord_prints_its_urls_and_is_read_from_outside() {
    if !require_root() {
        return;
    }
    let lab = small();
    let mut tool = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["--id", lab.id(), "discord"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    let mut lines = BufReader::new(tool.stdout.take().expect("its output")).lines();
    let mut next = |name: &str| {
        let line = lines.next().expect("a line").expect("text");
        let value = line.strip_prefix(name).unwrap_or_else(|| panic!("{name}: {line}"));
        value.trim().to_owned()
    };
    let (control, alerts) = (next("control"), next("alerts"));
    let _others = (next("occupancy"), next("screenshots"));
    let trust = next("trust");
    let certificate = trust.strip_prefix("SSL_CERT_FILE=").expect("a file");
    let done = curl(&lab, Some(Path::new(certificate)), &alerts);
    assert!(done.status.success(), "{done:?}");
    let out =
        Command::new("curl").args(["-sS", "-m", "5", &format!("{control}/messages")]).output();
    let seen: Value = serde_json::from_slice(&out.expect("curl runs").stdout).expect("JSON");
    assert_eq!(seen[0]["body"]["embeds"][0]["title"], "Internet Down");
    tool.kill().expect("killed");
    tool.wait().expect("gone");
}
