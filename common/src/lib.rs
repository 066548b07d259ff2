//! Value types and plumbing that every part of StreamPulse shares.
//!
//! Nothing here knows a stream, a topic or a table of a rollup.

pub mod clock;
pub mod db;
pub mod duration;
pub mod measure;
pub mod offset;
pub mod shutdown;
pub mod sketch;
pub mod telemetry;
pub mod time;
pub mod window;
