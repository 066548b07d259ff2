//! What a partition's log and its group's offset say about where to go on. Pure.

use common::offset::{NextOffset, PartitionId};

use crate::settings::{OnExternalReset, OnGap};

/// What is known of one partition when it is assigned to us.
#[derive(Clone, Debug)]
pub struct Known {
    pub partition: PartitionId,
    /// What our tables hold.
    pub stored: NextOffset,
    /// Where a rewind under way ends.
    pub rewinding_until: Option<NextOffset>,
    /// The group's committed offset in Kafka and whether its metadata is ours.
    pub committed: Option<(NextOffset, bool)>,
    pub low: NextOffset,
    pub high: NextOffset,
    /// The broker's id of the topic is another than the stored one.
    pub topic_changed: bool,
}

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At the stored offset: nothing happened that our tables do not know.
    Stored,
    /// An operator moved the group's offset back to here.
    SetBack(NextOffset),
    /// An operator moved it forward to here.
    SkipTo(NextOffset),
    /// Retention removed `[stored, low)`, and the settings say to go on.
    SkipGap { from: NextOffset, to: NextOffset },
}

/// The log and our tables do not fit together, and the settings leave it to the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    #[error(
        "partition {partition}: retention has removed the records {stored} to {low} before they were read; \
         start with --on-gap skip to go on at {low} and record the gap"
    )]
    Gap { partition: PartitionId, stored: NextOffset, low: NextOffset },
    #[error(
        "partition {partition}: our tables are at offset {stored} but the log ends at {high}{}: the topic was \
         created again; use a stream of another name for the new topic, or restore the old one",
        if *.topic_changed { " and the topic has another id" } else { "" }
    )]
    Recreated { partition: PartitionId, stored: NextOffset, high: NextOffset, topic_changed: bool },
    #[error(
        "partition {partition}: the group's offset was set to {to} by hand (our tables are at {stored}), and \
         --on-external-reset is stop"
    )]
    ExternalReset { partition: PartitionId, stored: NextOffset, to: NextOffset },
}

/// The table of what each combination means.
///
/// # Errors
/// Where going on would lose or double data without the operator's word.
pub fn begin(known: &Known, on_reset: OnExternalReset, on_gap: OnGap) -> Result<Begin, StartError> {
    let &Known { partition, stored, low, high, .. } = known;
    if stored > high || known.topic_changed {
        return Err(StartError::Recreated { partition, stored, high, topic_changed: known.topic_changed });
    }
    if let Some((to, false)) = known.committed
        && to != stored
    {
        match on_reset {
            OnExternalReset::Honour => {
                let to = to.clamp(low, high);
                // While a rewind reads again, the reset that caused it may not be marked as honoured yet, and lies ahead
                // of where reading goes on. It is no reset forward.
                let back = to < stored || known.rewinding_until.is_some_and(|until| to <= until);
                return Ok(if back { Begin::SetBack(to) } else { Begin::SkipTo(to) });
            }
            OnExternalReset::Stop => return Err(StartError::ExternalReset { partition, stored, to }),
            OnExternalReset::Ignore => {}
        }
    }
    if stored < low {
        return match on_gap {
            OnGap::Stop => Err(StartError::Gap { partition, stored, low }),
            OnGap::Skip => Ok(Begin::SkipGap { from: stored, to: low }),
        };
    }
    Ok(Begin::Stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            partition: PartitionId(0),
            stored: NextOffset(50),
            rewinding_until: None,
            committed: Some((NextOffset(40), true)),
            low: NextOffset(10),
            high: NextOffset(100),
            topic_changed: false,
        }
    }

    fn with(change: impl FnOnce(&mut Known)) -> Result<Begin, StartError> {
        let mut known = known();
        change(&mut known);
        begin(&known, OnExternalReset::Honour, OnGap::Stop)
    }

    #[test]
    fn our_tables_decide_while_nobody_reset_anything() {
        assert_eq!(with(|_| ()), Ok(Begin::Stored));
        assert_eq!(with(|known| known.committed = None), Ok(Begin::Stored));
        assert_eq!(with(|known| known.committed = Some((NextOffset(50), false))), Ok(Begin::Stored));
    }

    #[test]
    fn an_untagged_offset_is_an_operators_reset() {
        let reset = |to| with(|known| known.committed = Some((NextOffset(to), false)));
        assert_eq!(reset(20), Ok(Begin::SetBack(NextOffset(20))));
        assert_eq!(reset(3), Ok(Begin::SetBack(NextOffset(10))));
        assert_eq!(reset(60), Ok(Begin::SkipTo(NextOffset(60))));
        assert_eq!(reset(400), Ok(Begin::SkipTo(NextOffset(100))));
        let mut known = known();
        known.committed = Some((NextOffset(20), false));
        assert_eq!(begin(&known, OnExternalReset::Ignore, OnGap::Stop), Ok(Begin::Stored));
        assert!(begin(&known, OnExternalReset::Stop, OnGap::Stop).is_err());
    }

    #[test]
    fn a_reset_whose_rewind_is_under_way_is_no_reset_forward() {
        let reset = |to| {
            with(|known| {
                known.rewinding_until = Some(NextOffset(80));
                known.committed = Some((NextOffset(to), false));
            })
        };
        assert_eq!(reset(70), Ok(Begin::SetBack(NextOffset(70))));
        assert_eq!(reset(80), Ok(Begin::SetBack(NextOffset(80))));
        assert_eq!(reset(81), Ok(Begin::SkipTo(NextOffset(81))));
    }

    #[test]
    fn lost_records_are_never_passed_over_in_silence() {
        let mut known = known();
        known.low = NextOffset(60);
        assert!(matches!(begin(&known, OnExternalReset::Honour, OnGap::Stop), Err(StartError::Gap { .. })));
        assert_eq!(
            begin(&known, OnExternalReset::Honour, OnGap::Skip),
            Ok(Begin::SkipGap { from: NextOffset(50), to: NextOffset(60) })
        );
    }

    #[test]
    fn a_topic_made_again_stops_us() {
        assert!(matches!(with(|known| known.high = NextOffset(49)), Err(StartError::Recreated { .. })));
        assert!(matches!(with(|known| known.topic_changed = true), Err(StartError::Recreated { .. })));
    }
}
