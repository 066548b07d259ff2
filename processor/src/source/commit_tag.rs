//! The metadata that tells our own offset commits from an operator's.

use common::offset::{CommitSeq, NextOffset, OwnerEpoch, PartitionId};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

/// Kafka's reset tool leaves the metadata of what it sets empty; ours is never empty.
#[must_use]
fn tag(epoch: OwnerEpoch, seq: CommitSeq) -> String {
    format!("sp:{epoch}:{seq}")
}

/// Adds one partition's position, with our mark on it.
pub(super) fn put(offsets: &mut TopicPartitionList, at: &Mirrored<'_>) {
    if offsets.add_partition_offset(at.topic, at.partition.0, KafkaOffset::Offset(at.next.0)).is_ok()
        && let Some(mut element) = offsets.find_partition(at.topic, at.partition.0)
    {
        element.set_metadata(tag(at.epoch, at.commit_seq));
    }
}

/// A durable position that Kafka's copy is to show.
#[derive(Debug)]
pub(super) struct Mirrored<'a> {
    pub topic: &'a str,
    pub partition: PartitionId,
    pub next: NextOffset,
    pub epoch: OwnerEpoch,
    pub commit_seq: CommitSeq,
}

/// Was this offset committed by a processor of ours?
#[must_use]
pub fn is_ours(metadata: &str) -> bool {
    metadata
        .strip_prefix("sp:")
        .and_then(|rest| rest.split_once(':'))
        .is_some_and(|(epoch, seq)| epoch.parse::<i64>().is_ok() && seq.parse::<i64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_its_own_and_nothing_else() {
        assert!(is_ours(&tag(OwnerEpoch(3), CommitSeq(77))));
        for foreign in ["", "sp:", "sp:x:1", "by hand", "3:77"] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }
}
