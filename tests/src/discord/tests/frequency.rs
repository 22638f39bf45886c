//! Limits of frequency as a client meets them: headers, 429, scopes. The windows are short
//! here; how they run is tested without time in [`crate::discord::limits`].

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::{Act, Limit, On, Scope, Script};
use super::*;

fn number(answer: &Answer, name: &str) -> f64 {
    answer.header(name).unwrap_or_else(|| panic!("{name}: {answer:?}")).parse().unwrap()
}

#[test]
fn the_bucket_is_told_in_every_answer_and_kept() {
    let limits = Limits { bucket: Limit::new(3, 2.0), ..Limits::none() };
    let discord = limited(limits);
    let began = Instant::now();
    let wall = || jiff::Timestamp::now().as_duration().as_secs_f64();
    for left in [2.0, 1.0, 0.0] {
        let before = wall();
        let answer = post(&discord, "alerts", &good("x"));
        let after = wall();
        assert_eq!(number(&answer, "x-ratelimit-limit"), 3.0);
        assert_eq!(number(&answer, "x-ratelimit-remaining"), left);
        let reset_after = number(&answer, "x-ratelimit-reset-after");
        assert!(reset_after > 0.0 && reset_after <= 2.0, "{reset_after}");
        // The same moment by the wall clock; both are told to the millisecond.
        let reset = number(&answer, "x-ratelimit-reset") - reset_after;
        assert!(reset > before - 0.002 && reset < after + 0.002, "{before} {reset} {after}");
        assert_eq!(answer.header("x-ratelimit-bucket").map(str::len), Some(32));
        assert_eq!(answer.header("retry-after"), None);
    }
    let answer = post(&discord, "alerts", &good("x"));
    assert!(began.elapsed() < Duration::from_secs(2), "too slow to see the limit");
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("x-ratelimit-scope"), Some("user"));
    assert_eq!(answer.header("x-ratelimit-global"), None);
    assert_eq!(number(&answer, "x-ratelimit-remaining"), 0.0);
    let body = json_of(&answer);
    assert_eq!(body["global"], false);
    assert_eq!(body["message"], "You are being rate limited.");
    let wait = body["retry_after"].as_f64().unwrap();
    assert!(wait > 0.0 && wait <= 2.0, "{wait}");
    assert_eq!(number(&answer, "retry-after"), wait.ceil(), "whole seconds");
    assert_eq!(post(&discord, "occupancy", &good("x")).status, 200, "another bucket");
    let edit = patch(&discord, "alerts", "1", &good("x"));
    assert_eq!(edit.status, 404, "edits have a bucket of their own");

    let again = post(&discord, "alerts", &good("x"));
    assert_eq!((again.status, discord.summary().early), (429, 1), "who does not wait is noted");
    let wait = json_of(&again)["retry_after"].as_f64().unwrap();
    sleep(Duration::from_secs_f64(wait));
    assert_eq!(post(&discord, "alerts", &good("x")).status, 200);
    assert_eq!((discord.limited(), discord.summary().early), (2, 1));
    assert_eq!(discord.messages("alerts").len(), 4);
    assert!(discord.problems().iter().any(|line| line.contains("before a 429 allowed it")));
}

#[test]
fn the_limit_of_a_channel_strikes_without_a_warning() {
    for (scope, message) in [
        (Scope::Shared, "The resource is being rate limited."),
        (Scope::User, "You are being rate limited."),
    ] {
        let channel = Limit::new(2, 60.0);
        let limits = Limits { channel, channel_scope: scope, ..Limits::default() };
        let discord = limited(limits);
        discord.add_webhook("twin", "alerts");
        assert_eq!(post(&discord, "alerts", &good("x")).status, 200);
        let second = post(&discord, "twin", &good("x"));
        assert_eq!(number(&second, "x-ratelimit-remaining"), 4.0, "nothing tells of it");
        let third = post(&discord, "alerts", &good("x"));
        assert_eq!(third.status, 429);
        assert_eq!(third.header("x-ratelimit-scope"), Some(scope.word()));
        assert!(number(&third, "x-ratelimit-remaining") > 0.0, "{third:?}");
        assert_eq!(json_of(&third)["message"], message);
        assert!(json_of(&third)["retry_after"].as_f64().unwrap() > 50.0);
        assert!(number(&third, "retry-after") > 50.0);
        assert_eq!(post(&discord, "occupancy", &good("x")).status, 200, "another channel");
        let id = discord.messages("alerts")[0].id.clone();
        assert_eq!(patch(&discord, "alerts", &id, &good("y")).status, 200, "an edit is no message");
    }
}

#[test]
fn the_global_limit_holds_everywhere() {
    let discord = limited(Limits { global: Limit::new(2, 60.0), ..Limits::none() });
    assert_eq!(post(&discord, "alerts", &good("x")).status, 200);
    assert_eq!(post(&discord, "occupancy", &good("x")).status, 200);
    let third = post(&discord, "screenshots", &good("x"));
    assert_eq!(third.status, 429);
    assert_eq!(third.header("x-ratelimit-scope"), Some("global"));
    assert_eq!(third.header("x-ratelimit-global"), Some("true"));
    assert_eq!(json_of(&third)["global"], true);
    assert_eq!(post(&discord, "alerts", &good("x")).status, 429);
    assert_eq!(discord.summary().early, 1, "global means every webhook");
}

#[test]
fn a_429_comes_on_order_with_each_scope() {
    let discord = unlimited();
    for scope in [Scope::User, Scope::Shared, Scope::Global] {
        discord.script(Script::once(Act::RateLimited { retry_after: 1.5, scope }).on(On::Posts));
        let answer = post(&discord, "alerts", &good("x"));
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("x-ratelimit-scope"), Some(scope.word()));
        assert_eq!(answer.header("retry-after"), Some("2"));
        assert_eq!(json_of(&answer)["retry_after"], 1.5);
        assert_eq!(json_of(&answer)["global"], scope == Scope::Global);
        assert_eq!(discord.requests().last().unwrap().scope, Some(scope));
    }
    assert_eq!(
        (discord.limited(), discord.summary().invalid),
        (3, 2),
        "shared is not held against"
    );
    assert!(discord.messages("alerts").is_empty());
    discord.forget();
    discord.script(Script::once(Act::Banned { retry_after: 600 }));
    let answer = post(&discord, "alerts", &good("x"));
    assert_eq!((answer.status, answer.body.as_str()), (429, "error code: 1015"));
    assert_eq!(answer.header("retry-after"), Some("600"));
    assert_eq!(post(&discord, "alerts", &good("x")).status, 200);
    assert_eq!(discord.summary().early, 1);
}
