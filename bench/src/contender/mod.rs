//! Those who read the topic, each in a process of its own.

pub mod kafka_streams;
pub mod processor;

mod announced;

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::Context;
use tokio::process::Command;

use self::{announced::Announced, kafka_streams::Jars};
use crate::{
    cli::{Part, RunArgs},
    cost::Cost,
    stage::{Stage, Topic},
};

/// One run may take this long.
pub const LIMIT: Duration = Duration::from_secs(300);

/// Who competes, in the order of the table.
pub const ALL: [Part; 5] =
    [Part::Poll, Part::Batch, Part::Processor, Part::StreamsProcessorApi, Part::StreamsDsl];

pub const fn name(part: Part) -> &'static str {
    match part {
        Part::Poll => "floor: poll, discard",
        Part::Batch => "floor: batches, discard",
        Part::Processor => "streampulse processor",
        Part::StreamsProcessorApi => "Kafka Streams, Processor API",
        Part::StreamsDsl => "Kafka Streams, DSL",
        Part::Latency => "latency",
        Part::Push => "push",
        Part::Keys => "contents",
        Part::Partitions => "partitions",
        Part::Processes => "processes",
    }
}

/// Runs one contender once over the whole topic.
pub async fn run(
    part: Part,
    stage: &Stage,
    topic: &Topic,
    args: &RunArgs,
    jars: Option<&Jars>,
    perf_data: Option<&Path>,
) -> anyhow::Result<Cost> {
    let marks = match part {
        Part::Poll | Part::Batch => read_and_discard(stage, topic, part == Part::Batch).await,
        Part::Processor => {
            let launch = processor::Launch::of(args.threads, &args.processor_arg);
            processor::run(stage, topic, &launch, perf_data).await
        }
        Part::StreamsProcessorApi | Part::StreamsDsl => {
            let jars = jars.context("Kafka Streams was not built")?;
            jars.run(stage, topic, args, part == Part::StreamsDsl).await
        }
        _ => anyhow::bail!("no contender"),
    };
    Ok(marks.with_context(|| name(part))?.cost(topic.events))
}

async fn read_and_discard(stage: &Stage, topic: &Topic, batch: bool) -> anyhow::Result<crate::cost::Marks> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("read").args(["--servers", &stage.servers(), "--topic", &topic.name]);
    command.args(["--partitions", &topic.partitions.to_string(), "--events", &topic.events.to_string()]);
    if batch {
        command.arg("--batch");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut reading = Announced::start(command, stage)?;
    let marks = tokio::time::timeout(LIMIT, reading.marks()).await.context("took too long")??;
    reading.end().await?;
    Ok(marks)
}
