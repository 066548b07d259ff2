//! From "these partitions are yours" to an explicit offset for each.

use std::{sync::Arc, time::Duration};

use backon::{BlockingRetryable, ExponentialBuilder};
use common::{
    db::{DbError, Reaction},
    offset::{NextOffset, PartitionId},
    shutdown::Shutdown,
};
use rdkafka::{
    Offset as KafkaOffset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};
use schema::StreamDefinition;
use tokio::runtime::Handle;

use super::{
    commit_tag,
    rebalance::RebalanceInbox,
    start::{self, Begin, Known, StartError},
};
use crate::{
    settings::{ProcessorSettings, Start},
    sink::{ClaimRequest, Claimed, claim, read_progress, skip_to},
};

/// Partitions could not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("asking Kafka where to begin: {0}")]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(
        "partition {partition}: the group's offset was set back to {to}; run `streampulse replay --from {to}`"
    )]
    Rewind { partition: PartitionId, to: NextOffset },
}

impl AssignError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Db(error) => error.reaction() == Reaction::Retry,
            Self::Kafka(error) => !matches!(error, KafkaError::ClientConfig(..)),
            Self::Start(_) | Self::Rewind { .. } => false,
        }
    }
}

/// How long one question to a broker may take.
const BROKER_TIMEOUT: Duration = Duration::from_secs(10);

/// Takes over partitions for one stream thread.
#[allow(missing_debug_implementations, reason = "a client has no useful Debug")]
pub(super) struct Assigner<'a> {
    pub consumer: &'a BaseConsumer<RebalanceInbox>,
    pub runtime: &'a Handle,
    pub settings: &'a ProcessorSettings,
    pub definition: &'a Arc<StreamDefinition>,
    pub owner: &'a str,
    pub shutdown: &'a Shutdown,
}

impl Assigner<'_> {
    /// Claims `partitions` and says where each goes on. Passing errors are retried until the process is to stop.
    pub fn take_over(&self, partitions: &[PartitionId]) -> Result<Vec<Claimed>, AssignError> {
        let attempt = || self.attempt(partitions);
        attempt
            .retry(
                ExponentialBuilder::default()
                    .with_min_delay(Duration::from_millis(100))
                    .with_max_delay(Duration::from_secs(5))
                    .with_jitter()
                    .without_max_times(),
            )
            .when(|error| error.is_passing() && !self.shutdown.requested())
            .notify(|error, pause| {
                tracing::warn!(%error, pause_ms = pause.as_millis(), "taking partitions over will be tried again");
            })
            .call()
    }

    fn attempt(&self, partitions: &[PartitionId]) -> Result<Vec<Claimed>, AssignError> {
        let stored =
            self.runtime.block_on(read_progress(&self.settings.pg, &self.definition.name, partitions))?;
        let mut starts = Vec::with_capacity(partitions.len());
        for &partition in partitions {
            let known = stored.iter().find(|row| row.partition == partition);
            let start = match known {
                Some(row) => row.next,
                None => self.first_start(partition)?,
            };
            starts.push((partition, start));
        }
        let request =
            ClaimRequest { partitions: starts, topic_id: String::new(), owner: self.owner.to_owned() };
        let mut claimed = self.runtime.block_on(claim(&self.settings.pg, self.definition, &request))?;
        self.reconcile(&mut claimed)?;
        Ok(claimed)
    }

    /// Compares what is stored with the log and with the group's offset in Kafka.
    fn reconcile(&self, claimed: &mut [Claimed]) -> Result<(), AssignError> {
        let mut asked = TopicPartitionList::new();
        for one in claimed.iter() {
            asked.add_partition(&self.definition.topic, one.partition.0);
        }
        let committed = self.consumer.committed_offsets(asked, BROKER_TIMEOUT)?;
        for one in claimed {
            let (low, high) =
                self.consumer.fetch_watermarks(&self.definition.topic, one.partition.0, BROKER_TIMEOUT)?;
            let group =
                committed.find_partition(&self.definition.topic, one.partition.0).and_then(|element| {
                    match element.offset() {
                        KafkaOffset::Offset(next) => {
                            Some((NextOffset(next), commit_tag::is_ours(element.metadata())))
                        }
                        _ => None,
                    }
                });
            let known = Known {
                partition: one.partition,
                stored: one.next,
                committed: group,
                low: NextOffset(low),
                high: NextOffset(high),
                topic_changed: false,
            };
            match start::begin(&known, self.settings.on_external_reset, self.settings.on_gap)? {
                Begin::Stored => {}
                Begin::Reset(to) if to < one.next => {
                    return Err(AssignError::Rewind { partition: one.partition, to });
                }
                Begin::Reset(to) => self.skip(one, to, "operator reset")?,
                Begin::SkipGap { to, .. } => self.skip(one, to, "retention")?,
            }
        }
        Ok(())
    }

    fn skip(&self, claimed: &mut Claimed, to: NextOffset, reason: &str) -> Result<(), AssignError> {
        tracing::warn!(
            topic = %self.definition.topic, partition = %claimed.partition, from = %claimed.next, %to, reason,
            "records are skipped and recorded as a gap"
        );
        self.runtime.block_on(skip_to(&self.settings.pg, &self.definition.name, claimed, to, reason))?;
        claimed.next = to;
        Ok(())
    }

    fn first_start(&self, partition: PartitionId) -> Result<NextOffset, AssignError> {
        let topic = &self.definition.topic;
        let (low, high) = self.consumer.fetch_watermarks(topic, partition.0, BROKER_TIMEOUT)?;
        match self.settings.start {
            Start::Earliest => Ok(NextOffset(low)),
            Start::Latest => Ok(NextOffset(high)),
            Start::At(time) => {
                let mut asked = TopicPartitionList::new();
                asked.add_partition_offset(topic, partition.0, KafkaOffset::Offset(time.as_millis()))?;
                let found = self.consumer.offsets_for_times(asked, BROKER_TIMEOUT)?;
                let offset = found.find_partition(topic, partition.0).map(|element| element.offset());
                // No record at or after the time: begin with the next one that comes.
                Ok(match offset {
                    Some(KafkaOffset::Offset(offset)) if offset >= 0 => NextOffset(offset),
                    _ => NextOffset(high),
                })
            }
        }
    }
}
