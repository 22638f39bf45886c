//! This machine's door: sockets of their own, so that no answer to the monitor is taken.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cafesentinel_domain::config::Mac;
use cafesentinel_domain::discovery::{OwnNetwork, Question, Unasked};
use cafesentinel_platform::{arp, icmp, network};

use super::report::Methods;
use super::{Door, Heard, World};
use crate::pinger::{arp_fault, send_fault};

/// The monitor's broadcasts are counted over so long.
const COUNT: Duration = Duration::from_millis(250);

/// This machine and its networks.
#[derive(Debug, Default)]
pub struct Machine {
    /// How many questions by ARP the monitor of this program has put, if there is one.
    monitor: Arc<AtomicU64>,
}

impl Machine {
    /// This machine, in a program whose monitor counts its questions by ARP.
    #[must_use]
    pub fn beside(monitor: Arc<AtomicU64>) -> Machine {
        Machine { monitor }
    }
}

impl World for Machine {
    fn networks(&self) -> Vec<OwnNetwork> {
        let v4 = |n: network::LocalNetwork| match n.address {
            IpAddr::V4(address) => Some(OwnNetwork {
                interface: n.interface,
                address,
                prefix: n.prefix,
                carrier: n.carrier,
            }),
            IpAddr::V6(_) => None,
        };
        network::local_networks().into_iter().filter_map(v4).collect()
    }

    fn gateway(&self) -> Option<Ipv4Addr> {
        match network::default_gateway()? {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }

    fn open(&self) -> Box<dyn Door> {
        Box::new(Sockets {
            icmp: icmp::Pinger::open(),
            arp: arp::Asker::open(),
            number: 0,
            refused: Vec::new(),
            unasked: Vec::new(),
            replies: Vec::new(),
            answers: Vec::new(),
            counted: (Instant::now(), self.monitor.load(Ordering::Relaxed)),
            monitor: Arc::clone(&self.monitor),
            others: 0,
        })
    }
}

struct Sockets {
    icmp: icmp::Pinger,
    arp: arp::Asker,
    number: u32,
    refused: Vec<(u64, icmp::SendFault)>,
    unasked: Vec<(Ipv4Addr, arp::Fault)>,
    replies: Vec<icmp::EchoReply>,
    answers: Vec<arp::Answer>,
    monitor: Arc<AtomicU64>,
    counted: (Instant, u64),
    others: u32,
}

/// A number of a ping that says whom it was sent to.
fn token(address: Ipv4Addr, number: u32) -> u64 {
    u64::from(u32::from(address)) << 32 | u64::from(number)
}

fn asked(token: u64) -> Ipv4Addr {
    Ipv4Addr::from((token >> 32) as u32)
}

impl Door for Sockets {
    fn methods(&self) -> Methods {
        Methods::of(self.icmp.method(false), self.arp.method())
    }

    fn arp_patience(&self) -> Option<Duration> {
        self.arp.method().is_ok().then(|| self.arp.patience())
    }

    fn put(&mut self, question: Question) -> Result<(), Unasked> {
        match question {
            Question::Ping(to) => {
                self.number = self.number.wrapping_add(1);
                let echo = icmp::Echo { address: IpAddr::V4(to), token: token(to, self.number) };
                self.refused.clear();
                self.icmp.send(&[echo], &mut self.refused);
                let refused = self.refused.first().map(|(_, fault)| send_fault(*fault));
                refused.map_or(Ok(()), |fault| Err(Unasked::Ping(fault)))
            }
            Question::Arp(to) => {
                self.unasked.clear();
                self.arp.ask(&[to], &mut self.unasked);
                let refused = self.unasked.first().map(|(_, fault)| arp_fault(*fault));
                refused.map_or(Ok(()), |fault| Err(Unasked::Arp(fault)))
            }
        }
    }

    fn hear(&mut self, wait: Duration, heard: &mut Vec<Heard>) -> io::Result<()> {
        self.icmp.receive(wait, &mut self.replies)?;
        self.arp.receive(Duration::ZERO, &mut self.answers)?;
        let pings = self.replies.drain(..).filter_map(|reply| {
            let address = asked(reply.token);
            let ours = reply.address == IpAddr::V4(address);
            ours.then_some(Heard::Ping { address, rtt: reply.rtt })
        });
        heard.extend(pings);
        let answers = self.answers.drain(..);
        heard.extend(answers.map(|a| Heard::Arp { address: a.address, mac: Mac(a.mac.0) }));
        Ok(())
    }

    fn table(&self) -> Vec<(Ipv4Addr, Mac)> {
        arp::table().into_iter().map(|entry| (entry.address, Mac(entry.mac.0))).collect()
    }

    fn others(&mut self) -> u32 {
        let (since, before) = self.counted;
        let span = since.elapsed();
        if span >= COUNT {
            let count = self.monitor.load(Ordering::Relaxed);
            let rate = count.wrapping_sub(before) as f64 / span.as_secs_f64();
            self.others = rate.ceil() as u32;
            self.counted = (Instant::now(), count);
        }
        self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_of_ours_comes_back_and_loopback_has_no_arp() {
        let mut door = Machine::default().open();
        let to = Ipv4Addr::new(127, 7, 0, 9);
        door.put(Question::Ping(to)).expect("loopback can be pinged");
        let mut heard = Vec::new();
        let end = Instant::now() + Duration::from_secs(5);
        while heard.is_empty() && Instant::now() < end {
            door.hear(Duration::from_millis(50), &mut heard).expect("it listens");
        }
        assert!(matches!(heard[..], [Heard::Ping { address, .. }] if address == to), "{heard:?}");
        assert!(matches!(door.put(Question::Arp(to)), Err(Unasked::Arp(_))));
    }

    #[test]
    fn the_monitors_broadcasts_are_counted() {
        let counter = Arc::new(AtomicU64::new(7));
        let mut door = Machine::beside(Arc::clone(&counter)).open();
        assert_eq!(door.others(), 0, "those before us are gone");
        counter.fetch_add(1000, Ordering::Relaxed);
        let end = Instant::now() + Duration::from_secs(5);
        while door.others() == 0 && Instant::now() < end {
            std::thread::yield_now();
        }
        assert!((100..=4000).contains(&door.others()), "{}", door.others());
    }
}
