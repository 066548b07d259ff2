//! Where a processor begins: at a time, after its group was forgotten, and where somebody else has put its offset.

use std::time::Duration;

use common::clock::{Clock, SystemClock};
use generator::Truth;
use tokio_postgres::Client;

use crate::{
    exactly_once::assert_same,
    lost_log::{ends_with, read},
    stage::{Stage, troubled},
};

const LIMIT: Duration = Duration::from_secs(120);

const GAPS: &str =
    "SELECT from_offset || ' ' || to_offset || ' ' || reason FROM data_gaps ORDER BY from_offset";

/// Lets a processor read until so many are committed and what is final is judged.
async fn read_on(stage: &Stage, client: &Client, events: u64, arguments: &[&str]) {
    read_on_after_resets(stage, client, (events, 0), arguments).await;
}

/// And so many partitions were set back, in all, and are again where they were.
async fn read_on_after_resets(
    stage: &Stage,
    client: &Client,
    (events, resets): (u64, u64),
    arguments: &[&str],
) {
    let processor = stage.processor(&[&["--threads", "1"], arguments].concat());
    let owns = format!(
        "SELECT coalesce(bool_and(owner LIKE '%:{}:%'), false) FROM partition_progress",
        processor.id()
    );
    stage.until(client, &owns, LIMIT).await;
    stage.until_committed(client, events, LIMIT).await;
    let replayed = format!("SELECT count(*) = {resets} FROM replay_partitions WHERE state = 'done'");
    stage.until(client, &replayed, LIMIT).await;
    stage.until_judged(client, LIMIT).await;
    processor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_from_a_time_counts_the_records_from_then_on() {
    let test = "a_first_start_from_a_time_counts_the_records_from_then_on";
    let Some(stage) = Stage::set(test, "content-downloads", 3).await else { return };
    stage.send(troubled(91), 1_000, None).await.unwrap();
    // Kafka's timestamps are those of sending.
    let time = SystemClock.now().plus_millis(2);
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    while SystemClock.now() <= time {
        pace.tick().await;
    }
    let truth = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    stage.send_between(&truth, troubled(92), 3_000, (60, 30)).await;
    let client = stage.client().await;
    read_on(&stage, &client, 4_000, &["--start", &time.to_string()]).await;
    stage.assert_equals(&Truth::load(&truth).unwrap()).await;
    // The first start decides; a later one goes on, whatever it is told.
    stage.send_between(&truth, troubled(93), 1_000, (30, 0)).await;
    read_on(&stage, &client, 5_000, &["--start", "2999-01-01T00:00:00Z"]).await;
    stage.assert_equals(&Truth::load(&truth).unwrap()).await;

    // No record is that late: the next one that comes is the first.
    let again = stage.read_again().await;
    let client = again.client().await;
    let processor = again.processor(&["--threads", "1", "--start", "2999-01-01T00:00:00Z"]);
    again.until(&client, "SELECT count(*) = 3 FROM partition_progress WHERE owner <> ''", LIMIT).await;
    let truth = again.send(troubled(94), 2_000, None).await.unwrap();
    again.until_committed(&client, 7_000, LIMIT).await;
    processor.stop().await;
    again.assert_equals(&truth).await;
    assert_eq!(again.column(&client, GAPS).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_whose_offsets_expired_goes_on_where_the_tables_are() {
    let test = "a_group_whose_offsets_expired_goes_on_where_the_tables_are";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let client = stage.client().await;
    let truth = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    stage.send_between(&truth, troubled(95), 2_000, (60, 30)).await;
    read_on(&stage, &client, 2_000, &[]).await;
    stage.forget_group().await;
    stage.send_between(&truth, troubled(96), 2_000, (30, 0)).await;
    read_on(&stage, &client, 4_000, &["--start", "latest"]).await;
    stage.assert_equals(&Truth::load(&truth).unwrap()).await;
    assert_eq!(stage.column(&client, GAPS).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_beyond_the_end_of_the_log_goes_to_its_end_and_is_a_gap() {
    let test = "a_reset_beyond_the_end_of_the_log_goes_to_its_end_and_is_a_gap";
    let Some(stage) = read(test, 500).await else { return };
    let client = stage.client().await;
    stage.send(troubled(97), 500, None).await.unwrap();
    // Kafka's tool goes to the end instead, and says so.
    stage.reset_offsets(&["--to-offset", "999999"]).await;
    read_on(&stage, &client, 1_000, &[]).await;
    assert_eq!(stage.column(&client, GAPS).await, ["500 1000 operator reset"]);
    // Other programs put down whatever they like.
    stage.send(troubled(98), 500, None).await.unwrap();
    stage.commit_by_hand(999_999);
    read_on(&stage, &client, 1_500, &[]).await;
    assert_eq!(stage.column(&client, GAPS).await, ["500 1000 operator reset", "1000 1500 operator reset"]);
    // What comes next is counted.
    stage.send(troubled(99), 500, None).await.unwrap();
    read_on(&stage, &client, 2_000, &[]).await;
    assert_eq!(stage.column(&client, GAPS).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_to_records_that_are_gone_keeps_what_cannot_be_counted_again() {
    let test = "a_reset_to_records_that_are_gone_keeps_what_cannot_be_counted_again";
    let Some(stage) = read(test, 2_000).await else { return };
    let client = stage.client().await;
    let before = stage.contents().await;
    stage.delete_records_before(700).await;
    let resets = "SELECT state || ' ' || (windows > 0) || ' ' || (frozen > 0) FROM replay_partitions
        ORDER BY replay_id";
    for resets_so_far in 1..=2 {
        if resets_so_far == 2 {
            stage.commit_by_hand(100);
        } else {
            stage.reset_offsets(&["--to-offset", "100"]).await;
        }
        read_on_after_resets(&stage, &client, (2_000, resets_so_far), &[]).await;
        assert_same(&before, &stage.contents().await, "after a reset to records that are gone");
    }
    assert_eq!(stage.column(&client, resets).await, ["done true true", "done true true"]);
    // With processors running, by our own command.
    let processor = stage.processor(&["--threads", "1"]);
    let arguments = ["--from", "100", "--apply", "--wait"];
    let output = stage.streampulse(&["replay"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    processor.stop().await;
    assert_same(&before, &stage.contents().await, "after a replay from records that are gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_of_one_partition_leaves_the_others_alone() {
    let test = "a_reset_of_one_partition_leaves_the_others_alone";
    let Some(stage) = Stage::set(test, "content-downloads", 3).await else { return };
    let client = stage.client().await;
    let truth = stage.send(troubled(100), 6_000, None).await.unwrap();
    read_on(&stage, &client, 6_000, &[]).await;
    let before = stage.contents().await;
    let others = "SELECT t::text || ' ' || t.xmin FROM region_health_partial t WHERE source_partition <> 1
        UNION ALL SELECT t::text || ' ' || t.xmin FROM window_span t WHERE source_partition <> 1 ORDER BY 1";
    let versions = stage.column(&client, others).await;
    let one = format!("{}:1", stage.topic);
    stage.reset_offsets(&["--topic", &one, "--to-earliest"]).await;
    read_on_after_resets(&stage, &client, (6_000, 1), &[]).await;
    let resets = "SELECT source_partition || ' ' || state FROM replay_partitions";
    assert_eq!(stage.column(&client, resets).await, ["1 done"]);
    assert_eq!(stage.column(&client, others).await, versions, "rows of other partitions were written");
    stage.assert_equals(&truth).await;
    assert_same(&before, &stage.contents().await, "after the reset of one partition");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_is_ignored_or_stops_the_processor_where_it_is_told_so() {
    let test = "a_reset_is_ignored_or_stops_the_processor_where_it_is_told_so";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let client = stage.client().await;
    let truth = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    stage.send_between(&truth, troubled(101), 500, (60, 30)).await;
    read_on(&stage, &client, 500, &[]).await;
    stage.reset_offsets(&["--to-offset", "100"]).await;
    let stop = ["--on-external-reset", "stop"];
    ends_with(&stage, &stop, &["partition 0", "set to 100 by hand", "500", "--on-external-reset"]);
    assert_eq!(stage.committed(&client).await, 500);
    stage.send_between(&truth, troubled(102), 300, (30, 0)).await;
    read_on(&stage, &client, 800, &["--on-external-reset", "ignore"]).await;
    assert_eq!(stage.column(&client, "SELECT request FROM replays").await, Vec::<String>::new());
    assert_eq!(stage.column(&client, GAPS).await, Vec::<String>::new());
    stage.assert_equals(&Truth::load(&truth).unwrap()).await;
}
