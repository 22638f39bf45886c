//! Who lives where in the lab: host names, addresses, and the commands that make them so.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};

/// The address the program calls its primary internet target.
pub const PRIMARY: &str = "8.8.8.8";
/// The address the program calls its secondary internet target.
pub const SECONDARY: &str = "1.1.1.1";
/// A third address on the internet host, for servers a test puts behind the provider, so that
/// cutting the primary or the secondary leaves them reachable.
pub const INTERNET: &str = "203.0.113.10";
/// More PCs than this would run into the server's address.
pub const MOST_PCS: u16 = 90;
/// The name of the namespace that holds the bridge.
pub const SWITCH: &str = "switch";

const FIRST_PC: u16 = 110;
const ROUTER_WAN: &str = "100.64.0.2";
const INTERNET_WAN: &str = "100.64.0.1";

/// How large a lab is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabOptions {
    /// How many PCs; the first has the address 192.168.1.110.
    pub pcs: u16,
    /// How many of them, counted from the last one back, drop ping but answer ARP.
    pub firewalled: u16,
}

impl Default for LabOptions {
    fn default() -> Self {
        Self { pcs: 20, firewalled: 2 }
    }
}

impl LabOptions {
    /// Refuses what the address plan cannot hold.
    pub(crate) fn check(&self) -> Result<()> {
        if self.pcs > MOST_PCS {
            bail!("{} PCs: at most {MOST_PCS} fit below the server's address", self.pcs);
        }
        if self.firewalled > self.pcs {
            bail!("{} firewalled PCs out of {}", self.firewalled, self.pcs);
        }
        Ok(())
    }

    /// The hosts on the café's local network; these have a port on the switch.
    #[must_use]
    pub fn lan_hosts(&self) -> Vec<String> {
        let fixed = ["monitor", "router", "server"].map(str::to_owned);
        fixed.into_iter().chain((1..=self.pcs).map(|n| format!("pc{n}"))).collect()
    }

    /// Every namespace of the lab, the switch included.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts = vec![SWITCH.to_owned(), "internet".to_owned()];
        hosts.extend(self.lan_hosts());
        hosts
    }

    /// The PCs that drop ping but answer ARP.
    #[must_use]
    pub fn firewalled_hosts(&self) -> Vec<String> {
        (self.pcs - self.firewalled + 1..=self.pcs).map(|n| format!("pc{n}")).collect()
    }

    /// The IPv4 address of a host, `None` for a name the lab does not have.
    #[must_use]
    pub fn address(&self, host: &str) -> Option<String> {
        if host == "internet" {
            return Some(INTERNET.to_owned());
        }
        self.last_octet(host).map(|octet| format!("192.168.1.{octet}"))
    }

    /// The IPv6 address of a host on the local network.
    #[must_use]
    pub fn address6(&self, host: &str) -> Option<String> {
        // The decimal digits are reused as they stand: ::110 is easier to read than ::6e.
        self.last_octet(host).map(|octet| format!("fd00:1::{octet}"))
    }

    fn last_octet(&self, host: &str) -> Option<u16> {
        match host {
            "router" => Some(1),
            "monitor" => Some(50),
            "server" => Some(200),
            _ => {
                let n: u16 = host.strip_prefix("pc")?.parse().ok()?;
                (1..=self.pcs).contains(&n).then_some(FIRST_PC + n - 1)
            }
        }
    }

    /// The hosts file seen by everything that runs inside the lab.
    pub(crate) fn hosts_file(&self) -> String {
        let mut text = String::from("127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{INTERNET} internet discord.com");
        let _ = writeln!(text, "{PRIMARY} dns.google");
        let _ = writeln!(text, "{SECONDARY} one.one.one.one");
        for host in self.lan_hosts() {
            if let Some(address) = self.address(&host) {
                let _ = writeln!(text, "{address} {host}");
            }
        }
        text
    }

    /// Commands for `ip` inside the switch: the bridge and a cable to every host.
    pub(crate) fn switch_commands(&self, namespace: impl Fn(&str) -> String) -> String {
        // Snooping off: a bridge without a querier may swallow neighbour solicitations.
        let mut text = String::from(
            "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0\nlink set br0 up\n",
        );
        for host in self.lan_hosts() {
            let _ = writeln!(
                text,
                "link add {host} type veth peer name eth0 netns {}\nlink set {host} master br0 up",
                namespace(&host)
            );
        }
        text
    }

    /// Commands for `ip` inside a host: everything it needs to speak. They can be given again
    /// after the interface was down or stripped.
    pub(crate) fn host_commands(&self, host: &str) -> String {
        let mut text = String::from("link set lo up\n");
        if host == "internet" {
            for address in [PRIMARY, SECONDARY, INTERNET] {
                let _ = writeln!(text, "address replace {address}/32 dev lo");
            }
            let _ = writeln!(
                text,
                "address replace {INTERNET_WAN}/30 dev eth0\nlink set eth0 up\n\
                 route replace 192.168.1.0/24 via {ROUTER_WAN}"
            );
            return text;
        }
        if let Some(address) = self.address(host) {
            let _ = writeln!(text, "address replace {address}/24 brd + dev eth0");
        }
        if let (true, Some(address)) = (has_ipv6(), self.address6(host)) {
            let _ = writeln!(text, "address replace {address}/64 dev eth0 nodad");
        }
        text.push_str("link set eth0 up\n");
        if host == "router" {
            let _ = writeln!(
                text,
                "address replace {ROUTER_WAN}/30 dev wan\nlink set wan up\n\
                 route replace default via {INTERNET_WAN}"
            );
        } else {
            text.push_str("route replace default via 192.168.1.1\n");
        }
        text
    }
}

/// Kernel settings of one host, as paths below `/proc/sys/net` and values.
pub(crate) fn settings(host: &str) -> Vec<(&'static str, &'static str)> {
    let mut list = vec![
        // Without these the kernel limits how many echo replies a host gives per second, and a
        // fast prober would look faulty.
        ("ipv4/icmp_ratelimit", "0"),
        ("ipv4/icmp_msgs_per_sec", "1000000"),
        ("ipv4/icmp_msgs_burst", "100000"),
        // What systemd sets on an ordinary machine: everyone may open a ping socket.
        ("ipv4/ping_group_range", "0 2147483647"),
    ];
    if has_ipv6() {
        list.extend([
            ("ipv6/conf/all/accept_dad", "0"),
            ("ipv6/conf/default/accept_dad", "0"),
            ("ipv6/conf/default/accept_ra", "0"),
            ("ipv6/icmp/ratelimit", "0"),
        ]);
    }
    if host == "router" {
        list.push(("ipv4/ip_forward", "1"));
        if has_ipv6() {
            list.push(("ipv6/conf/all/forwarding", "1"));
        }
    }
    if host == SWITCH && has_ipv6() {
        // The switch is a box without an address of its own.
        list.push(("ipv6/conf/default/disable_ipv6", "1"));
    }
    list
}

fn has_ipv6() -> bool {
    Path::new("/proc/sys/net/ipv6").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_the_cafe() {
        let options = LabOptions::default();
        assert_eq!(options.address("router").as_deref(), Some("192.168.1.1"));
        assert_eq!(options.address("pc1").as_deref(), Some("192.168.1.110"));
        assert_eq!(options.address("pc20").as_deref(), Some("192.168.1.129"));
        assert_eq!(options.address("pc21"), None);
        assert_eq!(options.address6("server").as_deref(), Some("fd00:1::200"));
        assert_eq!(options.firewalled_hosts(), ["pc19", "pc20"]);
    }

    #[test]
    fn impossible_labs_are_refused() {
        assert!(LabOptions { pcs: 91, firewalled: 0 }.check().is_err());
        assert!(LabOptions { pcs: 1, firewalled: 2 }.check().is_err());
        assert!(LabOptions { pcs: 0, firewalled: 0 }.check().is_ok());
        assert!(LabOptions { pcs: 0, firewalled: 0 }.firewalled_hosts().is_empty());
    }
}
