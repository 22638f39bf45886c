//! From probe requests to packets and back.
//!
//! The driver sends; a thread of its own waits for replies and hands them over in
//! batches, with the kernel's round trips, so that a busy driver loses no time of theirs.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use cafesentinel_domain::monitor::{ArpFault, Input, ProbeId, ProbeRequest, SendFault};
use cafesentinel_domain::time::Moment;
use cafesentinel_platform::icmp;

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
    ending: Arc<AtomicBool>,
    receiver: Option<JoinHandle<()>>,
    batch: Vec<icmp::Echo>,
    refused: Vec<(u64, icmp::SendFault)>,
}

/// How each address family is asked, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methods {
    /// IPv4.
    pub v4: String,
    /// IPv6.
    pub v6: String,
}

impl Pinger {
    /// Opens the sockets and starts the receiver, which sends replies to `inputs`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(inputs: Sender<Message>) -> io::Result<Pinger> {
        let icmp = Arc::new(icmp::Pinger::open());
        let ending = Arc::new(AtomicBool::new(false));
        let (socket, end) = (Arc::clone(&icmp), Arc::clone(&ending));
        let receiver = std::thread::Builder::new()
            .name("pinger".into())
            .spawn(move || listen(&socket, &end, &inputs))?;
        Ok(Pinger {
            icmp,
            ending,
            receiver: Some(receiver),
            batch: Vec::new(),
            refused: Vec::new(),
        })
    }

    /// How we ask.
    #[must_use]
    pub fn methods(&self) -> Methods {
        let say = |v6| match self.icmp.method(v6) {
            Ok(method) => method.to_string(),
            Err(fault) => fault.to_string(),
        };
        Methods { v4: say(false), v6: say(true) }
    }
}

fn listen(socket: &icmp::Pinger, end: &AtomicBool, inputs: &Sender<Message>) {
    let mut replies = Vec::new();
    let mut failing = false;
    while !end.load(Ordering::Relaxed) {
        match socket.receive(PATIENCE, &mut replies) {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::error!(category = "ERROR", "Listening for replies failed: {error}");
                }
                failing = true;
                std::thread::park_timeout(PATIENCE);
            }
        }
        if replies.is_empty() {
            continue;
        }
        let heard = replies
            .drain(..)
            .map(|r| Input::Reply { id: ProbeId(r.token), address: r.address, rtt: r.rtt })
            .collect();
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
        refused.extend(self.refused.iter().map(|(token, fault)| {
            let fault = match fault {
                icmp::SendFault::NoPermission => SendFault::NoPermission,
                icmp::SendFault::NetworkUnreachable => SendFault::NoRoute,
                icmp::SendFault::Busy => SendFault::Busy,
                icmp::SendFault::NoSocket | icmp::SendFault::Other(_) => SendFault::NoSocket,
            };
            (ProbeId(*token), fault)
        }));
    }

    fn ask_arp(
        &mut self,
        addresses: &[Ipv4Addr],
        _: Moment,
        refused: &mut Vec<(Ipv4Addr, ArpFault)>,
    ) {
        refused.extend(addresses.iter().map(|address| (*address, ArpFault::Unable)));
    }
}

impl Drop for Pinger {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        self.icmp.wake();
        if let Some(receiver) = self.receiver.take() {
            // Its panic has been reported by the hook; there is nothing to add.
            let _ = receiver.join();
        }
    }
}
