//! Real web access logs as a stream.

mod agent;
mod line;
mod requests;
#[cfg(test)]
mod sample;

pub use agent::AgentFamily;
pub use line::{LogLine, parse_line};
pub use requests::AccessLog;
pub(crate) use requests::{REQUESTS, send};
