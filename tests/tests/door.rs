//! The whole program at its door, without the lab: it watches only this machine's own
//! loopback and is asked over real sockets.
#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use cafesentinel_tests::harness::{headless, wait_for};
use serde_json::{Value, json};
use tempfile::TempDir;

const ADMIN: &str = "the owner of this café";
const PRIVACY: &str = "the staff of this café";
const HOOK: &str = "webhook-token-that-nobody-may-see";

/// A running installation, set up, with an admin token.
struct Program {
    home: TempDir,
    child: Child,
    port: u16,
    token: String,
    recovery: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn out(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("it runs")
}

fn keys(home: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(headless());
    command.args(words).arg("--data-dir").arg(home.join("data"));
    command.arg("--passwords-from").arg(home.join("passwords"));
    out(&mut command)
}

fn answer(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Program {
    fn start() -> Program {
        let home = TempDir::with_prefix("cafesentinel-door-").expect("a folder");
        let port = free_port();
        let config = json!({
            "targets": { "router": "127.0.0.2", "server": "", "internet": "127.0.0.4" },
            "monitor_settings": { "pc_subnet": "127.0.1", "pc_start_range": 1, "pc_count": 3 },
            "verification_settings": { "secondary_target": "127.0.0.5" },
            "discord_settings": {
                "webhook_alerts": format!("http://127.0.0.1:9/api/webhooks/1/{HOOK}"),
            },
            "api_settings": { "bind": "127.0.0.1", "port": port },
        });
        fs::create_dir(home.path().join("data")).expect("a folder");
        fs::write(home.path().join("data/config.json"), config.to_string()).expect("written");
        let passwords = format!("admin={ADMIN}\nprivacy={PRIVACY}\n");
        fs::write(home.path().join("passwords"), passwords).expect("written");
        let recovery = answer(&keys(home.path(), &["setup"]));
        let token = answer(&keys(home.path(), &["token", "create", "tests", "--scope", "admin"]));
        let console = fs::File::create(home.path().join("console")).expect("a file");
        let child = Command::new(headless())
            .args(["run", "--data-dir"])
            .arg(home.path().join("data"))
            .stdin(Stdio::null())
            .stderr(console.try_clone().expect("a handle"))
            .stdout(console)
            .spawn()
            .expect("it starts");
        let program = Program { home, child, port, token, recovery };
        wait_for("it answers", Duration::from_secs(15), || {
            (program.get("/api/v1/site").0 == 200).then_some(())
        });
        program
    }

    fn ask(&self, request: &str) -> (u16, String) {
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else {
            return (0, String::new());
        };
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, text)
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\n\r\n",
            self.token
        ))
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }
}

/// The blocks of shell in a page.
fn examples(page: &str) -> Vec<String> {
    page.split("```sh\n").skip(1).map(|b| b.split("```").next().expect("an end").into()).collect()
}

#[test]
fn every_example_of_the_manual_works() {
    for tool in ["curl", "jq", "bash"] {
        if !out(Command::new(tool).arg("--version")).status.success() {
            assert!(std::env::var_os("CI").is_none(), "needs {tool}, and CI must not skip it");
            println!("SKIPPED: needs {tool}");
            return;
        }
    }
    let program = Program::start();
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    let blocks = examples(&fs::read_to_string(manual).expect("the manual"));
    assert!(blocks.len() >= 7, "{}", blocks.len());
    let work = TempDir::new().expect("a folder");
    for block in &blocks {
        let script = format!("set -eo pipefail\n{block}");
        let done = out(Command::new("bash")
            .arg("-c")
            .arg(&script)
            .current_dir(work.path())
            .env("URL", format!("http://127.0.0.1:{}", program.port))
            .env("TOKEN", &program.token)
            .env("PASSWORD", ADMIN));
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        let answered = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(
            done.status.success(),
            "{block}\n{text}\n{answered}\n{:?}",
            program.get("/api/v1/audit")
        );
        assert!(!answered.contains("\"status\":\"error\""), "{block}\n{answered}");
    }
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else if let Ok(bytes) = fs::read(entry.path()) {
            found.push((entry.path().display().to_string(), bytes));
        }
    }
}

#[test]
fn no_secret_is_in_any_file_answer_or_list_of_processes() {
    let program = Program::start();
    wait_for("the file is sealed", Duration::from_secs(10), || {
        let text = fs::read_to_string(program.home.path().join("data/config.json"));
        text.expect("the file").contains("sealed:").then_some(())
    });
    let wrong = json!({ "password": "a wrong guess" }).to_string();
    assert_eq!(program.post("/api/v1/login", &wrong).0, 401);
    let right = json!({ "password": ADMIN }).to_string();
    let (status, text) = program.post("/api/v1/login", &right);
    assert_eq!(status, 200, "{text}");
    let secrets = [ADMIN, PRIVACY, HOOK, &program.token, &program.recovery, "a wrong guess"];
    let (_, document) = program.get("/api/v1/openapi.json");
    let document: Value =
        serde_json::from_str(document.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        // Streams do not end; what has a parameter needs a name.
        let plain = !path.contains('{') && !path.ends_with("/events") && !path.ends_with("/tail");
        if plain && item.get("get").is_some() {
            found.push((path.clone(), program.get(path).1.into_bytes()));
        }
    }
    assert!(found.len() > 15);
    let (status, faulty) = program.ask(&format!(
        "POST /api/config HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Length: 60\r\n\r\n{{\"discord_settings\":\
         {{\"webhook_alerts\":\"{HOOK}\"}}}}",
        program.token
    ));
    assert_eq!(status, 400, "{faulty}");
    found.push(("a refusal".into(), faulty.into_bytes()));
    files(&program.home.path().join("data"), &mut found);
    found.push(("console".into(), fs::read(program.home.path().join("console")).expect("read")));
    let process = format!("/proc/{}", program.child.id());
    for name in ["cmdline", "environ"] {
        // Only where the system has such a list.
        if let Ok(bytes) = fs::read(format!("{process}/{name}")) {
            found.push((name.into(), bytes));
        }
    }
    assert!(found.iter().any(|(name, _)| name.ends_with("history.db")));
    assert!(found.iter().any(|(name, _)| name.ends_with("info.log")));
    for (name, bytes) in &found {
        for secret in secrets {
            let there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!there, "{secret} is in {name}");
        }
    }
}

#[test]
fn a_thousand_slow_connections_hold_up_nobody() {
    let program = Program::start();
    let slow: Vec<TcpStream> = (0..1000)
        .map(|_| {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, program.port)).expect("in");
            stream.write_all(b"GET /api/v1/site HTTP/1.1\r\nHost: loc").expect("sent");
            stream
        })
        .collect();
    let mut took: Vec<Duration> = (0..21)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(program.get("/api/v1/site").0, 200);
            began.elapsed()
        })
        .collect();
    took.sort();
    assert!(took[10] < Duration::from_millis(100), "the median of {took:?}");
    drop(slow);
}

#[test]
fn bodies_without_end_are_cut_off() {
    let program = Program::start();
    let head = format!(
        "POST /api/config HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\n",
        program.token
    );
    let length = 10 << 20;
    let whole = format!("{head}Content-Length: {length}\r\n\r\n{}", "x".repeat(length));
    let (status, _) = program.ask(&whole);
    // Closed on a client that still sends, the answer may be lost on its way.
    assert!(status == 413 || status == 0, "{status}");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, program.port)).expect("in");
    stream.set_write_timeout(Some(Duration::from_secs(5))).expect("set");
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).expect("in");
    let chunk = format!("10000\r\n{}\r\n", "y".repeat(0x10000));
    let sent = (0..1000).take_while(|_| stream.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(sent < 1000, "64 MiB were taken");
    assert_eq!(program.get("/api/status").0, 200);
}

#[test]
fn the_command_line_changes_what_the_running_program_knows() {
    let program = Program::start();
    let home = program.home.path();
    let second = keys(home, &["setup"]);
    assert!(!second.status.success(), "it is set up already");
    let list = answer(&keys(home, &["token", "list"]));
    assert!(list.starts_with("1\tadmin\t") && list.ends_with("\ttests"), "{list}");
    fs::write(home.join("passwords"), format!("admin={ADMIN}\nnew=a new password\n")).unwrap();
    answer(&keys(home, &["passwd", "admin"]));
    let new = json!({ "password": "a new password" }).to_string();
    wait_for("the new password is known", Duration::from_secs(20), || {
        (program.post("/api/v1/login", &new).0 == 200).then_some(())
    });
    fs::write(home.join("passwords"), "admin=a new password\n").unwrap();
    answer(&keys(home, &["token", "revoke", "1"]));
    wait_for("the token is worthless", Duration::from_secs(5), || {
        (program.get("/api/v1/site").0 == 401).then_some(())
    });
    let lines = format!("recovery={}\nadmin={ADMIN}\nprivacy={PRIVACY}\n", program.recovery);
    fs::write(home.join("passwords"), lines).unwrap();
    fs::remove_file(home.join("data/cron.dll")).unwrap();
    wait_for("it is put back", Duration::from_secs(5), || {
        home.join("data/cron.dll").exists().then_some(())
    });
    assert_ne!(answer(&keys(home, &["recover"])), program.recovery);
}
