//! What targets asked when they were last answered: asked in the same words again, a question needs no route.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
};

use axum::http::Uri;
use common::time::Timestamp;

use crate::{answer::Question, kept::Kept, meters::Meters, progress::Seen};

/// Targets remembered at most; one more and all are forgotten, which costs each of them one more routing.
const MOST: usize = 1_024;
/// Longer targets are not remembered.
const LONGEST: usize = 256;

/// Only of questions that are told by the target alone, whatever the headers say.
#[derive(Debug, Default)]
pub(crate) struct Shortcuts(RwLock<HashMap<Box<str>, Arc<Shortcut>>>);

#[derive(Debug)]
pub(crate) struct Shortcut {
    pub(crate) question: Question,
    pub(crate) meters: Meters,
    recent: Mutex<Option<Recent>>,
}

/// The last answer, with what it was found by: many are given between two readings of what is committed.
#[derive(Debug)]
struct Recent {
    seen: Arc<Seen>,
    window: Timestamp,
    /// The cache decides how long it is kept.
    kept: Weak<Kept>,
}

impl Shortcut {
    fn new(question: Question, route: &str) -> Self {
        Self { question, meters: Meters::of(route), recent: Mutex::default() }
    }

    /// The answer that was given to the same reading in the same window.
    pub(crate) fn recent(&self, seen: &Arc<Seen>, window: Timestamp) -> Option<Arc<Kept>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            recent.as_ref().filter(|recent| Arc::ptr_eq(&recent.seen, seen) && recent.window == window);
        same?.kept.upgrade()
    }

    pub(crate) fn note(&self, seen: Arc<Seen>, window: Timestamp, kept: &Arc<Kept>) {
        let recent = Recent { seen, window, kept: Arc::downgrade(kept) };
        *self.recent.lock().unwrap_or_else(PoisonError::into_inner) = Some(recent);
    }
}

impl Shortcuts {
    pub(crate) fn find(&self, uri: &Uri) -> Option<Arc<Shortcut>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(target(uri)?).cloned()
    }

    /// Remembers what a GET of `uri`, which `route` matches, was understood to ask.
    pub(crate) fn remember(&self, uri: &Uri, route: &str, question: Question) {
        let Some(target) = target(uri).filter(|target| target.len() <= LONGEST) else { return };
        if self.find(uri).is_some() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(target.into(), Arc::new(Shortcut::new(question, route)));
    }
}

fn target(uri: &Uri) -> Option<&str> {
    uri.path_and_query().map(|target| target.as_str())
}

#[cfg(test)]
mod tests {
    use common::offset::DataVersion;

    use super::*;
    use crate::{
        answer::Depends,
        cache::{Key, Version},
        kept::Loaded,
    };

    fn question(text: &str) -> Question {
        Question { text: text.into(), media_type: "application/json", depends: Depends::Downloads }
    }

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn a_target_is_found_in_the_same_words_only() {
        let shortcuts = Shortcuts::default();
        shortcuts.remember(&uri("/a?b=1&c=2"), "/a", question("A"));
        shortcuts.remember(&uri("/a?b=1&c=2"), "/a", question("B"));
        let found = |text: &str| shortcuts.find(&uri(text)).map(|found| found.question.text.to_string());
        assert_eq!(found("/a?b=1&c=2").as_deref(), Some("A"));
        assert_eq!(found("http://elsewhere/a?b=1&c=2").as_deref(), Some("A"));
        for other in ["/a", "/a?c=2&b=1", "/a?b=1&c=2&", "/A?b=1&c=2"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn an_answer_is_given_again_to_the_same_reading_in_the_same_window_while_the_cache_has_it() {
        let shortcut = Shortcut::new(question("A"), "/a");
        let (seen, window) = (Arc::new(Seen::default()), Timestamp::from_millis(60_000));
        assert!(shortcut.recent(&seen, window).is_none());
        let version = Version { data_version: DataVersion(1), state: 0, window };
        let key = Key { query: "A".into(), version };
        let kept = Arc::new(Kept::new(&key, Loaded { body: "answer".into(), next: None }));
        shortcut.note(Arc::clone(&seen), window, &kept);
        assert!(shortcut.recent(&seen, window).is_some_and(|found| Arc::ptr_eq(&found, &kept)));
        assert!(shortcut.recent(&Arc::new(Seen::default()), window).is_none(), "another reading");
        assert!(shortcut.recent(&seen, Timestamp::from_millis(120_000)).is_none(), "another window");
        drop(kept);
        assert!(shortcut.recent(&seen, window).is_none(), "the cache let go of it");
    }

    #[test]
    fn they_take_a_bounded_amount_of_memory() {
        let shortcuts = Shortcuts::default();
        for number in 0..5_000 {
            shortcuts.remember(&uri(&format!("/{number}")), "/", question(""));
            assert!(shortcuts.0.read().unwrap().len() <= MOST);
        }
        assert!(shortcuts.find(&uri("/4999")).is_some());
        let long = uri(&format!("/{}", "x".repeat(LONGEST)));
        shortcuts.remember(&long, "/", question(""));
        assert!(shortcuts.find(&long).is_none());
    }
}
