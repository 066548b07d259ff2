//! Breaks everything around the processors while they work, and checks that the tables do not show it.
//!
//! ```text
//! cargo build -p streampulse
//! cargo run -p streampulse-chaos -- --schedules 20 --seed 1
//! cargo run -p streampulse-chaos -- --seed 1 --only 7      # one schedule again
//! cargo run -p streampulse-chaos -- --known                # those that once showed something ([`known`])
//! ```
//!
//! A real Kafka and a real Postgres are started once. Each *schedule* is drawn from the seed ([`plan`]): a topic, a
//! workload with late and broken events, one to four `streampulse processor` processes, their settings, and faults
//! that strike when a share of the events is sent or committed. Every process reaches the database through a proxy
//! of its own ([`proxy`]) that can break around a COMMIT. Operators ask for replays in mid-flow, reset the group's
//! offsets while nobody runs and add partitions ([`operator`]), and faults strike while partitions are set back. When
//! all events are committed, no partition is set back any more and the processors have stopped in order, the tables, dead letters and late events must equal what the generator knows to be true, cell
//! by cell, and the alerts what the tables call for ([`check`]).
//!
//! The wall clock of a processor is stepped by a file that it reads (`--clock-step-file`, hidden). The topics of such
//! schedules bear the broker's timestamps: with producers' timestamps, which record is ahead of time is for the
//! processor's clock to say.
//!
//! The same seed gives the same plan, not the same interleaving: run a failed schedule again a few times. The exit
//! code is 1 when a schedule failed, 2 when one could not be run.

mod check;
mod fleet;
mod known;
mod operator;
mod plan;
mod progress;
mod proxy;
mod report;
mod run;
mod sender;
mod servers;
mod timeline;
mod wire;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::{plan::Plan, report::Summary, servers::Servers};

/// Fault schedules against real processors: exactly once, whatever breaks.
#[derive(Debug, Parser)]
#[command(name = "chaos")]
struct Arguments {
    /// How many schedules to run.
    #[arg(long, default_value_t = 20, value_name = "N")]
    schedules: u64,
    /// The same seed gives the same schedules.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seed: u64,
    /// Run this schedule of the seed alone.
    #[arg(long, value_name = "K")]
    only: Option<u64>,
    /// Run the schedules written by hand instead of drawing any.
    #[arg(long, conflicts_with_all = ["schedules", "seed"])]
    known: bool,
    /// The program under test [default: streampulse in the folder of this program].
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Tell what was done when, and keep the processors' logs, of schedules that passed, too.
    #[arg(long)]
    verbose: bool,
    /// Run no further schedule once one has failed.
    #[arg(long)]
    stop_at_first: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ran = tokio::select! {
        ran = run_all(&arguments) => ran,
        () = interrupted() => Err(anyhow::anyhow!("interrupted")),
    };
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Servers and processors end when they are dropped, which a signal's default would not do.
async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// `false` when a schedule failed.
async fn run_all(arguments: &Arguments) -> anyhow::Result<bool> {
    let binary = binary(arguments)?;
    let mut servers = Servers::start().await?;
    let (begin, mut summary) = (Instant::now(), Summary::default());
    let logs = tempfile::Builder::new().prefix("streampulse-chaos-").tempdir()?.keep();
    for plan in plans(arguments) {
        let number = plan.number;
        let folder = logs.join(number.to_string());
        let ran = run::run(&plan, &mut servers, &binary, folder).await;
        let outcome = ran.with_context(|| format!("seed {} schedule {number}", plan.seed))?;
        println!("{}", outcome.line());
        if arguments.verbose || !outcome.failures.is_empty() {
            println!("{}", outcome.explanation());
        } else {
            outcome.forget_logs();
        }
        summary.add(&outcome);
        if arguments.stop_at_first && !summary.is_good() {
            break;
        }
    }
    println!("\n{}", summary.table(begin.elapsed()));
    if summary.is_good() && !arguments.verbose {
        std::fs::remove_dir_all(&logs).with_context(|| format!("{} cannot be removed", logs.display()))?;
    }
    servers.kafka.stop().await?;
    servers.postgres.stop().await?;
    Ok(summary.is_good())
}

fn plans(arguments: &Arguments) -> Vec<Plan> {
    let is_wanted = |plan: &Plan| arguments.only.is_none_or(|only| only == plan.number);
    if arguments.known {
        return known::schedules().into_iter().filter(is_wanted).collect();
    }
    let numbers = arguments.only.map_or(0..arguments.schedules, |only| only..only + 1);
    numbers.map(|number| Plan::draw(arguments.seed, number)).collect()
}

fn binary(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    let found = match &arguments.binary {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("streampulse"),
    };
    if !found.is_file() {
        bail!("{} is not there: cargo build -p streampulse, or give --binary", found.display());
    }
    Ok(found)
}
