//! Windows: `ResolveIpNetEntry2` in a small pool. It forgets what the system's table says,
//! asks the network and blocks for some seconds where nobody answers.
#![allow(unsafe_code)] // the IP Helper has no safe face in std.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::NO_ERROR;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    FreeMibTable, GetBestInterfaceEx, GetIpNetTable2, MIB_IPNET_ROW2, MIB_IPNET_TABLE2,
    ResolveIpNetEntry2,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, NlnsDelay, NlnsProbe, NlnsReachable, NlnsStale,
};

use super::{Answer, Fault, Mac, Method};
use crate::network::{self, ip_of, name_of};

/// Threads: each is busy for some seconds with an address where nobody is.
const POOL: usize = 16;
/// Networks are looked up anew after this: they come and go.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

type Networks = (Instant, Vec<network::LocalNetwork>);

/// Asks and hears. One thread may ask while another receives.
pub struct Asker {
    /// No room to wait in: a question is taken by an idle thread or refused as busy.
    jobs: SyncSender<Ipv4Addr>,
    heard: Mutex<Receiver<Option<Answer>>>,
    bell: Mutex<Sender<Option<Answer>>>,
    networks: Mutex<Option<Networks>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Asker {
    /// Starts the pool.
    #[must_use]
    pub fn open() -> Self {
        let (jobs, queue) = mpsc::sync_channel(0);
        let (bell, heard) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for n in 0..POOL {
            let (queue, bell) = (Arc::clone(&queue), bell.clone());
            let worker = move || {
                // Ends when the asker is gone; a call that blocks then ends by itself.
                loop {
                    let job = lock(&queue).recv();
                    let Ok(address) = job else { return };
                    if let Some(mac) = resolve(address)
                        && bell.send(Some(Answer { address, mac: Mac(mac) })).is_err()
                    {
                        return;
                    }
                }
            };
            // A pool that is smaller than wanted is slower, and nothing else.
            let _ = std::thread::Builder::new().name(format!("arp-{n}")).spawn(worker);
        }
        Asker { jobs, heard: Mutex::new(heard), bell: Mutex::new(bell), networks: Mutex::default() }
    }

    /// How long an answer may take: the system asks more than once.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// How it is asked.
    ///
    /// # Errors
    /// None; the other systems have some.
    pub fn method(&self) -> Result<Method, Fault> {
        Ok(Method::IpHelper)
    }

    /// Puts a question for each address, without waiting. Who could not be asked is told
    /// in `refused`.
    pub fn ask(&self, addresses: &[Ipv4Addr], refused: &mut Vec<(Ipv4Addr, Fault)>) {
        for address in addresses {
            if !self.is_local(*address) {
                refused.push((*address, Fault::OffLink));
                continue;
            }
            match self.jobs.try_send(*address) {
                Ok(()) => {}
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                    refused.push((*address, Fault::Busy));
                }
            }
        }
    }

    fn is_local(&self, address: Ipv4Addr) -> bool {
        let mut networks = lock(&self.networks);
        if networks.as_ref().is_none_or(|(at, _)| at.elapsed() >= LOOK_AGAIN) {
            *networks = Some((Instant::now(), network::local_networks()));
        }
        let address = IpAddr::V4(address);
        networks
            .iter()
            .flat_map(|(_, all)| all)
            .any(|n| n.contains(address) && n.address != address && !n.address.is_loopback())
    }

    /// Waits up to `wait` for answers and takes all that are there. Returns early, with
    /// nothing, when [`Asker::wake`] is called.
    ///
    /// # Errors
    /// None; the other systems have some.
    pub fn receive(&self, wait: Duration, out: &mut Vec<Answer>) -> io::Result<()> {
        let heard = lock(&self.heard);
        match heard.recv_timeout(wait) {
            Ok(first) => out.extend(first),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
        }
        out.extend(heard.try_iter().flatten());
        Ok(())
    }

    /// Makes a waiting [`Asker::receive`] return.
    pub fn wake(&self) {
        // Nobody to hear it: the receiver is part of the same value.
        let _ = lock(&self.bell).send(None);
    }
}

/// Asks the network who speaks for an address.
fn resolve(address: Ipv4Addr) -> Option<[u8; 6]> {
    let name = name_of(IpAddr::V4(address));
    let mut index = 0u32;
    // SAFETY: both live through the call.
    if unsafe { GetBestInterfaceEx((&raw const name).cast(), &raw mut index) } != NO_ERROR {
        return None;
    }
    // SAFETY: plain data for which zero is valid.
    let mut row: MIB_IPNET_ROW2 = unsafe { std::mem::zeroed() };
    row.Address = name;
    row.InterfaceIndex = index;
    // SAFETY: row lives through the call; no source address is prescribed.
    if unsafe { ResolveIpNetEntry2(&raw mut row, std::ptr::null()) } != NO_ERROR {
        return None;
    }
    let [a, b, c, d, e, f, ..] = row.PhysicalAddress;
    (row.PhysicalAddressLength == 6).then_some([a, b, c, d, e, f])
}

pub(super) fn table() -> Vec<Answer> {
    let mut table: *mut MIB_IPNET_TABLE2 = std::ptr::null_mut();
    // SAFETY: the call fills table; on failure there is nothing to free.
    if unsafe { GetIpNetTable2(AF_INET, &raw mut table) } != NO_ERROR || table.is_null() {
        return Vec::new();
    }
    // SAFETY: the call has left as many rows as it says; they are read before they are
    // freed, once.
    unsafe {
        let rows = (&raw const (*table).Table).cast::<MIB_IPNET_ROW2>();
        let rows = std::slice::from_raw_parts(rows, (*table).NumEntries as usize);
        let known = rows.iter().filter_map(read).collect();
        FreeMibTable(table.cast_const().cast());
        known
    }
}

/// What an entry says, if somebody has once answered for it.
fn read(row: &MIB_IPNET_ROW2) -> Option<Answer> {
    let learnt = [NlnsReachable, NlnsStale, NlnsDelay, NlnsProbe].contains(&row.State);
    let Some(IpAddr::V4(address)) = ip_of((&raw const row.Address).cast()) else { return None };
    let [a, b, c, d, e, f, ..] = row.PhysicalAddress;
    let card = row.PhysicalAddressLength == 6 && a & 1 == 0;
    (learnt && card).then_some(Answer { address, mac: Mac([a, b, c, d, e, f]) })
}
