//! Access control within the running program: what hangs on the vault follows it, and
//! what happens at the door is stored and told.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use cafesentinel_domain::event::Stamped;
use cafesentinel_domain::notify::{Outgoing, Told};
use tokio::sync::broadcast::error::RecvError;

use crate::access::{Access, Audit};
use crate::clock::Clock;
use crate::config_file::ConfigFile;
use crate::driver::Turn;
use crate::recorder::{Faults, Record};
use crate::store::Ledger;
use crate::vault::{Condition, Vault};

/// How soon a change of the vault by the command line, or its loss, is seen.
const LOOK: Duration = Duration::from_secs(1);

/// Puts access control together and begins to look after it.
pub(super) fn start(
    vault: Vault,
    ledger: Ledger,
    demo: bool,
    records: Sender<Record>,
    file: &ConfigFile,
    faults: &Faults,
) -> Access {
    let clock = Clock::real();
    let config = file.clone();
    let tell = move |event| {
        let now = clock.now();
        let alert = Outgoing::of_security(&event, now.utc);
        let told = alert.filter(|alert| alert.channel.is_on(&config.current()));
        let told = told.map(Told::Notice).into_iter().collect();
        let events = vec![Stamped { at: now.utc, event }];
        // Failing to tell it means that the program ends.
        let _ = records.send(Record::Turn { turn: Turn { events, told, ..Turn::default() }, now });
    };
    let audit = Audit::new(Some(ledger));
    let access = Access::new(vault, demo, audit, Box::new(move || clock.now()), Box::new(tell));
    tokio::spawn(note_changes(access.clone(), file.clone()));
    if !demo {
        tokio::spawn(look_after(access.clone(), file.clone(), faults.clone()));
    }
    access
}

/// Each change of the configuration goes into the trail.
async fn note_changes(access: Access, file: ConfigFile) {
    let mut changes = file.changes();
    loop {
        match changes.recv().await {
            Ok(change) => {
                let access = access.clone();
                let at = access.now().utc;
                let noted = move || access.audit().config(at, &change);
                let _ = tokio::task::spawn_blocking(noted).await;
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(category = "SECURITY", "{missed} changes are not in the trail.");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn look_after(access: Access, file: ConfigFile, faults: Faults) {
    let access = Arc::new(access);
    let mut last = None;
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let looking = Arc::clone(&access);
        let _ = tokio::task::spawn_blocking(move || looking.refresh()).await;
        let condition = access.condition();
        if last.as_ref() == Some(&condition) {
            continue;
        }
        faults.set(
            "vault",
            match &condition {
                Condition::Faulty(fault) => Some(format!("Nobody can log in: {fault}.")),
                Condition::Fresh | Condition::Open => None,
            },
        );
        if condition == Condition::Open {
            let file = file.clone();
            let sealed = tokio::task::spawn_blocking(move || file.reseal()).await;
            if let Ok(Err(error)) = sealed {
                tracing::error!(category = "ERROR", "{error}");
            }
        }
        last = Some(condition);
    }
}
