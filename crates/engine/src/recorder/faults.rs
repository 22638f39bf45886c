//! Standing faults of the running program, shown in the view until they are over.

use std::sync::{Arc, Mutex, PoisonError};

/// Code and sentence of each. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<(&'static str, String)>>>);

impl Faults {
    /// Raises a fault, replaces its text, or withdraws it. Says whether that is news.
    pub fn set(&self, code: &'static str, text: Option<String>) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|(c, _)| *c == code);
        match (known, text) {
            (Some(i), None) => {
                all.remove(i);
                true
            }
            (Some(i), Some(text)) => all.get_mut(i).is_some_and(|slot| {
                let news = slot.1 != text;
                slot.1 = text;
                news
            }),
            (None, Some(text)) => {
                all.push((code, text));
                true
            }
            (None, None) => false,
        }
    }

    /// All that stand.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_news() {
        let faults = Faults::default();
        assert!(faults.set("storage", Some("full".into())));
        assert!(!faults.set("storage", Some("full".into())));
        assert!(faults.set("storage", Some("gone".into())));
        assert_eq!(faults.all(), [("storage", "gone".to_owned())]);
        assert!(faults.set("storage", None));
        assert!(!faults.set("storage", None));
    }
}
