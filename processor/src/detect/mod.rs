//! What a closed window says. Pure.

mod error_rate;

pub use error_rate::{Alert, Sample, Severity, judge};
