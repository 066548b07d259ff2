use common::clock::SystemClock;
use generator::{GenerateSettings, LogTimes, Prepared, Source};

use super::{Failure, shutdown_on_signals};
use crate::cli::GenerateArgs;

pub(super) async fn run(args: GenerateArgs) -> Result<(), Failure> {
    let (settings, kafka) = (settings(&args), args.kafka.properties());
    let shutdown = shutdown_on_signals().map_err(Failure::Refused)?;
    let sending = tokio::task::spawn_blocking(move || {
        let prepared = Prepared::look(&settings, &kafka, &SystemClock)
            .map_err(|error| Failure::Refused(error.into()))?;
        prepared.send(&SystemClock, &shutdown).map_err(|error| Failure::Broken(error.into()))
    });
    let summary = sending.await.map_err(|error| Failure::Broken(error.into()))??;
    tracing::info!(sent = summary.sent, lines_left_out = summary.refused_lines, "done");
    Ok(())
}

fn settings(args: &GenerateArgs) -> GenerateSettings {
    let (stream, source, rate) = match &args.from_access_log {
        Some(path) => (
            "web-requests",
            Source::AccessLog {
                path: path.clone(),
                times: if args.keep_times { LogTimes::Kept } else { LogTimes::EndNow },
            },
            args.speed,
        ),
        None => {
            ("content-downloads", Source::Downloads(args.workload.workload()), args.events_per_minute / 60.0)
        }
    };
    GenerateSettings {
        topic: args.topic.clone().unwrap_or_else(|| stream.to_owned()),
        source,
        events: args.events,
        history: args.history.as_millis(),
        history_events: args.history_events,
        rate: (rate > 0.0).then_some(rate),
        truth: args.truth.clone(),
    }
}
