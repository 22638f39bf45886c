//! One sweep: every address asked at once, one thread, no runtime.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use cafesentinel_platform::icmp::{Echo, EchoReply, Pinger, SendFault};
use serde::Serialize;

/// Addresses at most.
pub const MAX: usize = 65_536;

/// One address of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostReport {
    /// Whom we asked.
    pub address: IpAddr,
    /// Whether it answered in time.
    pub alive: bool,
    /// How it was asked (`raw`, `datagram`); none if silent.
    pub via: Option<&'static str>,
    /// Round trip in milliseconds.
    pub rtt_ms: Option<f64>,
    /// Ethernet address, where it was learnt (not by ICMP).
    pub mac: Option<String>,
}

/// What a sweep found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Probes that left.
    pub sent: usize,
    /// Hosts that answered in time.
    pub alive: usize,
    /// From the first probe to the last verdict, in milliseconds.
    pub wall_ms: f64,
    /// In the order asked for.
    pub hosts: Vec<HostReport>,
    /// Probes that the system refused, by reason, once each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// The addresses of a network in CIDR notation, or a single one. Network and broadcast
/// address of an IPv4 network are left out.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn addresses(cidr: &str) -> Result<Vec<IpAddr>, String> {
    let Some((address, prefix)) = cidr.split_once('/') else {
        return cidr
            .parse::<IpAddr>()
            .map(|a| vec![a])
            .map_err(|_| format!("\"{cidr}\" is not an address or a network like 192.168.1.0/24"));
    };
    let address: Ipv4Addr = address
        .parse()
        .map_err(|_| format!("\"{cidr}\" is not an IPv4 network like 192.168.1.0/24"))?;
    let prefix: u32 = prefix
        .parse()
        .ok()
        .filter(|p| *p <= 32)
        .ok_or_else(|| format!("the prefix of \"{cidr}\" is outside 0..=32"))?;
    if prefix < 16 {
        return Err(format!("\"{cidr}\" has more than {MAX} addresses"));
    }
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    let first = u32::from(address) & mask;
    let last = first | !mask;
    let (first, last) = if prefix <= 30 { (first + 1, last - 1) } else { (first, last) };
    Ok((first..=last).map(|a| IpAddr::V4(Ipv4Addr::from(a))).collect())
}

/// Asks all of them and waits until all have answered, at most `timeout`.
#[must_use]
pub fn sweep(addresses: &[IpAddr], timeout: Duration) -> Report {
    let pinger = Pinger::open();
    let batch: Vec<Echo> =
        addresses.iter().enumerate().map(|(i, a)| Echo { address: *a, token: i as u64 }).collect();
    let mut answers: HashMap<u64, EchoReply> = HashMap::with_capacity(addresses.len());
    let mut refused: Vec<(u64, SendFault)> = Vec::new();
    let mut replies = Vec::new();
    let began = Instant::now();
    let mut gone = 0;
    // In slices, with a look at the receive buffer in between, so that a fast network
    // cannot overrun it.
    for slice in batch.chunks(512) {
        pinger.send(slice, &mut refused);
        gone += slice.len();
        if gone < batch.len() && pinger.receive(Duration::ZERO, &mut replies).is_ok() {
            take(addresses, &mut replies, timeout, &mut answers);
        }
    }
    let deadline = Instant::now() + timeout;
    while answers.len() + refused.len() < addresses.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || pinger.receive(left, &mut replies).is_err() {
            break;
        }
        take(addresses, &mut replies, timeout, &mut answers);
    }
    let wall_ms = began.elapsed().as_secs_f64() * 1000.0;
    let hosts = addresses
        .iter()
        .enumerate()
        .map(|(i, address)| {
            let answer = answers.get(&(i as u64));
            HostReport {
                address: *address,
                alive: answer.is_some(),
                via: answer.map(|a| a.via.code()),
                rtt_ms: answer.map(|a| a.rtt.as_secs_f64() * 1000.0),
                mac: None,
            }
        })
        .collect();
    let mut reasons: Vec<String> = refused.iter().map(|(_, fault)| fault.to_string()).collect();
    reasons.sort();
    reasons.dedup();
    Report {
        sent: addresses.len() - refused.len(),
        alive: answers.len(),
        wall_ms,
        hosts,
        refused: reasons,
    }
}

fn take(
    addresses: &[IpAddr],
    replies: &mut Vec<EchoReply>,
    timeout: Duration,
    answers: &mut HashMap<u64, EchoReply>,
) {
    for reply in replies.drain(..) {
        let asked = usize::try_from(reply.token).ok().and_then(|i| addresses.get(i));
        if asked == Some(&reply.address) && reply.rtt <= timeout {
            answers.entry(reply.token).or_insert(reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_its_hosts_and_nothing_too_large() {
        assert_eq!(addresses("192.168.1.0/24").expect("fine").len(), 254);
        assert_eq!(addresses("127.0.0.1").expect("fine").len(), 1);
        assert_eq!(addresses("10.0.0.7/32").expect("fine").len(), 1);
        assert_eq!(addresses("10.0.0.7/31").expect("fine").len(), 2);
        assert_eq!(addresses("127.5.0.0/16").expect("fine").len(), 65_534);
        for bad in ["10.0.0.0/15", "10.0.0.0/33", "x", "10.0.0/24", "fd00::/64", ""] {
            assert!(addresses(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_loopback_network_is_all_alive() {
        let all = addresses("127.9.0.0/24").expect("fine");
        let report = sweep(&all, Duration::from_secs(1));
        assert_eq!((report.sent, report.alive), (254, 254), "{:?}", report.refused);
        assert!(report.hosts.iter().all(|h| h.rtt_ms.is_some_and(|ms| ms > 0.0)));
    }
}
