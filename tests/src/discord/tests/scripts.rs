//! Misbehaviour on order, as a client meets it.

use std::time::{Duration, Instant};

use super::super::{Act, On, Script};
use super::*;

fn try_post(discord: &Discord, title: &str) -> anyhow::Result<Answer> {
    send(discord, "POST", &format!("{}?wait=true", path(discord, "alerts")), &good(title))
}

#[test]
fn a_cut_before_or_after_reading_loses_the_message() {
    let discord = unlimited();
    for act in [Act::CutBefore, Act::CutAfter] {
        discord.script(Script::once(act.clone()));
        assert!(try_post(&discord, "lost").is_err(), "{act:?}");
    }
    assert!(discord.messages("alerts").is_empty());
    let requests = discord.requests();
    assert!(requests.iter().all(|r| r.status.is_none() && !r.taken));
    assert_eq!(discord.summary().unanswered, 2);
    assert!(try_post(&discord, "there").is_ok());
    assert_eq!(discord.titles("alerts"), ["there"]);
}

#[test]
fn a_lost_answer_leaves_the_message_behind() {
    let discord = unlimited();
    discord.script(Script::once(Act::LoseAnswer).to("alerts"));
    assert!(try_post(&discord, "there").is_err());
    assert_eq!(discord.titles("alerts"), ["there"]);
    let request = &discord.requests()[0];
    assert_eq!((request.status, request.taken), (None, true));
    assert_eq!(request.message.as_deref(), Some(discord.messages("alerts")[0].id.as_str()));
    assert!(discord.doubles("alerts").is_empty());
    assert!(try_post(&discord, "there").is_ok(), "who tries again makes a double");
    assert_eq!(discord.doubles("alerts").len(), 1);
}

#[test]
fn a_hang_ends_without_an_answer() {
    let discord = unlimited();
    discord.script(Script::once(Act::Hang { seconds: 0.3 }));
    let began = Instant::now();
    assert!(try_post(&discord, "x").is_err());
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(discord.messages("alerts").is_empty());
}

#[test]
fn dropping_the_fake_ends_a_hang() {
    let discord = unlimited();
    discord.script(Script::once(Act::Hang { seconds: 60.0 }));
    let began = Instant::now();
    std::thread::scope(|scope| {
        let (address, path) = (discord.address(), path(&discord, "alerts"));
        let client = scope.spawn(move || {
            let stream = TcpStream::connect(address)?;
            exchange(stream, "x", "POST", &path, &[], b"")
        });
        discord.wait_for_requests(1, LONG);
        drop(discord);
        assert!(client.join().unwrap().is_err());
    });
    assert!(began.elapsed() < LONG);
}

#[test]
fn slow_and_dripping_answers_are_true_ones() {
    let discord = unlimited();
    for act in [Act::Slow { seconds: 0.3 }, Act::Drip { seconds: 0.3 }] {
        discord.script(Script::once(act.clone()));
        let began = Instant::now();
        let answer = try_post(&discord, "x").unwrap();
        assert!(began.elapsed() >= Duration::from_millis(300), "{act:?}");
        assert_eq!(json_of(&answer)["embeds"][0]["title"], "x");
    }
    assert_eq!(discord.messages("alerts").len(), 2);
}

#[test]
fn statuses_come_with_the_bodies_discord_has_for_them() {
    let discord = unlimited();
    for (code, body) in [(400, 50035), (401, 50027), (403, 50013), (404, 0), (500, 0), (418, 0)] {
        discord.script(Script::once(Act::Status { code }));
        assert_eq!(refusal(&try_post(&discord, "x").unwrap()), (code, body));
    }
    for code in [502, 503] {
        discord.script(Script::once(Act::Status { code }));
        let answer = try_post(&discord, "x").unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (code, Some("text/html")));
    }
    assert!(discord.messages("alerts").is_empty());
    assert_eq!(discord.requests()[0].body.as_ref(), Some(&good("x")), "kept all the same");
    assert_eq!(discord.requests()[0].status, Some(400));
}

#[test]
fn a_webhook_or_a_message_is_gone_on_order() {
    let discord = unlimited();
    let id = id(&try_post(&discord, "x").unwrap());
    discord.script(Script::always(Act::UnknownMessage).on(On::Edits).times(2));
    assert_eq!(try_post(&discord, "y").unwrap().status, 200);
    for _ in 0..2 {
        assert_eq!(refusal(&patch(&discord, "alerts", &id, &good("z"))), (404, 10008));
    }
    assert_eq!(patch(&discord, "alerts", &id, &good("z")).status, 200);
    discord.script(Script::always(Act::UnknownWebhook).to("alerts"));
    for _ in 0..3 {
        assert_eq!(refusal(&try_post(&discord, "x").unwrap()), (404, 10015));
    }
    assert_eq!(post(&discord, "occupancy", &good("x")).status, 200);
    discord.behave();
    assert_eq!(try_post(&discord, "x").unwrap().status, 200);
}

#[test]
fn huge_and_senseless_answers_are_sent_in_full() {
    let discord = unlimited();
    discord.script(Script::once(Act::Huge { code: 200, bytes: 20_000_000 }));
    let answer = try_post(&discord, "x").unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 20_000_000));
    assert!(json_of(&answer)["content"].is_string());
    assert_eq!(discord.titles("alerts"), ["x"]);
    discord.script(Script::once(Act::Huge { code: 500, bytes: 1000 }));
    assert_eq!(try_post(&discord, "y").unwrap().body.len(), 1000);
    for code in [200, 404, 500] {
        discord.script(Script::once(Act::Garbage { code }));
        let answer = try_post(&discord, "z").unwrap();
        assert_eq!(answer.status, code);
        assert!(answer.body.starts_with("<html>"));
        assert_eq!(discord.requests().last().unwrap().status, Some(code));
    }
    assert_eq!(discord.titles("alerts"), ["x", "z"], "only with a 2xx it is there");
}

#[test]
fn offline_nothing_gets_through_and_afterwards_everything() {
    let discord = unlimited();
    discord.offline(true);
    assert!(try_post(&discord, "x").is_err());
    assert!(discord.requests().is_empty());
    discord.offline(false);
    assert!(try_post(&discord, "x").is_ok());
    discord.script(Script::once(Act::Slow { seconds: 60.0 }));
    std::thread::scope(|scope| {
        let client = scope.spawn(|| try_post(&discord, "y"));
        discord.wait_for_requests(2, LONG);
        discord.offline(true);
        assert!(client.join().unwrap().is_err(), "going offline cuts what is open");
    });
}
