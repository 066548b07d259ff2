//! What the cache keeps of an answer.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Instant,
};

use axum::http::HeaderValue;
use bytes::Bytes;

use crate::cache::{Key, Version};

/// A rendered answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loaded {
    pub(crate) body: Bytes,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<Arc<str>>,
}

/// An answer with what is made of it once, for all who ask.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) loaded: Loaded,
    pub(crate) version: Version,
    pub(crate) at: Instant,
    pub(crate) etag: Option<HeaderValue>,
}

impl Kept {
    pub(crate) fn new(key: &Key, loaded: Loaded) -> Self {
        Self { loaded, version: key.version, at: Instant::now(), etag: etag(key) }
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.loaded.body.len() + self.loaded.next.as_ref().map_or(0, |next| next.len())
    }

    /// Whether an `If-None-Match` lists its tag, by weak comparison.
    pub(crate) fn is_listed(&self, tags: &HeaderValue) -> bool {
        let Some(Ok(etag)) = self.etag.as_ref().map(HeaderValue::to_str) else { return false };
        let opaque = |tag: &'_ str| tag.trim().trim_start_matches("W/").to_owned();
        tags.to_str()
            .is_ok_and(|tags| tags.trim() == "*" || tags.split(',').any(|tag| opaque(tag) == opaque(etag)))
    }
}

/// Weak: `as_of` and `lag_seconds` may differ between two answers about the same data.
fn etag(key: &Key) -> Option<HeaderValue> {
    let mut hash = DefaultHasher::new();
    key.hash(&mut hash);
    HeaderValue::try_from(format!("W/\"{}-{:016x}\"", key.version.data_version, hash.finish())).ok()
}

#[cfg(test)]
mod tests {
    use common::{offset::DataVersion, time::Timestamp};

    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list_whether_weak_or_strong() {
        let version = Version { data_version: DataVersion(7), state: 0, window: Timestamp::default() };
        let key = Key { query: "".into(), version };
        let kept = Kept {
            etag: Some(HeaderValue::from_static("W/\"7-00ff\"")),
            ..Kept::new(&key, Loaded { body: Bytes::new(), next: None })
        };
        for (tags, found) in [
            ("W/\"7-00ff\"", true),
            ("\"7-00ff\"", true),
            ("\"x\", W/\"7-00ff\"", true),
            ("*", true),
            ("\"7-00fe\"", false),
            ("", false),
        ] {
            assert_eq!(kept.is_listed(&HeaderValue::from_static(tags)), found, "{tags}");
        }
    }
}
