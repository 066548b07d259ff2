//! Nothing lost, nothing doubled: the tables equal the truth, cell by cell.

use std::time::Duration;

use generator::{LogTimes, Source};
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer},
};

use crate::stage::{Processor, Stage, troubled};

const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_processors_is_killed_midway() {
    const EVENTS: u64 = 200_000;
    let Some(stage) = Stage::set("one_of_two_processors_is_killed_midway", "content-downloads", 8).await
    else {
        return;
    };
    let client = stage.client().await;
    let mut first = stage.processor(&["--threads", "2"]);
    let second = stage.processor(&["--threads", "2"]);
    let sending = stage.send(troubled(11), EVENTS, Some(4_000.0));
    stage.until_committed(&client, EVENTS / 3, LIMIT).await;
    first.kill();
    let at_kill = stage.committed(&client).await;
    let truth = sending.await.unwrap();
    assert!(at_kill < EVENTS, "the kill came too late to matter");
    stage.until_committed(&client, EVENTS, LIMIT).await;
    second.stop().await;
    assert!(!truth.late_events.is_empty() && !truth.dead_letters.is_empty());
    stage.assert_equals(&truth).await;
}

/// Processors join and leave while events come, under each protocol a group can have.
async fn joining_and_leaving(test: &str, protocol: &[&str]) {
    const EVENTS: u64 = 60_000;
    let Some(stage) = Stage::set(test, "content-downloads", 8).await else { return };
    let client = stage.client().await;
    let start = || {
        let mut command = stage.processor_command_without_session();
        for property in protocol {
            command.args(["--kafka-property", property]);
        }
        Processor::spawn(command.args(["--threads", "2"]))
    };
    let first = start();
    let sending = stage.send(troubled(13), EVENTS, Some(1_500.0));
    stage.until_committed(&client, EVENTS / 8, LIMIT).await;
    let second = start();
    stage.until(&client, OWNERS_OF_BOTH, LIMIT).await;
    first.stop().await;
    let third = start();
    let truth = sending.await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    second.stop().await;
    third.stop().await;
    stage.assert_equals(&truth).await;
}

/// Two processes own partitions.
const OWNERS_OF_BOTH: &str =
    "SELECT count(DISTINCT regexp_replace(owner, ':[0-9]+$', '')) = 2 FROM partition_progress";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processors_join_and_leave_cooperatively() {
    joining_and_leaving("processors_join_and_leave_cooperatively", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processors_join_and_leave_eagerly() {
    joining_and_leaving("processors_join_and_leave_eagerly", &["partition.assignment.strategy=range"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processors_join_and_leave_by_the_consumer_protocol() {
    let test = "processors_join_and_leave_by_the_consumer_protocol";
    joining_and_leaving(test, &["group.protocol=consumer"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_do_not_depend_on_commit_intervals_or_the_number_of_processors() {
    const EVENTS: u64 = 30_000;
    let test = "the_tables_do_not_depend_on_commit_intervals_or_the_number_of_processors";
    let Some(stage) = Stage::set(test, "content-downloads", 6).await else { return };
    let truth = stage.send(troubled(12), EVENTS, None).await.unwrap();
    let mut first: Option<Vec<String>> = None;
    for interval in ["0ms", "25ms", "1s"] {
        for count in 1..=3 {
            let again = stage.read_again().await;
            let client = again.client().await;
            let arguments =
                ["--threads", "1", "--commit-interval", interval, "--catch-up-interval", interval];
            let processors: Vec<_> = (0..count).map(|_| again.processor(&arguments)).collect();
            again.until_committed(&client, EVENTS, LIMIT).await;
            again.until_judged(&client, LIMIT).await;
            for processor in processors {
                processor.stop().await;
            }
            again.assert_equals(&truth).await;
            let contents = again.contents().await;
            match &first {
                None => first = Some(contents),
                Some(first) => {
                    assert_same(first, &contents, &format!("{count} processors, every {interval}"));
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_access_log_is_counted_exactly_though_a_processor_is_killed() {
    let test = "a_real_access_log_is_counted_exactly_though_a_processor_is_killed";
    let Some(stage) = Stage::set(test, "web-requests", 4).await else { return };
    let client = stage.client().await;
    let lines = std::fs::read_to_string(SAMPLE).unwrap().lines().count() as u64;
    let slow = ["--threads", "2", "--commit-events", "20", "--commit-interval", "50ms"];
    let mut first = stage.processor(&slow);
    let second = stage.processor(&slow);
    let truth = stage
        .send(Source::AccessLog { path: SAMPLE.into(), times: LogTimes::Kept }, lines, None)
        .await
        .unwrap();
    stage.until_committed(&client, 1, LIMIT).await;
    first.kill();
    stage.until_committed(&client, lines, LIMIT).await;
    second.stop().await;
    stage.assert_equals(&truth).await;
    let counted = "SELECT sum(requests)::text FROM web_status_stats";
    let late = truth.late_events.len() as u64;
    assert_eq!(stage.column(&client, counted).await, [(lines - late).to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_added_to_a_topic_are_read_from_their_beginning() {
    let test = "partitions_added_to_a_topic_are_read_from_their_beginning";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let client = stage.client().await;
    // Sent before the first start, and so not asked for.
    stage.send(troubled(14), 1_000, None).await.unwrap();
    let latest = ["--start", "latest", "--kafka-property", "topic.metadata.refresh.interval.ms=500"];
    let processor = stage.processor(&latest);
    stage.until(&client, "SELECT count(*) = 2 FROM partition_progress WHERE owner <> ''", LIMIT).await;
    stage.add_partitions(6).await;
    let truth = stage.send(troubled(15), 12_000, None).await.unwrap();
    stage.until_committed(&client, 13_000, LIMIT).await;
    processor.stop().await;
    stage.assert_equals(&truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_aborted_transactions_are_not_read_and_the_marks_of_their_ends_are_no_records() {
    let test = "records_of_aborted_transactions_are_not_read_and_the_marks_of_their_ends_are_no_records";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let client = stage.client().await;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", stage.servers.kafka.bootstrap_servers())
        .set("transactional.id", &stage.topic)
        .create()
        .unwrap();
    producer.init_transactions(LIMIT).unwrap();
    for (records, commits) in [(7, true), (5, false), (3, true), (2, false)] {
        producer.begin_transaction().unwrap();
        for number in 0..records {
            let text = format!("committed: {commits}, {number}");
            producer.send(BaseRecord::<(), _>::to(&stage.topic).payload(&text)).unwrap();
        }
        producer.flush(LIMIT).unwrap();
        if commits { producer.commit_transaction(LIMIT) } else { producer.abort_transaction(LIMIT) }.unwrap();
    }
    let processor = stage.processor(&[]);
    // 17 records and 4 marks; nothing is behind though the last of them is a mark.
    let passed =
        "SELECT coalesce(sum(next_offset), 0) = 21 AND sum(high_watermark) = 21 FROM partition_progress";
    stage.until(&client, passed, LIMIT).await;
    processor.stop().await;
    let letters = "SELECT convert_from(payload, 'UTF8') FROM dead_letters ORDER BY source_offset";
    let letters = stage.column(&client, letters).await;
    assert_eq!(letters.len(), 10, "{letters:?}");
    assert!(letters.iter().all(|letter| letter.starts_with("committed: true")), "{letters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_reads_several_streams() {
    let test = "one_process_reads_several_streams";
    let Some(downloads) = Stage::set(test, "content-downloads", 2).await else { return };
    // Under the names that their definitions have, as one setting can only override the topic of one stream.
    let downloads = downloads.under_its_own_topic().await;
    let requests = downloads.beside("web-requests").await;
    let mut command = downloads.streampulse(&["processor"]);
    command.env("STREAMS", "content-downloads,web-requests").env_remove("KAFKA_TOPIC");
    let processor = Processor::spawn(&mut command);
    let log = Source::AccessLog { path: SAMPLE.into(), times: LogTimes::Kept };
    let (downloaded, requested) = (downloads.send(troubled(16), 5_000, None), requests.send(log, 0, None));
    let (downloaded, requested) = (downloaded.await.unwrap(), requested.await.unwrap());
    let client = downloads.client().await;
    downloads.until_committed(&client, downloaded.events + requested.events, LIMIT).await;
    processor.stop().await;
    downloads.assert_equals(&downloaded).await;
    requests.assert_equals(&requested).await;
}

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../generator/samples/access.log");

pub fn assert_same(expected: &[String], found: &[String], what: &str) {
    let missing: Vec<_> = expected.iter().filter(|row| !found.contains(row)).take(5).collect();
    let unexpected: Vec<_> = found.iter().filter(|row| !expected.contains(row)).take(5).collect();
    assert!(expected == found, "{what}: missing {missing:#?}, unexpected {unexpected:#?}");
}
