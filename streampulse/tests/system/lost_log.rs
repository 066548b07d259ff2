//! The log is not what it was: retention, and a topic that was deleted and created again.

use std::time::Duration;

use crate::{
    stage::{Processor, Stage, troubled},
    tap::{Moment, Tap},
};

const LIMIT: Duration = Duration::from_secs(120);

/// A stage whose first `events` are read, and the processor gone.
pub async fn read(test: &str, events: u64) -> Option<Stage> {
    let stage = Stage::set(test, "content-downloads", 1).await?;
    let client = stage.client().await;
    stage.send(troubled(41), events, None).await.unwrap();
    let processor = stage.processor(&["--threads", "1"]);
    stage.until_committed(&client, events, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    processor.stop().await;
    Some(stage)
}

/// Runs a processor that must end by itself, with these words.
pub fn ends_with(stage: &Stage, arguments: &[&str], words: &[&str]) {
    let output = stage.processor_command(&["--threads", "1"]).args(arguments).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    let last = printed.lines().last().unwrap();
    for word in words {
        assert!(last.contains(word), "'{word}' is missing in: {last}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_lost_to_retention_stop_the_processor_or_are_a_gap_that_is_told() {
    let test = "records_lost_to_retention_stop_the_processor_or_are_a_gap_that_is_told";
    let Some(stage) = read(test, 1_000).await else { return };
    let client = stage.client().await;
    stage.send(troubled(42), 1_000, None).await.unwrap();
    stage.delete_records_before(1_500).await;
    ends_with(&stage, &[], &["partition 0", "1000", "1500", "--on-gap skip"]);
    assert_eq!(stage.committed(&client).await, 1_000, "nothing was skipped in silence");

    let processor = stage.processor(&["--threads", "1", "--on-gap", "skip"]);
    stage.until_committed(&client, 2_000, LIMIT).await;
    processor.stop().await;
    let gaps = "SELECT from_offset || ' ' || to_offset || ' ' || reason FROM data_gaps";
    assert_eq!(stage.column(&client, gaps).await, ["1000 1500 retention"]);

    // What can be counted again is; windows whose first record is gone stay, and are named.
    let windows = "SELECT t::text FROM content_stats t ORDER BY 1";
    let before = stage.column(&client, windows).await;
    let processor = stage.processor(&["--threads", "1"]);
    let output = stage.streampulse(&["replay", "--from", "0", "--apply", "--wait"]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("stays as it is"), "{printed}");
    processor.stop().await;
    assert_eq!(stage.column(&client, windows).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_created_again_stops_the_processor_though_it_is_longer_than_before() {
    let test = "a_topic_created_again_stops_the_processor_though_it_is_longer_than_before";
    let Some(stage) = read(test, 200).await else { return };
    let client = stage.client().await;
    let before = stage.contents().await;
    stage.delete_topic().await;
    stage.servers.kafka.create_topic(&stage.topic, 1, &[]).await.unwrap();
    stage.send(troubled(43), 500, None).await.unwrap();
    ends_with(&stage, &[], &["partition 0", "200", "created again"]);
    assert_eq!(stage.committed(&client).await, 200);
    assert_eq!(stage.contents().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_ends_before_our_tables_stops_the_processor() {
    let test = "a_log_that_ends_before_our_tables_stops_the_processor";
    let Some(stage) = read(test, 300).await else { return };
    let client = stage.client().await;
    // As after a leader election that lost the log's tail: the same topic, shorter than what was read.
    client.execute("UPDATE partition_progress SET next_offset = 400", &[]).await.unwrap();
    ends_with(&stage, &[], &["partition 0", "400", "ends at 300"]);
    assert_eq!(stage.committed(&client).await, 400);
    // Created again and shorter.
    client.execute("UPDATE partition_progress SET next_offset = 300", &[]).await.unwrap();
    stage.delete_topic().await;
    stage.servers.kafka.create_topic(&stage.topic, 1, &[]).await.unwrap();
    stage.send(troubled(44), 100, None).await.unwrap();
    ends_with(&stage, &[], &["partition 0", "300", "ends at 100", "created again"]);
    assert_eq!(stage.committed(&client).await, 300);
}

/// A processor that waited for the database with two full units while the log went on and lost what it had not read.
/// What it says is in the file.
async fn overtaken(stage: &Stage, arguments: &[&str]) -> (Processor, tempfile::TempPath) {
    let client = stage.client().await;
    let tap = Tap::before(stage.pg.port).await;
    let said = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let mut command = stage.processor_command(&["--threads", "1", "--commit-events", "100"]);
    command.args(arguments).env("DATABASE_URL", stage.url_through(tap.port));
    // What is fetched is not lost: so that it is little, one batch of the producer's.
    for property in ["queued.min.messages=1", "fetch.message.max.bytes=1000"] {
        command.args(["--kafka-property", property]);
    }
    command.stderr(std::fs::File::create(&said).unwrap());
    let processor = Processor::spawn(&mut command);
    stage.until(&client, "SELECT owner_epoch = 2 FROM partition_progress", LIMIT).await;
    tap.hold_at(Moment::BeforeCommit);
    stage.send(troubled(45), 100, None).await.unwrap();
    tap.held().await;
    stage.send(troubled(46), 20_000, None).await.unwrap();
    stage.delete_records_before(21_000).await;
    tap.release();
    (processor, said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_that_overtakes_a_running_processor_stops_it_with_advice() {
    let test = "retention_that_overtakes_a_running_processor_stops_it_with_advice";
    let Some(stage) = read(test, 1_000).await else { return };
    let (mut processor, said) = overtaken(&stage, &[]).await;
    let status = processor.ended(LIMIT).await;
    let said = std::fs::read_to_string(&said).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap();
    for word in ["partition 0", "retention", "21000", "--on-gap skip"] {
        assert!(last.contains(word), "'{word}' is missing in: {last}");
    }
    ends_with(&stage, &[], &["partition 0", "21000", "--on-gap skip"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_that_overtakes_a_running_processor_is_a_gap_where_it_is_told_to_skip() {
    let test = "retention_that_overtakes_a_running_processor_is_a_gap_where_it_is_told_to_skip";
    let Some(stage) = read(test, 1_000).await else { return };
    let client = stage.client().await;
    let (processor, _) = overtaken(&stage, &["--on-gap", "skip"]).await;
    stage.until_committed(&client, 21_100, LIMIT).await;
    stage.send(troubled(47), 500, None).await.unwrap();
    stage.until_committed(&client, 21_600, LIMIT).await;
    processor.stop().await;
    let gaps = "SELECT to_offset || ' ' || reason || ' ' || (from_offset > 1000) FROM data_gaps";
    assert_eq!(stage.column(&client, gaps).await, ["21000 retention true"]);
}
