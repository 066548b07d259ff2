//! The program that is measured: `streampulse processor`.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context;
use common::db::{self, PgSettings};
use nix::{sys::signal::Signal, unistd::Pid};
use schema::StreamDefinition;
use tokio::process::{Child, Command};
use tokio_postgres::Client;

use super::LIMIT;
use crate::{
    cost::{Gauge, Marks, Reading},
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
    launch: &Launch,
    perf_data: Option<&Path>,
) -> anyhow::Result<Marks> {
    let tables = Tables::make(stage).await?;
    let running = tables.fill(stage, topic, 1, launch)?;
    // It claims its partitions just before it fetches.
    let partitions = i64::from(topic.partitions);
    until(&tables.client, |progress| progress.claimed >= partitions).await?;
    let first = running.gauge.read()?;
    let perf = perf_data.map(|file| record(&running.gauge.contenders, file)).transpose()?;
    let last = running.read_all(&tables, topic).await?;
    if let Some(mut perf) = perf {
        end(&perf, Signal::SIGINT)?;
        perf.wait().await?;
    }
    running.stop().await?;
    tables.compare(stage, topic).await?;
    Ok(marks(first, last))
}

/// The same by several processes at once, without their start: the stream is paused until they have shared the partitions
/// out.
pub async fn run_settled(
    stage: &Stage,
    topic: &Topic,
    processes: usize,
    launch: &Launch,
) -> anyhow::Result<Marks> {
    let tables = Tables::make(stage).await?;
    tables.client.execute("INSERT INTO stream_control VALUES ($1, true, '', 'bench')", &[&STREAM]).await?;
    let running = tables.fill(stage, topic, processes, launch)?;
    let partitions = i64::from(topic.partitions);
    let members = i64::try_from(processes)? * i64::from(launch.threads);
    let most = (partitions + members - 1) / members;
    until(&tables.client, |progress| progress.claimed >= partitions && progress.most <= most).await?;
    let first = running.gauge.read()?;
    tables.client.execute("UPDATE stream_control SET paused = false", &[]).await?;
    let last = running.read_all(&tables, topic).await?;
    running.stop().await?;
    tables.compare(stage, topic).await?;
    Ok(marks(first, last))
}

/// What is committed moves in steps too large to tell when the half was read.
const fn marks(first: Reading, last: Reading) -> Marks {
    Marks { first, half: None, last }
}

/// A database to read into.
struct Tables {
    pg: PgSettings,
    client: Client,
    definition: StreamDefinition,
}

impl Tables {
    async fn make(stage: &Stage) -> anyhow::Result<Self> {
        let (pg, definition) = stage.database().await?;
        let client = db::connect(&pg, "bench").await?;
        Ok(Self { pg, client, definition })
    }

    fn fill(
        &self,
        stage: &Stage,
        topic: &Topic,
        processes: usize,
        launch: &Launch,
    ) -> anyhow::Result<Running> {
        let start = |_| start(stage, &topic.name, &self.pg, launch);
        let processors: Vec<Child> = (0..processes).map(start).collect::<Result<_, _>>()?;
        let ids: Option<Vec<u32>> = processors.iter().map(Child::id).collect();
        let gauge = stage.gauge(ids.context("ended at once")?)?;
        Ok(Running { processors, gauge })
    }

    async fn compare(self, stage: &Stage, topic: &Topic) -> anyhow::Result<()> {
        assert_equal(&self.client, &self.definition, &topic.truth).await?;
        drop(self.client);
        stage.remove_database(&self.pg).await
    }
}

struct Running {
    processors: Vec<Child>,
    gauge: Gauge,
}

impl Running {
    /// The reading when all of the topic is committed.
    async fn read_all(&self, tables: &Tables, topic: &Topic) -> anyhow::Result<Reading> {
        let events = i64::try_from(topic.events)?;
        until(&tables.client, |progress| progress.committed >= events).await?;
        self.gauge.read()
    }

    async fn stop(self) -> anyhow::Result<()> {
        for processor in self.processors {
            stop(processor).await?;
        }
        Ok(())
    }
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
    /// The most partitions that one thread has.
    most: i64,
}

async fn until(client: &Client, reached: impl Fn(&Progress) -> bool) -> anyhow::Result<()> {
    let query = client
        .prepare(
            "SELECT coalesce(sum(partitions), 0)::bigint, coalesce(sum(events), 0)::bigint, coalesce(max(partitions), 0)
             FROM (SELECT count(*) AS partitions, sum(next_offset) AS events FROM partition_progress GROUP BY owner) AS shares",
        )
        .await?;
    let begin = Instant::now();
    let mut pace = tokio::time::interval(LOOK);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let row = client.query_one(&query, &[]).await?;
        let progress = Progress { claimed: row.get(0), committed: row.get(1), most: row.get(2) };
        if reached(&progress) {
            return Ok(());
        }
        anyhow::ensure!(begin.elapsed() < LIMIT, "{} events committed after {LIMIT:?}", progress.committed);
    }
}
