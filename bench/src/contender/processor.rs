//! The program that is measured: `streampulse processor`.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context;
use common::db::{self, PgSettings};
use nix::{sys::signal::Signal, unistd::Pid};
use tokio::process::{Child, Command};
use tokio_postgres::Client;

use super::LIMIT;
use crate::{
    cost::Marks,
    exact::assert_equal,
    stage::{STREAM, Stage, Topic},
};

/// Between two looks at what is committed.
const LOOK: Duration = Duration::from_millis(5);
const END_LIMIT: Duration = Duration::from_secs(60);

/// Reads the topic into a new database and compares the tables with the truth.
pub async fn run(
    stage: &Stage,
    topic: &Topic,
    (processes, launch): (usize, &Launch),
    perf_data: Option<&Path>,
) -> anyhow::Result<Marks> {
    let (pg, definition) = stage.database().await?;
    let client = db::connect(&pg, "bench").await?;
    let mut processors = Vec::with_capacity(processes);
    for _ in 0..processes {
        processors.push(start(stage, &topic.name, &pg, launch)?);
    }
    let ids: Option<Vec<u32>> = processors.iter().map(Child::id).collect();
    let gauge = stage.gauge(ids.context("ended at once")?)?;
    // They claim their partitions just before they fetch.
    let partitions = i64::from(topic.partitions);
    until(&client, |progress| progress.claimed >= partitions).await?;
    let first = gauge.read()?;
    let perf = perf_data.map(|file| record(&gauge.contenders, file)).transpose()?;
    let events = i64::try_from(topic.events)?;
    until(&client, |progress| progress.committed >= events).await?;
    let last = gauge.read()?;
    if let Some(mut perf) = perf {
        end(&perf, Signal::SIGINT)?;
        perf.wait().await?;
    }
    for processor in processors {
        stop(processor).await?;
    }
    assert_equal(&client, &definition, &topic.truth).await?;
    drop(client);
    stage.remove_database(&pg).await?;
    // What is committed moves in steps too large to tell when the half was read.
    Ok(Marks { first, half: None, last })
}

/// How it is started.
pub struct Launch {
    pub threads: u16,
    pub arguments: Vec<String>,
}

impl Launch {
    pub fn of(threads: u16, arguments: &[String]) -> Self {
        Self { threads, arguments: arguments.to_vec() }
    }
}

pub fn url(pg: &PgSettings) -> String {
    let password = pg.password.clone().unwrap_or_default();
    format!("postgres://{}:{password}@{}:{}/{}", pg.user, pg.host, pg.port, pg.dbname)
}

/// Starts it on a topic and a database; it dies with the handle.
pub fn start(stage: &Stage, topic: &str, pg: &PgSettings, launch: &Launch) -> anyhow::Result<Child> {
    let mut command = Command::new(&stage.streampulse);
    command
        .env_clear()
        .env("KAFKA_BOOTSTRAP_SERVERS", stage.servers())
        .env("DATABASE_URL", url(pg))
        .env("STREAMS", STREAM)
        .env("KAFKA_TOPIC", topic)
        .env("KAFKA_GROUP_ID", &pg.dbname)
        .env("LOG_LEVEL", "warn")
        .arg("processor")
        .args(["--threads", &launch.threads.to_string()])
        .args(&launch.arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command.spawn().with_context(|| format!("cannot start {}", stage.streampulse.display()))
}

/// Asks it to end; it must do so in order.
pub async fn stop(mut processor: Child) -> anyhow::Result<()> {
    end(&processor, Signal::SIGTERM)?;
    let status = tokio::time::timeout(END_LIMIT, processor.wait()).await.context("does not stop")??;
    anyhow::ensure!(status.success(), "ended with {status}");
    Ok(())
}

fn end(child: &Child, signal: Signal) -> anyhow::Result<()> {
    let id = child.id().context("has ended by itself")?;
    nix::sys::signal::kill(Pid::from_raw(id.cast_signed()), signal)?;
    Ok(())
}

fn record(processes: &[u32], file: &Path) -> anyhow::Result<Child> {
    let processes: Vec<String> = processes.iter().map(u32::to_string).collect();
    let mut command = Command::new("perf");
    command.args(["record", "-q", "-F", "999", "-p", &processes.join(","), "-o"]).arg(file);
    command.stdin(Stdio::null()).kill_on_drop(true).spawn().context("cannot start perf")
}

struct Progress {
    claimed: i64,
    committed: i64,
}

async fn until(client: &Client, reached: impl Fn(&Progress) -> bool) -> anyhow::Result<()> {
    let query = client
        .prepare("SELECT count(*), coalesce(sum(next_offset), 0)::bigint FROM partition_progress")
        .await?;
    let begin = Instant::now();
    let mut pace = tokio::time::interval(LOOK);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let row = client.query_one(&query, &[]).await?;
        let progress = Progress { claimed: row.get(0), committed: row.get(1) };
        if reached(&progress) {
            return Ok(());
        }
        anyhow::ensure!(begin.elapsed() < LIMIT, "{} events committed after {LIMIT:?}", progress.committed);
    }
}
