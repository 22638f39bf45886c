//! The search in a simulated network, without waiting.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use proptest::prelude::*;

use crate::config::Mac;
use crate::discovery::{Found, PER_SECOND, Question, Search, Unasked, Via};
use crate::monitor::{ArpFault, SendFault};
use crate::time::Tick;

const TIMEOUT: Duration = Duration::from_secs(1);
const RTT: Duration = Duration::from_millis(3);

/// How somebody behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    /// Answers everything.
    Open,
    /// Drops ping.
    Firewalled,
    /// Loses the first ping, and answers everything else.
    LosesOne,
    /// Answers a ping after 1.5 s.
    Slow,
}

struct Net {
    search: Search,
    now: Tick,
    who: BTreeMap<Ipv4Addr, Who>,
    asked: Vec<(Tick, Question)>,
    /// Answers on their way.
    coming: Vec<(Tick, Question)>,
    ping_fault: Option<SendFault>,
    arp_fault: Option<ArpFault>,
    fractions: Vec<f64>,
    /// How much later than wanted the machine comes to it.
    late: Duration,
}

fn address(n: usize) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0001 + u32::try_from(n).expect("small"))
}

fn mac(address: Ipv4Addr) -> Mac {
    let [a, b, c, d] = address.octets();
    Mac([2, 0, a, b, c, d])
}

impl Net {
    fn new(who: &[Who], arp: bool) -> Net {
        let addresses: Vec<_> = (0..who.len()).map(address).collect();
        let patience = arp.then_some(Duration::from_secs(1));
        Net {
            search: Search::new(&addresses, TIMEOUT, patience),
            now: Tick(0),
            who: addresses.into_iter().zip(who.iter().copied()).collect(),
            asked: Vec::new(),
            coming: Vec::new(),
            ping_fault: None,
            arp_fault: None,
            fractions: Vec::new(),
            late: Duration::ZERO,
        }
    }

    fn put(&mut self, question: Question) {
        let pings =
            |asked: &[(Tick, Question)]| asked.iter().filter(|(_, q)| *q == question).count();
        match question {
            Question::Ping(address) => {
                if let Some(fault) = self.ping_fault {
                    return self.search.ping_refused(address, fault, self.now);
                }
                let first = pings(&self.asked) == 0;
                let after = match self.who[&address] {
                    Who::Open => Some(RTT),
                    Who::LosesOne if !first => Some(RTT),
                    Who::Slow => Some(Duration::from_millis(1500)),
                    Who::Nobody | Who::Firewalled | Who::LosesOne => None,
                };
                self.coming.extend(after.map(|after| (self.now + after, question)));
            }
            Question::Arp(address) => {
                if let Some(fault) = self.arp_fault {
                    return self.search.arp_refused(address, fault, self.now);
                }
                if self.who[&address] != Who::Nobody {
                    self.coming.push((self.now + RTT, question));
                }
            }
        }
        self.asked.push((self.now, question));
    }

    fn hear(&mut self) {
        let now = self.now;
        let (due, later): (Vec<_>, Vec<_>) = self.coming.drain(..).partition(|(at, _)| *at <= now);
        self.coming = later;
        for (_, question) in due {
            match question {
                Question::Ping(address) => self.search.ping_reply(address, RTT),
                Question::Arp(address) => self.search.arp_reply(address, mac(address)),
            }
        }
    }

    /// Lets it come to its end, `limit` at most.
    fn run(&mut self, limit: Duration) -> Duration {
        let end = self.now + limit;
        loop {
            self.hear();
            while let Some(question) = self.search.poll(self.now) {
                self.put(question);
            }
            self.fractions.push(self.search.progress().fraction());
            let Some(deadline) = self.search.next_deadline() else { break };
            let answer = self.coming.iter().map(|(at, _)| *at).min();
            let next = answer.map_or(deadline, |at| at.min(deadline));
            assert!(next > self.now, "it would turn on the spot");
            self.now = next + self.late;
            assert!(self.now <= end, "it does not end: {:?}", self.search.progress());
        }
        assert!(self.search.is_over());
        self.now.since(Tick(0))
    }

    fn found(&self) -> BTreeMap<Ipv4Addr, Found> {
        self.search.found().into_iter().map(|f| (f.address, f)).collect()
    }

    fn asked_by_arp(&self) -> Vec<Ipv4Addr> {
        let arp = |q: &(Tick, Question)| match q.1 {
            Question::Arp(address) => Some(address),
            Question::Ping(_) => None,
        };
        self.asked.iter().filter_map(arp).collect()
    }
}

#[test]
fn a_whole_24_takes_some_seconds_and_marks_who_drops_ping() {
    let mut who = vec![Who::Nobody; 253];
    who[109..129].fill(Who::Open);
    who[127..129].fill(Who::Firewalled);
    let mut net = Net::new(&who, true);
    let took = net.run(Duration::from_secs(60));
    assert!(took <= Duration::from_secs(8), "{took:?}");
    let found = net.found();
    assert_eq!(found.len(), 20);
    let marked: Vec<_> = found.values().filter(|f| f.firewalled).map(|f| f.address).collect();
    assert_eq!(marked, [address(127), address(128)]);
    assert_eq!(found[&address(127)].via, Via::Arp);
    assert_eq!(found[&address(127)].mac, Some(mac(address(127))));
    assert_eq!(net.asked_by_arp().len(), 253 - 18, "who answers ping is not asked by ARP");
    assert_eq!(net.search.progress().asked, 253);
}

#[test]
fn one_lost_packet_makes_nobody_firewalled() {
    let mut net = Net::new(&[Who::LosesOne, Who::Slow, Who::Open, Who::Firewalled], true);
    net.run(Duration::from_secs(10));
    let found = net.found();
    let vias: Vec<_> = found.values().map(|f| (f.via, f.firewalled)).collect();
    let both = (Via::Both, false);
    assert_eq!(vias, [both, both, (Via::Icmp, false), (Via::Arp, true)]);
}

#[test]
fn the_systems_table_names_who_answered_and_nobody_else() {
    let mut net = Net::new(&[Who::Open, Who::Nobody], false);
    net.run(Duration::from_secs(10));
    for n in 0..3 {
        net.search.neighbour(address(n), mac(address(n)));
    }
    let found = net.found();
    assert_eq!(found.len(), 1, "an entry is no sign of life");
    let first = found[&address(0)];
    assert_eq!((first.via, first.mac), (Via::Both, Some(mac(address(0)))));
}

#[test]
fn answers_to_nothing_are_not_heard() {
    let mut search = Search::new(&[address(0), address(0)], TIMEOUT, Some(TIMEOUT));
    search.ping_reply(address(0), RTT);
    search.arp_reply(address(0), mac(address(0)));
    search.ping_reply(address(9), RTT);
    assert_eq!(search.progress().found, 0);
    assert_eq!(search.progress().total, 1, "an address given twice is one");
    assert!(Search::new(&[], TIMEOUT, None).is_over());
    assert!((Search::new(&[], TIMEOUT, None).progress().fraction() - 1.0).abs() < f64::EPSILON);
}

#[test]
fn without_a_way_to_ping_arp_still_finds_but_marks_nobody() {
    let mut net = Net::new(&[Who::Open, Who::Firewalled, Who::Nobody], true);
    net.ping_fault = Some(SendFault::NoPermission);
    net.run(Duration::from_secs(10));
    assert!(net.found().values().all(|f| f.via == Via::Arp && !f.firewalled));
    assert_eq!(net.found().len(), 2);
    assert_eq!(net.search.unasked(), [(Unasked::Ping(SendFault::NoPermission), 3)]);
    assert_eq!(net.search.progress().asked, 3);
}

#[test]
fn without_any_way_nobody_counts_as_asked() {
    let mut net = Net::new(&[Who::Open; 300], true);
    net.ping_fault = Some(SendFault::NoRoute);
    net.arp_fault = Some(ArpFault::Unable);
    net.run(Duration::from_secs(20));
    let progress = net.search.progress();
    assert_eq!((progress.asked, progress.found, progress.settled), (0, 0, 300));
    assert_eq!(
        net.search.unasked(),
        [(Unasked::Ping(SendFault::NoRoute), 300), (Unasked::Arp(ArpFault::Unable), 300)]
    );
}

#[test]
fn too_many_at_once_are_put_again_but_not_for_ever() {
    let mut net = Net::new(&[Who::Open, Who::Firewalled, Who::Nobody], true);
    net.ping_fault = Some(SendFault::Busy);
    while net.now < Tick(0) + Duration::from_secs(3) {
        while let Some(question) = net.search.poll(net.now) {
            net.put(question);
        }
        net.now = net.search.next_deadline().expect("not over");
    }
    net.ping_fault = None;
    net.run(Duration::from_secs(10));
    assert_eq!(net.found().len(), 2);
    assert!(net.search.unasked().is_empty());

    let mut net = Net::new(&[Who::Open; 40], true);
    net.ping_fault = Some(SendFault::Busy);
    net.arp_fault = Some(ArpFault::Busy);
    let took = net.run(Duration::from_secs(60));
    assert!(took >= Duration::from_secs(30), "each kind is tried for 15 s: {took:?}");
    assert_eq!(net.search.progress().asked, 0);
    assert_eq!(net.search.unasked()[1], (Unasked::Arp(ArpFault::Busy), 40));
}

#[test]
fn a_monitor_beside_us_is_left_its_part_of_the_broadcasts() {
    let mut net = Net::new(&[Who::Nobody; 200], true);
    net.search.share(40);
    net.run(Duration::from_secs(30));
    let at: Vec<_> = net.asked.iter().filter(|q| matches!(q.1, Question::Arp(_))).collect();
    let second = |w: &[&(Tick, Question)]| w[24].0.since(w[0].0) >= Duration::from_secs(1);
    assert!(at.len() == 200 && at.windows(25).all(second), "at most 24 in a second");
    net.search.share(1000);
    assert!(net.search.is_over(), "no division by zero");
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        4 => Just(Who::Nobody),
        2 => Just(Who::Open),
        1 => Just(Who::Firewalled),
        1 => Just(Who::LosesOne),
        1 => Just(Who::Slow),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// It ends; everybody who is there is found, nobody else; only who is firewalled is
    /// marked; no second sees more than 64 questions of a kind; the progress never falls.
    #[test]
    fn every_cafe_is_found_within_the_budget(
        who in prop::collection::vec(who(), 1..400),
        late in 0u64..=40,
    ) {
        let mut net = Net::new(&who, true);
        net.late = Duration::from_millis(late);
        net.run(Duration::from_secs(4) + Duration::from_secs(1) * 3 * who.len() as u32 / PER_SECOND);
        let found = net.found();
        for (n, who) in who.iter().enumerate() {
            let found = found.get(&address(n));
            prop_assert_eq!(found.is_some(), *who != Who::Nobody, "{:?}", who);
            prop_assert_eq!(found.is_some_and(|f| f.firewalled), *who == Who::Firewalled);
        }
        for by_arp in [true, false] {
            let of_kind = |q: &&(Tick, Question)| matches!(q.1, Question::Arp(_)) == by_arp;
            let at: Vec<Tick> = net.asked.iter().filter(of_kind).map(|q| q.0).collect();
            for window in at.windows(PER_SECOND as usize + 1) {
                let first_to_last = window[window.len() - 1].since(window[0]);
                prop_assert!(first_to_last >= Duration::from_secs(1));
            }
        }
        let mut arp = net.asked_by_arp();
        let questions = arp.len();
        arp.sort();
        arp.dedup();
        prop_assert_eq!(arp.len(), questions, "nobody is asked by ARP twice");
        prop_assert!(net.fractions.is_sorted());
        prop_assert_eq!(net.search.progress().fraction().to_bits(), 1f64.to_bits());
    }
}
