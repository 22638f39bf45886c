//! From the document to the settings, section by section.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::Value;

use super::fault::{Fault, FaultCode, limited};
use super::section::Section;
use super::values::{Host, Mac, Network, OpeningHours, Secret, WEEKDAYS, clock_time};
use super::web;
use super::{
    ApiSettings, ChainSettings, Config, DiscordSettings, Language, MonitorSettings, OccupancyMode,
    OccupancySettings, Presence, ScreenshotSettings, SeatConfig, SystemSettings, Targets,
    TrayVisibility, VerificationSettings,
};

/// Explicit seats at most.
const SEATS_MAX: usize = 4096;

impl Config {
    /// Reads a configuration document.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_value(value: &Value) -> Result<Config, Vec<Fault>> {
        let (config, faults) = config(value);
        if faults.is_empty() { Ok(config) } else { Err(limited(faults)) }
    }
}

/// Reads a document; what is faulty has its default.
pub(super) fn config(value: &Value) -> (Config, Vec<Fault>) {
    let mut root = Section::new("", Some(value));
    let mut faults = Vec::new();
    let config = Config {
        targets: targets(root.section("targets"), &mut faults),
        monitor: monitor(root.section("monitor_settings"), &mut faults),
        verification: verification(root.section("verification_settings"), &mut faults),
        screenshot: screenshot(root.section("screenshot_settings"), &mut faults),
        occupancy: occupancy(root.section("occupancy_settings"), &mut faults),
        discord: discord(root.section("discord_settings"), &mut faults),
        system: system(root.section("system_settings"), &mut faults),
        api: api(root.section("api_settings"), &mut faults),
        chain: chain(root.section("chain_settings"), &mut faults),
    };
    let mut all = root.finish();
    all.append(&mut faults);
    (config, all)
}

fn host(text: &str) -> Result<Host, String> {
    Host::parse(text)
        .ok_or_else(|| format!("\"{}\" is neither an IP address nor a host name", shorten(text)))
}

/// A value as shown in a fault. A webhook pasted into the wrong field is still a secret.
fn shorten(text: &str) -> String {
    if text.contains("//") || text.contains("webhooks") || text.starts_with("sealed:") {
        return "(a URL or a secret)".to_owned();
    }
    text.chars().take(80).filter(|c| !c.is_control()).collect()
}

fn literal(a: u8, b: u8, c: u8, d: u8) -> Host {
    Host::Address(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
}

fn seconds(s: f64) -> Duration {
    Duration::from_millis((s * 1000.0).round() as u64)
}

fn targets(mut s: Section<'_>, faults: &mut Vec<Fault>) -> Targets {
    let out = Targets {
        router: s.parsed("router", literal(192, 168, 1, 1), host),
        server: s.parsed("server", Some(literal(192, 168, 1, 200)), |t| {
            if t.trim().is_empty() { Ok(None) } else { host(t).map(Some) }
        }),
        internet: s.parsed("internet", literal(8, 8, 8, 8), host),
    };
    faults.append(&mut s.finish());
    out
}

fn monitor(mut s: Section<'_>, faults: &mut Vec<Fault>) -> MonitorSettings {
    let interval = s.integer("interval_seconds", 2, 1..=60);
    let timeout = s.integer("probe_timeout_ms", 1000, 100..=5000);
    let pc_subnet = s.parsed("pc_subnet", "192.168.1".to_owned(), |t| {
        // Read as the first three of four, which refuses signs, spaces and leading zeros.
        if t.split('.').count() == 3 && format!("{t}.0").parse::<Ipv4Addr>().is_ok() {
            Ok(t.to_owned())
        } else {
            Err(format!("\"{}\" is not three octets like 192.168.1", shorten(t)))
        }
    });
    let start = s.integer("pc_start_range", 110, 1..=254);
    let mut count = s.integer("pc_count", 20, 0..=254);
    if count > 0 && start + count - 1 > 254 {
        let room = 255 - start;
        s.fault(
            "pc_count",
            FaultCode::OutOfRange,
            format_args!("{count} is outside 0..={room}: seats from .{start} on must end at .254"),
        );
        count = 0;
    }
    let presence = s.parsed("presence", Presence::Auto, |t| match t {
        "auto" => Ok(Presence::Auto),
        "icmp" => Ok(Presence::Icmp),
        "arp" => Ok(Presence::Arp),
        other => Err(format!("\"{}\" is none of auto, icmp, arp", shorten(other))),
    });
    let entries = s.objects("pcs", SEATS_MAX);
    faults.append(&mut s.finish());
    let mut pcs: Vec<SeatConfig> = Vec::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut addresses: BTreeMap<IpAddr, String> = BTreeMap::new();
    let mut macs: BTreeMap<Mac, String> = BTreeMap::new();
    for (path, value) in entries {
        let mut s = Section::new(path.clone(), Some(value));
        let name = s.label("name", 80);
        let address = s.parsed("address", None, |t| match Host::parse(t) {
            Some(Host::Address(address)) => Ok(Some(address)),
            Some(Host::Name(_)) | None => {
                Err(format!("\"{}\" is not an IP address of a machine", shorten(t)))
            }
        });
        let mac = s.parsed("mac", None, |t| {
            if t.is_empty() {
                return Ok(None);
            }
            Mac::parse(t).map(Some).ok_or_else(|| {
                format!("\"{}\" is not a MAC address like aa:bb:cc:dd:ee:ff", shorten(t))
            })
        });
        if s.faults.is_empty() {
            if name.trim().is_empty() {
                s.fault("name", FaultCode::OutOfRange, "0 characters is outside 1..=80");
            }
            match address {
                None => s.fault("address", FaultCode::BadValue, "an address is needed"),
                Some(address) => {
                    if let Some(first) = names.insert(name.to_lowercase(), path.clone()) {
                        s.fault("name", FaultCode::BadValue, format_args!("stands in {first} too"));
                    }
                    if let Some(first) = addresses.insert(address, path.clone()) {
                        s.fault(
                            "address",
                            FaultCode::BadValue,
                            format_args!("stands in {first} too"),
                        );
                    }
                    // A seat is known again by its MAC: two of one MAC would be one.
                    if let Some(first) = mac.and_then(|mac| macs.insert(mac, path.clone())) {
                        s.fault("mac", FaultCode::BadValue, format_args!("stands in {first} too"));
                    }
                    pcs.push(SeatConfig { name, address, mac });
                }
            }
        }
        faults.append(&mut s.finish());
    }
    let seats = all_seats(&pc_subnet, start, count, &pcs);
    // An explicit seat may not take the name of a seat of the range that keeps its own.
    for seat in seats.iter().filter(|s| !addresses.contains_key(&s.address)) {
        if let Some(path) = names.get(&seat.name.to_lowercase()) {
            let (name, address) = (&seat.name, seat.address);
            let what = format!("\"{name}\" is the seat of the range at {address} already");
            let path = format!("{path}.name");
            let message = format!("{path}: {what}");
            faults.push(Fault { path, code: FaultCode::BadValue, message });
        }
    }
    MonitorSettings {
        interval: Duration::from_secs(u64::from(interval)),
        probe_timeout: Duration::from_millis(u64::from(timeout)),
        pc_subnet,
        pc_start_range: start,
        pc_count: count,
        pcs,
        seats,
        presence,
    }
}

/// The range, renamed by explicit seats of the same address, then the other explicit ones.
fn all_seats(subnet: &str, start: u32, count: u32, pcs: &[SeatConfig]) -> Vec<SeatConfig> {
    let mut octets = subnet.split('.').filter_map(|o| o.parse::<u8>().ok());
    let net = (octets.next(), octets.next(), octets.next());
    let mut rest: BTreeMap<IpAddr, &SeatConfig> = pcs.iter().map(|p| (p.address, p)).collect();
    let mut seats = Vec::new();
    if let (Some(a), Some(b), Some(c)) = net {
        for i in 0..count {
            let Ok(d) = u8::try_from(start + i) else {
                break;
            };
            let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
            seats.push(match rest.remove(&address) {
                Some(explicit) => explicit.clone(),
                None => SeatConfig { name: format!("PC-{}", i + 1), address, mac: None },
            });
        }
    }
    seats.extend(pcs.iter().filter(|p| rest.contains_key(&p.address)).cloned());
    seats
}

fn verification(mut s: Section<'_>, faults: &mut Vec<Fault>) -> VerificationSettings {
    let out = VerificationSettings {
        retry_delay: seconds(s.decimal("retry_delay_seconds", 1.0, 0.1..=10.0)),
        secondary_target: s.parsed("secondary_target", literal(1, 1, 1, 1), host),
        min_incident_duration: seconds(s.decimal(
            "min_incident_duration_seconds",
            10.0,
            0.0..=300.0,
        )),
    };
    faults.append(&mut s.finish());
    out
}

fn screenshot(mut s: Section<'_>, faults: &mut Vec<Fault>) -> ScreenshotSettings {
    let out = ScreenshotSettings {
        enabled: s.bool("enabled", true),
        interval: Duration::from_secs(60 * u64::from(s.integer("interval_minutes", 60, 1..=1440))),
        quality: s.integer("quality", 80, 1..=100),
        resize_ratio: s.decimal("resize_ratio", 1.0, 0.1..=1.0),
    };
    faults.append(&mut s.finish());
    out
}

fn occupancy(mut s: Section<'_>, faults: &mut Vec<Fault>) -> OccupancySettings {
    let mut hours = s.section("opening_hours");
    let out = OccupancySettings {
        enabled: s.bool("enabled", true),
        mode: s.parsed("mode", OccupancyMode::Session, |t| match t {
            "session" => Ok(OccupancyMode::Session),
            "timer" => Ok(OccupancyMode::Timer),
            other => Err(format!("\"{}\" is none of session, timer", shorten(other))),
        }),
        min_session: seconds(60.0 * s.decimal("min_session_minutes", 3.0, 0.05..=60.0)),
        batch_delay: seconds(s.decimal("batch_delay_seconds", 30.0, 1.0..=300.0)),
        hourly_snapshot: s.bool("hourly_snapshot_enabled", true),
        opening_hours: OpeningHours(WEEKDAYS.map(|day| {
            let had = hours.faults.len();
            let given = hours.raw(day).is_some();
            let times = hours.list(day, 2, |t| {
                clock_time(t).ok_or_else(|| format!("\"{}\" is not a time like 10:00", shorten(t)))
            });
            match (given, times.as_slice()) {
                (true, [open, close]) if *open < 24 * 60 => Some((*open, *close)),
                (true, _) if hours.faults.len() == had => {
                    hours.fault(
                        day,
                        FaultCode::BadValue,
                        "expected opening and closing, [\"10:00\", \"02:00\"]",
                    );
                    None
                }
                (true | false, _) => None,
            }
        })),
    };
    faults.append(&mut s.finish());
    faults.append(&mut hours.finish());
    out
}

fn discord(mut s: Section<'_>, faults: &mut Vec<Fault>) -> DiscordSettings {
    let out = DiscordSettings {
        enabled: s.bool("enabled", false),
        shop_name: s.parsed("shop_name", "My Internet Cafe".to_owned(), |t| {
            let length = t.trim().chars().count();
            let lower = t.to_lowercase();
            if t.contains(char::is_control) {
                return Err("must not contain line breaks or control characters".into());
            }
            if !(1..=80).contains(&length) {
                Err(format!("{length} characters is outside 1..=80"))
            } else if let Some(word) = ["discord", "clyde"].into_iter().find(|w| lower.contains(w))
            {
                Err(format!("Discord refuses names that contain \"{word}\""))
            } else {
                Ok(t.to_owned())
            }
        }),
        webhook_alerts: s.parsed("webhook_alerts", Secret::default(), web::webhook),
        webhook_occupancy: s.parsed("webhook_occupancy", Secret::default(), web::webhook),
        webhook_screenshots: s.parsed("webhook_screenshots", Secret::default(), web::webhook),
        daily_digest: s.bool("daily_digest", true),
    };
    faults.append(&mut s.finish());
    out
}

fn system(mut s: Section<'_>, faults: &mut Vec<Fault>) -> SystemSettings {
    let mut tray = s.section("tray_visibility");
    let tray_visibility = TrayVisibility {
        router: tray.bool("router", true),
        server: tray.bool("server", true),
        internet: tray.bool("internet", true),
        clients: tray.bool("clients", true),
    };
    faults.append(&mut tray.finish());
    let t = tray_visibility;
    if !(t.router || t.server || t.internet || t.clients) {
        s.fault("tray_visibility", FaultCode::BadValue, "At least one tray icon must be enabled!");
    }
    let out = SystemSettings {
        language: s.parsed("language", Language::En, |t| match t {
            "en" => Ok(Language::En),
            "es" => Ok(Language::Es),
            other => Err(format!("\"{}\" is none of en, es", shorten(other))),
        }),
        stealth: s.bool("env_state", false),
        log_retention_days: s.integer("log_retention_days", 30, 1..=365),
        history_retention_days: s.integer("history_retention_days", 400, 7..=3650),
        tray_visibility,
    };
    faults.append(&mut s.finish());
    out
}

fn api(mut s: Section<'_>, faults: &mut Vec<Fault>) -> ApiSettings {
    let address = |t: &str| {
        t.parse::<IpAddr>().map_err(|_| format!("\"{}\" is not an IP address", shorten(t)))
    };
    let out = ApiSettings {
        bind: s.parsed("bind", IpAddr::V4(Ipv4Addr::UNSPECIFIED), address),
        port: u16::try_from(s.integer("port", 5000, 1..=65535)).unwrap_or(5000),
        allowed_origins: s.list("allowed_origins", 64, web::origin),
        allowed_hosts: s.list("allowed_hosts", 64, |t| match host(t)? {
            Host::Name(name) => Ok(name),
            Host::Address(_) => Err("addresses are allowed anyway; only names belong here".into()),
        }),
        trusted_proxies: s.list("trusted_proxies", 64, address),
        trusted_networks: s.list("trusted_networks", 64, |t| {
            Network::parse(t).ok_or_else(|| {
                format!("\"{}\" is not a network like 100.64.0.0/10, prefix from 1 on", shorten(t))
            })
        }),
    };
    faults.append(&mut s.finish());
    out
}

/// A credential for a header: visible ASCII, and not the mask of one.
fn token(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(Secret::new(text))
    } else {
        Err("must be visible ASCII without spaces; a masked value is not a token".into())
    }
}

/// The user of HTTP Basic authentication (RFC 7617 §2: no colon, no control characters).
fn user(text: &str) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length > 255 {
        Err(format!("{length} characters is outside 0..=255"))
    } else if text.contains(':') || text.contains(char::is_control) {
        Err("must not contain a colon or control characters".into())
    } else {
        Ok(text.to_owned())
    }
}

fn chain(mut s: Section<'_>, faults: &mut Vec<Fault>) -> ChainSettings {
    let out = ChainSettings {
        site: s.parsed("site", None, |t| {
            if t.is_empty() {
                return Ok(None);
            }
            let good = t.len() <= 63
                && t.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if good {
                Ok(Some(t.to_owned()))
            } else {
                Err(format!("\"{}\" is not 1..=63 characters of a-z 0-9 -", shorten(t)))
            }
        }),
        group: s.label("group", 63),
        provider: s.label("provider", 63),
        link: s.parsed("link", String::new(), web::link),
        remote_write_url: s.parsed("remote_write_url", String::new(), web::engine),
        username: s.parsed("username", String::new(), user),
        token: s.parsed("token", Secret::default(), token),
        push_interval: Duration::from_secs(u64::from(s.integer(
            "push_interval_seconds",
            15,
            5..=300,
        ))),
        share_seats: s.bool("share_seats", false),
        query_url: s.parsed("query_url", String::new(), web::engine),
        query_username: s.parsed("query_username", String::new(), user),
        query_token: s.parsed("query_token", Secret::default(), token),
        heartbeat_url: s.parsed("heartbeat_url", Secret::default(), web::secret),
    };
    faults.append(&mut s.finish());
    out
}
