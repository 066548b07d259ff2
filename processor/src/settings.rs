//! What an operator decides about a processor.

use std::{str::FromStr, sync::Arc};

use common::{db::PgSettings, duration::Millis, time::Timestamp};
use schema::StreamDefinition;

use crate::health::Health;

/// Settings of one processor process.
#[derive(Clone, Debug)]
pub struct ProcessorSettings {
    /// The streams to read; each has its own consumer group and threads.
    pub streams: Vec<Arc<StreamDefinition>>,
    /// librdkafka properties: servers, security, and what an operator adds. Safety keys are set over them.
    pub kafka: Vec<(String, String)>,
    pub pg: PgSettings,
    /// Group id of every stream that names none; `None` means `streampulse-<stream>`.
    pub group: Option<String>,
    /// Stream threads per stream. More than the topic's partitions leaves some without work.
    pub threads: usize,
    /// Longest time an event waits for its commit in live flow. Shorter costs commits, longer costs freshness.
    pub commit_interval: Millis,
    /// The same while catching up, where larger units save work.
    pub catch_up_interval: Millis,
    /// Most events in one commit unit; a second unit of this size that has to wait pauses the partitions.
    pub unit_events: usize,
    /// How long a revoked partition may take to flush; must stay below the session timeout.
    pub flush_timeout: Millis,
    /// Where a partition that was never read begins.
    pub start: Start,
    pub on_external_reset: OnExternalReset,
    pub on_gap: OnGap,
    /// Told what keeps the process from being ready.
    pub health: Health,
}

/// Where a partition that was never read begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Earliest,
    Latest,
    /// The first record whose Kafka timestamp is not before this.
    At(Timestamp),
}

/// What to do when somebody moved the group's offsets with Kafka's own tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExternalReset {
    Honour,
    Ignore,
    Stop,
}

/// What to do when retention has removed records that were not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnGap {
    Stop,
    Skip,
}

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            time => time.parse().map(Self::At).map_err(|_| {
                format!("expected earliest, latest or a time such as 2026-01-02T03:04:05Z, found '{time}'")
            }),
        }
    }
}

impl FromStr for OnExternalReset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "honour" => Ok(Self::Honour),
            "ignore" => Ok(Self::Ignore),
            "stop" => Ok(Self::Stop),
            other => Err(format!("expected honour, ignore or stop, found '{other}'")),
        }
    }
}

impl FromStr for OnGap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "stop" => Ok(Self::Stop),
            "skip" => Ok(Self::Skip),
            other => Err(format!("expected stop or skip, found '{other}'")),
        }
    }
}
