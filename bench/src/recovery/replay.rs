//! The last half of the log is counted again while the processor runs.

use std::time::{Duration, Instant};

use anyhow::Context;
use common::{
    clock::{Clock, SystemClock},
    time::Timestamp,
};
use generator::Workload;
use tokio::process::Command;
use tokio_postgres::Client;

use super::{
    Figures,
    flow::{Ground, MINUTE, Span, minute_ago, send_history},
    progress::until_committed,
};
use crate::{
    cli::RecoveryArgs,
    contender::processor::{self, Launch},
    exact::assert_equal,
    stage::{STREAM, Stage},
};

const LIMIT: Duration = Duration::from_secs(900);
/// Between two looks at what must not change.
const LOOK: Duration = Duration::from_millis(100);
const HALF: i64 = 30 * MINUTE;

pub async fn run(stage: &Stage, args: &RecoveryArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let ground = Ground::of(stage, "bench-replay").await?;
    let client = &ground.client;
    let folder = tempfile::tempdir()?;
    let truth_file = folder.path().join("truth");
    let middle = minute_ago(0) - HALF;
    let send = async |half: u64, span: Span| {
        let workload = Workload { seed: args.seed + half, ..Workload::default() };
        send_history(stage, &ground.topic, workload, (args.events / 2, span), &truth_file).await
    };
    send(0, Span { from: middle - HALF, to: middle }).await?;
    // Kafka's timestamps are those of sending.
    let from = SystemClock.now().plus_millis(2);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let truth = send(1, Span { from: middle, to: middle + HALF }).await?;

    let launch = Launch::of(args.threads, &args.processor_arg);
    let running = processor::start(stage, &ground.topic, &ground.pg, &launch)?;
    let begin = Instant::now();
    until_committed(client, truth.events, LIMIT).await?;
    let scratch = begin.elapsed();
    copy(client, &ground).await?;

    // Events are delayed by half a minute at most, and windows are one long.
    let outside = Timestamp::from_millis(middle - 2 * MINUTE);
    let before = versions(client, &ground, outside).await?;
    let begin = Instant::now();
    request(stage, &ground, from).await?;
    let (mut looks, mut rewinding, mut pace) = (0_u32, 0_u32, tokio::time::interval(LOOK));
    loop {
        pace.tick().await;
        let left: i64 = client.query_one(LEFT, &[]).await?.get(0);
        anyhow::ensure!(
            versions(client, &ground, outside).await? == before,
            "windows outside of the replay were written"
        );
        looks += 1;
        rewinding += u32::from(left > 0);
        if left == 0 {
            break;
        }
        anyhow::ensure!(begin.elapsed() < LIMIT, "the replay does not end");
    }
    let replayed = begin.elapsed();
    until_committed(client, truth.events, LIMIT).await?;
    processor::stop(running).await?;
    let states: String =
        client.query_one("SELECT string_agg(DISTINCT state, ' ') FROM replay_partitions", &[]).await?.get(0);
    anyhow::ensure!(states == "done", "the replay ended as {states}");
    assert_equal(client, &ground.definition, &truth).await?;
    let differing = differing(client, &ground).await?;
    anyhow::ensure!(differing == 0, "{differing} rows differ from those of the run from scratch");

    let read: i64 = client.query_one(READ_AGAIN, &[]).await?.get(0);
    let what = format!("replay of the last half of {} events", truth.events);
    figures.seconds(format!("{what}: wall time"), replayed);
    figures.note(format!("{what}: records read again"), read.to_string());
    figures.seconds(format!("{what}: the run from scratch took"), scratch);
    figures.note(format!("{what}: looks at windows outside of it, none changed"), looks.to_string());
    figures.note(format!("{what}: of these while it ran"), rewinding.to_string());
    figures.note(format!("{what}: rows that differ from the run from scratch"), differing.to_string());
    ground.clear(stage).await
}

const LEFT: &str = "SELECT count(*) FROM replay_partitions WHERE state IN ('requested', 'running')";
const READ_AGAIN: &str =
    "SELECT coalesce(sum(until_offset - start_offset), 0)::bigint FROM replay_partitions";

async fn request(stage: &Stage, ground: &Ground, from: Timestamp) -> anyhow::Result<()> {
    let mut command = Command::new(&stage.streampulse);
    command
        .env_clear()
        .env("KAFKA_BOOTSTRAP_SERVERS", stage.servers())
        .env("DATABASE_URL", processor::url(&ground.pg))
        .env("STREAMS", STREAM)
        .env("KAFKA_TOPIC", &ground.topic)
        .args(["replay", "--from", &from.to_string(), "--apply"])
        .kill_on_drop(true);
    let output = command.output().await.context("asking for the replay")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// One number per table for every version of every row before `outside`.
async fn versions(client: &Client, ground: &Ground, outside: Timestamp) -> anyhow::Result<Vec<String>> {
    let mut sums = Vec::new();
    for rollup in &ground.definition.rollups {
        let sum = format!(
            "SELECT coalesce(md5(string_agg(t::text || t.xmin, ',' ORDER BY t::text)), '') FROM \"{}_partial\" t
             WHERE window_start < $1",
            rollup.name
        );
        sums.push(client.query_one(&sum, &[&outside]).await?.get(0));
    }
    anyhow::ensure!(sums.iter().all(|sum: &String| !sum.is_empty()), "no window lies outside of the replay");
    Ok(sums)
}

async fn copy(client: &Client, ground: &Ground) -> anyhow::Result<()> {
    for table in tables(ground) {
        client
            .batch_execute(&format!("CREATE TABLE \"{table}_scratch\" AS SELECT * FROM \"{table}\""))
            .await?;
    }
    Ok(())
}

async fn differing(client: &Client, ground: &Ground) -> anyhow::Result<i64> {
    let mut sum = 0;
    for table in tables(ground) {
        let query = format!(
            "SELECT count(*) FROM (
                 (SELECT * FROM \"{table}\" EXCEPT ALL SELECT * FROM \"{table}_scratch\")
                 UNION ALL (SELECT * FROM \"{table}_scratch\" EXCEPT ALL SELECT * FROM \"{table}\")
             ) AS differing"
        );
        sum += client.query_one(&query, &[]).await?.get::<_, i64>(0);
    }
    Ok(sum)
}

fn tables(ground: &Ground) -> impl Iterator<Item = String> {
    let partials = ground.definition.rollups.iter().map(|rollup| format!("{}_partial", rollup.name));
    partials.chain(["window_span".to_owned()])
}
