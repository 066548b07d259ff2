//! What the group protocol tells us, kept until the stream thread looks.
//!
//! librdkafka calls back from inside `poll`. The callback only notes what it was told; the thread answers it with
//! `assign` or `unassign` right after that `poll`, with its own state at hand and no lock held across a callback.
//! The group waits for that answer, so no record of a new assignment can arrive before it.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use common::offset::{NextOffset, PartitionId};
use rdkafka::{
    ClientContext, Statistics, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    types::RDKafkaRespErr,
};

/// One message of the group protocol that waits for our answer.
#[derive(Debug)]
pub(super) enum Rebalance {
    Assigned(TopicPartitionList),
    /// `lost`: the group has given them to somebody else already; nothing may be committed for them.
    Revoked {
        partitions: TopicPartitionList,
        lost: bool,
    },
}

/// The context of a stream thread's consumer.
#[derive(Debug, Default)]
pub struct RebalanceInbox {
    /// Nobody looks any more: the callback answers by itself.
    leaving: AtomicBool,
    waiting: AtomicBool,
    messages: Mutex<Vec<Rebalance>>,
    high_watermarks: Mutex<HashMap<PartitionId, NextOffset>>,
    /// By the client's last report.
    brokers_are_away: AtomicBool,
}

impl RebalanceInbox {
    /// Cheap enough to ask after every poll.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    pub(super) fn take(&self) -> Vec<Rebalance> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.store(false, Ordering::Release);
        std::mem::take(&mut *messages)
    }

    /// From here on the callback answers at once, whatever is said: closing a client polls it until the group has
    /// let it go, and an answer that nobody gives would keep it waiting for ever.
    pub(super) fn leave(&self) -> Vec<Rebalance> {
        self.leaving.store(true, Ordering::Release);
        self.take()
    }

    /// The end of each partition's log when the client last heard of it.
    pub(super) fn high_watermark(&self, partition: PartitionId) -> Option<NextOffset> {
        self.high_watermarks.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied()
    }

    pub(super) fn brokers_are_away(&self) -> bool {
        self.brokers_are_away.load(Ordering::Relaxed)
    }

    fn put(&self, message: Rebalance) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        self.waiting.store(true, Ordering::Release);
    }
}

impl ClientContext for RebalanceInbox {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // Kafka's copy of the offsets may lag, as during a rebalance; the tables decide.
        let level = if facility == "COMMITFAIL" { RDKafkaLogLevel::Debug } else { level };
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => tracing::error!(target: "librdkafka", facility, message),
            RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, message),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", facility, message);
            }
            RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, message),
        }
    }

    fn stats(&self, statistics: Statistics) {
        let is_away = !statistics.brokers.values().any(|broker| broker.state == "UP");
        self.brokers_are_away.store(is_away, Ordering::Relaxed);
        let mut known = self.high_watermarks.lock().unwrap_or_else(PoisonError::into_inner);
        for topic in statistics.topics.values() {
            for partition in topic.partitions.values().filter(|partition| partition.hi_offset >= 0) {
                known.insert(PartitionId(partition.partition), NextOffset(partition.hi_offset));
            }
        }
    }

    fn error(&self, error: rdkafka::error::KafkaError, reason: &str) {
        // What comes here comes from poll as well, where it is warned of or ends the thread.
        tracing::debug!(%error, reason, "Kafka client");
    }
}

impl ConsumerContext for RebalanceInbox {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        message: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let message = match message {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Rebalance::Assigned(partitions.clone()),
            // rdkafka passes on these two only.
            _ => Rebalance::Revoked { partitions: partitions.clone(), lost: consumer.assignment_lost() },
        };
        if self.leaving.load(Ordering::Acquire) {
            decline(consumer, message);
        } else {
            self.put(message);
        }
    }
}

/// Answers for a consumer that is about to close and reads nothing more.
pub(super) fn decline(consumer: &BaseConsumer<RebalanceInbox>, message: Rebalance) {
    let answered = match message {
        Rebalance::Assigned(partitions) => assign(consumer, &partitions),
        Rebalance::Revoked { partitions, .. } => unassign(consumer, &partitions),
    };
    if let Err(error) = answered {
        tracing::debug!(%error, "leaving the group");
    }
}

/// Answers an assignment in the way the group's protocol asks for.
pub(super) fn assign(
    consumer: &BaseConsumer<RebalanceInbox>,
    partitions: &TopicPartitionList,
) -> Result<(), rdkafka::error::KafkaError> {
    match consumer.rebalance_protocol() {
        rdkafka::consumer::RebalanceProtocol::Cooperative => consumer.incremental_assign(partitions),
        _ => consumer.assign(partitions),
    }
}

/// Answers a revocation in the way the group's protocol asks for.
pub(super) fn unassign(
    consumer: &BaseConsumer<RebalanceInbox>,
    partitions: &TopicPartitionList,
) -> Result<(), rdkafka::error::KafkaError> {
    match consumer.rebalance_protocol() {
        rdkafka::consumer::RebalanceProtocol::Cooperative => consumer.incremental_unassign(partitions),
        _ => consumer.unassign(),
    }
}
