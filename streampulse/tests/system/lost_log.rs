//! The log is not what it was: retention, and a topic that was deleted and created again.

use std::time::Duration;

use crate::stage::{Stage, troubled};

const LIMIT: Duration = Duration::from_secs(120);

/// A stage whose first `events` are read, and the processor gone.
async fn read(test: &str, events: u64) -> Option<Stage> {
    let stage = Stage::set(test, "content-downloads", 1).await?;
    let client = stage.client().await;
    stage.send(troubled(41), events, None).await.unwrap();
    let processor = stage.processor(&["--threads", "1"]);
    stage.until_committed(&client, events, LIMIT).await;
    processor.stop().await;
    Some(stage)
}

/// Runs a processor that must end by itself, with these words.
fn ends_with(stage: &Stage, words: &[&str]) {
    let output = stage.processor_command(&["--threads", "1"]).output().unwrap();
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
    ends_with(&stage, &["partition 0", "1000", "1500", "--on-gap skip"]);
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
    ends_with(&stage, &["partition 0", "200", "created again"]);
    assert_eq!(stage.committed(&client).await, 200);
    assert_eq!(stage.contents().await, before);
}
