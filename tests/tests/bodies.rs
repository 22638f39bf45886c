//! T6: whatever is told, Discord takes it. Bodies of every kind of notice, with the ugliest
//! names and numbers, are held against the published description of its API, the limits
//! that stand in its prose, and our own contract.

use cafesentinel_domain::config::Language;
use cafesentinel_domain::event::{
    Cause, EndReason, Gap, Incident, IncidentId, IncidentKind, Tampering,
};
use cafesentinel_domain::notify::body::{self, Calendar, Civil, Style};
use cafesentinel_domain::notify::{Channel, DayFigures, Notice, PictureId, SessionLine};
use cafesentinel_domain::time::Utc;
use cafesentinel_tests::discord::rules;
use serde_json::json;

/// Noon, always.
struct Noon;

impl Calendar for Noon {
    fn civil(&self, _: Utc) -> Civil {
        Civil { year: 2026, month: 1, day: 31, hour: 12, minute: 0 }
    }

    fn timestamp(&self, _: Utc) -> String {
        "2026-01-31T12:00:00.000Z".to_owned()
    }
}

const NAMES: [&str; 8] = [
    "PC-1",
    "@everyone",
    "**VIP** `x` ||spoiler||",
    "[link](https://example.invalid)",
    "ñandú 🎮 席",
    "\u{202e}backwards\u{200b}",
    "> quote # heading - list",
    "********************************************************************************",
];

fn incident(cause: Cause, kind: IncidentKind, end: Option<EndReason>) -> Incident {
    Incident {
        id: IncidentId(i64::MAX),
        cause,
        kind,
        start: Utc(0),
        end: end.map(|_| Utc(i64::from(u32::MAX))),
        duration_ms: end.map(|_| i64::MAX / 2),
        down_ms: i64::MAX / 2,
        outages: u32::MAX,
        gaps: vec![Gap { from: Utc(0), to: Utc(i64::MAX / 4) }],
        end_reason: end,
        held: false,
        uncertain: true,
        seats_at_start: u32::MAX,
        part_of: None,
    }
}

fn day(average: Option<f64>) -> DayFigures {
    DayFigures {
        peak: u32::MAX,
        peak_at: Some(Utc(0)),
        average,
        hours: 1e12,
        sessions: u32::MAX,
        outages: u32::MAX,
        outage_seconds: u64::MAX,
    }
}

fn every_kind() -> Vec<Notice> {
    let names =
        |n: usize| NAMES.iter().cycle().take(n).map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let mut all = Vec::new();
    for cause in Cause::ALL {
        for kind in [IncidentKind::Outage, IncidentKind::Unstable] {
            all.push(Notice::OutageBegan { incident: incident(cause, kind, None) });
            for picture in [None, Some(PictureId(1))] {
                let incident = incident(cause, kind, Some(EndReason::Restored));
                all.push(Notice::OutageOver { incident, active: u32::MAX, picture });
            }
        }
        all.push(Notice::EvidencePicture {
            picture: PictureId(1),
            incident: IncidentId(1),
            cause,
            start: Utc(0),
        });
    }
    for n in [1, 5, 6, 20] {
        let line = |seat: String| SessionLine { seat, duration_ms: i64::MAX };
        let count = u32::try_from(n).unwrap_or(1);
        all.push(Notice::SessionsStarted { seats: names(n), count });
        let sessions = names(n).into_iter().map(line).collect();
        all.push(Notice::SessionsEnded { sessions, count });
    }
    let seats = names(30);
    all.push(Notice::SeatsLost { seats, lost: 4000, online_before: 4096, start: Utc(0) });
    all.push(Notice::HourlySnapshot { hour: Utc(0), online: 0, total: 0 });
    all.push(Notice::RoutinePicture { picture: PictureId(1) });
    all.push(Notice::PrivacySwitched { on: true, until: Some(Utc(0)) });
    all.push(Notice::PrivacySwitched { on: false, until: None });
    let changed = vec!["system_settings.tray_visibility.internet".to_owned(); 30];
    all.push(Notice::ConfigChanged { changed, count: 60 });
    all.extend(Channel::ALL.map(|channel| Notice::WebhookDead { channel }));
    all.push(Notice::Missed { count: u32::MAX, from: Utc(0), to: Utc(0) });
    for before in [None, Some(day(None))] {
        let seats = names(4096).into_iter().map(|name| (name, 24.0)).collect();
        let (from, to, day) = (Utc(0), Utc(1), day(Some(1.0)));
        all.push(Notice::Digest { from, to, day, before, seats });
    }
    let source = NAMES[2].to_owned();
    all.push(Notice::LockedOut { source, wrong: u32::MAX, seconds: u64::MAX });
    for what in [
        Tampering::VaultMissing,
        Tampering::VaultReplaced,
        Tampering::VaultShut,
        Tampering::VaultPutBack,
    ] {
        all.push(Notice::Tampering { what });
    }
    all.push(Notice::Test);
    all
}

#[test]
fn t6_every_kind_of_message_is_taken_in_both_languages() {
    let kinds = every_kind();
    let codes: std::collections::BTreeSet<_> = kinds.iter().map(Notice::code).collect();
    assert_eq!(codes.len(), 16, "every kind of notice is here: {codes:?}");
    for language in [Language::En, Language::Es] {
        for shop in ["My Internet Cafe", &"ñ".repeat(80), "@here *x*"] {
            let style = Style { shop, language, calendar: &Noon };
            for notice in &kinds {
                for (merged, picture) in [(false, false), (true, true), (false, true)] {
                    let message = body::post(notice, Utc(0), merged, picture, &style);
                    let mut body = json!(message);
                    // The picture is checked where a form really carries one.
                    if let Some(map) = body.as_object_mut() {
                        map.remove("attachments");
                        map["embeds"][0].as_object_mut().map(|e| e.remove("image"));
                    }
                    let problems = rules::validate(&body);
                    assert!(problems.is_empty(), "{}: {problems:?}\n{body:#}", notice.code());
                    let text = body["embeds"][0]["description"].as_str().unwrap_or_default();
                    assert!(!text.contains("@everyone") || text.contains("\\@everyone"), "{text}");
                }
                if let Notice::OutageOver { incident, .. } = notice {
                    let body = json!(body::edit(incident, Utc(0), &style));
                    let problems = rules::validate_edit(&body);
                    assert!(problems.is_empty(), "{problems:?}\n{body:#}");
                }
            }
        }
    }
}

#[test]
fn the_oracle_would_see_a_fault() {
    let style = Style { shop: "x", language: Language::En, calendar: &Noon };
    let mut body = json!(body::post(&Notice::Test, Utc(0), false, false, &style));
    body["embeds"][0]["title"] = json!("x".repeat(257));
    assert!(!rules::validate(&body).is_empty());
}
