//! Windows: the IP Helper's adapters and interfaces.
#![allow(unsafe_code)] // the IP Helper has no safe face in std.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_INCLUDE_GATEWAYS, GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_DNS_SERVER,
    GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses, GetBestInterfaceEx, GetIfEntry2,
    IF_TYPE_SOFTWARE_LOOPBACK, IP_ADAPTER_ADDRESSES_LH, MIB_IF_ROW2,
};
use windows_sys::Win32::NetworkManagement::Ndis::{
    IfOperStatusUp, MediaConnectStateConnected, MediaConnectStateDisconnected,
    NET_IF_ADMIN_STATUS_UP,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6, SOCKADDR_INET,
};

use super::LocalNetwork;

struct Adapter {
    name: String,
    up: bool,
    carrier: bool,
    metric: u32,
    addresses: Vec<(IpAddr, u8)>,
    gateway: Option<Ipv4Addr>,
}

/// A socket address of either family.
pub(crate) fn name_of(address: IpAddr) -> SOCKADDR_INET {
    // SAFETY: plain data for which zero is valid.
    let mut name: SOCKADDR_INET = unsafe { std::mem::zeroed() };
    match address {
        IpAddr::V4(a) => {
            name.Ipv4.sin_family = AF_INET;
            name.Ipv4.sin_addr.S_un.S_addr = u32::from_ne_bytes(a.octets());
        }
        IpAddr::V6(a) => {
            name.Ipv6.sin6_family = AF_INET6;
            name.Ipv6.sin6_addr.u.Byte = a.octets();
        }
    }
    name
}

pub(crate) fn ip_of(name: *const SOCKADDR) -> Option<IpAddr> {
    // SAFETY: null, or a socket address of the family that it names.
    unsafe {
        match name.as_ref()?.sa_family {
            AF_INET => {
                let v4 = name.cast::<SOCKADDR_IN>().read_unaligned();
                Some(IpAddr::V4(Ipv4Addr::from(v4.sin_addr.S_un.S_addr.to_ne_bytes())))
            }
            AF_INET6 => {
                let v6 = name.cast::<SOCKADDR_IN6>().read_unaligned();
                Some(IpAddr::V6(Ipv6Addr::from(v6.sin6_addr.u.Byte)))
            }
            _ => None,
        }
    }
}

/// Whether an interface is switched on, and whether it is connected; None where it does
/// not tell.
fn link_of(mut row: MIB_IF_ROW2) -> Option<(bool, Option<bool>)> {
    // SAFETY: row lives through the call and names an interface by number or LUID.
    if unsafe { GetIfEntry2(&raw mut row) } != NO_ERROR {
        return None;
    }
    let connected = match row.MediaConnectState {
        state if state == MediaConnectStateConnected => Some(true),
        state if state == MediaConnectStateDisconnected => Some(false),
        _ => None,
    };
    Some((row.AdminStatus == NET_IF_ADMIN_STATUS_UP, connected))
}

fn empty_row() -> MIB_IF_ROW2 {
    // SAFETY: plain data for which zero is valid.
    unsafe { std::mem::zeroed() }
}

fn adapters() -> Vec<Adapter> {
    let flags = GAA_FLAG_INCLUDE_GATEWAYS
        | GAA_FLAG_SKIP_ANYCAST
        | GAA_FLAG_SKIP_MULTICAST
        | GAA_FLAG_SKIP_DNS_SERVER;
    let mut buffer = vec![0u64; 4096];
    // The list may grow between two calls: the system then says how much it needs.
    let filled = (0..4).any(|_| {
        let mut size = (buffer.len() * 8) as u32;
        // SAFETY: the buffer is as large as it is said to be, and aligned.
        let code = unsafe {
            GetAdaptersAddresses(
                AF_UNSPEC.into(),
                flags,
                std::ptr::null(),
                buffer.as_mut_ptr().cast(),
                &raw mut size,
            )
        };
        if code == ERROR_BUFFER_OVERFLOW {
            buffer.resize(size as usize / 8 + 1024, 0);
        }
        code == NO_ERROR
    });
    let mut found = Vec::new();
    let mut next: *const IP_ADAPTER_ADDRESSES_LH =
        if filled { buffer.as_ptr().cast() } else { std::ptr::null() };
    // SAFETY: the call has filled the buffer with a list that ends in null; everything
    // that it points to lies in the buffer.
    while let Some(item) = unsafe { next.as_ref() } {
        if item.IfType != IF_TYPE_SOFTWARE_LOOPBACK {
            // SAFETY: as above.
            found.push(unsafe { read(item) });
        }
        next = item.Next;
    }
    found
}

/// # Safety
/// What the item points to must be valid, as `GetAdaptersAddresses` leaves it.
unsafe fn read(item: &IP_ADAPTER_ADDRESSES_LH) -> Adapter {
    let operational = item.OperStatus == IfOperStatusUp;
    let row = MIB_IF_ROW2 { InterfaceLuid: item.Luid, ..empty_row() };
    let (up, connected) = link_of(row).unwrap_or((operational, None));
    let mut addresses = Vec::new();
    // SAFETY: the caller's promise.
    unsafe {
        let mut unicast = item.FirstUnicastAddress.cast_const();
        while let Some(entry) = unicast.as_ref() {
            if let Some(ip) = ip_of(entry.Address.lpSockaddr) {
                addresses.push((ip, entry.OnLinkPrefixLength));
            }
            unicast = entry.Next;
        }
        let mut gateway = None;
        let mut router = item.FirstGatewayAddress.cast_const();
        while let Some(entry) = router.as_ref() {
            if let Some(IpAddr::V4(ip)) = ip_of(entry.Address.lpSockaddr)
                && !ip.is_unspecified()
            {
                gateway = gateway.or(Some(ip));
            }
            router = entry.Next;
        }
        let length = (0..1024).take_while(|&i| *item.FriendlyName.add(i) != 0).count();
        let name = std::slice::from_raw_parts(item.FriendlyName, length);
        Adapter {
            name: String::from_utf16_lossy(name),
            up,
            carrier: connected.unwrap_or(operational),
            metric: item.Ipv4Metric,
            addresses,
            gateway,
        }
    }
}

pub(super) fn default_gateway() -> Option<IpAddr> {
    adapters()
        .into_iter()
        .filter(|a| a.up && a.gateway.is_some())
        .min_by_key(|a| (!a.carrier, a.metric))
        .and_then(|a| a.gateway.map(IpAddr::V4))
}

pub(super) fn local_networks() -> Vec<LocalNetwork> {
    adapters()
        .into_iter()
        .filter(|a| a.up)
        .flat_map(|a| {
            a.addresses.into_iter().map(move |(address, prefix)| LocalNetwork {
                interface: a.name.clone(),
                address,
                prefix,
                carrier: a.carrier,
            })
        })
        .collect()
}

pub(super) fn carrier_towards(address: IpAddr) -> Option<bool> {
    // Windows takes the routes away with the cable, while a fixed address stays listed.
    let local = || {
        let networks = local_networks();
        let mut carriers = networks.iter().filter(|n| n.contains(address)).map(|n| n.carrier);
        let first = carriers.next()?;
        Some(first || carriers.any(|c| c))
    };
    let name = name_of(address);
    let mut index = 0u32;
    // SAFETY: both live through the call.
    if unsafe { GetBestInterfaceEx((&raw const name).cast(), &raw mut index) } != NO_ERROR {
        return local();
    }
    match link_of(MIB_IF_ROW2 { InterfaceIndex: index, ..empty_row() }) {
        Some((_, Some(connected))) => local().or(Some(connected)),
        Some((_, None)) | None => local(),
    }
}
