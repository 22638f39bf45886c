//! Live events: resumed over real sockets, without gap or double.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::*;

/// One event as a browser takes it apart.
#[derive(Debug, Default, Clone, PartialEq)]
struct Heard {
    id: Option<i64>,
    event: String,
    data: String,
}

/// A client at a real socket.
struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(address: std::net::SocketAddr, last: Option<i64>) -> Client {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let resume = last.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        // HTTP/1.0: the answer is not cut into chunks.
        let request = format!(
            "GET /api/v1/events HTTP/1.0\r\nhost: localhost\r\n\
             authorization: Bearer {READ}\r\n{resume}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut client = Client(BufReader::new(stream));
        assert!(client.line().await.contains("200"));
        while !client.line().await.is_empty() {}
        client
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.0.read_line(&mut line);
        tokio::time::timeout(Duration::from_secs(20), read).await.unwrap().unwrap();
        line.trim_end().to_owned()
    }

    async fn next(&mut self) -> Heard {
        let mut heard = Heard::default();
        loop {
            let line = self.line().await;
            match line.split_once(": ") {
                Some(("id", id)) => heard.id = id.parse().ok(),
                Some(("event", event)) => heard.event = event.into(),
                Some(("data", data)) => heard.data = data.into(),
                Some(_) => {}
                None if line.is_empty() && !heard.event.is_empty() => return heard,
                None => {}
            }
        }
    }

    /// The ids of the next `n` stored events.
    async fn ids(&mut self, n: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        while ids.len() < n {
            ids.extend(self.next().await.id);
        }
        ids
    }
}

async fn served(cafe: &Cafe) -> std::net::SocketAddr {
    let listener = bind(Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router(cafe.state.clone()), std::future::pending()));
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_stream_resumes_without_gap_or_double() {
    let mut cafe = cafe();
    cafe.tell((0..5).map(jitter));
    let address = served(&cafe).await;
    let mut client = Client::connect(address, None).await;
    assert_eq!(client.next().await.event, "site", "the site comes at once");
    cafe.tell((0..3).map(jitter));
    assert_eq!(client.ids(3).await, [6, 7, 8], "who has no id begins with the newest");
    let mut last = 8;
    // Cut while events are being told, more of them than a page and than the bus holds.
    for round in 0..3 {
        drop(client);
        cafe.tell((0..1500).map(jitter));
        client = Client::connect(address, Some(last)).await;
        cafe.tell((0..700).map(jitter));
        let ids = client.ids(2200).await;
        let expected: Vec<i64> = (last + 1..=last + 2200).collect();
        assert!(ids == expected, "round {round}: {:?} … {:?}", ids.first(), ids.last());
        last += 2200;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_cannot_keep_up_reads_the_rest_from_storage() {
    let mut cafe = cafe();
    let address = served(&cafe).await;
    let mut client = Client::connect(address, Some(0)).await;
    for _ in 0..20 {
        cafe.tell((0..1000).map(jitter));
    }
    let ids = client.ids(20_000).await;
    assert!(ids == (1..=20_000).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_but_not_told_yet_is_told_once() {
    let mut cafe = cafe();
    let address = served(&cafe).await;
    let published = cafe.store((0..4).map(jitter));
    let mut client = Client::connect(address, Some(1)).await;
    assert_eq!(client.ids(3).await, [2, 3, 4]);
    for event in published {
        cafe.bus.publish(event.id, event.event);
    }
    cafe.tell([jitter(9)]);
    let next = loop {
        let heard = client.next().await;
        if heard.id.is_some() {
            break heard;
        }
    };
    assert_eq!((next.id, next.event.as_str()), (Some(5), "jitter"));
    let data: Value = serde_json::from_str(&next.data).unwrap();
    assert_eq!(data["at"], "2026-01-01T00:00:00.000Z");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_of_the_site_is_told_whole_and_without_an_id() {
    let cafe = cafe();
    let address = served(&cafe).await;
    let mut client = Client::connect(address, None).await;
    client.next().await;
    cafe.view.send_replace(Arc::new(super::site(2)));
    let heard = client.next().await;
    assert_eq!((heard.id, heard.event.as_str()), (None, "site"));
    let site: Value = serde_json::from_str(&heard.data).unwrap();
    assert_eq!(site["cycle"], 2);
    let mut document = Config::default().to_value();
    document["discord_settings"]["shop_name"] = json!("Another");
    cafe.config.replace(&document, "a test", None).unwrap();
    let site: Value = serde_json::from_str(&client.next().await.data).unwrap();
    assert_eq!(site["shop_name"], "Another");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_a_history_set_aside_begins_with_the_new_one() {
    let mut cafe = cafe();
    cafe.tell((0..3).map(jitter));
    let address = served(&cafe).await;
    let mut client = Client::connect(address, Some(5000)).await;
    assert_eq!(client.ids(3).await, [1, 2, 3]);
}

#[tokio::test]
async fn streams_are_bounded_and_bad_ids_refused() {
    let cafe = cafe();
    let ask = || cafe.send(request("GET", "/api/v1/events", ""));
    let mut open = Vec::new();
    for _ in 0..events::MAX_STREAMS {
        let response = ask().await;
        assert_eq!(response.status(), 200);
        open.push(response);
    }
    let (status, body) = answer(ask().await).await;
    assert_eq!((status, &body["code"]), (503, &json!("too_many_streams")));
    open.pop();
    assert_eq!(ask().await.status(), 200, "a place is free again");
    for id in ["x", "-1", "1.5", "99999999999999999999"] {
        let (status, body) = cafe.get(&format!("/api/v1/events?last_event_id={id}")).await;
        assert_eq!((status, &body["code"]), (400, &json!("bad_event_id")), "{id}");
    }
}
