//! Who is let in, how much may be sent, and that none holds up another.

use axum::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;

async fn with(headers: &[(&str, &str)], method: &str) -> (u16, Value) {
    let cafe = cafe();
    let mut request = Request::builder().method(method).uri("/api/v1/config/check");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(cafe.send(request.body(Body::from("{}")).unwrap()).await).await
}

#[tokio::test]
async fn only_names_of_this_machine_are_served() {
    for host in [
        "localhost",
        "LOCALHOST:5000",
        "127.0.0.1:5000",
        "[::1]:5000",
        // A number cannot be rebound.
        "192.168.1.5:5000",
        "[fe80::1]",
    ] {
        assert_eq!(with(&[("host", host)], "POST").await.0, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example:5000", "127.0.0.1.evil.example", "1.2.3"] {
        let (status, body) = with(&[("host", host)], "POST").await;
        assert_eq!((status, &body["code"]), (421, &json!("host_refused")), "{host}");
    }
    for hosts in [
        &[][..],
        &[("host", "localhost"), ("host", "localhost")],
        &[("host", "a b")],
        &[("host", "x@localhost")],
        &[("host", "")],
    ] {
        assert_eq!(with(hosts, "POST").await.0, 400, "{hosts:?}");
    }
    let cafe = cafe();
    let absolute = request("GET", "http://evil.example/api/status", "");
    assert_eq!(cafe.send(absolute).await.status(), 421);
}

#[tokio::test]
async fn other_web_pages_change_nothing() {
    let host = ("host", "localhost:5000");
    for (name, value) in [
        ("origin", "http://localhost:5000"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
    ] {
        assert_eq!(with(&[host, (name, value)], "POST").await.0, 200, "{name}: {value}");
    }
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:5001"),
        ("origin", "https://localhost:5000"),
        ("origin", "http://127.0.0.1:5000"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let (status, body) = with(&[host, (name, value)], "POST").await;
        assert_eq!((status, &body["code"]), (403, &json!("origin_refused")), "{name}: {value}");
    }
    let cafe = cafe();
    let response = cafe.send(request("GET", "/api/status", "")).await;
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    assert_eq!(response.headers()["x-frame-options"], "DENY");
}

struct Built;

impl Page for Built {
    fn get(&self, path: &str) -> Option<(Bytes, &'static str)> {
        (path == "index.html").then(|| (Bytes::from_static(b"<p>carried"), "text/html"))
    }
}

#[tokio::test]
async fn the_page_is_served_from_where_it_is_and_nothing_beside_it() {
    let (status, text) = cafe().get("/").await;
    assert_eq!(status, 200);
    assert!(text.as_str().unwrap().contains("not built"));
    let (_, text) = cafe_with(PageSource::Carried(Arc::new(Built))).get("/").await;
    assert_eq!(text, "<p>carried");
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("built");
    std::fs::create_dir_all(built.join("assets")).unwrap();
    std::fs::write(built.join("index.html"), "<p>built").unwrap();
    std::fs::write(built.join("assets/app-1a.js"), "1").unwrap();
    std::fs::write(built.join(".secret"), "1").unwrap();
    std::fs::write(folder.path().join("secret.txt"), "1").unwrap();
    let cafe = cafe_with(PageSource::Folder(built));
    assert_eq!(cafe.get("/").await, (200, json!("<p>built")));
    let script = cafe.send(request("GET", "/assets/app-1a.js", "")).await;
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/.secret",
        "/assets",
        "/assets/",
        "//secret.txt",
        "/assets/../../secret.txt",
        "/C:/secret.txt",
    ] {
        assert_eq!(cafe.get(path).await.0, 404, "{path}");
    }
}

async fn served(
    cafe: &Cafe,
) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = bind(Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let router = router(cafe.state.clone());
    let served = tokio::spawn(serve(listener, router, async {
        let _ = stopped.await;
    }));
    (address, stop, served)
}

async fn say(address: std::net::SocketAddr, words: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The other end may close before it has read everything.
    let _ = stream.write_all(words).await;
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn malformed_requests_get_a_4xx_and_slow_ones_hold_up_nobody() {
    let cafe = cafe();
    let (address, stop, served) = served(&cafe).await;
    assert!(address.ip().is_loopback());
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /api/status HT").await.unwrap();
        slow.push(stream);
    }
    let many = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{}\r\n",
        "a: b\r\n".repeat(500)
    );
    let long = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\na: {}\r\n\r\n",
        "b".repeat(1_000_000)
    );
    for bad in [
        &b"nonsense\r\n\r\n"[..],
        b"\0\xff\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
        many.as_bytes(),
        long.as_bytes(),
    ] {
        let heard = say(address, bad).await;
        // Closed on a client that still sends, the answer may be lost on its way.
        let cut = bad.len() > 500_000 && heard.is_empty();
        assert!(cut || heard.starts_with("HTTP/1.1 4"), "{} bytes: {heard}", bad.len());
    }
    let good = b"GET /api/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let heard = tokio::time::timeout(Duration::from_secs(2), say(address, good)).await.unwrap();
    assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let cafe = cafe();
    let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let (status, answer) = cafe.post("/api/config", body).await;
    assert_eq!((status, &answer["code"]), (408, &json!("too_slow")));
}
