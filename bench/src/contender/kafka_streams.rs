//! Kafka Streams over the same topic: built with Maven once, then one JVM per run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::Context;
use generator::{Cell, Truth};
use tokio::process::Command;

use super::{Announced, LIMIT};
use crate::{
    cli::RunArgs,
    cost::Marks,
    stage::{Stage, Topic},
};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kafka-streams");

/// The columns of each store, in the order in which its sums are printed.
const COLUMNS: [(&str, &[&str]); 3] = [
    ("content_stats", &["download_count", "successful_downloads", "failed_downloads", "total_size_gb"]),
    (
        "region_health",
        &[
            "total_downloads",
            "successful_downloads",
            "failed_downloads",
            "unknown_status",
            "speed_mbps_sum",
            "duration_seconds_sum",
            "total_size_gb",
        ],
    ),
    (
        "device_stats",
        &["total_downloads", "successful_downloads", "failed_downloads", "speed_mbps_sum", "total_size_gb"],
    ),
];

/// Kafka Streams and our two programs for it.
pub struct Jars(PathBuf);

static RUNS: AtomicU32 = AtomicU32::new(0);

impl Jars {
    /// Compiles with Maven into the folder of this program.
    pub async fn build() -> anyhow::Result<Self> {
        let folder = std::env::current_exe()?.with_file_name("bench-kafka-streams");
        let mut command = Command::new("mvn");
        command
            .current_dir(PROJECT)
            .args([
                "--batch-mode",
                "--quiet",
                "compile",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
            ])
            .arg(format!("-Dbench.output={}", folder.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let ended = tokio::time::timeout(LIMIT, command.output()).await.context("Maven takes too long")?;
        let output = ended.context("cannot run mvn: install package maven")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        anyhow::ensure!(output.status.success(), "building {PROJECT} with Maven: {printed}");
        Ok(Self(folder))
    }

    /// One run, from an empty state; its sums must be the truth's.
    pub async fn run(
        &self,
        stage: &Stage,
        topic: &Topic,
        args: &RunArgs,
        dsl: bool,
    ) -> anyhow::Result<Marks> {
        let state = tempfile::tempdir()?;
        let application =
            format!("bench-streams-{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(java());
        command
            .args([
                "-Xms1g",
                "-Xmx2g",
                "-XX:+UseParallelGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
            ])
            .arg(self.class_path())
            .args(["streampulse.bench.Main", if dsl { "dsl" } else { "processor" }])
            .args([&stage.servers(), &topic.name, &application])
            .arg(state.path())
            .args([topic.events.to_string(), args.threads.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut reading = Announced::start(command, stage)?;
        let marks = tokio::time::timeout(LIMIT, reading.marks()).await.context("took too long")??;
        reading.end().await?;
        stage.remove_topics(&application).await?;
        check(&reading.said, &topic.truth)?;
        Ok(marks)
    }

    fn class_path(&self) -> std::ffi::OsString {
        let mut path = self.0.join("classes").into_os_string();
        path.push(":");
        path.push(self.0.join("libs/*"));
        path
    }
}

fn java() -> PathBuf {
    std::env::var_os("JAVA_HOME")
        .map_or_else(|| PathBuf::from("java"), |home| Path::new(&home).join("bin/java"))
}

/// Every column of every store, summed over its rows, must be the truth's.
fn check(said: &[String], truth: &Truth) -> anyhow::Result<()> {
    let mut totals = BTreeMap::new();
    for line in said {
        let mut words = line.split(' ');
        if words.next() == Some("totals") {
            let store = words.next().unwrap_or_default();
            totals.insert(store, words.map(str::parse).collect::<Result<Vec<i64>, _>>()?);
        }
    }
    for (store, columns) in COLUMNS {
        let expected: Vec<i64> = columns.iter().map(|column| total(truth, store, column)).collect();
        anyhow::ensure!(
            totals.get(store) == Some(&expected),
            "{store}: expected {expected:?}, found {:?}",
            totals.get(store)
        );
    }
    Ok(())
}

fn total(truth: &Truth, table: &str, column: &str) -> i64 {
    let rows = truth.tables.get(table).into_iter().flatten();
    rows.map(|row| if let Some(Cell::Number(number)) = row.get(column) { *number } else { 0 }).sum()
}
