//! What holds whatever happens.

use proptest::prelude::*;

use super::world::{World, config};
use crate::event::Target;
use crate::monitor::{Input, ProbeId, SendFault};

/// Something that may happen in a café.
#[derive(Debug, Clone)]
enum Act {
    Kill(u8),
    Revive(u8),
    Mute(bool),
    Provider(bool),
    Cable(bool),
    Switch(bool),
    Fault(u8),
    Jump(i64),
    Sleep(u16),
    Stray(u64),
    Seats(u8),
    Run(u16),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0u8..9).prop_map(Act::Kill),
        (0u8..9).prop_map(Act::Revive),
        any::<bool>().prop_map(Act::Mute),
        any::<bool>().prop_map(Act::Provider),
        any::<bool>().prop_map(Act::Cable),
        any::<bool>().prop_map(Act::Switch),
        (0u8..5).prop_map(Act::Fault),
        (-7_200_000i64..7_200_000).prop_map(Act::Jump),
        (1u16..5000).prop_map(Act::Sleep),
        any::<u64>().prop_map(Act::Stray),
        (0u8..8).prop_map(Act::Seats),
        (1u16..400).prop_map(Act::Run),
        (1u16..400).prop_map(Act::Run),
        (1u16..400).prop_map(Act::Run),
    ]
}

fn name(n: u8) -> String {
    match n {
        0 => "router".into(),
        1 => "server".into(),
        2 => "primary".into(),
        3 => "secondary".into(),
        n => format!("pc{}", n - 3),
    }
}

fn perform(w: &mut World, act: &Act) {
    match act {
        Act::Kill(n) => w.kill(&name(*n)),
        Act::Revive(n) => w.revive(&name(*n)),
        Act::Mute(true) => drop(w.mute.insert("router".into())),
        Act::Mute(false) => w.mute.clear(),
        Act::Provider(on) => w.provider = *on,
        Act::Cable(true) => w.plug_cable(),
        Act::Cable(false) => w.pull_cable(),
        Act::Switch(on) => w.switch = *on,
        Act::Fault(n) => {
            w.fault = match n {
                0 => Some(SendFault::NoRoute),
                1 => Some(SendFault::NoPermission),
                2 => Some(SendFault::Busy),
                _ => None,
            }
        }
        Act::Jump(ms) => w.wall_shift_ms = *ms,
        Act::Sleep(s) => {
            w.us += i64::from(*s) * 1_000_000;
            w.input(Input::Woke { asleep: std::time::Duration::from_secs(u64::from(*s)) });
        }
        Act::Stray(id) => w.input(Input::Reply {
            id: ProbeId(*id),
            address: std::net::IpAddr::from([192, 168, 1, 1]),
            rtt: std::time::Duration::from_millis(1),
        }),
        Act::Seats(n) => w.input(Input::Config(Box::new(config(usize::from(*n))))),
        Act::Run(tenths) => w.run(f64::from(*tenths) / 10.0),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// No panic, no deadline in the past, and the view is the fold of the events
    /// (the last two are asserted by the world at every step).
    #[test]
    fn any_sequence_of_inputs_is_survived(acts in prop::collection::vec(act(), 1..60)) {
        let mut w = World::healthy(5);
        for act in &acts {
            perform(&mut w, act);
        }
        w.run(5.0);
    }

    /// After any history, mending everything ends every incident.
    #[test]
    fn everything_mended_is_all_well(acts in prop::collection::vec(act(), 1..40)) {
        let mut w = World::healthy(5);
        for act in &acts {
            perform(&mut w, act);
        }
        w.dead.clear();
        w.mute.clear();
        w.provider = true;
        w.switch = true;
        w.fault = None;
        w.plug_cable();
        w.run(11.0 * 60.0);
        prop_assert!(w.incidents().iter().all(|i| i.end.is_some()), "{:#?}", w.incidents());
        for target in Target::ALL {
            prop_assert_eq!(w.state(target), crate::event::LinkState::Up);
        }
    }

    /// Losses in runs shorter than the threshold never open an incident.
    #[test]
    fn no_run_of_losses_shorter_than_the_threshold_opens_an_incident(
        blips in prop::collection::vec((0u8..3, 1u16..90, 20u16..200), 1..30)
    ) {
        let mut w = World::healthy(5);
        for (who, lost, well) in blips {
            match who {
                0 => w.kill("router"),
                1 => w.kill("server"),
                _ => w.provider = false,
            }
            w.run(f64::from(lost) / 10.0);
            w.dead.clear();
            w.provider = true;
            w.run(f64::from(well) / 10.0);
        }
        w.run(20.0);
        prop_assert!(w.incidents().is_empty());
    }
}
