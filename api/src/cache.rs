//! Answers by query and data version. One load per key, however many ask at once.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common::{offset::DataVersion, time::Timestamp};

use crate::{
    failure::LoadError,
    kept::{Kept, Loaded},
};

/// What an answer depends on: the same key never has two different answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The query with its defaults filled in.
    pub(crate) query: Arc<str>,
    pub(crate) version: Version,
}

/// The state of the data an answer was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Version {
    pub(crate) data_version: DataVersion,
    /// Everything else that commits, detection and people change, hashed.
    pub(crate) state: u64,
    /// Start of the current window: "the last 5 minutes" move without any commit.
    pub(crate) window: Timestamp,
}

/// An answer's place of origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Hit,
    Miss,
    /// The last that there was, as the database is away.
    Stale,
}

/// How often the cache helped, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CacheCounts {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) loads: u64,
    pub(crate) failures: u64,
}

/// The longest that a last answer is kept.
const LAST: Duration = Duration::from_secs(3_600);

/// Clones share one cache.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    entries: moka::future::Cache<Key, Arc<Kept>>,
    /// The last answer to each question, whatever became of its version.
    last: moka::future::Cache<Arc<str>, Arc<Kept>>,
    counters: Arc<Counters>,
    /// How long anybody waits for a load.
    patience: Duration,
}

#[derive(Debug, Default)]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    loads: AtomicU64,
    failures: AtomicU64,
}

impl Cache {
    pub(crate) fn new(max_bytes: u64, ttl: Duration, patience: Duration) -> Self {
        // The last answers are mostly those of the present version and are not there twice, but they may be.
        let of_last = max_bytes / 4;
        let entries = moka::future::Cache::builder()
            .max_capacity(max_bytes - of_last)
            .weigher(|key: &Key, kept: &Arc<Kept>| {
                let bytes = size_of::<Key>() + key.query.len() + kept.bytes();
                u32::try_from(bytes).unwrap_or(u32::MAX)
            })
            .time_to_live(ttl)
            .build();
        let last = moka::future::Cache::builder()
            .max_capacity(of_last)
            .weigher(|query: &Arc<str>, kept: &Arc<Kept>| {
                u32::try_from(query.len() + kept.bytes()).unwrap_or(u32::MAX)
            })
            .time_to_live(LAST)
            .build();
        Self { entries, last, counters: Arc::default(), patience }
    }

    /// The answer to `key`; `load` runs only if nobody has it and nobody else is loading it. A failure is given to
    /// all who wait and is not kept.
    pub(crate) async fn get<F>(&self, key: Key, load: F) -> Result<(Arc<Kept>, Origin), LoadError>
    where
        F: Future<Output = Result<Loaded, LoadError>> + Send + 'static,
    {
        if let Some(kept) = self.find(&key).await {
            self.count_hit();
            return Ok((kept, Origin::Hit));
        }
        count(&self.counters.misses);
        let cache = self.clone();
        // In a task of its own: a client that goes away must not take the load from the others who wait for it.
        let loading = tokio::spawn(async move {
            let counters = Arc::clone(&cache.counters);
            let (of, query) = (key.clone(), Arc::clone(&key.query));
            let counted = async move {
                count(&counters.loads);
                let result = load.await;
                if result.is_err() {
                    count(&counters.failures);
                }
                result.map(|loaded| Arc::new(Kept::new(&of, loaded)))
            };
            let kept = cache.entries.try_get_with(key, counted).await.map_err(|failure| *failure)?;
            cache.last.insert(query, Arc::clone(&kept)).await;
            Ok(kept)
        });
        match tokio::time::timeout(self.patience, loading).await {
            Ok(Ok(Ok(kept))) => Ok((kept, Origin::Miss)),
            Ok(Ok(Err(failure))) => Err(failure),
            Ok(Err(_panicked)) => Err(LoadError::Internal),
            Err(_elapsed) => Err(LoadError::Unavailable),
        }
    }

    /// Has `kept` be the last answer to what was `asked` in other words than its key's.
    pub(crate) async fn keep_last(&self, asked: Arc<str>, kept: Arc<Kept>) {
        self.last.insert(asked, kept).await;
    }

    /// The last answer to `query` there was, for when there is no better one.
    pub(crate) async fn last(&self, query: &str) -> Option<Arc<Kept>> {
        self.last.get(query).await
    }

    /// The answer to `key`, if it is there; [`Self::count_hit`] is left to who gives it to a client.
    pub(crate) async fn find(&self, key: &Key) -> Option<Arc<Kept>> {
        self.entries.get(key).await
    }

    pub(crate) fn count_hit(&self) {
        count(&self.counters.hits);
    }

    pub(crate) fn counts(&self) -> CacheCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheCounts {
            hits: of(&self.counters.hits),
            misses: of(&self.counters.misses),
            loads: of(&self.counters.loads),
            failures: of(&self.counters.failures),
        }
    }

    /// Bytes kept, as last summed up.
    pub(crate) fn bytes(&self) -> u64 {
        self.entries.weighted_size() + self.last.weighted_size()
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::sync::Notify;

    use super::*;

    fn key(query: &str, version: i64) -> Key {
        Key {
            query: query.into(),
            version: Version { data_version: DataVersion(version), state: 0, window: Timestamp::default() },
        }
    }

    fn answer(body: impl Into<Bytes>) -> Loaded {
        Loaded { body: body.into(), next: None }
    }

    async fn got<F>(cache: &Cache, key: Key, load: F) -> Result<(Loaded, Origin), LoadError>
    where
        F: Future<Output = Result<Loaded, LoadError>> + Send + 'static,
    {
        cache.get(key, load).await.map(|(kept, origin)| (kept.loaded.clone(), origin))
    }

    fn cache(max_bytes: u64) -> Cache {
        Cache::new(max_bytes, Duration::from_secs(60), Duration::from_secs(10))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_thousand_at_once_cause_one_load() {
        let cache = cache(1 << 20);
        let release = Arc::new(Notify::new());
        let started = Arc::new(AtomicU64::new(0));
        let requests: Vec<_> = (0..1_000)
            .map(|_| {
                let (cache, release, started) = (cache.clone(), Arc::clone(&release), Arc::clone(&started));
                tokio::spawn(async move {
                    let load = async move {
                        started.fetch_add(1, Ordering::SeqCst);
                        release.notified().await;
                        Ok(answer("answer"))
                    };
                    got(&cache, key("stats", 1), load).await
                })
            })
            .collect();
        // All have missed before the one load may end.
        while cache.counts().misses < 1_000 {
            tokio::task::yield_now().await;
        }
        release.notify_one();
        for request in requests {
            assert_eq!(request.await.unwrap(), Ok((answer("answer"), Origin::Miss)));
        }
        assert_eq!(started.load(Ordering::SeqCst), 1);
        assert_eq!(cache.counts(), CacheCounts { hits: 0, misses: 1_000, loads: 1, failures: 0 });
    }

    #[tokio::test]
    async fn a_new_version_is_loaded_and_an_old_one_is_repeated() {
        let cache = cache(1 << 20);
        for (version, origin) in [(1, Origin::Miss), (1, Origin::Hit), (2, Origin::Miss), (2, Origin::Hit)] {
            let load = async move { Ok(answer(version.to_string())) };
            assert_eq!(
                got(&cache, key("stats", version), load).await,
                Ok((answer(version.to_string()), origin))
            );
        }
        assert_eq!(cache.counts().loads, 2);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = cache(1 << 20);
        let failed = got(&cache, key("stats", 1), async { Err(LoadError::Unavailable) }).await;
        assert_eq!(failed, Err(LoadError::Unavailable));
        let back = got(&cache, key("stats", 1), async { Ok(answer("back")) }).await;
        assert_eq!(back, Ok((answer("back"), Origin::Miss)));
        assert_eq!(cache.counts().failures, 1);
    }

    #[tokio::test]
    async fn a_client_that_leaves_does_not_stop_the_load_for_others() {
        let cache = cache(1 << 20);
        let (release, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let first = tokio::spawn({
            let (cache, release, begun) = (cache.clone(), Arc::clone(&release), Arc::clone(&begun));
            async move {
                let load = async move {
                    begun.notify_one();
                    release.notified().await;
                    Ok(answer("answer"))
                };
                got(&cache, key("stats", 1), load).await
            }
        });
        begun.notified().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        release.notify_one();
        let second = got(&cache, key("stats", 1), async { Err(LoadError::Internal) }).await;
        assert_eq!(second.map(|(body, _)| body), Ok(answer("answer")));
        assert_eq!(cache.counts().loads, 1);
    }

    #[tokio::test]
    async fn the_last_answer_outlives_its_version_and_its_time() {
        let cache = Cache::new(1 << 20, Duration::ZERO, Duration::from_secs(10));
        assert!(cache.last("stats").await.is_none());
        for version in [1, 2] {
            cache.get(key("stats", version), async move { Ok(answer(version.to_string())) }).await.unwrap();
        }
        let failed = cache.get(key("stats", 3), async { Err(LoadError::Unavailable) }).await;
        assert_eq!(failed.map(|_| ()), Err(LoadError::Unavailable));
        assert!(cache.find(&key("stats", 2)).await.is_none(), "its time is over");
        let last = cache.last("stats").await.unwrap();
        assert_eq!((last.loaded.clone(), last.version.data_version), (answer("2"), DataVersion(2)));
    }

    #[tokio::test]
    async fn it_stays_within_its_bytes() {
        let cache = cache(10_000);
        for version in 0..100 {
            let load = async { Ok(answer(vec![0; 1_000])) };
            cache.get(key(&format!("stats {version}"), version), load).await.unwrap();
        }
        cache.entries.run_pending_tasks().await;
        cache.last.run_pending_tasks().await;
        assert!(cache.bytes() <= 10_000 && cache.bytes() > 0, "{}", cache.bytes());
    }
}
