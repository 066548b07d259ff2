//! From the broker's append to the commit that covers it, under a steady live load.

use std::time::{Duration, Instant};

use anyhow::Context;
use common::{
    clock::{Clock, SystemClock},
    db,
    shutdown::Shutdown,
};
use generator::{GenerateSettings, Source, Workload};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use tokio_postgres::Client;

use crate::{
    cli::RunArgs,
    contender::processor,
    cost::{Cost, Marks},
    exact::assert_equal,
    stage::{STREAM, Stage, untroubled},
};

const TOPIC: &str = "bench-live";
const PARTITIONS: i32 = 8;
/// Between two looks at what is committed.
const LOOK: Duration = Duration::from_millis(2);
/// Left out at the beginning: the processor connects, the first rows are made.
const WARM_UP_MS: i64 = 3_000;

/// Milliseconds below which half, 99 % and all of the events were.
#[derive(Clone, Copy, Debug)]
pub struct Percentiles {
    pub p50: i64,
    pub p99: i64,
    pub most: i64,
}

pub struct Outcome {
    pub cost: Cost,
    pub from_append: Percentiles,
    pub from_send: Percentiles,
}

/// At this time these offsets were first seen as committed, by partition.
struct Look {
    time: i64,
    next_offsets: Vec<i64>,
}

pub async fn run(stage: &Stage, args: &RunArgs) -> anyhow::Result<Outcome> {
    stage.create_topic(TOPIC, PARTITIONS, &[("message.timestamp.type", "LogAppendTime")]).await?;
    let (pg, definition) = stage.database().await?;
    let client = db::connect(&pg, "bench").await?;
    let launch = processor::Launch::of(args.threads, &args.processor_arg);
    let running = processor::start(stage, TOPIC, &pg, &launch)?;
    let gauge = stage.gauge(running.id().context("ended at once")?)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate times seconds")]
    let events = (args.live_rate * args.live_seconds as f64) as u64;
    let sending = send(stage, args, events);
    let first = gauge.read()?;
    let looks = watch(&client, events, Duration::from_secs(args.live_seconds + 60)).await?;
    let last = gauge.read()?;
    let summary = sending.await??;
    processor::stop(running).await?;
    assert_equal(&client, &definition, &summary.truth).await.context("live")?;
    let records = tokio::task::spawn_blocking({
        let servers = stage.servers();
        move || times(&servers, events)
    });
    let records = records.await??;
    let (from_append, from_send) = latencies(&records, &looks)?;
    drop(client);
    stage.remove_database(&pg).await?;
    stage.remove_topics(TOPIC).await?;
    let cost = Marks { first, half: None, last }.cost(events);
    Ok(Outcome { cost, from_append, from_send })
}

type Sending = tokio::task::JoinHandle<Result<generator::Summary, generator::GenerateError>>;

/// Each event's own time is the time it was sent, to the millisecond.
fn send(stage: &Stage, args: &RunArgs, events: u64) -> Sending {
    let workload = Workload { delayed: 0.0, same_time: 0.0, ..untroubled(args.seed) };
    let settings = GenerateSettings {
        topic: TOPIC.to_owned(),
        source: Source::Downloads(workload),
        events: Some(events),
        history: 0,
        history_events: 0,
        rate: Some(args.live_rate),
        truth: None,
    };
    let kafka = stage.properties();
    tokio::task::spawn_blocking(move || {
        generator::generate(&settings, &kafka, &SystemClock, &Shutdown::default())
    })
}

/// Looks until all `events` are committed; keeps every look that shows something new.
async fn watch(client: &Client, events: u64, limit: Duration) -> anyhow::Result<Vec<Look>> {
    let query = client
        .prepare("SELECT source_partition, next_offset FROM partition_progress WHERE stream = $1")
        .await?;
    let (begin, events) = (Instant::now(), i64::try_from(events)?);
    let mut looks: Vec<Look> = Vec::new();
    let mut pace = tokio::time::interval(LOOK);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let mut next_offsets = vec![0; usize::try_from(PARTITIONS)?];
        for row in client.query(&query, &[&STREAM]).await? {
            let partition = usize::try_from(row.get::<_, i32>(0))?;
            next_offsets[partition] = row.get(1);
        }
        let committed: i64 = next_offsets.iter().sum();
        if looks.last().is_none_or(|look| look.next_offsets != next_offsets) {
            looks.push(Look { time: SystemClock.now().as_millis(), next_offsets });
        }
        if committed >= events {
            return Ok(looks);
        }
        anyhow::ensure!(begin.elapsed() < limit, "live: {committed} of {events} events committed");
    }
}

/// One record: when it was sent and when it was appended.
struct Record {
    partition: usize,
    offset: i64,
    sent: i64,
    appended: i64,
}

/// Reads the topic again for the times in it.
fn times(servers: &str, events: u64) -> anyhow::Result<Vec<Record>> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("group.id", "bench-times")
        .set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create()?;
    let mut partitions = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        partitions.add_partition_offset(TOPIC, partition, Offset::Beginning)?;
    }
    consumer.assign(&partitions)?;
    let mut records = Vec::with_capacity(usize::try_from(events)?);
    while (records.len() as u64) < events {
        let message = consumer.poll(Duration::from_secs(30)).context("reading the times")??;
        records.push(Record {
            partition: usize::try_from(message.partition())?,
            offset: message.offset(),
            sent: event_time(message.payload().unwrap_or_default()).context("an event without a time")?,
            appended: message.timestamp().to_millis().context("a record without a timestamp")?,
        });
    }
    Ok(records)
}

/// The second field of the event, after the text of its id.
fn event_time(payload: &[u8]) -> Option<i64> {
    let mut rest = payload;
    let id = usize::try_from(zigzag(&mut rest)?).ok()?;
    rest = rest.get(id..)?;
    zigzag(&mut rest)
}

fn zigzag(rest: &mut &[u8]) -> Option<i64> {
    let (mut raw, mut shift) = (0_u64, 0);
    loop {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        raw |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed());
        }
    }
}

fn latencies(records: &[Record], looks: &[Look]) -> anyhow::Result<(Percentiles, Percentiles)> {
    let began = records.iter().map(|record| record.sent).min().context("nothing was sent")?;
    let (mut from_append, mut from_send) = (Vec::new(), Vec::new());
    for record in records.iter().filter(|record| record.sent >= began + WARM_UP_MS) {
        let at = looks.partition_point(|look| look.next_offsets[record.partition] <= record.offset);
        let committed = looks.get(at).context("a record was never committed")?.time;
        from_append.push(committed - record.appended);
        from_send.push(committed - record.sent);
    }
    Ok((percentiles(from_append)?, percentiles(from_send)?))
}

fn percentiles(mut values: Vec<i64>) -> anyhow::Result<Percentiles> {
    values.sort_unstable();
    let at =
        |hundredths: usize| values.get((values.len() * hundredths / 100).min(values.len().saturating_sub(1)));
    let (p50, p99, most) = (at(50), at(99), values.last());
    Ok(Percentiles {
        p50: *p50.context("too few events")?,
        p99: *p99.context("too few events")?,
        most: *most.context("too few events")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_committed_at_the_first_look_beyond_it() {
        let looks = [
            Look { time: 10_010, next_offsets: vec![1, 0] },
            Look { time: 10_020, next_offsets: vec![1, 5] },
            Look { time: 10_030, next_offsets: vec![2, 5] },
        ];
        let record = |partition, offset, sent| Record { partition, offset, sent, appended: sent + 3 };
        let records = [record(0, 0, 5_000), record(0, 1, 10_000), record(1, 4, 10_005)];
        let (from_append, from_send) = latencies(&records, &looks).unwrap();
        assert_eq!((from_append.p50, from_append.most), (27, 27));
        assert_eq!((from_send.p50, from_send.p99), (30, 30));
    }

    #[test]
    fn the_time_stands_behind_the_id() {
        // "ab", then -3 and 300 in zig-zag.
        assert_eq!(event_time(&[4, b'a', b'b', 5]), Some(-3));
        assert_eq!(event_time(&[4, b'a', b'b', 0xd8, 0x04]), Some(300));
        assert_eq!(event_time(&[4, b'a']), None);
    }
}
