//! Positions in a log and the numbers that guard them. Each is its own type, so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number! {
    /// A partition of the source topic.
    PartitionId(i32)
}
number! {
    /// The offset of one record.
    Offset(i64)
}
number! {
    /// Kafka's convention for a position: the first offset not yet read.
    NextOffset(i64)
}
number! {
    /// Raised each time a partition is claimed; a writer with an older one is fenced.
    OwnerEpoch(i64)
}
number! {
    /// Commits made to one partition's progress so far.
    CommitSeq(i64)
}
number! {
    /// The sum of all commit numbers of a stream: changes whenever its tables do.
    DataVersion(i64)
}

number! {
    /// A request to count something again, and its audit record.
    ReplayId(i64)
}

impl Offset {
    /// The position after this record.
    #[must_use]
    pub const fn next(self) -> NextOffset {
        NextOffset(self.0 + 1)
    }
}
