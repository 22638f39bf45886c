//! The demo's café as a discovery finds it: asked of the script, nothing is probed.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::thread;
use std::time::Duration;

use cafesentinel_domain::config::Mac;
use cafesentinel_domain::discovery::{OwnNetwork, Question, Unasked};
use cafesentinel_domain::time::Utc;

use super::script::{ROUTER, Script};
use crate::clock::Clock;
use crate::discovery::{Door, Heard, Methods, World};

/// Where this computer stands in the café.
const OWN: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);
/// In real time, unlike that of the story's monitor.
const ARP_PATIENCE: Duration = Duration::from_millis(500);

/// The simulated network around us.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    script: Script,
    clock: Clock,
}

impl Surroundings {
    /// Those of the story whose first day began at `midnight`.
    #[must_use]
    pub fn new(midnight: Utc, clock: Clock) -> Surroundings {
        Surroundings { script: Script { midnight }, clock }
    }
}

impl World for Surroundings {
    fn networks(&self) -> Vec<OwnNetwork> {
        let interface = "eth0".to_owned();
        vec![OwnNetwork { interface, address: OWN, prefix: 24, carrier: true }]
    }

    fn gateway(&self) -> Option<Ipv4Addr> {
        Some(ROUTER)
    }

    fn open(&self) -> Box<dyn Door> {
        Box::new(Simulated { around: *self, coming: Vec::new() })
    }
}

struct Simulated {
    around: Surroundings,
    coming: Vec<Heard>,
}

impl Door for Simulated {
    fn methods(&self) -> Methods {
        let simulated = || Ok::<_, &str>("simulated");
        Methods::of(simulated(), simulated())
    }

    fn arp_patience(&self) -> Option<Duration> {
        Some(ARP_PATIENCE)
    }

    fn put(&mut self, question: Question) -> Result<(), Unasked> {
        let Surroundings { script, clock } = &self.around;
        let now = clock.now().utc;
        let answer = match question {
            Question::Ping(address) if script.has(address) => {
                let rtt = script.answer(IpAddr::V4(address), now);
                rtt.map(|rtt| Heard::Ping { address, rtt })
            }
            Question::Arp(address) if script.has(address) => {
                script.mac(address, now).map(|mac| Heard::Arp { address, mac })
            }
            Question::Ping(_) | Question::Arp(_) => None,
        };
        self.coming.extend(answer);
        Ok(())
    }

    fn hear(&mut self, wait: Duration, heard: &mut Vec<Heard>) -> io::Result<()> {
        if self.coming.is_empty() {
            thread::park_timeout(wait);
        }
        heard.append(&mut self.coming);
        Ok(())
    }

    fn table(&self) -> Vec<(Ipv4Addr, Mac)> {
        let Surroundings { script, clock } = &self.around;
        let now = clock.now().utc;
        let [a, b, c, _] = ROUTER.octets();
        let all = (1..=254).map(|d| Ipv4Addr::new(a, b, c, d)).filter(|a| script.has(*a));
        all.filter_map(|address| Some((address, script.mac(address, now)?))).collect()
    }

    fn others(&mut self) -> u32 {
        0
    }
}

#[cfg(test)]
mod tests {
    use cafesentinel_domain::discovery::Subnet;

    use super::*;
    use crate::demo;
    use crate::discovery::{Discovery, State, Wish};

    #[test]
    fn the_demo_discovers_its_own_cafe_and_nothing_else() {
        let midnight = Utc(1_767_225_600_000);
        let around = Surroundings::new(midnight, demo::clock(midnight));
        let discovery = Discovery::new(around);
        let network = Subnet::parse("192.168.1.96/27");
        let timeout = Duration::from_millis(100);
        discovery.start(Wish { network, timeout, no_seats: Vec::new() }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut reports = discovery.follow();
        let report = runtime.block_on(async {
            let over = reports.wait_for(|report| report.state != State::Running);
            let over = tokio::time::timeout(Duration::from_secs(20), over).await;
            over.expect("it ends").unwrap().clone()
        });
        assert_eq!((report.state, report.total), (State::Done, 30));
        assert_eq!(report.gateway.as_deref(), Some("192.168.1.1"));
        assert!(report.found >= 3, "the café is open: {report:?}");
        let seat = |h: &crate::discovery::HostReport| {
            let last = h.address.rsplit('.').next().unwrap().parse::<u8>().unwrap();
            (110..127).contains(&last) && h.mac.is_some()
        };
        assert!(report.hosts.iter().all(seat), "{:?}", report.hosts);
    }
}
