use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep_until},
};

use super::event::{Event, EventId, Forms, Sequence};

/// Holds the latest event. Slow readers skip to it.
#[derive(Debug)]
pub(crate) struct Publisher {
    latest: watch::Sender<Option<Arc<Event>>>,
    published: AtomicU64,
    places: Arc<Semaphore>,
    capacity: u32,
    /// The first listener after a while came: whatever was told before counts no more.
    stale: AtomicBool,
    arrival: Notify,
}

/// How a client wants to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listening {
    /// The id of the last snapshot it has, as it says.
    pub(crate) resume: Option<String>,
    /// It can apply patches.
    pub(crate) deltas: bool,
    /// Least time between two messages to it.
    pub(crate) interval: Duration,
}

/// One listener. Its place is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Subscription {
    events: watch::Receiver<Option<Arc<Event>>>,
    listening: Listening,
    /// The snapshot that it was sent last, whole or patched, over this connection.
    held: Option<Sequence>,
    /// Its next message comes no sooner.
    not_before: Instant,
    _place: OwnedSemaphorePermit,
}

impl Publisher {
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = u32::try_from(capacity).unwrap_or(u32::MAX);
        Self {
            latest: watch::Sender::new(None),
            published: AtomicU64::new(0),
            places: Arc::new(Semaphore::new(capacity as usize)),
            capacity,
            stale: AtomicBool::new(false),
            arrival: Notify::new(),
        }
    }

    /// `None` when all places are taken.
    pub(crate) fn subscribe(&self, listening: Listening) -> Option<Subscription> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        if self.latest.receiver_count() == 0 {
            // What was rendered for the last listener who left may be hours old.
            self.latest.send_replace(None);
            self.stale.store(true, Ordering::Release);
        }
        let mut events = self.latest.subscribe();
        events.mark_changed();
        self.arrival.notify_one();
        Some(Subscription { events, listening, held: None, not_before: Instant::now(), _place: place })
    }

    pub(crate) fn subscribers(&self) -> usize {
        self.capacity as usize - self.places.available_permits()
    }

    /// Returns once nobody listens and nobody can any more.
    pub(crate) async fn close(&self) {
        // An error would say that it is closed already.
        if let Ok(all) = self.places.acquire_many(self.capacity).await {
            all.forget();
        }
        self.places.close();
    }

    /// Returns once there is a listener.
    pub(super) async fn listened(&self) {
        while self.latest.receiver_count() == 0 {
            self.arrival.notified().await;
        }
    }

    /// Whether everyone who listens came since this was asked last.
    pub(super) fn is_stale(&self) -> bool {
        self.stale.swap(false, Ordering::AcqRel)
    }

    /// `body` is JSON on one line.
    pub(super) fn snapshot(&self, id: EventId, body: Bytes) {
        let sequence = Sequence(self.published.fetch_add(1, Ordering::Relaxed));
        let before = self.latest.borrow().clone();
        self.publish(Event::snapshot(id, sequence, body, before.as_deref()));
    }

    /// `body` is JSON on one line.
    pub(super) fn problem(&self, body: &[u8]) {
        self.publish(Event::problem(body));
    }

    fn publish(&self, event: Event) {
        metrics::counter!("api_pushes_total").increment(1);
        self.latest.send_replace(Some(Arc::new(event)));
    }
}

impl Subscription {
    /// The next message, the latest where there were several; `None` when there will be none.
    pub(crate) async fn next(&mut self) -> Option<Forms> {
        loop {
            // First this, so that what is told is the newest, and nothing is lost to a caller who gives up meanwhile.
            if self.not_before > Instant::now() {
                sleep_until(self.not_before).await;
            }
            self.events.changed().await.ok()?;
            let event = self.events.borrow_and_update().clone();
            if let Some(event) = event {
                self.not_before = Instant::now() + self.listening.interval;
                return Some(self.message(&event));
            }
        }
    }

    fn message(&mut self, event: &Event) -> Forms {
        // It counts for the first message only: after a problem everyone is told all again.
        let resume = self.listening.resume.take();
        let Some(snapshot) = &event.snapshot else { return event.whole.clone() };
        if resume.is_some_and(|resume| snapshot.id.is(&resume)) {
            // Not held: what it has may have been rendered by another process, a moment before or after.
            return Forms::current(&snapshot.id);
        }
        let held = self.held.replace(snapshot.sequence).filter(|_| self.listening.deltas);
        held.and_then(|held| event.patch_of(held)).unwrap_or_else(|| event.whole.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use common::{offset::DataVersion, time::Timestamp};
    use futures::FutureExt;
    use proptest::{prelude::*, test_runner::TestRunner};
    use serde_json::{Value, json};

    use super::*;
    use crate::cache::Version;

    fn id(number: i64) -> EventId {
        EventId::of(&Version { data_version: DataVersion(number), state: 0, window: Timestamp::default() })
    }

    fn publish(publisher: &Publisher, number: i64) {
        publisher.snapshot(id(number), number.to_string().into());
    }

    async fn frame(subscription: &mut Subscription) -> Value {
        serde_json::from_str(&subscription.next().await.unwrap().frame).unwrap()
    }

    fn snapshot(number: i64) -> Value {
        json!({"type": "snapshot", "id": id(number).to_string(), "data": number})
    }

    fn resuming(resume: &str) -> Listening {
        Listening { resume: Some(resume.to_owned()), ..Listening::default() }
    }

    #[tokio::test]
    async fn a_slow_reader_gets_the_latest_event_only() {
        let publisher = Publisher::new(1);
        let mut subscription = publisher.subscribe(Listening::default()).unwrap();
        for number in 1..=3 {
            publish(&publisher, number);
        }
        let event = subscription.next().await.unwrap();
        assert_eq!(event.server_sent, format!("id: {}\nevent: snapshot\ndata: 3\n\n", id(3)));
        assert_eq!(serde_json::from_str::<Value>(&event.frame).unwrap(), snapshot(3));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_wants_few_messages_gets_the_newest_when_its_time_has_come() {
        let publisher = Publisher::new(1);
        let interval = Duration::from_millis(100);
        let mut subscription = publisher.subscribe(Listening { interval, ..Listening::default() }).unwrap();
        publish(&publisher, 1);
        assert_eq!(frame(&mut subscription).await, snapshot(1));
        let told = Instant::now();
        for number in 2..=4 {
            publish(&publisher, number);
            // Whoever waits for it may give up and come back.
            assert!(subscription.next().now_or_never().is_none());
        }
        assert_eq!(frame(&mut subscription).await, snapshot(4));
        assert_eq!(told.elapsed(), interval);
    }

    #[tokio::test]
    async fn a_late_listener_gets_the_latest_event_at_once() {
        let publisher = Publisher::new(2);
        let _first = publisher.subscribe(Listening::default()).unwrap();
        publish(&publisher, 1);
        let mut second = publisher.subscribe(Listening::default()).unwrap();
        assert_eq!(frame(&mut second).await, snapshot(1));
    }

    #[tokio::test]
    async fn places_are_limited_and_given_back() {
        let publisher = Publisher::new(1);
        let only = publisher.subscribe(Listening::default()).unwrap();
        assert!(publisher.subscribe(Listening::default()).is_none());
        assert_eq!(publisher.subscribers(), 1);
        drop(only);
        assert!(publisher.subscribe(Listening::default()).is_some());
        publisher.close().await;
        assert!(publisher.subscribe(Listening::default()).is_none());
    }

    #[tokio::test]
    async fn who_has_the_newest_is_told_so_and_gets_the_next_one() {
        let publisher = Publisher::new(9);
        let mut resumed_before = publisher.subscribe(resuming(&id(7).to_string())).unwrap();
        publish(&publisher, 7);
        let mut resumed = publisher.subscribe(resuming(&id(7).to_string())).unwrap();
        for subscription in [&mut resumed_before, &mut resumed] {
            let current = subscription.next().await.unwrap();
            assert_eq!(current, Forms::current(&id(7)));
            assert!(current.server_sent.starts_with(format!("id: {}\nevent: current\n", id(7)).as_bytes()));
        }
        publish(&publisher, 8);
        for subscription in [&mut resumed_before, &mut resumed] {
            assert_eq!(frame(subscription).await, snapshot(8));
        }
        for other in ["", "7", "7-0-0", "8", "\u{0}", &id(7).to_string()] {
            let mut older = publisher.subscribe(resuming(other)).unwrap();
            assert_eq!(frame(&mut older).await, snapshot(8), "{other}");
        }
    }

    #[tokio::test]
    async fn after_a_problem_everyone_is_told_all_again() {
        let publisher = Publisher::new(2);
        let mut resumed = publisher.subscribe(resuming(&id(7).to_string())).unwrap();
        publisher.problem(b"{}");
        assert_eq!(frame(&mut resumed).await, json!({"type": "problem", "data": {}}));
        publish(&publisher, 7);
        assert_eq!(frame(&mut resumed).await, snapshot(7));
    }

    /// What clients hold that read when they please; each step publishes one document.
    #[test]
    fn a_patched_snapshot_is_the_whole_one_of_its_id_whenever_it_is_read() {
        let words = || {
            prop_oneof![
                Just(json!(null)),
                Just(json!("a/~b")),
                any::<f64>().prop_map(|n| json!(n)),
                any::<i64>().prop_map(|n| json!(n))
            ]
        };
        let rows = || prop::collection::vec(words(), 0..6);
        let document = (words(), rows(), prop::collection::btree_map("[a/~]{0,2}", words(), 0..4));
        let document = document.prop_map(
            |(word, rows, map)| json!({"constant": "x".repeat(300), "word": word, "rows": rows, "map": map}),
        );
        let step = (document, any::<[bool; 3]>());
        let (patched, skipped) = (Cell::new(0), Cell::new(0));
        let check = |steps: Vec<(Value, [bool; 3])>| {
            let publisher = Publisher::new(3);
            let listening = Listening { deltas: true, ..Listening::default() };
            let mut readers =
                [(); 3].map(|()| (publisher.subscribe(listening.clone()).unwrap(), Value::Null, 0));
            for (number, (whole, reads)) in (1..).zip(steps) {
                publisher.snapshot(id(number), whole.to_string().into());
                for ((subscription, held, last), _) in
                    readers.iter_mut().zip(reads).filter(|(_, reads)| *reads)
                {
                    let forms = subscription.next().now_or_never().flatten().unwrap();
                    let mut message: Value = serde_json::from_str(&forms.frame).unwrap();
                    prop_assert_eq!(&message["id"], &json!(id(number).to_string()));
                    if message["type"] == "patch" {
                        prop_assert_eq!(&message["base"], &json!(id(*last).to_string()));
                        let patch: json_patch::Patch =
                            serde_json::from_value(message["patch"].take()).unwrap();
                        json_patch::patch(held, &patch).unwrap();
                        patched.set(patched.get() + 1);
                    } else {
                        *held = message["data"].take();
                        skipped.set(skipped.get() + i32::from(*last > 0 && *last < number - 1));
                    }
                    *last = number;
                    prop_assert_eq!(&*held, &whole);
                }
            }
            Ok(())
        };
        TestRunner::default().run(&prop::collection::vec(step, 1..12), check).unwrap();
        assert!(patched.get() > 100 && skipped.get() > 100, "{patched:?} {skipped:?}");
    }
}
