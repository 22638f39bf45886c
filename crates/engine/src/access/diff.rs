//! What a change of the configuration changed, secrets masked.

use cafesentinel_domain::config::{Config, Secret, secret_places};
use serde_json::{Map, Value, json};

/// More differences than this are only counted.
const MOST: usize = 200;

/// The settings that differ: `{"path", "from", "to"}` each.
#[must_use]
pub fn between(before: &Config, after: &Config) -> Vec<Value> {
    let mut found = Vec::new();
    walk(&before.to_value(), &after.to_value(), "", &mut found);
    let more = found.len().saturating_sub(MOST);
    if more > 0 {
        found.truncate(MOST);
        found.push(json!({ "path": "", "more": more }));
    }
    found
}

fn walk(before: &Value, after: &Value, path: &str, found: &mut Vec<Value>) {
    if before == after {
        return;
    }
    if let (Value::Object(before), Value::Object(after)) = (before, after) {
        let added = after.keys().filter(|key| !before.contains_key(*key));
        for key in before.keys().chain(added) {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let at = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
            walk(&at(before), &at(after), &inner, found);
        }
        return;
    }
    let secret =
        secret_places().iter().any(|(s, k)| path.strip_prefix(s) == Some(&format!(".{k}")));
    let shown = |value: &Value| match value.as_str() {
        Some(text) if secret => Value::String(Secret::new(text).masked()),
        Some(_) | None => value.clone(),
    };
    found.push(json!({ "path": path, "from": shown(before), "to": shown(after) }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_and_secrets_stay_masked() {
        let mut document = Config::default().to_value();
        document["monitor_settings"]["interval_seconds"] = json!(7);
        document["occupancy_settings"]["opening_hours"] = json!({ "monday": ["10:00", "22:00"] });
        document["discord_settings"]["webhook_alerts"] =
            json!("https://discord.com/api/webhooks/1/very-secret");
        document["chain_settings"]["token"] = json!("very-secret");
        let after = Config::from_value(&document).unwrap();
        let found = between(&Config::default(), &after);
        let paths: Vec<_> = found.iter().map(|d| d["path"].as_str().unwrap()).collect();
        assert_eq!(
            paths,
            [
                "monitor_settings.interval_seconds",
                "occupancy_settings.opening_hours.monday",
                "discord_settings.webhook_alerts",
                "chain_settings.token",
            ]
        );
        assert_eq!(found[0], json!({ "path": paths[0], "from": 2, "to": 7 }));
        assert_eq!(found[1]["from"], Value::Null);
        assert!(!json!(found).to_string().contains("very-secret"));
        document["chain_settings"]["token"] = json!("another-secret");
        let other = Config::from_value(&document).unwrap();
        assert_eq!(between(&after, &other).len(), 1, "a secret that changed is told");
        assert!(between(&after, &after).is_empty());
    }
}
