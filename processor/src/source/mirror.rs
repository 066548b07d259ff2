//! Kafka's copy of our offsets. It serves lag tools, which look once in a while, and never decides anything.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use common::offset::PartitionId;
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
};

use super::{
    commit_tag::{self, Mirrored},
    rebalance::RebalanceInbox,
};
use crate::sink::Advanced;

const EVERY: Duration = Duration::from_secs(1);

/// What Kafka's copy does not show yet.
#[derive(Debug)]
pub(super) struct Mirror {
    topic: String,
    pending: BTreeMap<PartitionId, Advanced>,
    sent_at: Instant,
}

impl Mirror {
    pub fn new(topic: &str) -> Self {
        Self { topic: topic.to_owned(), pending: BTreeMap::new(), sent_at: Instant::now() }
    }

    pub fn note(&mut self, advanced: Advanced) {
        self.pending.insert(advanced.partition, advanced);
    }

    pub fn is_due(&self, now: Instant) -> bool {
        now.duration_since(self.sent_at) >= EVERY
    }

    /// Tells Kafka how far we are, without waiting.
    pub fn send(&mut self, consumer: &BaseConsumer<RebalanceInbox>) {
        self.sent_at = Instant::now();
        let mut offsets = TopicPartitionList::new();
        for Advanced { partition, next, epoch, commit_seq } in std::mem::take(&mut self.pending).into_values()
        {
            let topic = &self.topic;
            commit_tag::put(&mut offsets, &Mirrored { topic, partition, next, epoch, commit_seq });
        }
        if offsets.count() > 0
            && let Err(error) = consumer.commit(&offsets, CommitMode::Async)
        {
            tracing::debug!(%error, "Kafka's copy of the offsets lags");
        }
    }
}
