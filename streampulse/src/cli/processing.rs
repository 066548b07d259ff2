use std::{path::PathBuf, sync::Arc};

use clap::Args;
use common::{
    clock::{Clock, SteppedClock, SystemClock},
    db::PgSettings,
    duration::Millis,
};
use processor::{Health, OnExternalReset, OnGap, ProcessorSettings, Start};
use schema::StreamDefinition;

/// How a processor reads and commits.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Processing")]
pub struct ProcessingArgs {
    /// Consumer group [default: streampulse-<stream>].
    #[arg(long, env = "KAFKA_GROUP_ID", value_name = "GROUP")]
    pub group: Option<String>,
    /// Stream threads per stream.
    #[arg(long, env = "STREAM_THREADS", default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
    /// Longest time an event waits for its commit.
    #[arg(long, env = "COMMIT_INTERVAL", default_value = "25ms", value_name = "DURATION")]
    pub commit_interval: Millis,
    /// The same while catching up, where larger units save work.
    #[arg(long, env = "CATCH_UP_INTERVAL", default_value = "250ms", value_name = "DURATION")]
    pub catch_up_interval: Millis,
    /// Most events in one commit.
    #[arg(long, env = "COMMIT_EVENTS", default_value_t = 200_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub commit_events: u32,
    /// How long a flush may take when partitions are handed over; below the session timeout.
    #[arg(long, env = "FLUSH_TIMEOUT", default_value = "5s", value_name = "DURATION")]
    pub flush_timeout: Millis,
    /// Where a partition that was never read begins: earliest, latest, or a time such as 2026-01-02T03:04:05Z.
    #[arg(long, env = "START", default_value = "earliest", value_name = "WHERE")]
    pub start: Start,
    /// When somebody reset the group's offsets with Kafka's tools: honour, ignore or stop.
    #[arg(long, env = "ON_EXTERNAL_RESET", default_value = "honour", value_name = "WHAT")]
    pub on_external_reset: OnExternalReset,
    /// When retention has removed records that were not read: stop or skip.
    #[arg(long, env = "ON_GAP", default_value = "stop", value_name = "WHAT")]
    pub on_gap: OnGap,
    /// Serve /metrics, /healthz and /readyz on this port [default: not at all].
    #[arg(long, env = "MONITOR_PORT", value_name = "PORT")]
    pub monitor_port: Option<u16>,
    /// Address of that port; 0.0.0.0 for all interfaces.
    #[arg(long, env = "MONITOR_HOST", default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub monitor_host: std::net::IpAddr,
    /// For tests: a file that says by how many milliseconds our clock is off.
    #[arg(long, hide = true, value_name = "FILE")]
    pub clock_step_file: Option<PathBuf>,
}

impl ProcessingArgs {
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        match &self.clock_step_file {
            Some(file) => Arc::new(SteppedClock::of(file.clone())),
            None => Arc::new(SystemClock),
        }
    }

    #[must_use]
    pub fn settings(
        &self,
        streams: Vec<Arc<StreamDefinition>>,
        kafka: Vec<(String, String)>,
        pg: PgSettings,
    ) -> ProcessorSettings {
        ProcessorSettings {
            streams,
            kafka,
            pg,
            group: self.group.clone(),
            threads: usize::from(self.threads),
            commit_interval: self.commit_interval,
            catch_up_interval: self.catch_up_interval,
            unit_events: self.commit_events as usize,
            flush_timeout: self.flush_timeout,
            start: self.start,
            on_external_reset: self.on_external_reset,
            on_gap: self.on_gap,
            health: Health::default(),
        }
    }
}
