//! One rendered snapshot per version of the data, shared by everyone who listens.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use futures::{Stream, stream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use crate::{
    answer::Depends, app::App, cache::Version, failure::LoadError, problem::Problem,
    routes::dashboard::DashboardQuery,
};

/// Sent first, so that a browser tries again soon after a restart.
const GREETING: Bytes = Bytes::from_static(b"retry: 1000\n\n");
const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// Holds the latest event. Slow readers skip to it.
#[derive(Debug)]
pub(crate) struct Publisher {
    latest: watch::Sender<Option<Bytes>>,
    places: Arc<Semaphore>,
    capacity: usize,
    /// The first listener after a while came: whatever was told before counts no more.
    stale: AtomicBool,
    arrival: Notify,
}

/// One listener. Its place is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Subscription {
    events: watch::Receiver<Option<Bytes>>,
    _place: OwnedSemaphorePermit,
}

impl Publisher {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            latest: watch::Sender::new(None),
            places: Arc::new(Semaphore::new(capacity)),
            capacity,
            stale: AtomicBool::new(false),
            arrival: Notify::new(),
        }
    }

    /// `None` when all places are taken.
    pub(crate) fn subscribe(&self) -> Option<Subscription> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        if self.latest.receiver_count() == 0 {
            // What was rendered for the last listener who left may be hours old.
            self.latest.send_replace(None);
            self.stale.store(true, Ordering::Release);
        }
        let mut events = self.latest.subscribe();
        events.mark_changed();
        self.arrival.notify_one();
        Some(Subscription { events, _place: place })
    }

    pub(crate) fn subscribers(&self) -> usize {
        self.capacity - self.places.available_permits()
    }
}

impl Subscription {
    /// The body of an event stream, until shutdown.
    pub(crate) fn into_body(
        self,
        app: &App,
    ) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> + use<> {
        let (shutdown, silence) = (app.shutdown.clone(), app.settings.keep_alive.as_duration());
        let greeting = stream::iter([Ok(GREETING)]);
        let events = stream::unfold((self, shutdown), move |(mut subscription, shutdown)| async move {
            let event = tokio::select! {
                biased;
                () = shutdown.wait() => return None,
                event = subscription.next() => event?,
                () = tokio::time::sleep(silence) => KEEP_ALIVE,
            };
            Some((Ok(event), (subscription, shutdown)))
        });
        futures::StreamExt::chain(greeting, events)
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.events.changed().await.ok()?;
            if let Some(event) = self.events.borrow_and_update().clone() {
                return Some(event);
            }
        }
    }
}

/// What listeners were told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Snapshot(Version),
    Problem(LoadError),
}

impl App {
    /// Renders and publishes while anyone listens, until shutdown.
    pub(crate) async fn push_snapshots(&self) {
        let mut told = Told::Nothing;
        while !self.shutdown.requested() {
            tokio::select! {
                () = self.shutdown.wait() => return,
                () = self.publisher.listened() => {}
            }
            if self.publisher.stale.swap(false, Ordering::AcqRel) {
                told = Told::Nothing;
            }
            let next = self.push(told).await;
            let pause = if next == told { Duration::ZERO } else { self.settings.push_interval.as_duration() };
            told = next;
            tokio::select! {
                () = self.shutdown.wait() => return,
                // At most one event per interval, and none before something was read again.
                _ = async { tokio::join!(tokio::time::sleep(pause), self.watcher.next()) } => {}
            }
        }
    }

    /// Publishes what is new since `told`.
    async fn push(&self, told: Told) -> Told {
        let current = match self.watcher.current().await {
            Ok(seen) => Told::Snapshot(self.version(Depends::Everything, &seen)),
            Err(failure) => Told::Problem(failure),
        };
        if current == told {
            return told;
        }
        match self.answer(DashboardQuery).await {
            Ok(answer) => {
                self.publisher.publish("snapshot", Some(answer.version), &answer.body);
                Told::Snapshot(answer.version)
            }
            Err(failure) if told == Told::Problem(failure) => told,
            Err(failure) => {
                let problem = Problem::from(failure).json("", "/api/stream/events");
                self.publisher.publish("problem", None, &problem);
                Told::Problem(failure)
            }
        }
    }
}

impl Publisher {
    /// Returns once there is a listener.
    async fn listened(&self) {
        while self.latest.receiver_count() == 0 {
            self.arrival.notified().await;
        }
    }

    /// `data` is JSON on one line.
    fn publish(&self, name: &str, version: Option<Version>, data: &[u8]) {
        let mut event = Vec::with_capacity(data.len() + 64);
        if let Some(version) = version {
            event.extend_from_slice(format!("id: {}\n", version.data_version).as_bytes());
        }
        event.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
        event.extend_from_slice(data);
        event.extend_from_slice(b"\n\n");
        metrics::counter!("api_pushes_total").increment(1);
        self.latest.send_replace(Some(Bytes::from(event)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_gets_the_latest_event_only() {
        let publisher = Publisher::new(1);
        let mut subscription = publisher.subscribe().unwrap();
        for data in ["1", "2", "3"] {
            publisher.publish("snapshot", None, data.as_bytes());
        }
        assert_eq!(subscription.next().await.unwrap(), "event: snapshot\ndata: 3\n\n");
    }

    #[tokio::test]
    async fn a_late_listener_gets_the_latest_event_at_once() {
        let publisher = Publisher::new(2);
        let _first = publisher.subscribe().unwrap();
        publisher.publish("snapshot", None, b"1");
        let mut second = publisher.subscribe().unwrap();
        assert_eq!(second.next().await.unwrap(), "event: snapshot\ndata: 1\n\n");
    }

    #[tokio::test]
    async fn places_are_limited_and_given_back() {
        let publisher = Publisher::new(1);
        let only = publisher.subscribe().unwrap();
        assert!(publisher.subscribe().is_none());
        assert_eq!(publisher.subscribers(), 1);
        drop(only);
        assert!(publisher.subscribe().is_some());
    }
}
