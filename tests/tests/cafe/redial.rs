//! A line that dials again after the router is back is not the provider's fault, unless it
//! takes too long.

use std::time::Duration;

use cafesentinel_tests::harness::Sentinel;
use cafesentinel_tests::lab::Lab;

use crate::spine::{causes, moment, now, state, until, wait, watched};

/// Router and provider fall together; the router comes back. Gives the time of its return,
/// before and after the verb.
fn router_returns_alone(lab: &Lab, sentinel: &Sentinel<'_>) -> (f64, f64) {
    lab.cut("internet").expect("cut");
    lab.cut("router").expect("pulled");
    // Until it is an incident: mended before, it would be a jitter.
    sentinel
        .until("the router's incident", Duration::from_secs(30), |s| causes(s) == ["ROUTER_DOWN"]);
    let before = now();
    lab.mend("router").expect("mended");
    let after = now();
    until(sentinel, 10, "the router is back", |s| state(s, 0) == "up");
    (before, after)
}

#[test]
fn a_line_that_takes_a_minute_to_dial_again_is_no_second_incident() {
    watched(|lab, sentinel| {
        router_returns_alone(lab, sentinel);
        wait(60.0);
        assert_eq!(state(&sentinel.site(), 2), "down", "silent all the while");
        lab.mend("internet").expect("mended");
        until(sentinel, 10, "the internet is back", |s| state(s, 2) == "up");
        wait(12.0);
        assert_eq!(causes(sentinel), ["ROUTER_DOWN"]);
    });
}

#[test]
fn a_line_that_stays_away_is_one_provider_outage_from_the_routers_return_on() {
    watched(|lab, sentinel| {
        let (before, after) = router_returns_alone(lab, sentinel);
        wait(100.0);
        assert_eq!(causes(sentinel), ["ROUTER_DOWN"], "two minutes of grace");
        wait(50.0);
        assert_eq!(causes(sentinel), ["ROUTER_DOWN", "ISP_DOWN"]);
        lab.mend("internet").expect("mended");
        sentinel.until("both are over", Duration::from_secs(20), |s| {
            s.incidents().iter().all(|i| !i["end"].is_null())
        });
        assert_eq!(causes(sentinel), ["ROUTER_DOWN", "ISP_DOWN"]);
        let isp = sentinel.incidents().into_iter().find(|i| i["cause"] == "ISP_DOWN");
        let start = moment(&isp.expect("it is there")["start"]);
        // Within one cycle of the moment at which the verb took effect.
        assert!(start >= before - 1.0 && start <= after + 1.5, "{start} {before} {after}");
    });
}
