//! Lanes, answers and bodies.
// These look for one kind of thing among many; a new kind is none of their business.
#![allow(clippy::wildcard_enum_match_arm)]

mod bodies;

use std::cell::Cell;
use std::time::Duration;

use bodies::{fits, name, text};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::body::{self, Calendar, Civil, Style};
use super::lane::KEPT;
use super::*;
use crate::config::Language;
use crate::event::{EndReason, Gap, IncidentKind};
use crate::time::{Moment, Tick, millis};

const START: i64 = 1_800_000_000_000;

/// UTC with an hour and a half added.
struct Local;

impl Calendar for Local {
    fn civil(&self, at: Utc) -> Civil {
        let minutes = (at.0 / 60_000) + 90;
        let (hour, minute) = ((minutes / 60 % 24) as u8, (minutes % 60) as u8);
        let days = minutes / 1440 - START / 86_400_000;
        Civil { year: 2027, month: 1, day: 15 + days as u8, hour, minute }
    }

    fn timestamp(&self, at: Utc) -> String {
        format!("2027-01-15T08:00:00.{:03}Z", at.0 % 1000)
    }
}

fn style(language: Language) -> Style<'static> {
    Style { shop: "Café *Sol*", language, calendar: &Local }
}

fn at(seconds: i64) -> Moment {
    Moment { tick: Tick(seconds * 1_000_000_000), utc: Utc(START + seconds * 1000) }
}

fn incident(id: i64) -> Incident {
    Incident {
        id: IncidentId(id),
        cause: Cause::RouterDown,
        kind: IncidentKind::Outage,
        start: at(0).utc,
        end: None,
        duration_ms: None,
        down_ms: 0,
        outages: 1,
        gaps: Vec::new(),
        end_reason: None,
        held: false,
        uncertain: false,
        seats_at_start: 9,
        part_of: None,
    }
}

fn over(id: i64) -> Incident {
    let end = Some(at(252).utc);
    let (duration_ms, end_reason) = (Some(252_000), Some(EndReason::Restored));
    Incident { end, duration_ms, end_reason, down_ms: 252_000, ..incident(id) }
}

fn item(id: i64, notice: Notice) -> Item {
    Item { id: NoticeId(id), at: at(0).utc, notice, attempts: 0 }
}

fn began(id: i64, of: i64) -> Item {
    item(id, Notice::OutageBegan { incident: incident(of) })
}

fn ended(id: i64, of: i64) -> Item {
    item(id, Notice::OutageOver { incident: over(of), active: 7, picture: None })
}

fn snapshot(id: i64) -> Item {
    item(id, Notice::HourlySnapshot { hour: Utc(START), online: 7, total: 20 })
}

fn lane() -> Lane {
    let mut lane = Lane::new(Channel::Alerts);
    lane.configure(Some("1".into()), None, at(0));
    lane
}

fn next(lane: &mut Lane, seconds: i64) -> Option<Errand> {
    lane.next(at(seconds).tick, |_| Pictures::None, at(seconds))
}

fn done(message: &str) -> Answer {
    Answer::Done { message: Some(message.into()) }
}

#[track_caller]
fn posts(errand: Option<Errand>) -> (i64, bool) {
    match errand {
        Some(Errand::Post { id, merged, .. }) => (id.0, merged),
        other => panic!("a post, not {other:?}"),
    }
}

fn states(lane: &mut Lane) -> Vec<(i64, &'static str)> {
    lane.take_marks()
        .into_iter()
        .map(|m| {
            let word = match m.state {
                MarkState::Waiting { .. } => "waiting",
                MarkState::Delivered { .. } => "delivered",
                MarkState::Merged => "merged",
                MarkState::Dropped(_) => "dropped",
                MarkState::Refused(_) => "refused",
                MarkState::Edited => "edited",
            };
            (m.id.0, word)
        })
        .collect()
}

#[test]
fn notices_go_in_order_one_at_a_time() {
    let mut l = lane();
    for id in 1..=3 {
        l.add(snapshot(id), at(0));
    }
    assert_eq!(posts(next(&mut l, 0)), (1, false));
    assert_eq!(next(&mut l, 0), None, "one at a time");
    l.answered(done("11"), 0.0, at(1));
    assert_eq!(posts(next(&mut l, 1)), (2, false));
    l.answered(done("12"), 0.0, at(2));
    assert_eq!(posts(next(&mut l, 2)), (3, false));
    l.answered(done("13"), 0.0, at(2));
    assert_eq!(next(&mut l, 2), None);
    assert_eq!(states(&mut l), [(1, "delivered"), (2, "delivered"), (3, "delivered")]);
    assert_eq!(l.state(), LaneState::Idle);
}

#[test]
fn a_failure_backs_off_and_keeps_the_order() {
    let mut l = lane();
    l.add(snapshot(1), at(0));
    l.add(snapshot(2), at(0));
    let mut now = 0;
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(posts(next(&mut l, now)), (1, false));
        l.answered(Answer::Failed("no network".into()), 1.0, at(now));
        assert_eq!(next(&mut l, now + wait - 1), None);
        let deadline = l.next_deadline(at(now).tick, |_| Pictures::None, at(now).tick);
        assert_eq!(deadline, Some(at(now + wait).tick));
        now += wait;
    }
    assert_eq!(l.error(), Some("no network"));
    l.answered(done("1"), 0.0, at(now));
    assert_eq!(posts(next(&mut l, now)), (1, false), "an answer that nobody waited for is nothing");
    // Somebody does not want to wait for the minute.
    l.answered(Answer::Failed("no network".into()), 1.0, at(now));
    l.hurry(at(now + 1).tick);
    assert_eq!(posts(next(&mut l, now + 1)), (1, false));
}

#[test]
fn what_discord_refuses_does_not_block_the_queue() {
    let mut l = lane();
    l.add(snapshot(1), at(0));
    l.add(snapshot(2), at(0));
    posts(next(&mut l, 0));
    l.answered(Answer::Refused("Discord answered 400".into()), 0.0, at(0));
    assert_eq!(posts(next(&mut l, 0)), (2, false));
    assert_eq!(states(&mut l), [(1, "refused")]);
}

#[test]
fn a_picture_that_is_refused_is_left_out_and_the_text_goes_regardless() {
    let mut l = lane();
    l.add(item(1, Notice::RoutinePicture { picture: PictureId(5) }), at(0));
    let with = l.next(at(0).tick, |_| Pictures::Ready, at(0));
    assert!(matches!(with, Some(Errand::Post { picture: Some(PictureId(5)), .. })));
    l.answered(Answer::Refused("too large".into()), 0.0, at(0));
    let without = l.next(at(0).tick, |_| Pictures::Ready, at(0));
    assert!(matches!(without, Some(Errand::Post { picture: None, .. })));
}

#[test]
fn a_message_waits_for_its_picture_but_not_for_ever() {
    let mut l = lane();
    let notice = Notice::OutageOver { incident: over(1), active: 1, picture: Some(PictureId(5)) };
    l.add(item(1, notice), at(0));
    let pending = |_| Pictures::Pending;
    assert_eq!(l.next(at(1).tick, pending, at(1)), None);
    assert_eq!(l.next_deadline(at(1).tick, pending, at(1).tick), Some(at(10).tick));
    let errand = l.next(at(10).tick, pending, at(10));
    assert!(matches!(errand, Some(Errand::Post { picture: None, .. })));
}

#[test]
fn an_outage_that_could_not_be_told_before_its_end_is_one_message() {
    let mut l = lane();
    l.add(began(1, 7), at(0));
    posts(next(&mut l, 0));
    l.add(ended(2, 7), at(9));
    l.answered(Answer::Failed("no network".into()), 0.0, at(10));
    assert_eq!(posts(next(&mut l, 20)), (2, true));
    l.answered(done("9"), 0.0, at(20));
    assert_eq!(next(&mut l, 20), None, "and nothing to edit");
    let marks = states(&mut l);
    assert_eq!(marks, [(1, "waiting"), (1, "merged"), (2, "delivered")]);
}

#[test]
fn while_the_internet_is_down_there_is_little_knocking_and_its_end_is_awaited() {
    let mut l = lane();
    l.add(began(1, 7), at(0));
    posts(next(&mut l, 0));
    l.offline(true, at(1).tick);
    l.answered(Answer::Failed("no network".into()), 1.0, at(5));
    assert_eq!(next(&mut l, 304), None);
    assert_eq!(posts(next(&mut l, 305)), (1, false), "it may be the belief that is wrong");
    l.answered(Answer::Failed("no network".into()), 1.0, at(310));
    l.offline(false, at(400).tick);
    assert_eq!(next(&mut l, 407), None, "its end is not sure yet");
    l.add(ended(2, 7), at(407));
    assert_eq!(posts(next(&mut l, 408)), (2, true));
    l.answered(done("1"), 0.0, at(408));
    // A café whose outage goes on is told so.
    l.offline(true, at(500).tick);
    l.add(began(3, 8), at(500));
    posts(next(&mut l, 500));
    l.answered(Answer::Failed("no network".into()), 1.0, at(501));
    l.offline(false, at(600).tick);
    assert_eq!(posts(next(&mut l, 608)), (3, false));
    l.answered(Answer::Failed("no network".into()), 1.0, at(608));
    assert_eq!(posts(next(&mut l, 609)), (3, false), "and now as usual");
}

#[test]
fn after_the_recovery_the_message_that_told_of_the_outage_is_edited() {
    let mut l = lane();
    l.add(began(1, 7), at(0));
    posts(next(&mut l, 0));
    l.answered(done("55"), 0.0, at(1));
    l.add(ended(2, 7), at(252));
    l.add(snapshot(3), at(252));
    assert_eq!(posts(next(&mut l, 252)), (2, false));
    l.answered(done("56"), 0.0, at(252));
    assert_eq!(posts(next(&mut l, 252)), (3, false), "news come before repairs");
    l.answered(done("57"), 0.0, at(252));
    let edit = next(&mut l, 252);
    assert!(matches!(edit, Some(Errand::Edit { ref message, .. }) if message == "55"), "{edit:?}");
    l.answered(Answer::Failed("503".into()), 0.0, at(252));
    assert!(matches!(next(&mut l, 300), Some(Errand::Edit { .. })));
    l.answered(Answer::MessageGone, 0.0, at(300));
    assert_eq!(next(&mut l, 400), None, "somebody deleted it: forgotten");
    assert_eq!(states(&mut l).last(), Some(&(1, "edited")));
}

#[test]
fn what_is_no_longer_watched_is_edited_but_not_told_as_restored() {
    let mut l = lane();
    l.add(began(1, 7), at(0));
    posts(next(&mut l, 0));
    l.answered(done("55"), 0.0, at(1));
    let gone = Incident { end_reason: Some(EndReason::NoLongerWatched), ..over(7) };
    l.add(item(2, Notice::OutageOver { incident: gone, active: 1, picture: None }), at(9));
    let edit = next(&mut l, 9);
    assert!(matches!(edit, Some(Errand::Edit { .. })), "{edit:?}");
    assert_eq!(states(&mut l), [(1, "delivered"), (2, "merged")]);
}

#[test]
fn what_an_earlier_run_delivered_is_still_edited() {
    let mut l = lane();
    l.restore(NoticeId(1), at(0).utc, "55".into(), IncidentId(7), None);
    l.restore(NoticeId(4), at(0).utc, "56".into(), IncidentId(8), Some(over(8)));
    assert!(matches!(next(&mut l, 1), Some(Errand::Edit { id: NoticeId(4), .. })));
    l.answered(done("56"), 0.0, at(1));
    l.add(ended(9, 7), at(2));
    posts(next(&mut l, 2));
    l.answered(done("57"), 0.0, at(2));
    assert!(matches!(next(&mut l, 2), Some(Errand::Edit { id: NoticeId(1), .. })));
}

#[test]
fn a_webhook_that_is_gone_is_never_used_again_and_its_notices_wait_for_a_new_one() {
    let mut l = Lane::new(Channel::Occupancy);
    l.configure(Some("1".into()), None, at(0));
    l.add(snapshot(1), at(0));
    posts(next(&mut l, 0));
    l.answered(Answer::Gone(404), 0.0, at(0));
    assert!(matches!(l.state(), LaneState::Dead(Dead { status: 404, .. })));
    let news = l.take_news();
    assert_eq!(news.len(), 1);
    assert_eq!(news[0].channel, Channel::Alerts);
    assert_eq!(news[0].notice, Notice::WebhookDead { channel: Channel::Occupancy });
    l.add(snapshot(2), at(100));
    assert_eq!(next(&mut l, 100_000), None);
    // Another key of the configuration changes nothing.
    l.configure(Some("1".into()), Some(Dead { since: at(0).utc, status: 404 }), at(100_000));
    assert_eq!(next(&mut l, 100_000), None);
    l.configure(Some("2".into()), None, at(100_000));
    assert_eq!(posts(next(&mut l, 100_000)), (1, false));
}

#[test]
fn what_has_waited_for_more_than_a_week_is_told_in_one_summary() {
    let mut l = lane();
    l.add(snapshot(1), at(0));
    posts(next(&mut l, 0));
    l.answered(Answer::Gone(401), 0.0, at(0));
    let young = Item { at: at(600_000).utc, ..snapshot(3) };
    l.add(snapshot(2), at(10));
    l.add(young, at(600_000));
    let later = i64::try_from(KEPT.as_secs()).unwrap() + 60;
    l.configure(Some("2".into()), None, at(later));
    assert_eq!(states(&mut l), [(1, "dropped"), (2, "dropped")]);
    let news = l.take_news();
    assert_eq!(news[0].notice, Notice::Missed { count: 2, from: at(0).utc, to: at(0).utc });
    assert_eq!(posts(next(&mut l, later)), (3, false));
}

#[test]
fn switched_off_nothing_waits_any_more() {
    let mut l = lane();
    l.add(snapshot(1), at(0));
    l.configure(None, None, at(1));
    l.add(snapshot(2), at(2));
    assert_eq!(states(&mut l), [(1, "dropped"), (2, "dropped")]);
    assert_eq!((next(&mut l, 3), l.state()), (None, LaneState::Off));
}

#[test]
fn a_notice_can_be_given_up_by_hand_even_while_it_is_on_its_way() {
    let mut l = lane();
    l.add(snapshot(1), at(0));
    l.add(snapshot(2), at(0));
    posts(next(&mut l, 0));
    assert!(l.give_up(NoticeId(1), "by hand", at(0)) && !l.give_up(NoticeId(9), "", at(0)));
    l.answered(Answer::Failed("x".into()), 0.0, at(0));
    assert_eq!(posts(next(&mut l, 60)), (2, false));
}

fn reply(status: u16, body: Value) -> Reply {
    Reply { status, body: Some(body), ..Reply::default() }
}

#[test]
fn every_answer_means_what_discord_says_it_means() {
    assert_eq!(reply(200, json!({"id": "123"})).answer(), done("123"));
    assert_eq!(Reply { status: 204, ..Reply::default() }.answer(), Answer::Done { message: None });
    assert_eq!(reply(200, json!({"id": "../x"})).answer(), Answer::Done { message: None });
    let limited = |r: &Reply| match r.answer() {
        Answer::Limited { wait, scope } => (wait.as_secs_f64(), scope),
        other => panic!("{other:?}"),
    };
    let body = json!({"message": "x", "retry_after": 1.5, "global": false});
    assert_eq!(limited(&reply(429, body.clone())), (1.5, Scope::User));
    let shared = Reply { scope: Some("shared".into()), ..reply(429, body) };
    assert_eq!(limited(&shared), (1.5, Scope::Shared));
    let global = reply(429, json!({"retry_after": 0.5, "global": true}));
    assert_eq!(limited(&global), (0.5, Scope::Global));
    let header = Reply { status: 429, retry_after: Some(3.0), ..Reply::default() };
    assert_eq!(limited(&header), (3.0, Scope::User));
    for rubbish in [f64::NAN, -1.0, f64::INFINITY] {
        let r = Reply { status: 429, retry_after: Some(rubbish), ..Reply::default() };
        assert_eq!(limited(&r).0, 0.0, "{rubbish}");
    }
    assert_eq!(limited(&reply(429, json!({"retry_after": 1e300}))).0, 86_400.0);
    assert_eq!(reply(404, json!({"code": 10015})).answer(), Answer::Gone(404));
    assert_eq!(reply(404, json!({"code": 10008})).answer(), Answer::MessageGone);
    assert_eq!(reply(401, json!({"code": 0})).answer(), Answer::Gone(401));
    assert!(matches!(reply(400, json!({"message": "Invalid"})).answer(), Answer::Refused(_)));
    for odd in [404, 403, 400, 500, 502, 503, 301, 418] {
        let page = Reply { status: odd, ..Reply::default() };
        assert!(matches!(page.answer(), Answer::Failed(_)), "no JSON: not Discord, {odd}");
    }
}

#[test]
fn an_allowance_is_used_up_and_comes_back() {
    let mut rate = Rate::default();
    let now = at(0).tick;
    assert_eq!(rate.ready_at(now), now);
    rate.used(now);
    let full = Reply { remaining: Some(1), reset_after: Some(2.0), ..Reply::default() };
    rate.learn(&full, now);
    assert_eq!(rate.ready_at(now), now);
    rate.used(now);
    assert_eq!(rate.ready_at(now), at(2).tick, "known before the answer comes");
    // An answer that was overtaken does not raise it again.
    rate.learn(&full, now);
    assert_eq!(rate.ready_at(now), at(2).tick);
    assert_eq!(rate.ready_at(at(3).tick), at(3).tick);
    rate.limited(Duration::from_secs(5), Scope::User, at(3).tick);
    assert_eq!(rate.ready_at(at(3).tick), at(8).tick);
}

#[test]
fn a_channel_gets_no_more_than_thirty_in_a_minute_and_less_once_that_was_refused() {
    let mut rate = Rate::default();
    for i in 0..30 {
        assert_eq!(rate.ready_at(at(i).tick), at(i).tick);
        rate.used(at(i).tick);
    }
    assert_eq!(rate.ready_at(at(30).tick), at(60).tick);
    rate.limited(Duration::from_secs(1), Scope::Shared, at(40).tick);
    // 29 within a minute from now on.
    assert_eq!(rate.ready_at(at(41).tick), at(61).tick);
    let mut rate = Rate::default();
    rate.used(at(0).tick);
    rate.used(at(1).tick);
    rate.limited(Duration::from_secs(2), Scope::Shared, at(2).tick);
    assert_eq!(rate.ready_at(at(2).tick), at(4).tick, "others filled it: as told, no more");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_batch_of_any_size_loses_no_name_and_fits(
        names in prop::collection::vec(name(), 1..200),
        spanish in any::<bool>(),
    ) {
        let language = if spanish { Language::Es } else { Language::En };
        let mut batch = batch::Batch::default();
        for (i, seat) in names.iter().enumerate() {
            let change = if i % 2 == 0 {
                crate::event::SessionChange::Started
            } else {
                crate::event::SessionChange::Ended
            };
            let session = crate::event::Session {
                id: crate::event::SessionId(1),
                seat: seat.clone(),
                address: String::new(),
                mac: None,
                start: at(0).utc,
                end: None,
                duration_ms: Some(i64::from(u32::MAX)),
                gaps: Vec::new(),
                end_reason: None,
            };
            batch.add(BatchEntry { change, session }, at(0));
        }
        let mut told = (Vec::new(), Vec::new());
        for notice in batch.take() {
            fits(&body::post(&notice, at(0).utc, false, true, &style(language)));
            let text = text(&notice, language);
            prop_assert!(!text.contains('…') || names.iter().any(|n| n.contains('…')));
            match notice {
                Notice::SessionsStarted { seats, .. } => told.0.extend(seats),
                Notice::SessionsEnded { sessions, .. } => {
                    told.1.extend(sessions.into_iter().map(|s| s.seat));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
        let even: Vec<_> = names.iter().step_by(2).cloned().collect();
        let odd: Vec<_> = names.iter().skip(1).step_by(2).cloned().collect();
        prop_assert_eq!(told, (even, odd));
    }

    /// Whatever Discord answers: nothing is lost, nothing is sent again after it was
    /// taken, and the order holds.
    #[test]
    fn every_notice_is_delivered_once_and_in_order(
        answers in prop::collection::vec(0u8..6, 0..60),
        count in 1i64..12,
    ) {
        let mut l = lane();
        for id in 1..=count {
            l.add(snapshot(id), at(0));
        }
        let taken = Cell::new(0);
        let mut now = 0;
        let mut answers = answers.into_iter();
        let mut delivered = Vec::new();
        for _ in 0..200 {
            let Some(Errand::Post { id, .. }) = next(&mut l, now) else {
                match l.next_deadline(at(now).tick, |_| Pictures::None, at(now).tick) {
                    Some(due) => now = (due.0 + 999_999_999) / 1_000_000_000,
                    None => break,
                }
                continue;
            };
            let answer = match answers.next().unwrap_or(0) {
                0 | 1 => {
                    delivered.push(id.0);
                    taken.set(taken.get() + 1);
                    done("1")
                }
                2 => Answer::Failed("cut".into()),
                3 => Answer::Limited { wait: Duration::from_millis(1500), scope: Scope::User },
                4 => Answer::Failed("500".into()),
                _ => Answer::Limited { wait: Duration::ZERO, scope: Scope::Shared },
            };
            l.answered(answer, 0.3, at(now));
            now += 1;
        }
        prop_assert_eq!(delivered, (1..=count).collect::<Vec<_>>());
        prop_assert_eq!(l.waiting(), 0);
    }
}

#[test]
fn a_digest_fits_however_many_seats_there_are() {
    let day = DayFigures {
        peak: 3000,
        peak_at: Some(at(0).utc),
        average: Some(0.5),
        hours: 12_345.6,
        sessions: 900,
        outages: 3,
        outage_seconds: 3700,
    };
    let seats: Vec<(String, f64)> = (0..4096).map(|i| ("*".repeat(80), f64::from(i))).collect();
    let notice = Notice::Digest {
        from: at(0).utc,
        to: at(50_000).utc,
        before: Some(DayFigures { average: None, outages: 0, ..day.clone() }),
        day,
        seats,
    };
    for language in [Language::En, Language::Es] {
        let body = body::post(&notice, at(50_000).utc, false, false, &style(language));
        fits(&body);
        assert!(body.embeds[0].description.contains("…"), "the rest is counted");
        assert!(body.embeds[0].fields[4].value.starts_with("**3 (1:01:40)**\n"));
    }
    assert_eq!(millis(KEPT), 604_800_000);
}
