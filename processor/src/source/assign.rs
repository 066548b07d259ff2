//! From "these partitions are yours" to an explicit offset for each.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use backon::{BlockingRetryable, ExponentialBuilder};
use common::{
    db::{DbError, Reaction},
    offset::{NextOffset, OwnerEpoch, PartitionId},
    shutdown::Shutdown,
};
use rdkafka::{
    Offset as KafkaOffset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use schema::StreamDefinition;
use tokio::runtime::Handle;

use super::{
    commit_tag::{self, Mirrored},
    rebalance::RebalanceInbox,
    start::{self, Begin, Known, StartError},
    topic_id::topic_id,
};
use crate::{
    settings::{ProcessorSettings, Start},
    sink::{
        Cause, ClaimRequest, Claimed, ReplayRequest, RewindError, RewindRequest, claim, refuse_replay,
        rewind, seed, skip_to, started_partitions,
    },
    window::Target,
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
    #[error("going back to where the group's offset was set: {0}")]
    Rewind(#[from] RewindError),
}

impl AssignError {
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Db(error) => error.reaction() == Reaction::Retry,
            Self::Kafka(error) => !matches!(error, KafkaError::ClientConfig(..)),
            // Claimed by another at the same time: the next attempt claims again.
            Self::Rewind(RewindError::Fenced(_)) => true,
            Self::Rewind(RewindError::Db(error)) => error.reaction() == Reaction::Retry,
            Self::Start(_) | Self::Rewind(_) => false,
        }
    }
}

/// What became of a requested replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReplayOutcome {
    /// The partition's row was set back.
    Moved,
    /// Nothing was changed, and nothing more is to be done.
    NotBegun,
    /// Nothing was changed; it is to be tried again.
    Later,
    /// The answer was lost, or the row has another owner.
    Unknown,
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
        let mut known =
            self.runtime.block_on(started_partitions(&self.settings.pg, &self.definition.name))?;
        if known.is_empty() {
            known = self.start_all()?;
        }
        let new: Vec<PartitionId> =
            partitions.iter().copied().filter(|partition| !known.contains(partition)).collect();
        let beginnings = self.offsets_at(&new, KafkaOffset::Beginning)?;
        // Where a row is there this start is not looked at. Else the partition was added to the topic since, and
        // nothing of it may be missed, wherever the others began.
        let start = |partition| beginnings.get(&partition).copied().unwrap_or(NextOffset(0));
        let starts = partitions.iter().map(|&partition| (partition, start(partition))).collect();
        let topic_id = topic_id(self.consumer, &self.definition.topic, BROKER_TIMEOUT).unwrap_or_default();
        let request = ClaimRequest { partitions: starts, topic_id, owner: self.owner.to_owned() };
        let mut claimed = self.runtime.block_on(claim(&self.settings.pg, self.definition, &request))?;
        let moved = self.reconcile(&mut claimed, &request.topic_id)?;
        if moved.is_empty() {
            return Ok(claimed);
        }
        let request = ClaimRequest {
            partitions: claimed.iter().map(|one| (one.partition, one.next)).collect(),
            ..request
        };
        let claimed = self.runtime.block_on(claim(&self.settings.pg, self.definition, &request))?;
        self.acknowledge(claimed.iter().filter(|one| moved.contains(&one.partition)));
        Ok(claimed)
    }

    /// Compares what is stored with the log and with the group's offset in Kafka. Returns the partitions that were
    /// moved; these have to be claimed again.
    fn reconcile(&self, claimed: &mut [Claimed], topic_id: &str) -> Result<Vec<PartitionId>, AssignError> {
        let mut moved = Vec::new();
        let mut asked = TopicPartitionList::new();
        for one in claimed.iter() {
            asked.add_partition(&self.definition.topic, one.partition.0);
        }
        let committed = self.consumer.committed_offsets(asked, BROKER_TIMEOUT)?;
        let ids: Vec<PartitionId> = claimed.iter().map(|one| one.partition).collect();
        let lows = self.offsets_at(&ids, KafkaOffset::Beginning)?;
        let highs = self.offsets_at(&ids, KafkaOffset::End)?;
        for one in claimed {
            let (Some(&low), Some(&high)) = (lows.get(&one.partition), highs.get(&one.partition)) else {
                return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownPartition).into());
            };
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
                rewinding_until: one.rewind.as_ref().map(|rewind| rewind.until),
                committed: group,
                low,
                high,
                // Not known is not changed.
                topic_changed: !topic_id.is_empty() && !one.topic_id.is_empty() && one.topic_id != topic_id,
            };
            match start::begin(&known, self.settings.on_external_reset, self.settings.on_gap)? {
                Begin::Stored => continue,
                Begin::SetBack(to) => self.set_back(one, to, low)?,
                Begin::SkipTo(to) => self.skip(one, to, "operator reset")?,
                Begin::SkipGap { to, .. } => self.skip(one, to, "retention")?,
            }
            moved.push(one.partition);
        }
        Ok(moved)
    }

    /// Sets a partition of ours back as an operator asked.
    pub fn replay(&self, request: &ReplayRequest, epoch: OwnerEpoch) -> Result<ReplayOutcome, AssignError> {
        let topic = &self.definition.topic;
        let (low, _) = match self.consumer.fetch_watermarks(topic, request.partition.0, BROKER_TIMEOUT) {
            Ok(watermarks) => watermarks,
            Err(error) => {
                tracing::warn!(%error, replay = %request.replay, "the replay will be tried again");
                return Ok(ReplayOutcome::Later);
            }
        };
        let rewound = self.runtime.block_on(rewind(
            &self.settings.pg,
            self.definition,
            &RewindRequest {
                partition: request.partition,
                epoch,
                target: request.target,
                low: NextOffset(low),
                cause: Cause::Replay(request.replay),
            },
        ));
        match rewound {
            Ok(_) => Ok(ReplayOutcome::Moved),
            Err(RewindError::NotRequested(_)) => Ok(ReplayOutcome::NotBegun),
            Err(RewindError::HeadGone(gone)) => {
                let reason = gone.to_string();
                self.runtime.block_on(refuse_replay(&self.settings.pg, request, &reason))?;
                Ok(ReplayOutcome::NotBegun)
            }
            Err(error) => {
                let error = AssignError::from(error);
                if !error.is_passing() {
                    return Err(error);
                }
                tracing::warn!(%error, replay = %request.replay, "whether the replay began is not known; claiming again");
                Ok(ReplayOutcome::Unknown)
            }
        }
    }

    fn set_back(&self, claimed: &Claimed, to: NextOffset, low: NextOffset) -> Result<(), AssignError> {
        let request = RewindRequest {
            partition: claimed.partition,
            epoch: claimed.epoch,
            target: Target::From(to),
            low,
            cause: Cause::OffsetReset { found_by: self.owner.to_owned() },
        };
        self.runtime.block_on(rewind(&self.settings.pg, self.definition, &request))?;
        Ok(())
    }

    /// Puts our mark on the group's offset. Where that fails the reset is honoured once more on the next start, which
    /// costs time and changes nothing.
    fn acknowledge<'c>(&self, moved: impl Iterator<Item = &'c Claimed>) {
        let mut offsets = TopicPartitionList::new();
        for one in moved {
            let &Claimed { partition, next, epoch, commit_seq, .. } = one;
            let topic = &self.definition.topic;
            commit_tag::put(&mut offsets, &Mirrored { topic, partition, next, epoch, commit_seq });
        }
        if let Err(error) = self.consumer.commit(&offsets, CommitMode::Sync) {
            tracing::warn!(%error, "the group's offset could not be marked as honoured");
        }
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

    /// A stream's first start: every partition of the topic begins where the settings say, now.
    fn start_all(&self) -> Result<Vec<PartitionId>, AssignError> {
        let topic = &self.definition.topic;
        let metadata = self.consumer.fetch_metadata(Some(topic), BROKER_TIMEOUT)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let partitions: Vec<PartitionId> = partitions.map(|partition| PartitionId(partition.id())).collect();
        let starts: Vec<_> = self.first_starts(&partitions)?.into_iter().collect();
        self.runtime.block_on(seed(&self.settings.pg, &self.definition.name, &starts))?;
        Ok(starts.into_iter().map(|(partition, _)| partition).collect())
    }

    fn first_starts(
        &self,
        partitions: &[PartitionId],
    ) -> Result<BTreeMap<PartitionId, NextOffset>, KafkaError> {
        match self.settings.start {
            Start::Earliest => self.offsets_at(partitions, KafkaOffset::Beginning),
            Start::Latest => self.offsets_at(partitions, KafkaOffset::End),
            Start::At(time) => {
                // Asked first: a record that comes meanwhile is not passed over.
                let mut starts = self.offsets_at(partitions, KafkaOffset::End)?;
                // No record at or after the time: begin with the next one that comes.
                starts.extend(self.offsets_at(partitions, KafkaOffset::Offset(time.as_millis()))?);
                Ok(starts)
            }
        }
    }

    /// The offsets at a time, or at an end of the log, of those partitions that have one. All in one question, since a
    /// broker answers it only after the fetch of ours that waits there for records.
    fn offsets_at(
        &self,
        partitions: &[PartitionId],
        at: KafkaOffset,
    ) -> Result<BTreeMap<PartitionId, NextOffset>, KafkaError> {
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition_offset(&self.definition.topic, partition.0, at)?;
        }
        let mut found = BTreeMap::new();
        for element in self.consumer.offsets_for_times(asked, BROKER_TIMEOUT)?.elements() {
            element.error()?;
            if let KafkaOffset::Offset(offset) = element.offset() {
                found.insert(PartitionId(element.partition()), NextOffset(offset));
            }
        }
        Ok(found)
    }
}
