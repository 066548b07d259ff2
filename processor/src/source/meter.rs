//! The numbers a stream thread reports. Handles are looked up once; nothing here is called per event.

use std::time::Instant;

use common::time::Timestamp;
use metrics::{Counter, Histogram};

use super::{
    lag::Lags,
    task::{Tally, Task},
};

/// Handles of one stream thread.
pub(super) struct Meter {
    counted: Counter,
    late: Counter,
    dead: Counter,
    rebalances: Counter,
    commit_duration: Histogram,
    latency: Histogram,
    lags: Lags,
    committing_since: Option<Instant>,
    /// Of the records that are on their way.
    oldest_append: Option<Timestamp>,
    /// Of those that were told of since.
    oldest_told: Option<Timestamp>,
}

impl Meter {
    pub fn new(stream: &str) -> Self {
        let fate = |fate: &'static str| metrics::counter!("processed_events_total", "stream" => stream.to_owned(), "fate" => fate);
        let lags = Lags::new(stream);
        let stream = stream.to_owned();
        // Told before the first one, so that an alarm can compare.
        metrics::counter!("sink_errors_total", "sink" => "postgres").increment(0);
        Self {
            counted: fate("counted"),
            late: fate("late"),
            dead: fate("dead_letter"),
            rebalances: metrics::counter!("rebalances_total", "stream" => stream.clone()),
            commit_duration: metrics::histogram!("commit_duration_seconds", "stream" => stream.clone()),
            latency: metrics::histogram!("processing_latency_seconds", "stream" => stream),
            lags,
            committing_since: None,
            oldest_append: None,
            oldest_told: None,
        }
    }

    pub fn tally(&mut self, tally: Tally) {
        self.oldest_told = self.oldest_told.into_iter().chain(tally.first_append).min();
        self.counted.increment(tally.counted);
        self.late.increment(tally.late);
        self.dead.increment(tally.dead);
    }

    pub fn rebalanced(&self) {
        self.rebalances.increment(1);
    }

    /// How far behind our partitions are.
    pub fn lag<'a>(&mut self, tasks: impl Iterator<Item = &'a Task>, now: Timestamp) {
        self.lags.tell(tasks.map(|task| (task.partition, task.lag_seconds(now))));
    }

    /// What was told of is on its way as one unit.
    pub fn submitted(&mut self) {
        self.committing_since = Some(Instant::now());
        self.oldest_append = self.oldest_told.take();
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
