//! Notices and the privacy mode, as clients see them.

use cafesentinel_domain::monitor::Input;
use cafesentinel_domain::notify::{Channel, Notice, Outgoing};

use super::*;

fn told(n: u32) -> Told {
    Told::Notice(Outgoing {
        channel: if n.is_multiple_of(2) { Channel::Alerts } else { Channel::Occupancy },
        at: Utc(T0 + i64::from(n)),
        notice: Notice::HourlySnapshot { hour: Utc(T0), online: n, total: 20 },
    })
}

#[tokio::test]
async fn notices_are_listed_newest_first_in_words_and_filtered() {
    let mut cafe = cafe();
    cafe.told = (1..=3).map(told).collect();
    cafe.store([]);
    let (status, body) = cafe.get("/api/v1/notices").await;
    assert_eq!(status, 200);
    let ids = |body: &Value| -> Vec<i64> {
        body["notices"].as_array().unwrap().iter().map(|n| n["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&body), [3, 2, 1]);
    let first = &body["notices"][0];
    assert_eq!(first["at"], "2026-01-01T00:00:00.003Z");
    assert_eq!(first["title"], "Hourly Snapshot");
    assert_eq!(first["text"], "Active Clients: 3/20 (15%)");
    assert_eq!((&first["state"], &first["channel"]), (&json!("waiting"), &json!("occupancy")));
    let (_, alerts) = cafe.get("/api/v1/notices?channel=alerts").await;
    assert_eq!(ids(&alerts), [2]);
    let (_, page) = cafe.get("/api/v1/notices?before=3&limit=1&state=waiting").await;
    assert_eq!(ids(&page), [2]);
    for bad in ["channel=x", "state=lost", "limit=0", "limit=501", "before=x"] {
        let (status, body) = cafe.get(&format!("/api/v1/notices?{bad}")).await;
        assert_eq!((status, &body["code"]), (400, &json!("bad_parameter")), "{bad}");
    }
}

#[tokio::test]
async fn what_does_not_wait_or_is_not_there_is_said_so() {
    let mut cafe = cafe();
    cafe.told = vec![told(1)];
    cafe.store([]);
    for verb in ["retry", "drop"] {
        let (status, body) = cafe.post(&format!("/api/v1/notices/99/{verb}"), "").await;
        assert_eq!((status, &body["code"]), (404, &json!("notice_not_found")));
        let (status, _) = cafe.post(&format!("/api/v1/notices/x/{verb}"), "").await;
        assert_eq!(status, 404);
        // Nobody works behind this outbox.
        let (status, body) = cafe.post(&format!("/api/v1/notices/1/{verb}"), "").await;
        assert_eq!((status, &body["code"]), (409, &json!("notice_not_waiting")));
    }
    let (status, body) = cafe.post("/api/v1/notices/test", r#"{"channel":"alerts"}"#).await;
    assert_eq!((status, &body["delivered"]), (200, &json!(false)));
    let (status, _) = cafe.post("/api/v1/notices/test", r#"{"channel":"x"}"#).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn the_privacy_mode_is_switched_by_the_machine_and_answered_once_it_is() {
    let cafe = cafe();
    let (status, body) = cafe.get("/api/v1/privacy").await;
    assert_eq!(
        (status, body),
        (200, json!({"status":"success","on":false,"since":null,"until":null}))
    );
    for bad in [
        r#"{"on":1}"#,
        r#"{"on":true,"minutes":0}"#,
        r#"{"on":true,"minutes":10081}"#,
        r#"{"on":false,"minutes":5}"#,
        r#"{"on":true,"minutes":1.5}"#,
    ] {
        let (status, body) = cafe.post("/api/v1/privacy", bad).await;
        assert_eq!((status, &body["code"]), (400, &json!("bad_request")), "{bad}");
    }
    let view = cafe.view.clone();
    let machine = async {
        // The machine's turn.
        tokio::task::yield_now().await;
        let privacy = PrivacyView { on: true, since: Some(Utc(T0)), until: Some(Utc(T0 + 60_000)) };
        view.send_replace(Arc::new(SiteView { privacy, ..site(2) }));
    };
    let asked = cafe.post("/api/v1/privacy", r#"{"on":true,"minutes":1}"#);
    let ((status, body), ()) = tokio::join!(asked, machine);
    assert_eq!((status, &body["on"]), (200, &json!(true)));
    assert_eq!(body["until"], "2026-01-01T00:01:00.000Z");
    let Message::Inputs(inputs) = cafe.ordered.try_recv().unwrap() else { panic!("an input") };
    assert_eq!(
        inputs,
        [Input::Privacy { on: true, lasts: Some(std::time::Duration::from_secs(60)) }]
    );
}

#[tokio::test]
async fn a_screenshot_is_a_webp_and_privacy_and_the_settings_refuse_it() {
    let cafe = cafe();
    let response = cafe.send(request("GET", "/api/v1/screenshot", "")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "image/webp");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WEBP"[..]));
    cafe.camera.set_privacy(true);
    let (status, body) = cafe.get("/api/v1/screenshot").await;
    assert_eq!((status, &body["code"]), (403, &json!("privacy")));
    cafe.camera.set_privacy(false);
    let off = json!({ "screenshot_settings": { "enabled": false } });
    cafe.config.replace(&off, "a test", None).unwrap();
    let (status, body) = cafe.get("/api/v1/screenshot").await;
    assert_eq!((status, &body["code"]), (409, &json!("screenshots_off")));
}

#[tokio::test]
async fn the_staff_switch_the_privacy_mode_with_their_own_password() {
    let cafe = cafe();
    let ask = |body: &str| {
        let mut request = request("POST", "/api/v1/privacy", body.to_owned());
        request.headers_mut().insert("authorization", format!("Bearer {READ}").parse().unwrap());
        request
    };
    let (status, body) = answer(cafe.raw(ask(r#"{"on":true}"#)).await).await;
    assert_eq!((status, &body["code"]), (401, &json!("password_needed")));
    let wrong = ask(r#"{"on":true,"password":"correct horse"}"#);
    let (status, _) = answer(cafe.raw(wrong).await).await;
    assert_eq!(status, 401, "the admin's is not the staff's");
    assert!(cafe.ordered.try_recv().is_err(), "nothing was switched");
    let view = cafe.view.clone();
    let machine = async {
        while cafe.ordered.try_recv().is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let privacy = PrivacyView { on: true, since: Some(Utc(T0)), until: None };
        view.send_replace(Arc::new(SiteView { privacy, ..site(2) }));
    };
    let right = cafe.raw(ask(r#"{"on":true,"password":"battery staple"}"#));
    let (response, ()) = tokio::join!(right, machine);
    assert_eq!(response.status(), 200);
}
