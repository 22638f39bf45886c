//! What is switched on and what is missing, told once at the start.

use cafesentinel_domain::config::{Config, OccupancyMode};
use cafesentinel_domain::notify::Channel;

/// The lines. `unseen` is why the screen cannot be pictured; none if it can, or if nobody
/// wants to.
pub(super) fn lines(config: &Config, private: bool, unseen: Option<&str>) -> Vec<String> {
    vec![discord(config), screenshots(config, private, unseen), occupancy(config)]
}

fn discord(config: &Config) -> String {
    if !config.discord.enabled {
        return "Discord: off, nobody is told. Switch it on with discord_settings.enabled.".into();
    }
    let (with, without): (Vec<Channel>, Vec<Channel>) =
        Channel::ALL.into_iter().partition(|c| !c.webhook(config).is_empty());
    let names = |all: &[Channel]| all.iter().map(|c| c.code()).collect::<Vec<_>>().join(", ");
    match (with.is_empty(), without.is_empty()) {
        (true, _) => "Discord: on, but no webhook is set: nobody is told.".into(),
        (false, true) => format!("Discord: on for {}.", names(&with)),
        (false, false) => {
            format!("Discord: on for {}; no webhook for {}.", names(&with), names(&without))
        }
    }
}

fn screenshots(config: &Config, private: bool, unseen: Option<&str>) -> String {
    if !config.screenshot.enabled {
        return "Screenshots: off.".into();
    }
    if private {
        return "Screenshots: none, privacy mode is on.".into();
    }
    let told = if Channel::Screenshots.is_on(config) {
        format!(
            "every {} minutes, and when an outage is over",
            config.screenshot.interval.as_secs() / 60
        )
    } else if Channel::Alerts.is_on(config) {
        "when an outage is over; no webhook for routine ones".into()
    } else {
        "on request only; no webhook for them".into()
    };
    match unseen {
        None => format!("Screenshots: {told}."),
        Some(why) => format!("Screenshots: {told}; but at the moment {why}."),
    }
}

fn occupancy(config: &Config) -> String {
    let snapshot = if config.occupancy.hourly_snapshot { ", told every hour" } else { "" };
    match (config.occupancy.enabled, config.occupancy.mode) {
        (false, _) => "Sessions: off.".into(),
        (true, OccupancyMode::Session) => {
            format!("Sessions: of {} PCs{snapshot}.", config.monitor.seats.len())
        }
        (true, OccupancyMode::Timer) => {
            format!(
                "Sessions: none (mode timer); {} PCs counted{snapshot}.",
                config.monitor.seats.len()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        let said = |document: serde_json::Value, private, unseen| {
            lines(&Config::from_value(&document).unwrap(), private, unseen).join("\n")
        };
        let first = said(json!({}), false, None);
        assert!(first.contains("Discord: off") && first.contains("of 20 PCs"), "{first}");
        let on = json!({ "discord_settings": { "enabled": true } });
        assert!(said(on, false, None).contains("no webhook is set"));
        let url = "https://discord.com/api/webhooks/1/secret-token";
        let some = json!({ "discord_settings": { "enabled": true, "webhook_alerts": url } });
        let text = said(some, false, Some("there is no display"));
        assert!(text.contains("on for alerts; no webhook for occupancy, screenshots"), "{text}");
        assert!(text.contains("when an outage is over") && text.contains("there is no display"));
        assert!(!text.contains("secret-token"));
        let private = said(json!({}), true, None);
        assert!(private.contains("privacy mode is on"), "{private}");
    }
}
