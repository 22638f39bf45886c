//! Secrets of the configuration on their way to the disk and back.
//!
//! On the disk they stand sealed, whenever the program writes; in memory they are clear.
//! Somebody who edits the file may write one in clear: it is taken, and sealed at the
//! next write. One that does not open here (the file comes from another computer) is a
//! named fault and counts as absent; the rest of the configuration is in force.

use std::borrow::Cow;
use std::fmt;

use cafesentinel_domain::config::{Config, Fault, FaultCode, Secret, secret_places};
use serde_json::Value;
use zeroize::Zeroizing;

/// Seals a text for its place in the document, and opens it there.
pub trait Sealer: Send + Sync + fmt::Debug {
    /// None while nothing can be sealed.
    fn seal(&self, place: &str, clear: &str) -> Option<String>;
    /// None if it does not open here.
    fn unseal(&self, place: &str, sealed: &str) -> Option<Zeroizing<String>>;
}

/// Seals nothing and opens nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoSealer;

impl Sealer for NoSealer {
    fn seal(&self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn unseal(&self, _: &str, _: &str) -> Option<Zeroizing<String>> {
        None
    }
}

/// Opens the secrets of a configuration. Says which stay shut.
pub(super) fn open(config: &mut Config, sealer: &dyn Sealer) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (place, secret) in config.secrets_mut() {
        if !secret.is_sealed() {
            continue;
        }
        match sealer.unseal(place, secret.expose()) {
            Some(clear) => *secret = Secret::new(&clear),
            None => faults.push(Fault {
                path: place.to_owned(),
                code: FaultCode::Sealed,
                message: format!(
                    "{place}: was sealed on another computer, or the vault is shut; it counts \
                     as empty until it is entered again"
                ),
            }),
        }
    }
    faults
}

/// The same text with its secrets sealed. Of one that is not JSON (it was faulty when it
/// was backed up) the tokens of webhooks are taken out instead.
pub(super) fn protect<'t>(text: &'t [u8], sealer: &dyn Sealer) -> Cow<'t, [u8]> {
    if sealer.seal("", "").is_none() {
        return Cow::Borrowed(text);
    }
    let bare = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let Ok(mut document) = serde_json::from_slice::<Value>(bare) else {
        return redact(text);
    };
    let mut changed = false;
    for (section, key) in secret_places() {
        let slot = document.get_mut(section).and_then(|s| s.get_mut(key));
        let Some(slot) = slot else { continue };
        let Some(clear) = slot.as_str().map(Secret::new) else { continue };
        if clear.is_empty() || clear.is_sealed() {
            continue;
        }
        if let Some(sealed) = sealer.seal(&format!("{section}.{key}"), clear.expose()) {
            *slot = Value::String(sealed);
            changed = true;
        }
    }
    if changed { Cow::Owned(format!("{document:#}\n").into_bytes()) } else { Cow::Borrowed(text) }
}

fn redact(text: &[u8]) -> Cow<'_, [u8]> {
    const HOOK: &[u8] = b"/webhooks/";
    const REMOVED: &[u8] = b"REMOVED";
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(HOOK.len()).position(|window| window == HOOK) {
        let (before, after) = rest.split_at(at + HOOK.len());
        out.extend(before);
        let id = after.iter().take_while(|b| b.is_ascii_digit()).count();
        let (id, after) = after.split_at(id);
        out.extend(id);
        rest = after;
        if let Some(token) = after.strip_prefix(b"/") {
            let word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'-' || **b == b'_';
            out.push(b'/');
            rest = token.get(token.iter().take_while(word).count()..).unwrap_or_default();
            out.extend(REMOVED);
        }
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.extend(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use serde_json::json;

    use super::*;
    use crate::config_file::{BACKUPS, ConfigFile, FILE, Refused};

    /// Seals so that anybody can see through it, once it is ready.
    #[derive(Debug, Default)]
    struct Glass(AtomicBool);

    impl Sealer for Glass {
        fn seal(&self, place: &str, clear: &str) -> Option<String> {
            let clear: String = clear.chars().rev().collect();
            self.0.load(Ordering::Relaxed).then(|| format!("sealed:{place}|{clear}"))
        }

        fn unseal(&self, place: &str, sealed: &str) -> Option<Zeroizing<String>> {
            let (at, clear) = sealed.strip_prefix("sealed:")?.split_once('|')?;
            let open = self.0.load(Ordering::Relaxed) && at == place;
            open.then(|| Zeroizing::new(clear.chars().rev().collect()))
        }
    }

    const HOOK: &str = "https://discord.com/api/webhooks/1/very-secret";

    fn with(hook: &str) -> Value {
        let mut document = Config::default().to_value();
        document["discord_settings"]["webhook_alerts"] = json!(hook);
        document
    }

    fn open_in(folder: &Path, ready: bool) -> (ConfigFile, Arc<Glass>) {
        let glass = Arc::new(Glass(AtomicBool::new(ready)));
        let (file, ..) = ConfigFile::open_with(folder, Config::default(), glass.clone());
        (file, glass)
    }

    /// Whether the token stands in clear in any file of the folder.
    fn leaks(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(leaks(&path));
            } else if String::from_utf8_lossy(&fs::read(&path).unwrap()).contains("very-secret") {
                found.push(path.display().to_string());
            }
        }
        found
    }

    fn hook(file: &ConfigFile) -> String {
        file.current().discord.webhook_alerts.expose().to_owned()
    }

    #[test]
    fn what_the_program_writes_is_sealed_and_opens_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = open_in(folder.path(), true);
        file.replace(&with(HOOK), "a test", None).unwrap();
        file.replace(&with(HOOK), "a test", None).unwrap();
        assert_eq!(file.backups().len(), 1, "sealed alike, so not written twice");
        let mut other = file.current().masked();
        other["monitor_settings"]["interval_seconds"] = json!(9);
        file.replace(&other, "a test", None).unwrap();
        assert_eq!(leaks(folder.path()), Vec::<String>::new());
        assert_eq!(hook(&file), HOOK);
        let name = file.backups()[0].clone();
        file.restore(&name, "a test").unwrap();
        assert_eq!(hook(&file), HOOK);
        drop(file);
        let (file, _) = open_in(folder.path(), true);
        assert_eq!(hook(&file), HOOK);
        assert_eq!(leaks(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn an_edit_in_clear_is_taken_and_sealed_at_the_next_write_with_all_backups() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), with(HOOK).to_string()).unwrap();
        let backups = folder.path().join(BACKUPS);
        fs::create_dir_all(&backups).unwrap();
        let old = backups.join("config_backup_20260101_000000.json");
        fs::write(&old, with(HOOK).to_string()).unwrap();
        let broken = backups.join("config_backup_20260101_000001.json");
        fs::write(&broken, format!("{{ \"x\": \"{HOOK}\", \"y\": \"{HOOK}?a=/webhooks/\" "))
            .unwrap();
        let (file, glass) = open_in(folder.path(), false);
        assert_eq!((hook(&file), leaks(folder.path()).len()), (HOOK.to_owned(), 4));
        glass.0.store(true, Ordering::Relaxed);
        file.reseal().unwrap();
        assert_eq!(leaks(folder.path()), Vec::<String>::new());
        assert_eq!(hook(&file), HOOK);
        assert_eq!(file.backups().len(), 2, "sealing is no change");
        let text = fs::read_to_string(&broken).unwrap();
        assert_eq!(text.matches("/webhooks/1/REMOVED").count(), 2, "{text}");
        fs::write(folder.path().join(FILE), with(HOOK).to_string()).unwrap();
        let (file, _) = open_in(folder.path(), true);
        assert_eq!(hook(&file), HOOK);
        let mut next = file.current().masked();
        next["monitor_settings"]["interval_seconds"] = json!(9);
        file.replace(&next, "a test", None).unwrap();
        assert_eq!(leaks(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn one_that_does_not_open_here_is_a_named_fault_and_the_rest_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let mut foreign = with("sealed:elsewhere");
        foreign["monitor_settings"]["interval_seconds"] = json!(7);
        fs::write(folder.path().join(FILE), foreign.to_string()).unwrap();
        let (file, _) = open_in(folder.path(), true);
        let config = file.current();
        assert_eq!(config.monitor.interval.as_secs(), 7);
        assert_eq!(config.discord.webhook_alerts.clear(), None);
        let faults = file.faults();
        assert_eq!(faults[0].path, "discord_settings.webhook_alerts");
        assert_eq!(faults[0].code, FaultCode::Sealed);
        // Another change goes through and keeps it, a new one is taken.
        let mut next = config.masked();
        next["monitor_settings"]["interval_seconds"] = json!(8);
        file.replace(&next, "a test", None).unwrap();
        assert_eq!((hook(&file).as_str(), file.faults().len()), ("sealed:elsewhere", 1));
        let stolen = with("sealed:chain_settings.token|x");
        assert!(matches!(file.replace(&stolen, "a test", None), Err(Refused::Faulty(_))));
        file.replace(&with(HOOK), "a test", None).unwrap();
        assert_eq!((hook(&file).as_str(), file.faults().len()), (HOOK, 0));
    }

    #[test]
    fn who_changed_it_is_told_with_before_and_after() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = open_in(folder.path(), true);
        let mut changes = file.changes();
        file.replace(&with(HOOK), "admin from 10.0.0.1", None).unwrap();
        file.replace(&with(HOOK), "admin from 10.0.0.1", None).unwrap();
        let change = changes.try_recv().unwrap();
        assert_eq!(change.by, "admin from 10.0.0.1");
        assert!(change.before.discord.webhook_alerts.is_empty());
        assert_eq!(change.after, file.current());
        assert!(changes.try_recv().is_err(), "the second changed nothing");
    }
}
