//! The fake Discord as a process of its own: it prints its URLs, takes messages, with TLS or
//! without, and shows them on its second port.
#![allow(clippy::expect_used)] // a test that cannot go on says why and ends

use std::io::{self, BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

struct Process {
    child: Child,
    /// Kept open: it may still be printing.
    _lines: Lines<BufReader<ChildStdout>>,
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
        Self { child, _lines: lines, control, alerts }
    }

    /// What the control API says.
    fn control(&self, what: &str) -> Value {
        let url = format!("{}/{what}", self.control);
        let (authority, path) = split(url.strip_prefix("http://").expect("plain http"));
        let text = talk(connect(authority), "GET", path, "").expect("an answer");
        serde_json::from_str(text.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has nothing to tidy up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Authority and path of a URL without its scheme.
fn split(url: &str) -> (&str, &str) {
    url.split_at(url.find('/').expect("a path"))
}

fn connect(authority: &str) -> TcpStream {
    let stream = TcpStream::connect(authority).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("sets");
    stream
}

fn talk(mut stream: impl Read + Write, method: &str, path: &str, body: &str) -> io::Result<String> {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        // The fake ends a connection without TLS's own farewell.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(String::from_utf8_lossy(&text).into_owned()),
    }
}

fn hello() -> String {
    json!({ "content": "hello", "allowed_mentions": { "parse": [] } }).to_string()
}

#[test]
fn it_serves_plain_http_on_loopback() {
    let process = Process::start(&["--unlimited"]);
    let (authority, path) = split(process.alerts.strip_prefix("http://").expect("plain http"));
    assert!(authority.starts_with("127.0.0.1:"));
    let answer = talk(connect(authority), "POST", path, &hello()).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let messages = process.control("messages");
    assert_eq!(messages[0]["body"]["content"], "hello");
    assert_eq!(messages[0]["webhook"], "alerts");
    assert_eq!(process.control("problems"), json!([]));
}

/// One message over TLS, under a name, trusting an authority or nobody.
fn post_tls(url: &str, name: &str, trusted: Option<&Path>) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = trusted {
        roots.add(CertificateDer::from_pem_file(file).expect("PEM")).expect("an authority");
    }
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
    let (authority, path) = split(url.strip_prefix("https://").expect("https"));
    let port = authority.rsplit_once(':').expect("a port").1;
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let stream = connect(&format!("127.0.0.1:{port}"));
    talk(StreamOwned::new(client, stream), "POST", path, &hello())
}

#[test]
fn it_serves_https_under_its_names_to_those_who_trust_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    let authority = file.to_str().expect("text");
    let names = ["--tls", "discord.com", "--tls", "localhost", "--authority", authority];
    let process = Process::start(&names);
    assert!(process.alerts.starts_with("https://discord.com:"));
    for name in ["discord.com", "localhost"] {
        let answer = post_tls(&process.alerts, name, Some(&file)).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    }
    let unasked = post_tls(&process.alerts, "discord.com", None).expect_err("nobody trusts it");
    assert!(unasked.to_string().contains("UnknownIssuer"), "{unasked}");
    let other = post_tls(&process.alerts, "example.org", Some(&file)).expect_err("another name");
    assert!(other.to_string().contains("not valid for name"), "{other}");
    assert_eq!(process.control("summary")["messages"], 2);
}
