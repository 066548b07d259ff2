//! The consumer: poll loop, rebalance, assignment. The only part that knows Kafka.

mod assign;
mod client;
mod commit_tag;
mod committer;
mod rebalance;
mod replays;
mod start;
mod task;
mod thread;

pub use client::{ClientError, check_topic};
pub(crate) use replays::watch_replays;
pub use start::StartError;
pub use thread::{StreamThread, ThreadError, ThreadSettings};
