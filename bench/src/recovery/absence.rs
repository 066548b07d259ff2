//! The database or the broker is away for minutes, and comes back.

use std::time::{Duration, Instant};

use anyhow::Context;
use generator::Workload;

use super::{
    Figures,
    flow::{Flow, Ground, MINUTE, Span, minute_ago, send_history},
    link::Link,
    progress::{committed, places, until, until_committed},
};
use crate::{
    cli::RecoveryArgs,
    contender::processor::{self, Launch},
    cost::resident_memory,
    exact::assert_equal,
    stage::Stage,
};

const LIMIT: Duration = Duration::from_secs(900);
const LIVE_PER_SECOND: f64 = 1_000.0;

pub async fn of_database(stage: &Stage, args: &RecoveryArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let ground = Ground::of(stage, "bench-database-away").await?;
    let client = &ground.client;
    let workload = Workload { seed: args.seed, ..Workload::default() };
    let folder = tempfile::tempdir()?;
    let span = Span { from: minute_ago(60), to: minute_ago(0) };
    let truth =
        send_history(stage, &ground.topic, workload, (args.events, span), &folder.path().join("truth"))
            .await?;

    let link = Link::to(ground.pg.port).await?;
    let mut through = ground.pg.clone();
    through.port = link.port;
    let launch = Launch::of(args.threads, &args.processor_arg);
    let running = processor::start(stage, &ground.topic, &through, &launch)?;
    let process = running.id().context("ended at once")?;
    until_committed(client, (args.events / 10).max(1), LIMIT).await?;
    let before = resident_memory(process)?;
    link.cut(true);
    let peak = while_away(process, args).await?;
    let behind = args.events.saturating_sub(committed(&places(client).await?));
    anyhow::ensure!(behind > 0, "all was committed before the database went; more --events");
    link.cut(false);
    let mended = Instant::now();
    let first = until(client, LIMIT, |now| args.events - committed(now) < behind).await?;
    let all = until_committed(client, args.events, LIMIT).await?;
    processor::stop(running).await?;
    assert_equal(client, &ground.definition, &truth).await?;

    let away = format!("database away {} s, {behind} events behind", args.away_seconds);
    figures.mebibytes(format!("{away}: memory before"), before);
    figures.mebibytes(format!("{away}: most memory meanwhile"), peak);
    figures.seconds(format!("{away}: first commit after it is back"), first - mended);
    figures.seconds(format!("{away}: all is committed"), all - mended);
    ground.clear(stage).await
}

pub async fn of_broker(stage: &mut Stage, args: &RecoveryArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let ground = Ground::of(stage, "bench-broker-away").await?;
    let client = &ground.client;
    let launch = Launch::of(args.threads, &args.processor_arg);
    let running = [
        processor::start(stage, &ground.topic, &ground.pg, &launch)?,
        processor::start(stage, &ground.topic, &ground.pg, &launch)?,
    ];
    let process = running[0].id().context("ended at once")?;
    let workload = Workload { seed: args.seed, ..Workload::default() };
    let events = 10_000;
    let span = Span { from: minute_ago(10), to: minute_ago(0) + MINUTE / 2 };
    let flow = Flow::begin(stage, &ground.topic, workload, (events, span), LIVE_PER_SECOND);
    until_committed(client, events + 3_000, LIMIT).await?;
    let before = resident_memory(process)?;
    stage.kafka.halt().await?;
    let peak = while_away(process, args).await?;
    let at = committed(&places(client).await?);
    stage.kafka.resume().await?;
    let back = Instant::now();
    let first = until(client, LIMIT, |now| committed(now) > at).await?;
    flow.end(client, &ground.definition).await?;
    for running in running {
        processor::stop(running).await?;
    }
    let away = format!("broker away {} s", args.away_seconds);
    figures.mebibytes(format!("{away}: memory before"), before);
    figures.mebibytes(format!("{away}: most memory meanwhile"), peak);
    figures.seconds(format!("{away}: first commit after it answers again"), first - back);
    ground.clear(stage).await
}

/// The most memory that the process has while the time passes.
async fn while_away(process: u32, args: &RecoveryArgs) -> anyhow::Result<u64> {
    let (begin, mut peak) = (Instant::now(), 0);
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    while begin.elapsed() < Duration::from_secs(args.away_seconds) {
        pace.tick().await;
        peak = peak.max(resident_memory(process)?);
    }
    Ok(peak)
}
