//! Discoveries in a network that answers from a table, through the real thread.

use std::collections::BTreeMap;
use std::time::Instant;

use cafesentinel_domain::discovery::Via;
use cafesentinel_domain::monitor::{ArpFault, SendFault};

use super::*;

const RTT: Duration = Duration::from_micros(1500);

/// How an address behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Open,
    Firewalled,
}

/// A café of 10.9.0.0/28 that we are in as .14; all silent but those in the table.
#[derive(Clone)]
pub(crate) struct TableWorld {
    pub(crate) who: BTreeMap<u8, Who>,
    pub(crate) own: Vec<OwnNetwork>,
    pub(crate) ping: Result<(), SendFault>,
    pub(crate) arp: Result<(), ArpFault>,
    /// Whether it is known beforehand that nothing can be asked.
    pub(crate) told: bool,
    pub(crate) breaks: bool,
}

pub(crate) fn cafe() -> TableWorld {
    let own = OwnNetwork {
        interface: "eth0".into(),
        address: Ipv4Addr::new(10, 9, 0, 14),
        prefix: 28,
        carrier: true,
    };
    TableWorld {
        who: [(1, Who::Open), (3, Who::Open), (4, Who::Open), (5, Who::Open), (6, Who::Firewalled)]
            .into(),
        own: vec![own],
        ping: Ok(()),
        arp: Ok(()),
        told: false,
        breaks: false,
    }
}

impl World for TableWorld {
    fn networks(&self) -> Vec<OwnNetwork> {
        self.own.clone()
    }

    fn gateway(&self) -> Option<Ipv4Addr> {
        Some(Ipv4Addr::new(10, 9, 0, 1))
    }

    fn open(&self) -> Box<dyn Door> {
        Box::new(TableDoor { world: self.clone(), coming: Vec::new() })
    }
}

struct TableDoor {
    world: TableWorld,
    coming: Vec<Heard>,
}

fn mac(address: Ipv4Addr) -> Mac {
    let [a, b, c, d] = address.octets();
    Mac([2, 0, a, b, c, d])
}

impl Door for TableDoor {
    fn methods(&self) -> Methods {
        let fault = |ok: bool, text| if ok || !self.world.told { Ok("table") } else { Err(text) };
        Methods::of(
            fault(self.world.ping.is_ok(), "no ICMP here"),
            fault(self.world.arp.is_ok(), "no ARP here"),
        )
    }

    fn arp_patience(&self) -> Option<Duration> {
        let works = self.world.arp.is_ok() || !self.world.told;
        works.then_some(Duration::from_millis(100))
    }

    fn put(&mut self, question: Question) -> Result<(), Unasked> {
        let who = |address: Ipv4Addr| self.world.who.get(&address.octets()[3]).copied();
        match question {
            Question::Ping(address) => {
                self.world.ping.map_err(Unasked::Ping)?;
                if who(address) == Some(Who::Open) {
                    self.coming.push(Heard::Ping { address, rtt: RTT });
                }
            }
            Question::Arp(address) => {
                self.world.arp.map_err(Unasked::Arp)?;
                if who(address).is_some() {
                    self.coming.push(Heard::Arp { address, mac: mac(address) });
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, wait: Duration, heard: &mut Vec<Heard>) -> io::Result<()> {
        if self.world.breaks {
            return Err(io::Error::other("the cat has eaten it"));
        }
        if self.coming.is_empty() {
            std::thread::park_timeout(wait);
        }
        heard.append(&mut self.coming);
        Ok(())
    }

    fn table(&self) -> Vec<(Ipv4Addr, Mac)> {
        (1..15).map(|d| Ipv4Addr::new(10, 9, 0, d)).map(|a| (a, mac(a))).collect()
    }

    fn others(&mut self) -> u32 {
        0
    }
}

pub(crate) fn wish() -> Wish {
    Wish { network: None, timeout: Duration::from_millis(100), no_seats: Vec::new() }
}

fn wait(discovery: &Discovery) -> Report {
    let end = Instant::now() + Duration::from_secs(20);
    let mut reports = discovery.follow();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let over = reports.wait_for(|report| report.state != State::Running);
        let over = tokio::time::timeout_at(end.into(), over).await;
        over.expect("it ends").unwrap().as_ref().clone()
    })
}

/// The report of a discovery in that world.
pub(crate) fn finished(world: TableWorld) -> Report {
    let discovery = Discovery::new(world);
    discovery.start(wish()).unwrap();
    wait(&discovery)
}

#[test]
fn a_discovery_finds_who_is_there_and_suggests_what_to_set() {
    let report = finished(cafe());
    assert_eq!((report.state, report.asked, report.total), (State::Done, 13, 13));
    assert_eq!(report.hosts.len(), 5, "an entry of the table alone is nobody");
    assert!(report.hosts[0].gateway && report.hosts[0].via == Via::Both);
    let marked: Vec<_> = report.hosts.iter().filter(|h| h.firewalled).collect();
    assert_eq!((marked.len(), marked[0].address.as_str()), (1, "10.9.0.6"));
    assert_eq!(marked[0].rtt_ms, None);
    assert_eq!(report.notes, Vec::<String>::new());
    let suggestion = report.suggestion.unwrap();
    assert_eq!((suggestion.kind, suggestion.seats, suggestion.answered), ("range", 4, 4));
    assert!((report.progress - 1.0).abs() < f64::EPSILON);
}

#[test]
fn only_one_runs_at_a_time_and_a_cancelled_one_makes_room() {
    let discovery = Discovery::new(cafe());
    assert_eq!(discovery.report().state, State::Idle);
    let slow = Wish { timeout: Duration::from_secs(60), ..wish() };
    discovery.start(slow.clone()).unwrap();
    assert!(matches!(discovery.start(slow.clone()), Err(Refused::Running)));
    let began = Instant::now();
    discovery.cancel();
    let report = wait(&discovery);
    assert_eq!(report.state, State::Cancelled);
    assert!(report.suggestion.is_none() && began.elapsed() < Duration::from_secs(5));
    discovery.start(wish()).unwrap();
    assert_eq!(wait(&discovery).state, State::Done, "the old word is not meant for it");
}

#[test]
fn who_is_known_to_be_no_seat_is_none() {
    let discovery = Discovery::new(cafe());
    discovery.start(Wish { no_seats: vec![Ipv4Addr::new(10, 9, 0, 3)], ..wish() }).unwrap();
    let suggestion = wait(&discovery).suggestion.unwrap();
    assert_eq!(suggestion.monitor_settings["pc_start_range"], 4);
}

#[test]
fn a_network_of_others_is_refused_by_name() {
    let discovery = Discovery::new(cafe());
    let named = Wish { network: Subnet::parse("192.168.7.0/24"), ..wish() };
    let refused = discovery.start(named).unwrap_err();
    assert!(matches!(refused, Refused::Scope(Refusal::NotLocal { .. })));
    assert_eq!(
        refused.to_string(),
        "192.168.7.0/24 is no network of this machine: it is in 10.9.0.0/28"
    );
    assert_eq!(discovery.report().state, State::Idle, "it has not begun");
}

#[test]
fn without_permission_it_fails_with_a_sentence_and_not_with_an_empty_list() {
    let mut forbidden = cafe();
    forbidden.ping = Err(SendFault::NoPermission);
    forbidden.arp = Err(ArpFault::Unable);
    // Known only when the first question is put.
    let error = finished(forbidden.clone());
    assert_eq!(error.state, State::Failed);
    assert_eq!(
        error.error.as_deref(),
        Some(
            "nobody could be asked: the system does not allow us to send ICMP, and the system \
             does not allow us to ask by ARP"
        )
    );
    forbidden.told = true;
    let error = finished(forbidden).error.unwrap();
    assert!(error.contains("no ICMP here, and no ARP here; run it as administrator"), "{error}");
}

#[test]
fn what_could_not_be_asked_is_said() {
    let mut no_arp = cafe();
    no_arp.arp = Err(ArpFault::Unable);
    no_arp.told = true;
    let report = finished(no_arp);
    assert_eq!((report.state, report.hosts.len()), (State::Done, 4));
    assert_eq!(report.notes, ["PCs that drop ping could not be looked for by ARP: no ARP here"]);
    let mut no_ping = cafe();
    no_ping.ping = Err(SendFault::NoRoute);
    let report = finished(no_ping);
    assert_eq!((report.hosts.len(), report.hosts.iter().any(|h| h.firewalled)), (5, false));
    assert_eq!(
        report.notes,
        ["13 of 13 addresses could not be pinged: the system knows no way there"]
    );
}

#[test]
fn a_broken_socket_is_a_failure_with_its_reason() {
    let mut broken = cafe();
    broken.breaks = true;
    let report = finished(broken);
    assert_eq!(report.state, State::Failed);
    let error = report.error.unwrap();
    assert!(error.contains("the cat has eaten it"), "{error}");
}
