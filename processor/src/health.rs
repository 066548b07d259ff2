//! What keeps a processor from its work, for those who ask whether it is ready.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Clones share one state. Changed when something changes, never per event.
#[derive(Clone, Debug, Default)]
pub struct Health {
    blocked: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Health {
    /// `part` cannot go on, for this reason.
    pub fn blocked(&self, part: &str, reason: impl Into<String>) {
        self.lock().insert(part.to_owned(), reason.into());
    }

    /// `part` goes on.
    pub fn well(&self, part: &str) {
        self.lock().remove(part);
    }

    /// `part: reason` of every part that cannot go on; empty when the processor is ready.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        self.lock().iter().map(|(part, reason)| format!("{part}: {reason}")).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_until_it_is_well() {
        let health = Health::default();
        health.blocked("a", "database: away");
        health.blocked("b", "waiting");
        health.blocked("a", "database: refused");
        assert_eq!(health.reasons(), ["a: database: refused", "b: waiting"]);
        health.clone().well("a");
        assert_eq!(health.reasons(), ["b: waiting"]);
    }
}
