//! The fake Discord as a process of its own: it prints its URLs, takes messages, with TLS or
//! without, and shows them on its second port.
#![allow(clippy::expect_used)] // a test that cannot go on says why and ends

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

struct Process {
    child: Child,
    control: String,
    alerts: String,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fake-discord"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut next = |name: &str| {
            let line = lines.next().expect("a line").expect("text");
            line.strip_prefix(name).expect("in this order").trim().to_owned()
        };
        let (control, alerts) = (next("control"), next("alerts"));
        Self { child, control, alerts }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has nothing to tidy up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(url: &str) -> Value {
    let rest = url.strip_prefix("http://").expect("plain http");
    let (authority, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(authority).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("sets");
    let request = format!("GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("asks");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let body = text.split_once("\r\n\r\n").expect("a body").1;
    serde_json::from_str(body).expect("JSON")
}

fn curl(arguments: &[&str]) -> std::process::Output {
    let body = r#"{"content":"hello","allowed_mentions":{"parse":[]}}"#;
    Command::new("curl")
        .args(["-sS", "-m", "5", "-H", "Content-Type: application/json", "-d", body])
        .args(arguments)
        .output()
        .expect("curl runs")
}

#[test]
fn it_serves_plain_http_on_loopback() {
    let process = Process::start(&["--unlimited"]);
    assert!(process.alerts.starts_with("http://127.0.0.1:"));
    assert!(curl(&[&process.alerts]).status.success());
    let messages = get(&format!("{}/messages", process.control));
    assert_eq!(messages[0]["body"]["content"], "hello");
    assert_eq!(messages[0]["webhook"], "alerts");
    assert_eq!(get(&format!("{}/problems", process.control)), serde_json::json!([]));
}

#[test]
fn it_serves_https_under_a_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    let file = file.to_str().expect("text");
    let process = Process::start(&["--tls", "localhost", "--authority", file]);
    assert!(process.alerts.starts_with("https://localhost:"));
    let plain = curl(&["-4", &process.alerts]);
    assert_eq!(plain.status.code(), Some(60), "nobody trusts it unasked");
    let trusting = curl(&["-4", "--cacert", file, &process.alerts]);
    assert!(trusting.status.success(), "{trusting:?}");
    assert_eq!(get(&format!("{}/summary", process.control))["messages"], 1);
}
