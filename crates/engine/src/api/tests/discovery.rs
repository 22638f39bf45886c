//! The shape of a discovery: begun, looked at, cancelled, refused.

use std::time::Duration;

use super::*;
use crate::discovery::tests::cafe as neighbourhood;
use cafesentinel_domain::monitor::{ArpFault, SendFault};

const PATH: &str = "/api/v1/discovery";

async fn over(cafe: &Cafe) -> Value {
    let mut reports = cafe.state.discovery.follow();
    let over = reports.wait_for(|r| r.state != crate::discovery::State::Running);
    tokio::time::timeout(Duration::from_secs(20), over).await.expect("it ends").unwrap();
    cafe.get(PATH).await.1
}

/// Answers to pings are waited for only so long.
async fn impatient(cafe: &Cafe, milliseconds: u64) {
    let mut document = Config::default().to_value();
    document["monitor_settings"]["probe_timeout_ms"] = json!(milliseconds);
    assert_eq!(cafe.post("/api/config", document.to_string()).await.0, 200);
}

#[tokio::test]
async fn a_discovery_is_begun_and_told_to_its_end() {
    let cafe = cafe();
    impatient(&cafe, 100).await;
    let (status, idle) = cafe.get(PATH).await;
    assert_eq!((status, &idle["state"], &idle["progress"]), (200, &json!("idle"), &json!(0.0)));
    assert_eq!(idle["suggestion"], Value::Null);
    let (status, begun) = cafe.post(PATH, "").await;
    assert_eq!((status, &begun["state"], &begun["total"]), (202, &json!("running"), &json!(13)));
    let done = over(&cafe).await;
    assert_eq!(done["status"], "success");
    assert_eq!((&done["state"], &done["progress"]), (&json!("done"), &json!(1.0)));
    assert_eq!((&done["asked"], &done["found"]), (&json!(13), &json!(5)));
    assert_eq!(done["gateway"], "10.9.0.1");
    assert_eq!(
        done["networks"],
        json!([{
            "interface": "eth0", "address": "10.9.0.14", "network": "10.9.0.0/28",
            "asked": "10.9.0.0/28", "note": null,
        }])
    );
    assert_eq!(done["methods"], json!({ "icmp": "table", "arp": "table" }));
    assert_eq!(
        done["hosts"][0],
        json!({
            "address": "10.9.0.1", "via": "both", "rtt_ms": 1.5, "mac": "02:00:0a:09:00:01",
            "firewalled": false, "gateway": true,
        })
    );
    assert_eq!(
        done["hosts"][4],
        json!({
            "address": "10.9.0.6", "via": "arp", "rtt_ms": null, "mac": "02:00:0a:09:00:06",
            "firewalled": true, "gateway": false,
        })
    );
    let suggestion = &done["suggestion"];
    assert_eq!(suggestion["kind"], "range");
    assert_eq!(suggestion["targets"], json!({ "router": "10.9.0.1" }));
    assert_eq!(
        suggestion["monitor_settings"],
        json!({ "pc_subnet": "10.9.0", "pc_start_range": 3, "pc_count": 4 })
    );
    // What is suggested is taken as it stands.
    let mut document = Config::default().to_value();
    for section in ["targets", "monitor_settings"] {
        let Value::Object(settings) = suggestion[section].clone() else { panic!("{suggestion}") };
        document[section].as_object_mut().unwrap().extend(settings);
    }
    assert_eq!(cafe.post("/api/config", document.to_string()).await.0, 200);
    assert_eq!(cafe.config.current().monitor.seats.len(), 4);
}

#[tokio::test]
async fn a_second_one_is_refused_while_one_runs_and_cancelling_makes_room() {
    let cafe = cafe();
    impatient(&cafe, 5000).await;
    assert_eq!(cafe.post(PATH, "{}").await.0, 202);
    let refused = cafe.post(PATH, "").await;
    assert_eq!(refused, (409, error("discovery_running", "a discovery is running already")));
    let (status, cancelled) = answer(cafe.send(request("DELETE", PATH, "")).await).await;
    assert_eq!((status, &cancelled["state"]), (200, &json!("cancelled")));
    assert_eq!(cancelled["suggestion"], Value::Null);
    impatient(&cafe, 100).await;
    assert_eq!(cafe.post(PATH, json!({ "network": "10.9.0.4/30" }).to_string()).await.0, 202);
    let done = over(&cafe).await;
    assert_eq!((&done["state"], &done["total"]), (&json!("done"), &json!(2)));
    // Cancelling what is over changes nothing.
    let (status, still) = answer(cafe.send(request("DELETE", PATH, "")).await).await;
    assert_eq!((status, &still["state"]), (200, &json!("done")));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_a_code() {
    let cafe = cafe();
    for (body, code) in [
        (r#"{"network":"192.168.9.0/24"}"#, "network_not_local"),
        (r#"{"network":"8.8.8.8"}"#, "network_not_local"),
        (r#"{"network":"fd00::/64"}"#, "bad_request"),
        (r#"{"network":7}"#, "bad_request"),
        (r#"{"net":"10.9.0.0/28"}"#, "bad_request"),
        ("[]", "bad_request"),
        ("{", "bad_json"),
    ] {
        let (status, answer) = cafe.post(PATH, body).await;
        assert_eq!((status, &answer["code"]), (400, &json!(code)), "{body}");
    }
    assert_eq!(cafe.get(PATH).await.1["state"], "idle");
    let mut nowhere = neighbourhood();
    nowhere.own.clear();
    let cafe = cafe_of(PageSource::None, Discovery::new(nowhere));
    let (status, answer) = cafe.post(PATH, "").await;
    assert_eq!((status, &answer["code"]), (409, &json!("no_network")));
}

#[tokio::test]
async fn without_permission_the_state_is_failed_and_says_why() {
    let mut forbidden = neighbourhood();
    forbidden.ping = Err(SendFault::NoPermission);
    forbidden.arp = Err(ArpFault::Unable);
    let cafe = cafe_of(PageSource::None, Discovery::new(forbidden));
    assert_eq!(cafe.post(PATH, "").await.0, 202);
    let failed = over(&cafe).await;
    assert_eq!((&failed["state"], &failed["hosts"]), (&json!("failed"), &json!([])));
    let error = failed["error"].as_str().unwrap();
    assert!(error.starts_with("nobody could be asked: the system does not allow"), "{error}");
}
