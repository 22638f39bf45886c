//! From the settings back to the document: for the file in clear, for people masked.

use serde_json::{Map, Value, json};

use super::values::{MASK, Secret, WEEKDAYS};
use super::{Config, Language, OccupancyMode, Presence};

/// Where secrets stand.
const SECRETS: [(&str, &str); 6] = [
    ("discord_settings", "webhook_alerts"),
    ("discord_settings", "webhook_occupancy"),
    ("discord_settings", "webhook_screenshots"),
    ("chain_settings", "token"),
    ("chain_settings", "query_token"),
    ("chain_settings", "heartbeat_url"),
];

/// Sections without which the ancestor refused a posted configuration.
const NEEDED: [&str; 6] = [
    "targets",
    "monitor_settings",
    "screenshot_settings",
    "discord_settings",
    "verification_settings",
    "occupancy_settings",
];

/// The ancestor's refusal of an incomplete post: `Missing key 'X'`.
#[must_use]
pub fn missing_sections(value: &Value) -> Option<String> {
    NEEDED.iter().find(|k| value.get(k).is_none()).map(|k| format!("Missing key '{k}'"))
}

/// Numbers that are whole are written as such, as the ancestor's file has them.
fn number(value: f64) -> Value {
    // Six decimals: finer than the millisecond kept, and 0.3 stays 0.3.
    let value = (value * 1e6).round() / 1e6;
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

/// Leaves in which two documents differ. Lists are leaves.
fn differing(path: &str, before: &Value, after: &Value, changed: &mut Vec<String>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            changed.push(path.to_owned());
        }
        return;
    };
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    for key in new.keys().chain(gone) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let none = Value::Null;
        differing(&path, old.get(key).unwrap_or(&none), new.get(key).unwrap_or(&none), changed);
    }
}

/// Where secrets stand in a document: section and key.
#[must_use]
pub fn secret_places() -> &'static [(&'static str, &'static str)] {
    &SECRETS
}

impl Config {
    /// All secrets with their paths, in the order of [`secret_places`].
    pub fn secrets_mut(&mut self) -> [(&'static str, &mut Secret); 6] {
        let (d, c) = (&mut self.discord, &mut self.chain);
        [
            ("discord_settings.webhook_alerts", &mut d.webhook_alerts),
            ("discord_settings.webhook_occupancy", &mut d.webhook_occupancy),
            ("discord_settings.webhook_screenshots", &mut d.webhook_screenshots),
            ("chain_settings.token", &mut c.token),
            ("chain_settings.query_token", &mut c.query_token),
            ("chain_settings.heartbeat_url", &mut c.heartbeat_url),
        ]
    }

    /// The whole document with secrets in clear: for the file only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.document(|secret| secret.expose().to_owned())
    }

    /// The whole document with secrets masked: for people.
    #[must_use]
    pub fn masked(&self) -> Value {
        self.document(Secret::masked)
    }

    /// A document as a client sent it back, in which a masked secret means "unchanged".
    /// Where there is no secret to keep the mask stays, and is refused when read: a
    /// document of another café must not switch off its messages in silence.
    #[must_use]
    pub fn merge_masked(incoming: &Value, current: &Config) -> Value {
        let clear = current.to_value();
        let mut merged = incoming.clone();
        for (section, key) in SECRETS {
            let masked = merged
                .get(section)
                .and_then(|s| s.get(key))
                .and_then(Value::as_str)
                .is_some_and(|s| s.contains(MASK));
            if masked && let Some(slot) = merged.get_mut(section).and_then(|s| s.get_mut(key)) {
                let kept = clear.get(section).and_then(|s| s.get(key));
                if let Some(kept) = kept.filter(|k| k.as_str() != Some("")) {
                    *slot = kept.clone();
                }
            }
        }
        merged
    }

    /// Paths of the keys in which another configuration differs, like
    /// `monitor_settings.interval_seconds`, in the order of the document. Of a secret only
    /// that it differs.
    #[must_use]
    pub fn changes(&self, other: &Config) -> Vec<String> {
        let mut changed = Vec::new();
        differing("", &self.to_value(), &other.to_value(), &mut changed);
        changed
    }

    fn document(&self, secret: impl Fn(&Secret) -> String) -> Value {
        let (m, v, s, o) = (&self.monitor, &self.verification, &self.screenshot, &self.occupancy);
        let (d, y, a, c) = (&self.discord, &self.system, &self.api, &self.chain);
        let pcs: Vec<Value> = m
            .pcs
            .iter()
            .map(|p| {
                let mut seat = json!({ "name": p.name, "address": p.address.to_string() });
                if let (Some(mac), Some(map)) = (p.mac, seat.as_object_mut()) {
                    map.insert("mac".into(), json!(mac.to_string()));
                }
                seat
            })
            .collect();
        let clock = |m: u16| format!("{:02}:{:02}", m / 60, m % 60);
        let hours: Map<String, Value> = WEEKDAYS
            .iter()
            .zip(o.opening_hours.0)
            .filter_map(|(day, h)| {
                h.map(|(open, close)| ((*day).to_owned(), json!([clock(open), clock(close)])))
            })
            .collect();
        json!({
            "targets": {
                "router": self.targets.router.to_string(),
                "server": self.targets.server.as_ref().map_or_else(String::new, ToString::to_string),
                "internet": self.targets.internet.to_string(),
            },
            "monitor_settings": {
                "interval_seconds": m.interval.as_secs(),
                "pc_subnet": m.pc_subnet,
                "pc_start_range": m.pc_start_range,
                "pc_count": m.pc_count,
                "probe_timeout_ms": u64::try_from(m.probe_timeout.as_millis()).unwrap_or(1000),
                "presence": match m.presence {
                    Presence::Auto => "auto",
                    Presence::Icmp => "icmp",
                    Presence::Arp => "arp",
                },
                "pcs": pcs,
            },
            "verification_settings": {
                "retry_delay_seconds": v.retry_delay.as_secs_f64(),
                "secondary_target": v.secondary_target.to_string(),
                "min_incident_duration_seconds": number(v.min_incident_duration.as_secs_f64()),
            },
            "screenshot_settings": {
                "enabled": s.enabled,
                "interval_minutes": s.interval.as_secs() / 60,
                "resize_ratio": s.resize_ratio,
                "quality": s.quality,
            },
            "occupancy_settings": {
                "enabled": o.enabled,
                "mode": match o.mode {
                    OccupancyMode::Session => "session",
                    OccupancyMode::Timer => "timer",
                },
                "min_session_minutes": number(o.min_session.as_secs_f64() / 60.0),
                "batch_delay_seconds": number(o.batch_delay.as_secs_f64()),
                "hourly_snapshot_enabled": o.hourly_snapshot,
                "opening_hours": hours,
            },
            "discord_settings": {
                "enabled": d.enabled,
                "shop_name": d.shop_name,
                "webhook_alerts": secret(&d.webhook_alerts),
                "webhook_occupancy": secret(&d.webhook_occupancy),
                "webhook_screenshots": secret(&d.webhook_screenshots),
                "daily_digest": d.daily_digest,
            },
            "system_settings": {
                "env_state": y.stealth,
                "log_retention_days": y.log_retention_days,
                "tray_visibility": {
                    "router": y.tray_visibility.router,
                    "server": y.tray_visibility.server,
                    "internet": y.tray_visibility.internet,
                    "clients": y.tray_visibility.clients,
                },
                "language": match y.language {
                    Language::En => "en",
                    Language::Es => "es",
                },
                "history_retention_days": y.history_retention_days,
            },
            "api_settings": {
                "bind": a.bind.to_string(),
                "port": a.port,
                "allowed_origins": a.allowed_origins,
                "allowed_hosts": a.allowed_hosts,
                "trusted_proxies": a.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "trusted_networks": a.trusted_networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
            },
            "chain_settings": {
                "site": c.site.clone().unwrap_or_default(),
                "group": c.group,
                "provider": c.provider,
                "link": c.link,
                "remote_write_url": c.remote_write_url,
                "username": c.username,
                "token": secret(&c.token),
                "push_interval_seconds": c.push_interval.as_secs(),
                "share_seats": c.share_seats,
                "query_url": c.query_url,
                "query_username": c.query_username,
                "query_token": secret(&c.query_token),
                "heartbeat_url": secret(&c.heartbeat_url),
            },
        })
    }
}
