//! The metadata that tells our own offset commits from an operator's.

use common::offset::{CommitSeq, OwnerEpoch};

/// Kafka's reset tool leaves the metadata of what it sets empty; ours is never empty.
#[must_use]
pub fn tag(epoch: OwnerEpoch, seq: CommitSeq) -> String {
    format!("sp:{epoch}:{seq}")
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
