//! Raw events for people to look at.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use schema::{Decoder, Event, StreamDefinition};
use serde_json::Value;

use crate::stage::{Stage, troubled};

const LIMIT: Duration = Duration::from_secs(60);
const EVENTS: u64 = 5_000;
const PARTITIONS: i32 = 4;

/// What the log holds there, whole.
fn logged(consumer: &BaseConsumer, topic: &str, place: (i32, i64)) -> Vec<u8> {
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, place.0, Offset::Offset(place.1)).unwrap();
    consumer.assign(&assignment).unwrap();
    let begin = Instant::now();
    let message = loop {
        // Nothing comes of a call that another of the client's events ended.
        if let Some(message) = consumer.poll(LIMIT) {
            break message.unwrap();
        }
        assert!(begin.elapsed() < LIMIT, "no record at {place:?}");
    };
    assert_eq!((message.partition(), message.offset()), place);
    message.payload().unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_events_of_each_partition_can_be_looked_at_as_the_log_has_them() {
    let test = "some_events_of_each_partition_can_be_looked_at_as_the_log_has_them";
    let Some(stage) = Stage::set(test, "content-downloads", PARTITIONS).await else { return };
    let client = stage.client().await;
    let truth = stage.send_history(troubled(92), EVENTS, 10 * 60_000).await.unwrap();
    let processor = stage.processor(&["--threads", "2"]);
    stage.until_committed(&client, EVENTS, LIMIT).await;
    processor.stop().await;
    stage.assert_equals(&truth).await;

    let shipped = StreamDefinition::shipped().unwrap().into_iter();
    let definition = Arc::new(shipped.into_iter().find(|stream| stream.name == "content-downloads").unwrap());
    let keep = definition.sample.unwrap().keep;
    let mut decoder = Decoder::for_definition(definition).unwrap();
    let mut config: ClientConfig = stage.kafka().into_iter().collect();
    let consumer: BaseConsumer = config.set("group.id", "a-test-that-looks").create().unwrap();
    let rows = client
        .query("SELECT source_partition, source_offset, event::text, content_id, region FROM event_log", &[])
        .await
        .unwrap();
    let mut of_partition = BTreeMap::new();
    for row in &rows {
        let place: (i32, i64) = (row.get(0), row.get(1));
        let payload = logged(&consumer, &stage.topic, place);
        let mut event = Event::default();
        decoder.decode(&payload, &mut event).unwrap();
        let whole: Value = serde_json::from_str(&decoder.json(&event, &payload).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(row.get(2)).unwrap(), whole, "{place:?}");
        assert_eq!(whole["content"]["content_id"], row.get::<_, String>(3).as_str());
        assert_eq!(whole["user"]["region"], row.get::<_, String>(4).as_str());
        *of_partition.entry(place.0).or_insert(0) += 1;
    }
    let partitions: Vec<i32> = of_partition.keys().copied().collect();
    assert_eq!(partitions, (0..PARTITIONS).collect::<Vec<_>>());
    assert!(of_partition.values().all(|count| *count <= keep), "{of_partition:?}");
    assert!(rows.len() < 500, "{} of {EVENTS} events are no sample", rows.len());
}
