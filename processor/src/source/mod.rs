//! The consumer: poll loop, rebalance, assignment. The only part that knows Kafka; it knows no SQL.

mod assign;
mod backpressure;
mod brokers;
mod client;
mod commit_tag;
mod committer;
mod fetch;
mod lag;
mod meter;
mod mirror;
mod rebalance;
mod start;
mod task;
mod thread;
mod topic_id;

pub use client::{ClientError, LogEnds, check_topic, log_ends, offset_at};
pub use start::StartError;
pub use thread::{StreamThread, ThreadError, ThreadSettings};
