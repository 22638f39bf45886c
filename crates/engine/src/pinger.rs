//! From probe requests to packets and back: ICMP and ARP.
//!
//! The driver sends; threads of their own wait for what comes back and hand it over in
//! batches, with the kernel's round trips, so that a busy driver loses no time of theirs.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cafesentinel_domain::config::Mac;
use cafesentinel_domain::monitor::{ArpFault, Input, ProbeId, ProbeRequest, SendFault};
use cafesentinel_domain::time::Moment;
use cafesentinel_platform::{arp, icmp};

use crate::driver::Message;

/// How long the receiver waits at most before it looks whether it should end.
const PATIENCE: Duration = Duration::from_secs(1);

/// The door to the network. Answers come back as messages to the driver.
pub trait Prober: Send {
    /// Sends all of them, without waiting; what could not be sent comes back with its
    /// reason.
    fn send(
        &mut self,
        probes: &[ProbeRequest],
        now: Moment,
        refused: &mut Vec<(ProbeId, SendFault)>,
    );

    /// Asks these addresses by ARP, without waiting; who could not be asked comes back with
    /// its reason.
    fn ask_arp(
        &mut self,
        addresses: &[Ipv4Addr],
        now: Moment,
        refused: &mut Vec<(Ipv4Addr, ArpFault)>,
    );
}

/// The real door: the sending half of it.
pub struct Pinger {
    icmp: Arc<icmp::Pinger>,
    arp: Arc<arp::Asker>,
    ending: Arc<AtomicBool>,
    receivers: Vec<JoinHandle<()>>,
    batch: Vec<icmp::Echo>,
    refused: Vec<(u64, icmp::SendFault)>,
    unasked: Vec<(Ipv4Addr, arp::Fault)>,
    broadcasts: Arc<AtomicU64>,
}

/// How questions are put, in words; or why they cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methods {
    /// ICMP over IPv4.
    pub v4: String,
    /// ICMP over IPv6.
    pub v6: String,
    /// ARP.
    pub arp: String,
}

impl Pinger {
    /// Opens the sockets and starts the receivers, which send what they hear to `inputs`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(inputs: Sender<Message>) -> io::Result<Pinger> {
        let icmp = Arc::new(icmp::Pinger::open());
        let arp = Arc::new(arp::Asker::open());
        let ending = Arc::new(AtomicBool::new(false));
        let mut receivers = Vec::new();
        if arp.method().is_ok() {
            let patience = Input::ArpAvailable(Some(arp.patience()));
            // Nobody to hear it: the driver is ending.
            let _ = inputs.send(Message::Inputs(vec![patience]));
            let (asker, end, inputs) = (Arc::clone(&arp), Arc::clone(&ending), inputs.clone());
            let heard = move |replies: &mut Vec<arp::Answer>| asker.receive(PATIENCE, replies);
            let turn = |a: arp::Answer| Input::ArpReply { address: a.address, mac: Mac(a.mac.0) };
            receivers.push(
                thread::Builder::new()
                    .name("arp".into())
                    .spawn(move || listen("ARP", heard, turn, &end, &inputs))?,
            );
        }
        let (socket, end) = (Arc::clone(&icmp), Arc::clone(&ending));
        let heard = move |replies: &mut Vec<icmp::EchoReply>| socket.receive(PATIENCE, replies);
        let turn = |r: icmp::EchoReply| Input::Reply {
            id: ProbeId(r.token),
            address: r.address,
            rtt: r.rtt,
        };
        receivers.push(
            thread::Builder::new()
                .name("pinger".into())
                .spawn(move || listen("ICMP", heard, turn, &end, &inputs))?,
        );
        Ok(Pinger {
            icmp,
            arp,
            ending,
            receivers,
            batch: Vec::new(),
            refused: Vec::new(),
            unasked: Vec::new(),
            broadcasts: Arc::default(),
        })
    }

    /// How many questions by ARP it has put, as it counts them.
    #[must_use]
    pub fn broadcasts(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.broadcasts)
    }

    /// How we ask.
    #[must_use]
    pub fn methods(&self) -> Methods {
        let say = |v6| match self.icmp.method(v6) {
            Ok(method) => method.to_string(),
            Err(fault) => fault.to_string(),
        };
        let arp = match self.arp.method() {
            Ok(method) => method.to_string(),
            Err(fault) => fault.to_string(),
        };
        Methods { v4: say(false), v6: say(true), arp }
    }
}

/// Why a ping could not be sent, in the machine's words.
pub(crate) fn send_fault(fault: icmp::SendFault) -> SendFault {
    match fault {
        icmp::SendFault::NoPermission => SendFault::NoPermission,
        icmp::SendFault::NetworkUnreachable => SendFault::NoRoute,
        icmp::SendFault::Busy => SendFault::Busy,
        icmp::SendFault::NoSocket | icmp::SendFault::Other(_) => SendFault::NoSocket,
    }
}

/// Why ARP could not be asked, in the machine's words.
pub(crate) fn arp_fault(fault: arp::Fault) -> ArpFault {
    match fault {
        arp::Fault::OffLink => ArpFault::OffLink,
        arp::Fault::Busy => ArpFault::Busy,
        arp::Fault::NoPermission | arp::Fault::Other(_) => ArpFault::Unable,
    }
}

/// Hands over what is heard until told to end.
fn listen<T>(
    what: &str,
    receive: impl Fn(&mut Vec<T>) -> io::Result<()>,
    turn: impl Fn(T) -> Input,
    end: &AtomicBool,
    inputs: &Sender<Message>,
) {
    let mut replies = Vec::new();
    let mut failing = false;
    while !end.load(Ordering::Relaxed) {
        match receive(&mut replies) {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::error!(category = "ERROR", "Listening for {what} failed: {error}");
                }
                failing = true;
                thread::park_timeout(PATIENCE);
            }
        }
        if replies.is_empty() {
            continue;
        }
        let heard = replies.drain(..).map(&turn).collect();
        if inputs.send(Message::Inputs(heard)).is_err() {
            return;
        }
    }
}

impl Prober for Pinger {
    fn send(
        &mut self,
        probes: &[ProbeRequest],
        _: Moment,
        refused: &mut Vec<(ProbeId, SendFault)>,
    ) {
        self.batch.clear();
        self.batch.extend(probes.iter().map(|p| icmp::Echo { address: p.address, token: p.id.0 }));
        self.refused.clear();
        self.icmp.send(&self.batch, &mut self.refused);
        refused.extend(self.refused.iter().map(|(id, fault)| (ProbeId(*id), send_fault(*fault))));
    }

    fn ask_arp(
        &mut self,
        addresses: &[Ipv4Addr],
        _: Moment,
        refused: &mut Vec<(Ipv4Addr, ArpFault)>,
    ) {
        self.unasked.clear();
        self.arp.ask(addresses, &mut self.unasked);
        refused.extend(self.unasked.iter().map(|(to, fault)| (*to, arp_fault(*fault))));
        let asked = addresses.len().saturating_sub(self.unasked.len());
        self.broadcasts.fetch_add(asked as u64, Ordering::Relaxed);
    }
}

impl Drop for Pinger {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        self.icmp.wake();
        self.arp.wake();
        for receiver in self.receivers.drain(..) {
            // Its panic has been reported by the hook; there is nothing to add.
            let _ = receiver.join();
        }
    }
}
