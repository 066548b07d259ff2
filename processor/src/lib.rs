//! Source → window → sink, and a leader that has what is final judged.

pub mod detect;
pub mod health;
mod leader;
pub mod pipeline;
pub mod settings;
pub mod sink;
pub mod source;
pub mod window;

pub use health::Health;
pub use pipeline::{PreflightError, ProcessorError, preflight, run};
pub use settings::{OnExternalReset, OnGap, ProcessorSettings, Start};
pub use sink::{InstallError, check_stream, install_stream, move_to_group, read_position};
pub use source::{LogEnds, log_ends, offset_at};
pub use window::{
    CommitUnit, Fate, PartitionWindows, Position, Rewind, RewindPlan, StoredRow, Target, WindowRules,
    WindowSpan, plan,
};
