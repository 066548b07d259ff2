use std::path::PathBuf;

use clap::Args;
use common::{duration::Millis, time::Timestamp};
use generator::{Incident, Workload};

use super::{KafkaArgs, amount};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    streampulse generate --events-per-minute 1200 --history 1h --history-events 72000\n  \
    streampulse generate --events 10000 --events-per-minute 0 --truth truth.json\n  \
    streampulse generate --from-access-log access.log.gz --keep-times\n\n\
    The topic must be there. Ctrl-C ends it in order: what was sent is delivered, and the truth is of that.")]
pub struct GenerateArgs {
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Topic to send to [default: that of the stream sent].
    #[arg(long, env = "KAFKA_TOPIC", value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Send the lines of this access log (combined format, plain or .gz) as web-requests events.
    #[arg(long, value_name = "FILE")]
    pub from_access_log: Option<PathBuf>,
    /// Keep the event times of the log's lines instead of moving the log so that it ends now.
    #[arg(long, requires = "from_access_log")]
    pub keep_times: bool,
    /// Play the log this many times faster than it was written; 0 sends it at once.
    #[arg(long, requires = "from_access_log", default_value_t = 0.0, value_name = "FACTOR", value_parser = amount)]
    pub speed: f64,
    /// Live events per minute of the workload; 0 sends as fast as the broker takes them.
    #[arg(long, env = "EVENTS_PER_MINUTE", default_value_t = 60.0, value_name = "N", value_parser = amount)]
    pub events_per_minute: f64,
    /// Live events to send, then end [default: until stopped].
    #[arg(long, value_name = "N")]
    pub events: Option<u64>,
    /// Event time to fill before now, sent at once at first, such as 1h.
    #[arg(long, default_value = "0ms", value_name = "DURATION")]
    pub history: Millis,
    /// Events of that history.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub history_events: u64,
    #[command(flatten)]
    pub workload: WorkloadArgs,
    /// Write what the tables must hold to this file; see `streampulse verify`. A file of a former run is added to.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
}

/// What made-up traffic looks like.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Workload")]
pub struct WorkloadArgs {
    /// The same seed gives the same events.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Different contents.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub contents: usize,
    /// How unequal the contents' popularity is: the exponent of a Zipf distribution; 0 makes all equal.
    #[arg(long, default_value_t = 1.05, value_name = "EXPONENT")]
    pub zipf: f64,
    /// Regions, the biggest first, 1 to 8.
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub regions: usize,
    /// Device types, 1 to 8.
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub devices: usize,
    /// Share of events that come out of order, but within grace, 0 to 1.
    #[arg(long, default_value_t = 0.02, value_name = "SHARE")]
    pub delayed: f64,
    /// Share of events that come after their window closed, 0 to 1.
    #[arg(long, default_value_t = 0.002, value_name = "SHARE")]
    pub late: f64,
    /// Share of events with the very time of the event before, 0 to 1.
    #[arg(long, default_value_t = 0.05, value_name = "SHARE")]
    pub same_time: f64,
    /// Share of events with a time far in the future, 0 to 1.
    #[arg(long, default_value_t = 0.0002, value_name = "SHARE")]
    pub future: f64,
    /// Share of records that are no event, 0 to 1.
    #[arg(long, default_value_t = 0.0005, value_name = "SHARE")]
    pub bad: f64,
    /// A region that fails for a while: its name, begin, length and share of failures, such as
    /// eu-west,2026-01-02T03:00:00Z,10m,0.4; may be given more than once.
    #[arg(long = "incident", value_name = "REGION,TIME,LENGTH,SHARE", value_parser = incident)]
    pub incidents: Vec<Incident>,
}

impl WorkloadArgs {
    #[must_use]
    pub fn workload(&self) -> Workload {
        Workload {
            seed: self.seed,
            contents: self.contents,
            zipf: self.zipf,
            regions: self.regions,
            devices: self.devices,
            delayed: self.delayed,
            late: self.late,
            same_time: self.same_time,
            future: self.future,
            bad: self.bad,
            incidents: self.incidents.clone(),
            ..Workload::default()
        }
    }
}

fn incident(text: &str) -> Result<Incident, String> {
    let parts: Vec<&str> = text.split(',').collect();
    let [region, begin, length, failure] = parts.as_slice() else {
        return Err("expected REGION,TIME,LENGTH,SHARE".to_owned());
    };
    let begin: Timestamp = begin.parse().map_err(|_| format!("expected a time, found '{begin}'"))?;
    let length: Millis =
        length.parse().map_err(|_| format!("expected a length such as 10m, found '{length}'"))?;
    let failure = failure.parse().map_err(|_| format!("expected a share of 0 to 1, found '{failure}'"))?;
    let from = begin.as_millis();
    Ok(Incident {
        region: (*region).to_owned(),
        from,
        until: from.saturating_add(length.as_millis()),
        failure,
        ..Incident::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_incident_is_read_and_its_wrong_part_is_named() {
        let read = incident("eu-west,2026-01-02T03:00:00Z,10m,0.4").unwrap();
        assert_eq!((read.region.as_str(), read.until - read.from, read.failure), ("eu-west", 600_000, 0.4));
        for (text, part) in [
            ("eu-west", "REGION"),
            ("eu-west,soon,10m,0.4", "soon"),
            ("eu-west,2026-01-02T03:00:00Z,long,0.4", "long"),
            ("eu-west,2026-01-02T03:00:00Z,10m,most", "most"),
        ] {
            assert!(incident(text).unwrap_err().contains(part), "{text}");
        }
    }
}
