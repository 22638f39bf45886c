//! A café that exists nowhere: a scripted day of 24 hours, told in 24 minutes, behind the
//! same door as the real network. For a first look, for pictures and for tests of the page.
//!
//! Nothing is probed and nothing is sent; the same moment always gets the same answer.

mod discovery;
mod script;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::sync::mpsc::Sender;
use std::time::Duration;

use cafesentinel_domain::config::Config;
use cafesentinel_domain::monitor::{ArpFault, Input, ProbeId, ProbeRequest, SendFault};
use cafesentinel_domain::time::{Moment, Utc};
use serde_json::json;

use crate::clock::Clock;
use crate::driver::Message;
use crate::pinger::{Methods, Prober};
pub use discovery::Surroundings;

/// Seconds of the café's life in one real second.
pub const PACE: u32 = 60;
/// When the story begins, in minutes after midnight: the café is open, and something
/// happens within the first real half minute.
const BEGINS: i64 = 12 * 60 + 58;
const MINUTE_MS: i64 = 60_000;
/// In the story's seconds: a turn of the driver is many of them.
const ARP_PATIENCE: Duration = Duration::from_secs(10);

/// The simulated café's door.
pub struct Cafe {
    inputs: Sender<Message>,
    script: script::Script,
}

impl Cafe {
    /// A café whose first day began at `midnight`; answers go to `inputs`.
    #[must_use]
    pub fn open(midnight: Utc, inputs: Sender<Message>) -> Cafe {
        let cafe = Cafe { inputs, script: script::Script { midnight } };
        cafe.hear(vec![Input::ArpAvailable(Some(ARP_PATIENCE))]);
        cafe
    }

    fn hear(&self, heard: Vec<Input>) {
        if !heard.is_empty() {
            // Nobody to hear it: the driver is ending.
            let _ = self.inputs.send(Message::Inputs(heard));
        }
    }

    /// How it is "asked".
    #[must_use]
    pub fn methods() -> Methods {
        let simulated = || "simulated".to_owned();
        Methods { v4: simulated(), v6: simulated(), arp: simulated() }
    }
}

impl Prober for Cafe {
    fn send(&mut self, probes: &[ProbeRequest], now: Moment, _: &mut Vec<(ProbeId, SendFault)>) {
        let heard: Vec<Input> = probes
            .iter()
            .filter_map(|probe| {
                let rtt = self.script.answer(probe.address, now.utc)?;
                Some(Input::Reply { id: probe.id, address: probe.address, rtt })
            })
            .collect();
        self.hear(heard);
    }

    fn ask_arp(&mut self, asked: &[Ipv4Addr], now: Moment, _: &mut Vec<(Ipv4Addr, ArpFault)>) {
        let heard = asked
            .iter()
            .filter_map(|address| {
                let mac = self.script.mac(*address, now.utc)?;
                Some(Input::ArpReply { address: *address, mac })
            })
            .collect();
        self.hear(heard);
    }
}

/// Today's midnight here: the story has today's date.
#[must_use]
pub fn midnight() -> Utc {
    let today = jiff::Zoned::now();
    let midnight = today.start_of_day().map_or(today.timestamp(), |z| z.timestamp());
    Utc(midnight.as_millisecond())
}

/// The story's clock, begun now.
#[must_use]
pub fn clock(midnight: Utc) -> Clock {
    Clock::story(begins(midnight), PACE)
}

fn begins(midnight: Utc) -> Utc {
    Utc(midnight.0 + BEGINS * MINUTE_MS)
}

/// The café's configuration: a beat that is calm to look at in spite of the pace.
#[must_use]
pub fn config() -> Config {
    let document = json!({
        "monitor_settings": { "interval_seconds": 10 },
        "verification_settings": { "min_incident_duration_seconds": 15 },
        "discord_settings": { "shop_name": "Demo Café" },
        "screenshot_settings": { "enabled": false },
    });
    Config::from_value(&document).unwrap_or_default()
}
