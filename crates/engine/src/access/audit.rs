//! The trail: who did what, from where and when. Stored, and told in the log.

use cafesentinel_domain::time::Utc;
use serde_json::Value;

use crate::config_file::Changed;
use crate::store::{AuditEntry, Ledger, StoreError};

/// The trail. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    ledger: Option<Ledger>,
}

impl Audit {
    /// Kept in the history; without one only the log tells.
    #[must_use]
    pub fn new(ledger: Option<Ledger>) -> Audit {
        Audit { ledger }
    }

    /// Notes something. Touches the disk.
    pub fn note(&self, at: Utc, who: &str, source: &str, action: &str, details: Value) {
        tracing::info!(category = "SECURITY", "{who} from {source}: {action} {details}");
        let entry = AuditEntry {
            id: 0,
            at,
            who: who.to_owned(),
            source: source.to_owned(),
            action: action.to_owned(),
            details,
        };
        if let Some(ledger) = &self.ledger
            && let Err(error) = ledger.note(&entry)
        {
            tracing::error!(category = "ERROR", "The audit trail cannot be written: {error}");
        }
    }

    /// Notes a change of the configuration with what differs.
    pub fn config(&self, at: Utc, change: &Changed) {
        let (who, source) =
            change.by.rsplit_once(" from ").unwrap_or((&change.by, "this computer"));
        let differences = super::diff(&change.before, &change.after);
        self.note(at, who, source, "config_changed", Value::Array(differences));
    }

    /// The newest lines first.
    ///
    /// # Errors
    /// If the history cannot be read; without one there are none.
    pub fn entries(
        &self,
        limit: usize,
        before: Option<i64>,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        match &self.ledger {
            Some(ledger) => ledger.entries(limit, before),
            None => Ok(Vec::new()),
        }
    }
}
