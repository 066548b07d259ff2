//! From events to commit units: stream time, the late rule, open windows. Pure: no I/O, no clock.

mod bytes_column;
mod labels;
mod number_column;
mod open_window;
mod partition;
mod rewind;
mod table;
mod unit;

pub use bytes_column::BytesColumn;
pub use number_column::NumberColumn;
pub use partition::{Fate, PartitionWindows, WindowRules};
pub use rewind::{Head, HeadGone, Position, Rewind, RewindPlan, Target, plan};
pub use table::{Fold, Shape, StoredRow};
pub use unit::{
    CommitUnit, DeadLetter, EventSample, LateEvent, PartitionUnit, RollupBatches, RollupRows, WindowSpan,
};
