//! From closed windows to alerts.

mod error_rate;
mod leader;

pub use error_rate::{Alert, Sample, Severity, judge};
pub use leader::Leader;
