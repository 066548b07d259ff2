//! From the broker's append to the commit that covers it, and on to a subscriber of the API, under a steady live load.

use std::time::{Duration, Instant};

use anyhow::Context;
use common::{
    clock::{Clock, SystemClock},
    db::{self, PgSettings},
    shutdown::Shutdown,
};
use generator::{GenerateSettings, Source, Workload};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use tokio::{
    sync::{mpsc::unbounded_channel, watch},
    task::JoinHandle,
};
use tokio_postgres::Client;

use crate::{
    cli::RunArgs,
    contender::processor,
    cost::{Cost, Marks},
    disk,
    exact::assert_equal,
    serving::{
        listener::{listen, subscribe},
        server::{self, Server},
    },
    stage::{STREAM, Stage, untroubled},
};

const TOPIC: &str = "bench-live";
const PARTITIONS: i32 = 8;
/// Between two looks at what is committed.
const LOOK: Duration = Duration::from_millis(2);
/// Of the flow, left out at the beginning: the processor connects, the first rows are made, and the JVM of a broker that has
/// just started compiles on both cores.
const WARM_UP: Duration = Duration::from_secs(20);
const HEARING_LIMIT: Duration = Duration::from_secs(30);

/// Milliseconds below which half, 99 % and all of the events were.
#[derive(Clone, Copy, Debug)]
pub struct Percentiles {
    pub p50: i64,
    pub p99: i64,
    pub most: i64,
}

pub struct Outcome {
    pub cost: Cost,
    /// What a sync of the disk took before, with nothing else going on.
    pub disk: Percentiles,
    pub from_append: Percentiles,
    pub from_send: Percentiles,
    /// From the append as well.
    pub to_subscriber: Option<Percentiles>,
}

/// At this time these offsets were first seen as committed, by partition, and this data version.
struct Look {
    time: i64,
    next_offsets: Vec<i64>,
    version: i64,
}

/// At this time a subscriber had all of the event of this data version.
#[derive(Clone, Copy)]
struct Heard {
    time: i64,
    version: i64,
}

/// `is_heard`: an API runs beside the processor, and one subscriber listens to it.
pub async fn run(stage: &Stage, args: &RunArgs, is_heard: bool) -> anyhow::Result<Outcome> {
    let disk = tokio::task::spawn_blocking(disk::sync_times).await??;
    let disk = disk.iter().map(|time| i64::try_from(time.as_millis())).collect::<Result<_, _>>()?;
    stage.create_topic(TOPIC, PARTITIONS, &[("message.timestamp.type", "LogAppendTime")]).await?;
    stage.recycle_log_files().await?;
    let (pg, definition) = stage.database().await?;
    let client = db::connect(&pg, "bench").await?;
    let launch = processor::Launch::of(args.threads, &args.processor_arg);
    let running = processor::start(stage, TOPIC, &pg, &launch)?;
    let gauge = stage.gauge(vec![running.id().context("ended at once")?])?;
    let audience = if is_heard { Some(Audience::gather(stage, &pg).await?) } else { None };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate times seconds")]
    let events = (args.live_rate * (WARM_UP.as_secs() + args.live_seconds) as f64) as u64;
    let sending = send(stage, args, events);
    let first = gauge.read()?;
    let looks = watch(&client, events, WARM_UP + Duration::from_secs(args.live_seconds + 60)).await?;
    let last = gauge.read()?;
    let summary = sending.await??;
    let heard = match audience {
        Some(audience) => Some(audience.leave(looks.last().map_or(0, |look| look.version)).await?),
        None => None,
    };
    processor::stop(running).await?;
    assert_equal(&client, &definition, &summary.truth).await.context("live")?;
    let records = tokio::task::spawn_blocking({
        let servers = stage.servers();
        move || times(&servers, events)
    });
    let records = records.await??;
    let times = latencies(&records, &looks, heard.as_deref())?;
    drop(client);
    stage.remove_database(&pg).await?;
    stage.remove_topics(TOPIC).await?;
    let cost = Marks { first, half: None, last }.cost(events);
    Ok(Outcome {
        cost,
        disk: percentiles(disk)?,
        from_append: percentiles(times.from_append)?,
        from_send: percentiles(times.from_send)?,
        to_subscriber: if is_heard { Some(percentiles(times.to_subscriber)?) } else { None },
    })
}

/// The API and who listens to it.
struct Audience {
    api: Server,
    listening: JoinHandle<anyhow::Result<()>>,
    noting: JoinHandle<Vec<Heard>>,
    heard: watch::Receiver<i64>,
}

impl Audience {
    async fn gather(stage: &Stage, pg: &PgSettings) -> anyhow::Result<Self> {
        let program = stage.streampulse.clone();
        let api = Server::api(&server::Launch { program, pg, max_connections: 100 }).await?;
        let (tell, mut told) = unbounded_channel();
        let (newest, heard) = watch::channel(0);
        let listening = tokio::spawn(listen(subscribe(api.port).await?, tell));
        let noting = tokio::spawn(async move {
            let mut all = Vec::new();
            while let Some(version) = told.recv().await {
                all.push(Heard { time: SystemClock.now().as_millis(), version });
                newest.send_replace(version);
            }
            all
        });
        Ok(Self { api, listening, noting, heard })
    }

    /// Once `version` was heard; all that was.
    async fn leave(mut self, version: i64) -> anyhow::Result<Vec<Heard>> {
        let until = self.heard.wait_for(|heard| *heard >= version);
        tokio::time::timeout(HEARING_LIMIT, until).await.context("the last version was not heard")??;
        self.listening.abort();
        let all = self.noting.await?;
        self.api.stop().await?;
        Ok(all)
    }
}

type Sending = JoinHandle<Result<generator::Summary, generator::GenerateError>>;

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
        .prepare("SELECT source_partition, next_offset, commit_seq FROM partition_progress WHERE stream = $1")
        .await?;
    let (begin, events) = (Instant::now(), i64::try_from(events)?);
    let mut looks: Vec<Look> = Vec::new();
    let mut pace = tokio::time::interval(LOOK);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let (mut next_offsets, mut version) = (vec![0; usize::try_from(PARTITIONS)?], 0);
        for row in client.query(&query, &[&STREAM]).await? {
            let partition = usize::try_from(row.get::<_, i32>(0))?;
            next_offsets[partition] = row.get(1);
            version += row.get::<_, i64>(2);
        }
        let committed: i64 = next_offsets.iter().sum();
        if looks.last().is_none_or(|look| look.next_offsets != next_offsets) {
            looks.push(Look { time: SystemClock.now().as_millis(), next_offsets, version });
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

/// Milliseconds of each record.
#[derive(Default)]
struct Times {
    from_append: Vec<i64>,
    from_send: Vec<i64>,
    to_subscriber: Vec<i64>,
}

fn latencies(records: &[Record], looks: &[Look], heard: Option<&[Heard]>) -> anyhow::Result<Times> {
    let began = records.iter().map(|record| record.sent).min().context("nothing was sent")?;
    let warm = began + i64::try_from(WARM_UP.as_millis())?;
    let mut times = Times::default();
    for record in records.iter().filter(|record| record.sent >= warm) {
        let at = looks.partition_point(|look| look.next_offsets[record.partition] <= record.offset);
        let look = looks.get(at).context("a record was never committed")?;
        times.from_append.push(look.time - record.appended);
        times.from_send.push(look.time - record.sent);
        if let Some(heard) = heard {
            let at = heard.partition_point(|heard| heard.version < look.version);
            let heard = heard.get(at).context("a record was never told of")?;
            times.to_subscriber.push(heard.time - record.appended);
        }
    }
    Ok(times)
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
    fn an_event_is_committed_at_the_first_look_beyond_it_and_told_with_the_first_version_not_before() {
        let look =
            |time, next_offsets: [i64; 2], version| Look { time, next_offsets: next_offsets.into(), version };
        let looks = [look(10_010, [1, 0], 4), look(10_020, [1, 5], 5), look(10_030, [2, 5], 8)];
        let heard = [(10_015, 4), (10_025, 6), (10_060, 8)].map(|(time, version)| Heard { time, version });
        let record = |partition, offset, sent| Record { partition, offset, sent, appended: sent + 3 };
        let records = [record(0, 0, -15_000), record(0, 1, 10_000), record(1, 4, 10_005)];
        let times = latencies(&records, &looks, Some(&heard)).unwrap();
        assert_eq!(times.from_append, [27, 12]);
        assert_eq!(times.from_send, [30, 15]);
        assert_eq!(times.to_subscriber, [57, 17]);
        assert!(latencies(&records, &looks, Some(&heard[..2])).is_err());
    }

    #[test]
    fn the_time_stands_behind_the_id() {
        // "ab", then -3 and 300 in zig-zag.
        assert_eq!(event_time(&[4, b'a', b'b', 5]), Some(-3));
        assert_eq!(event_time(&[4, b'a', b'b', 0xd8, 0x04]), Some(300));
        assert_eq!(event_time(&[4, b'a']), None);
    }
}
