//! The real Kafka without containers: really started, restarted, and killed with its parent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod holder;

use std::time::Duration;

use holder::Holder;
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    producer::{FutureProducer, FutureRecord},
};
use streampulse::local::kafka::RealKafka;

const LIMIT: Duration = Duration::from_secs(240);
const ANSWER: Duration = Duration::from_secs(20);
const LONG_AGO: i64 = 1_000_000_000_000;

async fn bounded(test: impl Future<Output = ()>) {
    tokio::time::timeout(LIMIT, test).await.expect("the test took longer than its limit");
}

async fn produce(servers: &str, topic: &str, payload: &str) {
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", servers).create().unwrap();
    let record = FutureRecord::to(topic).payload(payload).key("k").partition(0).timestamp(LONG_AGO);
    producer.send(record, ANSWER).await.map_err(|(error, _)| error).unwrap();
}

/// The first record of partition 0.
async fn first(servers: String, topic: &'static str) -> String {
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("group.id", "reader")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .create()
            .unwrap();
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(topic, 0, Offset::Offset(0)).unwrap();
        consumer.assign(&from).unwrap();
        let record = consumer.poll(ANSWER).expect("no record came").unwrap();
        consumer.commit_message(&record, rdkafka::consumer::CommitMode::Sync).unwrap();
        String::from_utf8(record.payload().unwrap().to_vec()).unwrap()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn keeps_topics_old_records_and_its_address_through_a_restart() {
    if !RealKafka::wanted_by("keeps_topics_old_records_and_its_address_through_a_restart").await.unwrap() {
        return;
    }
    bounded(async {
        let mut kafka = RealKafka::start().await.unwrap();
        let servers = kafka.bootstrap_servers();
        kafka.create_topic("kept", 3, &[("segment.ms", "1000")]).await.unwrap();
        let again = kafka.create_topic("kept", 3, &[]).await.unwrap_err().to_string();
        assert!(again.contains("cannot make topic kept"), "{again}");
        produce(&servers, "kept", "before").await;
        let before = kafka.process_id().unwrap();
        kafka.restart().await.unwrap();
        assert_eq!(kafka.bootstrap_servers(), servers);
        assert!(!holder::runs(before));
        assert_eq!(first(servers.clone(), "kept").await, "before");

        let listed = kafka
            .run_tool(
                "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                &["--bootstrap-server", &servers, "--describe", "--offsets", "--group", "reader"],
            )
            .await
            .unwrap();
        assert!(listed.contains("kept"), "{listed}");
        let refused =
            kafka.run_tool("org.apache.kafka.tools.TopicCommand", &["--nonsense"]).await.unwrap_err();
        assert!(refused.to_string().contains("nonsense"), "{refused}");

        let process = kafka.process_id().unwrap();
        kafka.stop().await.unwrap();
        assert!(!holder::runs(process));
    })
    .await;
}

#[tokio::test]
async fn ends_when_its_parent_is_killed() {
    if !RealKafka::wanted_by("local_kafka::ends_when_its_parent_is_killed").await.unwrap() {
        return;
    }
    bounded(async {
        let mut holder = Holder::start("holds_a_kafka");
        holder.kill_and_wait_for_the_end_of_what_it_held(Duration::from_secs(20)).await;
    })
    .await;
}

/// The other side of [`ends_when_its_parent_is_killed`].
#[tokio::test]
#[ignore = "run by ends_when_its_parent_is_killed in a process of its own"]
async fn holds_a_kafka() {
    if holder::folder().is_some() {
        let kafka = RealKafka::start().await.unwrap();
        holder::hold(kafka.process_id().unwrap());
    }
}
