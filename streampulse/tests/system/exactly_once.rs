//! Nothing lost, nothing doubled: the tables equal the truth, cell by cell.

use std::time::Duration;

use generator::{LogTimes, Source, Truth};
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer},
};

use tokio_postgres::Client;

use crate::{
    long_log::{LongLog, SAMPLE},
    stage::{Processor, Stage, troubled},
};

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
    stage.until(&client, OWNERS_OF_BOTH, LIMIT).await;
    let sending = stage.send(troubled(11), EVENTS, Some(4_000.0));
    stage.until_committed(&client, EVENTS / 3, LIMIT).await;
    kill_an_owner(&stage, &client, &mut first, EVENTS).await;
    let truth = sending.await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    assert_eq!(owned_by(&client, &second).await, 8);
    second.stop().await;
    assert_troubled(&stage, &client, &truth).await;
}

/// Kills a process that owns partitions, before all `events` are committed.
async fn kill_an_owner(stage: &Stage, client: &Client, processor: &mut Processor, events: u64) {
    processor.kill();
    // Its rows bear its name until another takes them over.
    let owned = owned_by(client, processor).await;
    assert!(owned > 0, "the process that was killed owned nothing");
    let at_kill = stage.committed(client).await;
    assert!(at_kill < events, "the kill came too late to matter");
}

/// How many partitions the process has taken over, and nobody from it.
async fn owned_by(client: &Client, processor: &Processor) -> i64 {
    let sql = "SELECT count(*) FROM partition_progress WHERE split_part(owner, ':', 2) = $1";
    client.query_one(sql, &[&processor.id().to_string()]).await.unwrap().get(0)
}

/// The tables are those of the truth, and all that can go wrong with a record did.
async fn assert_troubled(stage: &Stage, client: &Client, truth: &Truth) {
    stage.assert_equals(truth).await;
    assert!(!truth.late_events.is_empty());
    let reasons = stage.column(client, "SELECT DISTINCT reason FROM dead_letters").await;
    for reason in ["future", "truncated", "trailing_bytes"] {
        assert!(reasons.iter().any(|found| found == reason), "no dead letter is {reason}: {reasons:?}");
    }
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

/// Two processes own all partitions. Before the first claim they have no owner.
const OWNERS_OF_BOTH: &str = "SELECT count(DISTINCT regexp_replace(owner, ':[0-9]+$', '')) = 2 AND bool_and(owner <> '') FROM partition_progress";

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
        let alone = read_by(&stage, &truth, 1, interval);
        let together =
            tokio::join!(alone, read_by(&stage, &truth, 2, interval), read_by(&stage, &truth, 3, interval));
        for (count, contents) in (1..).zip(<[Vec<String>; 3]>::from(together)) {
            match &first {
                None => first = Some(contents),
                Some(first) => {
                    assert_same(first, &contents, &format!("{count} processors, every {interval}"));
                }
            }
        }
    }
}

/// What the topic makes of a database when so many processors read it, each of them a part.
async fn read_by(stage: &Stage, truth: &Truth, count: usize, interval: &str) -> Vec<String> {
    let again = stage.read_again().await;
    let client = again.client().await;
    let pause = "INSERT INTO stream_control (stream, paused, reason, changed_by)
                 VALUES ('content-downloads', true, 'until all are there', 'test')";
    client.batch_execute(pause).await.unwrap();
    let arguments = ["--threads", "1", "--commit-interval", interval, "--catch-up-interval", interval];
    let processors: Vec<_> = (0..count).map(|_| again.processor(&arguments)).collect();
    let shared = format!(
        "SELECT count(DISTINCT owner) = {count} AND count(*) = 6 AND bool_and(owner <> '') FROM partition_progress"
    );
    again.until(&client, &shared, LIMIT).await;
    assert_eq!(again.committed(&client).await, 0, "a paused stream was read");
    let owners = "SELECT owner FROM partition_progress ORDER BY source_partition";
    let before = again.column(&client, owners).await;
    client.batch_execute("UPDATE stream_control SET paused = false").await.unwrap();
    again.until_committed(&client, truth.events, LIMIT).await;
    again.until_judged(&client, LIMIT).await;
    assert_eq!(again.column(&client, owners).await, before, "not each of them has read its part");
    for processor in processors {
        processor.stop().await;
    }
    again.assert_equals(truth).await;
    again.contents().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_access_log_is_counted_exactly_though_a_processor_is_killed() {
    let test = "a_real_access_log_is_counted_exactly_though_a_processor_is_killed";
    let Some(stage) = Stage::set(test, "web-requests", 4).await else { return };
    let client = stage.client().await;
    let mut first = stage.processor(&["--threads", "2"]);
    let second = stage.processor(&["--threads", "2"]);
    stage.until(&client, OWNERS_OF_BOTH, LIMIT).await;
    // 20,000 lines of 200 minutes, in some seconds.
    let log = LongLog::write(5, 8);
    let kill = async {
        stage.until_committed(&client, log.lines / 3, LIMIT).await;
        kill_an_owner(&stage, &client, &mut first, log.lines).await;
    };
    let ((truth, by_hand), ()) = tokio::join!(log.send(&stage, 4_000.0), kill);
    stage.until_committed(&client, truth.events, LIMIT).await;
    assert_eq!(owned_by(&client, &second).await, 4);
    second.stop().await;
    assert_troubled(&stage, &client, &truth).await;
    let late_lines = truth.late_events.len() as u64 - by_hand;
    assert!(late_lines > 0);
    let counted = "SELECT sum(requests)::text FROM web_status_stats";
    assert_eq!(stage.column(&client, counted).await, [(log.lines - late_lines).to_string()]);
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

pub fn assert_same(expected: &[String], found: &[String], what: &str) {
    let missing: Vec<_> = expected.iter().filter(|row| !found.contains(row)).take(5).collect();
    let unexpected: Vec<_> = found.iter().filter(|row| !expected.contains(row)).take(5).collect();
    assert!(expected == found, "{what}: missing {missing:#?}, unexpected {unexpected:#?}");
}
