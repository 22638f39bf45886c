//! The configuration: one JSON object, validated whole.
//!
//! [`Config::parse`] either gives a configuration in which every value is inside its
//! bounds, or all faults at once. Missing keys take their defaults; nothing silently
//! falls back. The document of the ancestor loads unchanged.

mod document;
mod fault;
mod parse;
mod read;
mod section;
#[cfg(test)]
mod tests;
mod values;
mod web;

use std::net::IpAddr;
use std::time::Duration;

pub use document::{missing_sections, secret_places};
pub use fault::{Fault, FaultCode};
pub use values::{Host, Mac, Network, OpeningHours, Secret};

/// A valid configuration. Units are in the types; bounds are those of the manual.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What is watched.
    pub targets: Targets,
    /// How it is watched.
    pub monitor: MonitorSettings,
    /// When a silence counts.
    pub verification: VerificationSettings,
    /// Screenshots.
    pub screenshot: ScreenshotSettings,
    /// Seats and sessions.
    pub occupancy: OccupancySettings,
    /// Where people are told.
    pub discord: DiscordSettings,
    /// The program itself.
    pub system: SystemSettings,
    /// The HTTP API.
    pub api: ApiSettings,
    /// A chain of cafés.
    pub chain: ChainSettings,
}

/// The watched infrastructure.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    /// The way out.
    pub router: Host,
    /// None: not watched.
    pub server: Option<Host>,
    /// The world.
    pub internet: Host,
}

/// How we probe.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorSettings {
    /// The beat, 1–60 s.
    pub interval: Duration,
    /// How long an answer may take, 100–5000 ms.
    pub probe_timeout: Duration,
    /// First three octets of the range of seats.
    pub pc_subnet: String,
    /// Last octet of the first seat of the range.
    pub pc_start_range: u32,
    /// Seats in the range.
    pub pc_count: u32,
    /// Explicit seats as written.
    pub pcs: Vec<SeatConfig>,
    /// The range and the explicit seats together, in order.
    pub seats: Vec<SeatConfig>,
    /// By which questions a seat is found present.
    pub presence: Presence,
}

/// A place with a PC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatConfig {
    /// Shown to people; unique.
    pub name: String,
    /// Where it answers; unique.
    pub address: IpAddr,
    /// Keeps its identity when the address changes.
    pub mac: Option<Mac>,
}

/// By which questions a seat is found present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// ICMP, and ARP on the local link.
    Auto,
    /// ICMP alone.
    Icmp,
    /// ARP alone.
    Arp,
}

/// When a silence counts.
#[derive(Debug, Clone, PartialEq)]
pub struct VerificationSettings {
    /// From the first silence to the second question, 0.1–10 s.
    pub retry_delay: Duration,
    /// The second opinion on the internet.
    pub secondary_target: Host,
    /// Shorter outages are jitter, 0–300 s.
    pub min_incident_duration: Duration,
}

/// Screenshots.
#[derive(Debug, Clone, PartialEq)]
pub struct ScreenshotSettings {
    /// Whether any are taken.
    pub enabled: bool,
    /// 1–1440 minutes.
    pub interval: Duration,
    /// WebP quality, 1–100.
    pub quality: u32,
    /// Size relative to the screen, 0.1–1.0.
    pub resize_ratio: f64,
}

/// What is made of seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OccupancyMode {
    /// Sessions and snapshots.
    Session,
    /// Hourly snapshots only.
    Timer,
}

/// Seats and sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct OccupancySettings {
    /// Whether they are kept.
    pub enabled: bool,
    /// What is kept.
    pub mode: OccupancyMode,
    /// How long a state must hold, 0.05–60 minutes.
    pub min_session: Duration,
    /// How long changes are gathered, 1–300 s.
    pub batch_delay: Duration,
    /// A message on the hour.
    pub hourly_snapshot: bool,
    /// Empty: always open.
    pub opening_hours: OpeningHours,
}

/// Discord.
#[derive(Debug, Clone, PartialEq)]
pub struct DiscordSettings {
    /// Whether anything is told.
    pub enabled: bool,
    /// Name of the café, 1–80 characters.
    pub shop_name: String,
    /// Outages.
    pub webhook_alerts: Secret,
    /// Sessions.
    pub webhook_occupancy: Secret,
    /// Pictures.
    pub webhook_screenshots: Secret,
    /// A summary of each day.
    pub daily_digest: bool,
}

/// Language of tray, prompts and notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Spanish.
    Es,
}

/// The program itself.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemSettings {
    /// Language of tray, prompts and notices.
    pub language: Language,
    /// `env_state`: hides icons and window.
    pub stealth: bool,
    /// 1–365 days.
    pub log_retention_days: u32,
    /// 7–3650 days.
    pub history_retention_days: u32,
    /// Router, server, internet, clients; at least one.
    pub tray_visibility: TrayVisibility,
}

/// Which tray icons are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrayVisibility {
    /// The router's.
    pub router: bool,
    /// The server's.
    pub server: bool,
    /// The internet's.
    pub internet: bool,
    /// The clients' badge.
    pub clients: bool,
}

/// The HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiSettings {
    /// Address to listen on.
    pub bind: IpAddr,
    /// Port to listen on, 1–65535.
    pub port: u16,
    /// Exact origins allowed by CORS.
    pub allowed_origins: Vec<String>,
    /// Host names besides addresses and `localhost`.
    pub allowed_hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-*` count.
    pub trusted_proxies: Vec<IpAddr>,
    /// Networks whose clients need no token for the ancestor's endpoints.
    pub trusted_networks: Vec<Network>,
}

/// A chain of cafés.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainSettings {
    /// Label of this café; none: the slug of the shop name.
    pub site: Option<String>,
    /// Label of its group.
    pub group: String,
    /// Label of its provider.
    pub provider: String,
    /// This café's dashboard.
    pub link: String,
    /// Where metrics are pushed; empty: nowhere.
    pub remote_write_url: String,
    /// Empty: bearer token.
    pub username: String,
    /// The credential.
    pub token: Secret,
    /// 5–300 s.
    pub push_interval: Duration,
    /// Whether single seats are told.
    pub share_seats: bool,
    /// Where the Cafés page asks; empty: nowhere.
    pub query_url: String,
    /// Empty: bearer token.
    pub query_username: String,
    /// The credential.
    pub query_token: Secret,
    /// Pinged while alive; empty: nowhere. Who knows it can ping, so it is a secret.
    pub heartbeat_url: Secret,
}

impl Config {
    /// Reads a configuration file. A byte order mark, which Windows' editor writes, is
    /// passed over.
    ///
    /// # Errors
    /// All faults at once.
    pub fn parse(text: &str) -> Result<Config, Vec<Fault>> {
        let mut faults = Vec::new();
        let Some(value) = parse::json(text, &mut faults) else {
            return Err(faults);
        };
        let (config, mut found) = read::config(&value);
        faults.append(&mut found);
        if faults.is_empty() { Ok(config) } else { Err(fault::limited(faults)) }
    }

    /// The label under which this café is known in its chain.
    #[must_use]
    pub fn site(&self) -> String {
        self.chain.site.clone().unwrap_or_else(|| values::slug(&self.discord.shop_name))
    }
}

impl Default for Config {
    fn default() -> Self {
        read::config(&serde_json::Value::Object(serde_json::Map::new())).0
    }
}
