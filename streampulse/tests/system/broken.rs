//! What breaks while it runs: one line, exit code 1.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use generator::Producer;
use nix::{sys::signal::Signal, unistd::Pid};
use streampulse::local::kafka::RealKafka;

use crate::{refusal::processes_of, stage::Stage};

const LIMIT: Duration = Duration::from_secs(60);

/// A command that is under way; dropping it kills it.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        let child = command.env("LOG_LEVEL", "off").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self(child.unwrap())
    }

    /// The line that it ends with, once it ends by itself with exit code 1.
    async fn broken(mut self) -> String {
        let begin = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < LIMIT, "it does not end within {LIMIT:?}");
            pace.tick().await;
        };
        let mut printed = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!(status.code(), Some(1), "{printed}");
        assert_eq!(printed.lines().count(), 1, "{printed}");
        printed
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn signal(process: u32, signal: Signal) {
    nix::sys::signal::kill(Pid::from_raw(process.cast_signed()), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generator_that_cannot_keep_its_truth_ends_with_code_1() {
    let test = "a_generator_that_cannot_keep_its_truth_ends_with_code_1";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.json");
    let mut command = stage.streampulse(&["generate", "--events-per-minute", "6000", "--truth"]);
    let generate = Running::start(command.arg(&truth));
    let begin = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    while Producer::new(&stage.kafka(), &stage.topic).unwrap().next_offsets() == [0] {
        assert!(begin.elapsed() < LIMIT, "nothing is sent");
        pace.tick().await;
    }
    folder.close().unwrap();
    signal(generate.0.id(), Signal::SIGTERM);
    let line = generate.broken().await;
    assert!(line.contains(truth.to_str().unwrap()) && line.contains("No such file"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kafka_whose_broker_dies_ends_with_code_1_and_leaves_nothing() {
    let test = "a_kafka_whose_broker_dies_ends_with_code_1_and_leaves_nothing";
    if !RealKafka::wanted_by(test).await.unwrap() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let port = free_port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_streampulse"));
    let mut kafka = Running::start(command.args(["kafka", "--port", &port]).env("TMPDIR", temporary.path()));
    let mut lines = BufReader::new(kafka.0.stdout.take().unwrap()).lines();
    let first = lines.next().expect("it ended before its broker was ready").unwrap();
    assert_eq!(first, format!("KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{port}"));
    let broker = child_of(kafka.0.id());
    // Otherwise the last two assertions below could not fail.
    assert!(processes_of(temporary.path()).contains(&broker.to_string()));
    assert_ne!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    signal(broker, Signal::SIGKILL);
    let line = kafka.broken().await;
    assert!(line.contains("Kafka failed") && line.contains("signal: 9"), "{line}");
    assert_eq!(processes_of(temporary.path()), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The only one.
fn child_of(process: u32) -> u32 {
    let tasks = std::fs::read_dir(Path::new("/proc").join(process.to_string()).join("task")).unwrap();
    let children = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap());
    let children: Vec<u32> = children
        .flat_map(|line| line.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
        .collect();
    assert_eq!(children.len(), 1, "{children:?}");
    children[0]
}
