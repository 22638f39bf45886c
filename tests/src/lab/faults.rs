//! What can go wrong in a café, and how to make it right again. Every verb may be given twice.

use std::fs;

use anyhow::{Result, bail};

use super::plan::{PRIMARY, SECONDARY, SWITCH};
use super::{Lab, sys};

/// Both echo requests: those of IPv4 and of IPv6.
const NO_ECHO: &str = "icmp type echo-request drop; icmpv6 type echo-request drop;";

impl Lab {
    /// Breaks something: `internet` (the provider: nothing passes between router and internet,
    /// without a word), `primary` or `secondary` (that one address behind the provider),
    /// `switch` (it forwards nothing, but every port keeps its link), `route` (see
    /// [`Lab::lose_route`]), or the cable of `router`, `server`, `monitor` or a PC: both its
    /// ends lose their carrier.
    pub fn cut(&self, what: &str) -> Result<()> {
        match what {
            "internet" => self.block(
                "router",
                "cut_internet",
                "chain forward { type filter hook forward priority 0; drop; }
                 chain input { type filter hook input priority 0; iifname \"wan\" drop; }
                 chain output { type filter hook output priority 0; oifname \"wan\" drop; }",
            )?,
            "primary" => self.block_address("cut_primary", PRIMARY)?,
            "secondary" => self.block_address("cut_secondary", SECONDARY)?,
            "switch" => sys::ip(&self.namespace(SWITCH), "link set br0 down\n")?,
            "route" => return self.lose_route(),
            host => self.cable(host, "down")?,
        }
        self.note("cut", what)
    }

    /// Makes right what [`Lab::cut`] broke; `all` ends every fault of any kind, except that the
    /// firewalled PCs stay so.
    pub fn mend(&self, what: &str) -> Result<()> {
        match what {
            "internet" => self.unblock("router", "cut_internet")?,
            "primary" => self.unblock("router", "cut_primary")?,
            "secondary" => self.unblock("router", "cut_secondary")?,
            "switch" => sys::ip(&self.namespace(SWITCH), "link set br0 up\n")?,
            "route" => self.wake("monitor")?,
            "all" => return self.mend_all(),
            host => self.cable(host, "up")?,
        }
        self.forget("cut", what)
    }

    fn mend_all(&self) -> Result<()> {
        let firewalled = self.options.firewalled_hosts();
        for fault in self.faults() {
            match fault.split_once(' ') {
                Some(("cut", what)) => self.mend(what)?,
                Some(("silence", host)) if firewalled.iter().any(|pc| pc == host) => {}
                Some(("silence", host)) => self.unsilence(host)?,
                Some(("off", host)) => self.on(host)?,
                Some(("forbid", host)) => self.allow(host)?,
                _ => bail!("unknown fault {fault:?}"),
            }
        }
        Ok(())
    }

    /// Lets a host drop ping; it still forwards and answers ARP.
    pub fn silence(&self, host: &str) -> Result<()> {
        let rules = format!("chain input {{ type filter hook input priority 0; {NO_ECHO} }}");
        self.block(self.known(host)?, "silence", &rules)?;
        self.note("silence", host)
    }

    /// Lets a host answer ping again, also a PC that was firewalled from the start.
    pub fn unsilence(&self, host: &str) -> Result<()> {
        self.unblock(self.known(host)?, "silence")?;
        self.forget("silence", host)
    }

    /// Switches a host off: its own end of the cable goes down, and the port loses its link.
    pub fn off(&self, host: &str) -> Result<()> {
        sys::ip(&self.namespace(self.known(host)?), "link set eth0 down\n")?;
        self.note("off", host)
    }

    /// Switches a host on again.
    pub fn on(&self, host: &str) -> Result<()> {
        self.wake(self.known(host)?)?;
        self.forget("off", host)
    }

    /// Takes the monitor's addresses and routes away, so that the system refuses every send
    /// beyond it with "network unreachable". [`Lab::mend`] `("route")` brings them back.
    pub fn lose_route(&self) -> Result<()> {
        sys::ip(&self.namespace("monitor"), "address flush dev eth0\nroute flush table main\n")?;
        self.note("cut", "route")
    }

    /// Lets the system refuse every ping a host wants to send ("operation not permitted").
    pub fn forbid(&self, host: &str) -> Result<()> {
        let rules = format!("chain output {{ type filter hook output priority 0; {NO_ECHO} }}");
        self.block(self.known(host)?, "forbid", &rules)?;
        self.note("forbid", host)
    }

    /// Lets a host send pings again.
    pub fn allow(&self, host: &str) -> Result<()> {
        self.unblock(self.known(host)?, "forbid")?;
        self.forget("forbid", host)
    }

    fn cable(&self, host: &str, state: &str) -> Result<()> {
        if !self.options.lan_hosts().iter().any(|known| known == host) {
            bail!(
                "{host:?} is none of internet, primary, secondary, switch, route, monitor, \
                 router, server, pc1 to pc{}",
                self.options.pcs
            );
        }
        sys::ip(&self.namespace(SWITCH), &format!("link set {host} {state}\n"))
    }

    fn wake(&self, host: &str) -> Result<()> {
        sys::ip(&self.namespace(host), &self.options.host_commands(host))
    }

    fn known<'a>(&self, host: &'a str) -> Result<&'a str> {
        self.address(host).map(|_| host)
    }

    fn block_address(&self, table: &str, address: &str) -> Result<()> {
        let rules = format!(
            "chain forward {{ type filter hook forward priority 0;
             ip daddr {address} drop; ip saddr {address} drop; }}"
        );
        self.block("router", table, &rules)
    }

    /// A fault is a table of its own, so that faults neither meet nor need an order.
    fn block(&self, host: &str, table: &str, chains: &str) -> Result<()> {
        let table = format!("table inet {table}");
        // The line breaks matter: nft ends a chain at one, not at the brace.
        let rules = format!("{table} {{}}\ndelete {table}\n{table} {{\n{chains}\n}}\n");
        sys::nft(&self.namespace(host), &rules)
    }

    fn unblock(&self, host: &str, table: &str) -> Result<()> {
        let table = format!("table inet {table}");
        // Made first, so that deleting works whether it was there or not.
        sys::nft(&self.namespace(host), &format!("{table} {{}}\ndelete {table}\n"))
    }

    fn note(&self, verb: &str, what: &str) -> Result<()> {
        Ok(fs::write(self.faults_directory().join(format!("{verb} {what}")), "")?)
    }

    fn forget(&self, verb: &str, what: &str) -> Result<()> {
        match fs::remove_file(self.faults_directory().join(format!("{verb} {what}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}
