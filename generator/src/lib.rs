//! Seeded workloads and real logs, sent to Kafka together with their exact truth.
//!
//! The truth is counted here, apart from the engine: nothing of its windows, plans or sums is used.

mod access_log;
mod catalogue;
mod downloads;
mod encode;
mod producer;
mod run;
mod truth;
mod verify;

pub use access_log::{AccessLog, AgentFamily, LogLine, parse_line};
pub use downloads::{Incident, Workload};
pub use producer::{ProduceError, Producer};
pub use run::{GenerateError, GenerateSettings, Source, Summary, generate};
pub use truth::{Cell, Truth, TruthError, TruthRow};
pub use verify::{Report, VerifyError, verify};
