//! StreamPulse measured against the floor and against Kafka Streams; docs/performance.md says how.

mod cli;
mod contender;
mod cost;
mod disk;
mod exact;
mod figures;
mod growth;
mod latency;
mod program;
mod reader;
mod recovery;
mod serving;
mod stage;
mod table;

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::{Cli, Command, Part, RunArgs},
    contender::{ALL, kafka_streams::Jars},
    cost::{Cost, Summary},
    stage::{Contents, Stage, untroubled},
    table::Table,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Some(Command::Read(args)) => reader::run(args),
        Some(Command::Recovery(args)) => block_on(recovery::run(args)),
        Some(Command::Api(args)) => block_on(serving::run(args)),
        Some(Command::Bare(args)) => block_on(serving::bare(args)),
        None => block_on(compare(&cli.run)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn block_on(measuring: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(until_signal(measuring))
}

/// Ends in order when asked to, so that no process is left behind.
async fn until_signal(measuring: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        outcome = measuring => outcome,
        _ = terminate.recv() => anyhow::bail!("stopped"),
        _ = interrupt.recv() => anyhow::bail!("stopped"),
    }
}

async fn compare(args: &RunArgs) -> anyhow::Result<()> {
    let begin = Instant::now();
    let stage = Stage::set(args.streampulse.as_deref()).await?;
    let mut table = Table::default();
    throughput(&stage, args, &mut table).await?;
    for (part, is_heard) in [(Part::Latency, false), (Part::Push, true)] {
        if args.wants(part) {
            eprintln!("live: {} s at {} events/s", args.live_seconds, args.live_rate);
            table.latency(args.live_rate, &latency::run(&stage, args, is_heard).await?);
        }
    }
    for part in growth::ALL {
        if args.wants(part) {
            eprintln!("growth: {}", contender::name(part));
            table.growth(&growth::run(part, &stage, args).await?);
        }
    }
    stage.stop().await?;
    println!("{}", table.print());
    println!("{} events, {} runs, {} s", args.events, args.runs, begin.elapsed().as_secs());
    Ok(())
}

/// All contenders in turn, and that several times over: what the machine does meanwhile meets them all.
async fn throughput(stage: &Stage, args: &RunArgs, table: &mut Table) -> anyhow::Result<()> {
    let wanted: Vec<Part> = ALL.into_iter().filter(|part| args.wants(*part)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let streams = wanted.iter().any(|part| matches!(part, Part::StreamsProcessorApi | Part::StreamsDsl));
    let jars = if streams { Some(Jars::build().await?) } else { None };
    let filling = Instant::now();
    let contents =
        Contents { workload: untroubled(args.seed), events: args.events, partitions: 8, windows: 60 };
    let topic = stage.fill("bench", &contents).await?;
    eprintln!("{} events sent in {:.0} s", args.events, filling.elapsed().as_secs_f64());
    let mut costs: BTreeMap<usize, Vec<Cost>> = BTreeMap::new();
    for run in 1..=args.runs {
        for (number, &part) in wanted.iter().enumerate() {
            let perf_data = args.perf_data.as_deref().filter(|_| run == args.runs);
            let cost = contender::run(part, stage, &topic, args, jars.as_ref(), perf_data).await?;
            eprintln!("run {run}: {}: {cost:.2?}", contender::name(part));
            costs.entry(number).or_default().push(cost);
        }
    }
    let summaries: Vec<(Part, Summary)> =
        costs.iter().map(|(&number, runs)| (wanted[number], Summary::of(runs))).collect();
    let floor = summaries.first().filter(|(part, _)| *part == Part::Poll).map(|(_, floor)| floor.median.cpu);
    for (part, summary) in &summaries {
        table.contender(contender::name(*part), summary, floor);
    }
    Ok(())
}
