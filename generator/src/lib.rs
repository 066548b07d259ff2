//! Seeded workloads and real logs, sent to Kafka together with their exact truth.
//!
//! The truth is counted here, apart from the engine: nothing of its windows, plans or sums is used.

mod access_log;
mod attempt;
mod catalogue;
mod counter;
mod day;
mod downloads;
mod encode;
mod generate;
mod layout;
mod lead;
mod origin;
mod output;
mod pace;
mod producer;
mod progress;
mod run;
mod scenario;
mod sketch;
mod spoil;
mod tally;
mod traffic;
mod truth;
mod verify;
mod weighted;
mod workload;

pub use access_log::{AccessLog, AgentFamily, LogLine, parse_line};
pub use generate::{GenerateError, GenerateSettings, LogTimes, Prepared, Source, Summary, generate};
pub use lead::Lead;
pub use producer::{ProduceError, Producer};
pub use truth::{Cell, PartitionEnd, Truth, TruthError, TruthRow};
pub use verify::{Report, VerifyError, verify};
pub use workload::{Incident, Workload};
