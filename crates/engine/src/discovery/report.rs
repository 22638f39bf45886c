//! What a discovery says of itself, in JSON and in sentences.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use cafesentinel_domain::discovery::{
    Found, Limit, RULE, Scope, ScopedNetwork, Search, Seats, Suggestion, Unasked, Via, WIDEST,
};
use cafesentinel_domain::monitor::{ArpFault, SendFault};
use serde::Serialize;
use serde_json::Value;

/// Where a discovery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// None has run since the program was started.
    Idle,
    /// One runs.
    Running,
    /// The last one has asked everyone.
    Done,
    /// The last one was cancelled.
    Cancelled,
    /// The last one could not ask, or broke off; `error` says why.
    Failed,
}

/// How questions are put, or why they cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Methods {
    /// By ICMP echo.
    pub icmp: String,
    /// By ARP.
    pub arp: String,
    #[serde(skip)]
    works: [bool; 2],
}

impl Methods {
    /// From what each kind of socket says of itself.
    pub fn of<M: fmt::Display, E: fmt::Display, N: fmt::Display, F: fmt::Display>(
        icmp: Result<M, E>,
        arp: Result<N, F>,
    ) -> Methods {
        let works = [icmp.is_ok(), arp.is_ok()];
        let icmp = icmp.map_or_else(|why| why.to_string(), |how| how.to_string());
        let arp = arp.map_or_else(|why| why.to_string(), |how| how.to_string());
        Methods { icmp, arp, works }
    }

    /// A sentence if nobody can be asked at all.
    pub(super) fn nothing_works(&self) -> Option<String> {
        let Methods { icmp, arp, works } = self;
        (*works == [false, false]).then(|| {
            format!("nobody could be asked: {icmp}, and {arp}; run it as administrator (root)")
        })
    }
}

/// A network of this machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkReport {
    /// Name of the interface.
    pub interface: String,
    /// This machine's address there.
    pub address: String,
    /// The whole network, in CIDR notation.
    pub network: String,
    /// The part that is asked; null if none is.
    pub asked: Option<String>,
    /// Why not all of it, in a sentence.
    pub note: Option<String>,
}

impl NetworkReport {
    fn of(network: &ScopedNetwork) -> NetworkReport {
        let ScopedNetwork { interface, network: whole, .. } = network;
        let note = network.limit.and_then(|limit| match (limit, network.asked) {
            (Limit::TooWide, Some(asked)) => Some(format!(
                "{whole} is wider than /{WIDEST}: only {asked} around this machine is asked; \
                 other parts can be named"
            )),
            (Limit::NoCarrier, _) => {
                Some(format!("{whole} is not asked: the cable of {interface} is not connected"))
            }
            (Limit::Alone, _) => Some(format!("{whole} has no other addresses")),
            (Limit::NotNamed | Limit::TooWide, _) => None,
        });
        NetworkReport {
            interface: interface.clone(),
            address: network.address.to_string(),
            network: whole.to_string(),
            asked: network.asked.map(|asked| asked.to_string()),
            note,
        }
    }
}

/// Somebody who answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostReport {
    /// Its address.
    pub address: String,
    /// By what it answered: `icmp`, `arp` or `both`.
    pub via: Via,
    /// Round trip of the ping, in milliseconds.
    pub rtt_ms: Option<f64>,
    /// Its Ethernet address, where it was learnt.
    pub mac: Option<String>,
    /// It answers ARP, not ping: a firewall.
    pub firewalled: bool,
    /// It is this machine's router.
    pub gateway: bool,
}

impl HostReport {
    fn of(found: &Found, gateway: Option<Ipv4Addr>) -> HostReport {
        HostReport {
            address: found.address.to_string(),
            via: found.via,
            // To the microsecond.
            rtt_ms: found.rtt.map(|rtt| (rtt.as_secs_f64() * 1e6).round() / 1e3),
            mac: found.mac.map(|mac| mac.to_string()),
            firewalled: found.firewalled,
            gateway: gateway == Some(found.address),
        }
    }
}

/// What would be set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuggestionReport {
    /// `range`, `list` or `none`.
    pub kind: &'static str,
    /// To be merged into `targets`.
    pub targets: Value,
    /// To be merged into `monitor_settings`.
    pub monitor_settings: Value,
    /// Seats in it, holes included.
    pub seats: usize,
    /// How many of them answered.
    pub answered: usize,
    /// Who answered and is no seat of the range.
    pub left_out: Vec<String>,
    /// All that in a sentence.
    pub summary: String,
    /// By which rule.
    pub rule: &'static str,
}

impl SuggestionReport {
    fn of(suggestion: &Suggestion) -> SuggestionReport {
        let left_out: Vec<String> = suggestion.left_out.iter().map(ToString::to_string).collect();
        let answered = suggestion.answered;
        let (kind, seats, summary) = match &suggestion.seats {
            Seats::None => {
                let text = "nobody answered who could be a seat: switch the PCs on and try again";
                ("none", 0, text.to_owned())
            }
            Seats::List(seats) => {
                let text = format!("{} seats, listed one by one", seats.len());
                ("list", seats.len(), text)
            }
            Seats::Range { first, count } => {
                let last = Ipv4Addr::from(u32::from(*first) + u32::from(*count) - 1);
                let mut text =
                    format!("{count} seats from {first} to {last}, of which {answered} answered");
                if !left_out.is_empty() {
                    text.push_str(&format!("; left out: {}", left_out.join(", ")));
                }
                ("range", usize::from(*count), text)
            }
        };
        SuggestionReport {
            kind,
            targets: suggestion.targets(),
            monitor_settings: suggestion.monitor_settings(),
            seats,
            answered,
            left_out,
            summary,
            rule: RULE,
        }
    }
}

/// What is known of a discovery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Where it stands.
    pub state: State,
    /// From 0 to 1.
    pub progress: f64,
    /// Addresses to which a question was put.
    pub asked: usize,
    /// Addresses to ask.
    pub total: usize,
    /// Addresses that answered.
    pub found: usize,
    /// Since its beginning, in milliseconds.
    pub elapsed_ms: u64,
    /// Why it failed, in a sentence.
    pub error: Option<String>,
    /// This machine's router.
    pub gateway: Option<String>,
    /// This machine's IPv4 networks.
    pub networks: Vec<NetworkReport>,
    /// How is asked; null before it began.
    pub methods: Option<Methods>,
    /// Who answered so far, by address.
    pub hosts: Vec<HostReport>,
    /// What could not be done, in sentences.
    pub notes: Vec<String>,
    /// What would be set; null until everyone was asked.
    pub suggestion: Option<SuggestionReport>,
    #[serde(skip)]
    router: Option<Ipv4Addr>,
}

impl Report {
    /// None has run.
    #[must_use]
    pub fn idle() -> Report {
        Report {
            state: State::Idle,
            progress: 0.0,
            asked: 0,
            total: 0,
            found: 0,
            elapsed_ms: 0,
            error: None,
            gateway: None,
            networks: Vec::new(),
            methods: None,
            hosts: Vec::new(),
            notes: Vec::new(),
            suggestion: None,
            router: None,
        }
    }

    pub(super) fn begun(scope: &Scope) -> Report {
        let networks: Vec<_> = scope.networks.iter().map(NetworkReport::of).collect();
        Report {
            state: State::Running,
            total: scope.addresses.len(),
            gateway: scope.gateway.map(|g| g.to_string()),
            notes: networks.iter().filter_map(|n| n.note.clone()).collect(),
            networks,
            router: scope.gateway,
            ..Report::idle()
        }
    }

    pub(super) fn failed(self, why: String) -> Report {
        Report { state: State::Failed, error: Some(why), ..self }
    }

    pub(super) fn update(&mut self, search: &Search, elapsed: Duration) {
        let progress = search.progress();
        // A question that is to be put again is no step back.
        self.progress = self.progress.max((progress.fraction() * 1e3).floor() / 1e3);
        self.asked = progress.asked;
        self.found = progress.found;
        self.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.hosts = search.found().iter().map(|f| HostReport::of(f, self.router)).collect();
    }

    /// Says what could not be asked, and what follows from that.
    pub(super) fn explain(&mut self, search: &Search) {
        if let Some(methods) = &self.methods {
            let [icmp, arp] = methods.works;
            if !icmp {
                let why = &methods.icmp;
                self.notes.push(format!(
                    "nobody could be pinged: {why}; so it is not known who drops ping"
                ));
            }
            if !arp {
                let why = &methods.arp;
                self.notes
                    .push(format!("PCs that drop ping could not be looked for by ARP: {why}"));
            }
        }
        let methods_work = self.methods.as_ref().map_or([true, true], |m| m.works);
        for (unasked, count) in search.unasked() {
            let (works, kind) = match unasked {
                Unasked::Ping(_) => (methods_work[0], "pinged"),
                Unasked::Arp(_) => (methods_work[1], "asked by ARP"),
            };
            if works {
                let total = self.total;
                let why = reason(*unasked);
                self.notes.push(format!("{count} of {total} addresses could not be {kind}: {why}"));
            }
        }
    }

    /// Nobody at all could be asked: that is no empty network.
    pub(super) fn nobody_asked(self, search: &Search) -> Report {
        let mut reasons: Vec<&str> = search.unasked().iter().map(|(u, _)| reason(*u)).collect();
        reasons.dedup();
        self.failed(format!("nobody could be asked: {}", reasons.join(", and ")))
    }

    pub(super) fn suggest(&mut self, suggestion: Option<Suggestion>) {
        self.suggestion = suggestion.as_ref().map(SuggestionReport::of);
    }
}

fn reason(unasked: Unasked) -> &'static str {
    match unasked {
        Unasked::Ping(SendFault::NoPermission) => "the system does not allow us to send ICMP",
        Unasked::Ping(SendFault::NoSocket) => "there is no ICMP socket",
        Unasked::Ping(SendFault::NoRoute) => "the system knows no way there",
        Unasked::Ping(SendFault::Busy) => "the send queue stayed full",
        Unasked::Arp(ArpFault::OffLink) => "the address is not on a local link with ARP",
        Unasked::Arp(ArpFault::Unable) => "the system does not allow us to ask by ARP",
        Unasked::Arp(ArpFault::Busy) => "the interface took no questions by ARP",
    }
}
