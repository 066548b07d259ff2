//! Knows which version of the data is committed: reads it often while anyone asks, not at all otherwise.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use common::shutdown::Shutdown;
use deadpool_postgres::Pool;
use tokio::sync::{Mutex, Notify, watch};

use crate::{
    failure::LoadError,
    progress::{self, Acknowledged, Seen},
};

/// How long one request keeps the watcher reading.
const INTEREST: Duration = Duration::from_secs(2);
/// How long a request waits for a reading before the database counts as unavailable.
const PATIENCE: Duration = Duration::from_secs(3);
/// Pause after a failed reading.
const AFTER_FAILURE: Duration = Duration::from_millis(250);
/// Acknowledgements cost a scan of the alerts, so they are looked for less often.
const ACKNOWLEDGED_EVERY: Duration = Duration::from_secs(1);

/// The latest reading, and when it was begun.
#[derive(Clone, Debug)]
struct Reading {
    begun: Instant,
    result: Result<Arc<Seen>, LoadError>,
}

#[derive(Debug)]
pub(crate) struct Watcher {
    interval: Duration,
    readings: watch::Sender<Option<Reading>>,
    wake: Notify,
    created: Instant,
    /// Milliseconds after `created` at which somebody last asked, plus one; 0 is never.
    last_asked: AtomicU64,
}

impl Watcher {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            readings: watch::Sender::new(None),
            wake: Notify::new(),
            created: Instant::now(),
            last_asked: AtomicU64::new(0),
        }
    }

    /// What is committed, at most two intervals old.
    ///
    /// # Errors
    /// When it could not be read, or not in time.
    pub(crate) async fn current(&self) -> Result<Arc<Seen>, LoadError> {
        if let Some(fresh) = self.fresh() {
            return fresh;
        }
        let oldest = self.oldest();
        let mut readings = self.readings.subscribe();
        let fresh =
            readings.wait_for(|reading| reading.as_ref().is_some_and(|reading| reading.begun >= oldest));
        match tokio::time::timeout(PATIENCE, fresh).await {
            Ok(Ok(reading)) => reading.as_ref().map_or(Err(LoadError::Unavailable), |r| r.result.clone()),
            Ok(Err(_)) | Err(_) => Err(LoadError::Unavailable),
        }
    }

    /// As [`Self::current`], if that is known without a wait.
    pub(crate) fn fresh(&self) -> Option<Result<Arc<Seen>, LoadError>> {
        self.ask();
        let oldest = self.oldest();
        let reading = self.readings.borrow();
        reading.as_ref().filter(|reading| reading.begun >= oldest).map(|reading| reading.result.clone())
    }

    fn oldest(&self) -> Instant {
        let now = Instant::now();
        now.checked_sub(self.interval * 2).unwrap_or(now)
    }

    /// Returns after the next reading, whatever it found.
    pub(crate) async fn next(&self) {
        self.ask();
        let _ = self.readings.subscribe().changed().await;
    }

    /// Reads with `read` while anyone is interested, until shutdown.
    pub(crate) async fn run<R, F>(&self, read: R, shutdown: Shutdown)
    where
        R: Fn() -> F,
        F: Future<Output = Result<Seen, LoadError>>,
    {
        while !shutdown.requested() {
            if !self.interested() {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = shutdown.wait() => return,
                }
            }
            let begun = Instant::now();
            let result = tokio::select! {
                result = tokio::time::timeout(PATIENCE, read()) => result.unwrap_or(Err(LoadError::Unavailable)),
                () = shutdown.wait() => return,
            };
            let pause = if result.is_ok() { self.interval } else { self.interval.max(AFTER_FAILURE) };
            self.publish(Reading { begun, result: result.map(Arc::new) });
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    fn publish(&self, reading: Reading) {
        let failure = reading.result.as_ref().err().copied();
        let before = self.readings.send_replace(Some(reading));
        let was_well = before.is_none_or(|before| before.result.is_ok());
        match failure {
            Some(failure) if was_well => {
                tracing::warn!(reason = %failure, "database unavailable, answering 503");
            }
            None if !was_well => tracing::info!("database available again"),
            _ => {}
        }
    }

    fn ask(&self) {
        let millis = u64::try_from(self.created.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        // Who asked in the same millisecond wakes it for both.
        if self.last_asked.swap(millis + 1, Ordering::AcqRel) != millis + 1 {
            self.wake.notify_one();
        }
    }

    fn interested(&self) -> bool {
        match self.last_asked.load(Ordering::Acquire).checked_sub(1) {
            Some(asked) => self.created.elapsed() <= Duration::from_millis(asked) + INTEREST,
            None => false,
        }
    }
}

/// Reads what is committed from the database.
#[derive(Debug)]
pub(crate) struct Probe {
    pool: Pool,
    acknowledged: Mutex<Option<(Instant, Acknowledged)>>,
}

impl Probe {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, acknowledged: Mutex::new(None) }
    }

    pub(crate) async fn read(&self) -> Result<Seen, LoadError> {
        let client = self.pool.get().await?;
        let mut known = self.acknowledged.lock().await;
        let acknowledged = match *known {
            Some((at, mark)) if at.elapsed() < ACKNOWLEDGED_EVERY => mark,
            _ => {
                let mark = progress::read_acknowledged(&client).await?;
                *known = Some((Instant::now(), mark));
                mark
            }
        };
        progress::read(&client, acknowledged).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_read_while_nobody_asks() {
        let watcher = Arc::new(Watcher::new(Duration::from_millis(25)));
        let reads = Arc::new(AtomicU64::new(0));
        let shutdown = Shutdown::default();
        let task = tokio::spawn({
            let (watcher, reads, shutdown) = (Arc::clone(&watcher), Arc::clone(&reads), shutdown.clone());
            async move {
                let read = || {
                    reads.fetch_add(1, Ordering::SeqCst);
                    async { Ok(Seen::default()) }
                };
                watcher.run(read, shutdown).await;
            }
        });
        tokio::time::advance(Duration::from_secs(60)).await;
        tokio::task::yield_now().await;
        assert_eq!(reads.load(Ordering::SeqCst), 0);

        assert_eq!(*watcher.current().await.unwrap(), Seen::default());
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        shutdown.trigger();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_is_never_older_than_two_intervals_and_failures_pass() {
        let watcher = Arc::new(Watcher::new(Duration::from_millis(1)));
        let broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let shutdown = Shutdown::default();
        let task = tokio::spawn({
            let (watcher, broken, shutdown) = (Arc::clone(&watcher), Arc::clone(&broken), shutdown.clone());
            async move {
                let read = || {
                    let broken = broken.load(Ordering::SeqCst);
                    async move { if broken { Err(LoadError::Unavailable) } else { Ok(Seen::default()) } }
                };
                watcher.run(read, shutdown).await;
            }
        });
        assert_eq!(watcher.current().await.map(|_| ()), Err(LoadError::Unavailable));
        broken.store(false, Ordering::SeqCst);
        while watcher.current().await.is_err() {}
        shutdown.trigger();
        task.await.unwrap();
    }
}
