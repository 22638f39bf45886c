// These look for one kind of event among many; a new kind is none of their business.
#![allow(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};

use cafesentinel_domain::config::Config;
use cafesentinel_domain::event::{Event, LinkState, Reason};
use cafesentinel_domain::monitor::Restored;
use cafesentinel_domain::time::Utc;

use super::*;

/// What the world is like, shared with the door.
#[derive(Default)]
struct World {
    silent: BTreeSet<IpAddr>,
    fault: Option<SendFault>,
    batches: Vec<usize>,
    /// Answers wait here instead of being delivered, while there is a place.
    held: Option<Vec<Input>>,
}

struct Door {
    world: Arc<Mutex<World>>,
    inputs: Sender<Message>,
}

impl Prober for Door {
    fn send(
        &mut self,
        probes: &[ProbeRequest],
        _: Moment,
        refused: &mut Vec<(ProbeId, SendFault)>,
    ) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.batches.push(probes.len());
        if let Some(fault) = world.fault {
            refused.extend(probes.iter().map(|p| (p.id, fault)));
            return;
        }
        let heard: Vec<Input> = probes
            .iter()
            .filter(|p| !world.silent.contains(&p.address))
            .map(|p| {
                let rtt = Duration::from_millis(3);
                Input::Reply { id: p.id, address: p.address, rtt }
            })
            .collect();
        match &mut world.held {
            Some(held) => held.extend(heard),
            None => self.inputs.send(Message::Inputs(heard)).unwrap(),
        }
    }

    fn ask_arp(&mut self, asked: &[Ipv4Addr], _: Moment, refused: &mut Vec<(Ipv4Addr, ArpFault)>) {
        refused.extend(asked.iter().map(|address| (*address, ArpFault::OffLink)));
    }
}

struct Bench {
    driver: Driver,
    world: Arc<Mutex<World>>,
    inputs: Sender<Message>,
    stored: Receiver<Record>,
    view: watch::Receiver<Arc<SiteView>>,
    now: Moment,
}

const ROUTER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

fn bench() -> Bench {
    let text = r#"{"targets":{"router":"127.0.0.2","server":"127.0.0.3","internet":"127.0.0.4"},
        "verification_settings":{"secondary_target":"127.0.0.5"},
        "monitor_settings":{"interval_seconds":1,"pc_subnet":"127.0.1","pc_count":4}}"#;
    let now = Moment { tick: Tick(1_000_000_000_000), utc: Utc(1_767_225_600_000) };
    let monitor = Monitor::start(Config::parse(text).unwrap(), Restored::nothing(), now);
    let (inputs, messages) = mpsc::channel();
    let (records, stored) = mpsc::channel();
    let (view, seen) = watch::channel(Arc::new(monitor.view(now)));
    let (beats, _) = watch::channel(BeatReport::default());
    let world = Arc::new(Mutex::new(World::default()));
    let door = Door { world: Arc::clone(&world), inputs: inputs.clone() };
    let (photographs, _) = crate::app::Photographs::open(crate::outbox::Pool::default());
    let wires = Wires { records, view, beats, photographs };
    let driver = Driver::new(monitor, Box::new(door), messages, wires, Clock::real(), now);
    Bench { driver, world, inputs, stored, view: seen, now }
}

impl Bench {
    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&mut self) {
        assert!(self.driver.turn(None, self.now).unwrap().is_continue());
    }

    /// Turns every 100 ms.
    fn live(&mut self, seconds: u64) {
        for _ in 0..seconds * 10 {
            self.turn();
            self.pass(Duration::from_millis(100));
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.at(self.now.tick + time);
    }

    fn events(&self) -> Vec<Event> {
        let turns = self.stored.try_iter().map(|record| match record {
            Record::Turn { turn, .. } => turn.events,
            Record::Tell(_) | Record::Marks(_) | Record::Dead(..) | Record::Stop => Vec::new(),
        });
        turns.flatten().map(|stamped| stamped.event).collect()
    }

    fn state(&self, target: Target) -> (LinkState, Option<Reason>) {
        let view = self.view.borrow();
        let shown = view.targets.iter().find(|t| t.target == target).unwrap();
        (shown.state, shown.reason)
    }
}

#[test]
fn a_beat_asks_everybody_in_one_batch_and_shows_the_answers() {
    let mut bench = bench();
    bench.live(3);
    // The secondary is needed only until the internet has answered once.
    assert_eq!(bench.world().batches, [8, 7, 7]);
    for target in Target::ALL {
        assert_eq!(bench.state(target), (LinkState::Up, None));
    }
    assert_eq!(bench.view.borrow().seats_online, 4);
    assert!(bench.view.borrow().cycle >= 2);
}

#[test]
fn refusals_of_the_system_are_fed_back_at_once_and_are_not_silence() {
    let mut bench = bench();
    bench.live(2);
    bench.world().fault = Some(SendFault::NoPermission);
    bench.live(30);
    for target in Target::ALL {
        assert_eq!(bench.state(target), (LinkState::Unknown, Some(Reason::NoPermission)));
    }
    let events = bench.events();
    assert!(!events.iter().any(|e| matches!(e, Event::Incident { .. })), "{events:?}");
    let told = events
        .iter()
        .filter(|e| matches!(e, Event::Link { reason: Some(Reason::NoPermission), .. }));
    assert_eq!(told.count(), 3, "once per change");
}

#[test]
fn replies_that_wait_are_heard_before_silence_is_judged() {
    let mut bench = bench();
    bench.live(2);
    bench.events();
    bench.world().held = Some(Vec::new());
    bench.live(1);
    // The beat's answers lie in the channel when the turn that judges it begins late.
    let held = bench.world().held.take().unwrap();
    assert!(!held.is_empty());
    bench.inputs.send(Message::Inputs(held)).unwrap();
    bench.pass(Duration::from_millis(900));
    bench.turn();
    let events = bench.events();
    assert!(!events.iter().any(|e| matches!(e, Event::Link { .. })), "{events:?}");
}

#[test]
fn a_turn_far_too_late_was_sleep_and_makes_no_outage() {
    let mut bench = bench();
    bench.live(5);
    bench.events();
    bench.pass(Duration::from_secs(3600));
    bench.live(5);
    let events = bench.events();
    let gaps: Vec<_> = events
        .iter()
        .filter_map(|e| match e {
            Event::Unobserved { gap } => Some(gap.to.0 - gap.from.0),
            _ => None,
        })
        .collect();
    assert!(gaps.len() == 1 && (3_600_000..3_601_000).contains(&gaps[0]), "{gaps:?}");
    assert!(!events.iter().any(|e| matches!(e, Event::Incident { .. } | Event::Jitter { .. })));
    assert_eq!(bench.state(Target::Router), (LinkState::Up, None));
}

#[test]
fn a_slow_turn_is_late_but_not_asleep() {
    let mut bench = bench();
    bench.live(5);
    bench.events();
    bench.pass(Duration::from_millis(2500));
    bench.live(5);
    assert!(!bench.events().iter().any(|e| matches!(e, Event::Unobserved { .. })));
    assert!(bench.driver.lateness.report().max >= Duration::from_secs(2));
}

#[test]
fn an_outage_reaches_the_disk_and_the_view() {
    let mut bench = bench();
    bench.live(5);
    bench.world().silent.insert(ROUTER);
    bench.world().silent.extend([4, 5].map(|d| IpAddr::from([127, 0, 0, d])));
    bench.live(20);
    assert_eq!(bench.state(Target::Router).0, LinkState::Down);
    let incidents = bench.events().into_iter().filter(|e| matches!(e, Event::Incident { .. }));
    assert_eq!(incidents.count(), 1);
    assert_eq!(bench.view.borrow().incidents.len(), 1);
}

#[test]
fn told_to_stop_it_hands_over_the_time_in_state_and_breaks() {
    let mut bench = bench();
    bench.live(2);
    bench.inputs.send(Message::Stop).unwrap();
    let _ = bench.stored.try_iter().count();
    assert!(bench.driver.turn(None, bench.now).unwrap().is_break());
    let left: Vec<Record> = bench.stored.try_iter().collect();
    let [Record::Turn { turn, .. }, Record::Stop] = &left[..] else { panic!("{left:?}") };
    assert_eq!(turn.state_times.len(), 3);
}

#[test]
fn the_thread_keeps_the_beat_and_stops_when_told() {
    let Bench { driver, inputs, stored, view, .. } = {
        let mut bench = bench();
        // The thread takes real moments.
        let now = Clock::real().now();
        let config = bench.driver.monitor.config().clone();
        bench.driver.monitor = Monitor::start(config, Restored::nothing(), now);
        (bench.driver.last_turn, bench.driver.flushed) = (now.tick, now.tick);
        bench
    };
    let thread = std::thread::spawn(move || driver.run());
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while view.borrow().cycle < 2 {
        assert!(std::time::Instant::now() < end, "no beat");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    inputs.send(Message::Stop).unwrap();
    thread.join().unwrap().unwrap();
    assert!(matches!(stored.iter().last(), Some(Record::Stop)));
}
