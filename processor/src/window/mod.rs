//! From events to commit units: stream time, the late rule, open windows. Pure: no I/O, no clock.

mod open_window;
mod partition;
mod rewind;
mod sketch_column;
mod table;
mod text_column;
mod unit;

pub use partition::{Fate, PartitionWindows, Taken, WindowRules};
pub use rewind::{Head, HeadGone, Position, Rewind, RewindPlan, Target, plan};
pub use sketch_column::SketchColumn;
pub use table::{Fold, Shape, StoredRow};
pub use text_column::TextColumn;
pub use unit::{CommitUnit, DeadLetter, EventSample, LateEvent, PartitionUnit, RollupRows, WindowSpan};
