//! The numbers a stream thread reports. Handles are looked up once; nothing here is called per event.

use std::time::Instant;

use common::time::Timestamp;
use metrics::{Counter, Histogram};

use super::task::Tally;

/// Handles of one stream thread.
pub(super) struct Meter {
    counted: Counter,
    late: Counter,
    dead: Counter,
    rebalances: Counter,
    commit_duration: Histogram,
    latency: Histogram,
    committing_since: Option<Instant>,
    oldest_append: Option<Timestamp>,
}

impl Meter {
    pub fn new(stream: &str) -> Self {
        let fate = |fate: &'static str| metrics::counter!("processed_events_total", "stream" => stream.to_owned(), "fate" => fate);
        let stream = stream.to_owned();
        Self {
            counted: fate("counted"),
            late: fate("late"),
            dead: fate("dead_letter"),
            rebalances: metrics::counter!("rebalances_total", "stream" => stream.clone()),
            commit_duration: metrics::histogram!("commit_duration_seconds", "stream" => stream.clone()),
            latency: metrics::histogram!("processing_latency_seconds", "stream" => stream),
            committing_since: None,
            oldest_append: None,
        }
    }

    pub fn tally(&self, tally: Tally) {
        self.counted.increment(tally.counted);
        self.late.increment(tally.late);
        self.dead.increment(tally.dead);
    }

    pub fn rebalanced(&self) {
        self.rebalances.increment(1);
    }

    /// A unit is on its way; its oldest record was appended at `oldest_append`.
    pub fn submitted(&mut self, oldest_append: Option<Timestamp>) {
        self.committing_since = Some(Instant::now());
        self.oldest_append = oldest_append;
    }

    /// The unit is durable.
    #[allow(clippy::cast_precision_loss, reason = "a latency")]
    pub fn committed(&mut self, now: Timestamp) {
        if let Some(since) = self.committing_since.take() {
            self.commit_duration.record(since.elapsed().as_secs_f64());
        }
        if let Some(appended) = self.oldest_append.take() {
            self.latency.record(now.since(appended).max(0) as f64 / 1_000.0);
        }
    }
}
