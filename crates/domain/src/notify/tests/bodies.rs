//! Notices in words.

use super::*;

fn restored(incident: Incident, merged: bool) -> Value {
    let notice = Notice::OutageOver { incident, active: 7, picture: Some(PictureId(1)) };
    json!(body::post(&notice, at(260).utc, merged, true, &style(Language::En)))
}

#[test]
fn a_restored_message_is_the_ancestors() {
    let body = restored(over(1), false);
    assert_eq!(body["username"], "Café *Sol*");
    assert_eq!(body["allowed_mentions"], json!({"parse": []}));
    let embed = &body["embeds"][0];
    assert_eq!(embed["title"], "Router Restored");
    assert_eq!(embed["color"], 16_776_960);
    assert_eq!(embed["description"], "**Duration:** 0:04:12\n**Active:** 7");
    assert_eq!(
        embed["fields"],
        json!([
            {"name": "Start Time", "value": "09:30 AM", "inline": true},
            {"name": "End Time", "value": "09:34 AM", "inline": true},
        ])
    );
    assert_eq!(embed["footer"]["text"], "Café *Sol* Monitor • 2027-01-15");
    assert_eq!(embed["image"]["url"], "attachment://evidence.webp");
    assert_eq!(body["attachments"], json!([{"id": "0", "filename": "evidence.webp"}]));
    let isp = restored(Incident { cause: Cause::IspDown, ..over(1) }, true);
    assert_eq!(isp["embeds"][0]["color"], 15_158_332);
    assert!(isp["embeds"][0]["description"].as_str().unwrap().contains("could not be told"));
    let gap = Gap { from: at(10).utc, to: at(70).utc };
    let gaps = restored(Incident { gaps: vec![gap], ..over(1) }, false);
    assert!(
        gaps["embeds"][0]["description"].as_str().unwrap().contains("**Not observed:** 0:01:00")
    );
}

pub(super) fn text(notice: &Notice, language: Language) -> String {
    let body = body::post(notice, at(0).utc, false, true, &style(language));
    body.embeds[0].description.clone()
}

#[test]
fn sessions_are_told_in_the_ancestors_words_and_every_seat_is_named() {
    let started = |n: u32| Notice::SessionsStarted {
        seats: (1..=n).map(|i| format!("PC-{i}")).collect(),
        count: n,
    };
    assert_eq!(text(&started(2), Language::En), "New Sessions: PC-1, PC-2");
    let many = text(&started(7), Language::En);
    assert!(many.starts_with("7 Clients Came Online\nPC-1, PC-2") && many.ends_with("PC-7"));
    let ended = |n: u32| Notice::SessionsEnded {
        sessions: (1..=n)
            .map(|i| SessionLine { seat: format!("PC-{i}"), duration_ms: 7_500_000 })
            .collect(),
        count: n,
    };
    assert_eq!(text(&ended(1), Language::En), "• PC-1 (2h 5m)");
    assert!(text(&ended(7), Language::En).starts_with("7 Clients Went Offline\n• PC-1 (2h 5m)"));
    assert_eq!(text(&snapshot(1).notice, Language::En), "Active Clients: **7/20** (35%)");
    assert_eq!(text(&snapshot(1).notice, Language::Es), "Clientes activos: **7/20** (35%)"); // typos: ignore
    let nobody = Notice::HourlySnapshot { hour: Utc(START), online: 0, total: 0 };
    assert_eq!(text(&nobody, Language::En), "Active Clients: **0/0** (0%)");
}

#[test]
fn a_picture_that_is_not_there_any_more_is_said_so() {
    let notice = Notice::RoutinePicture { picture: PictureId(1) };
    let body = body::post(&notice, at(0).utc, false, false, &style(Language::En));
    assert!(body.attachments.is_empty() && body.embeds[0].image.is_none());
    assert!(body.embeds[0].description.contains("not available"));
}

#[test]
fn the_edited_message_says_that_it_is_over_and_keeps_its_heading() {
    let body = body::edit(&over(1), at(252).utc, &style(Language::En));
    assert_eq!(body.username, None);
    assert_eq!(body.embeds[0].title, "Router Down");
    assert!(body.embeds[0].description.ends_with("**Over since:** 09:34 AM (0:04:12)"));
}

/// Everything that Discord counts.
pub(super) fn fits(message: &body::Message) {
    let n = |s: &str| s.chars().count();
    let mut sum = 0;
    for e in &message.embeds {
        assert!(n(&e.title) <= 256 && n(&e.description) <= 4096 && n(&e.footer.text) <= 2048);
        assert!(e.fields.len() <= 25);
        sum += n(&e.title) + n(&e.description) + n(&e.footer.text);
        for f in &e.fields {
            assert!(n(&f.name) <= 256 && n(&f.value) <= 1024 && !f.value.is_empty());
            sum += n(&f.name) + n(&f.value);
        }
    }
    assert!(sum <= 6000 && message.embeds.len() <= 10, "{sum}");
    assert!(message.username.as_deref().is_none_or(|u| (1..=80).contains(&n(u))));
}

pub(super) fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9-]{1,12}", "\\PC{1,80}", "[*_@<>|`]{80}"]
}
