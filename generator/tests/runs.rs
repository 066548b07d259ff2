//! Runs against a broker that lives in this process.

#![allow(clippy::unwrap_used)]

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use common::{
    clock::{Clock, ManualClock},
    shutdown::Shutdown,
    time::Timestamp,
};
use generator::{
    GenerateError, GenerateSettings, Lead, LogTimes, Prepared, Source, Summary, Truth, Workload, generate,
};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    mocking::MockCluster,
};

const NOW: i64 = 1_700_000_000_000;

/// Stands still, and knows how often it was asked.
#[derive(Debug, Default)]
struct CountingClock {
    asked: AtomicU64,
}

impl Clock for CountingClock {
    fn now(&self) -> Timestamp {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_millis(NOW)
    }
}

fn settings(source: Source, truth: &Path) -> GenerateSettings {
    GenerateSettings {
        topic: "downloads".to_owned(),
        source,
        events: Some(100),
        history: 3_600_000,
        history_events: 2_000,
        rate: None,
        truth: Some(truth.to_owned()),
    }
}

fn run(servers: &str, settings: &GenerateSettings, now: i64) -> Result<Summary, GenerateError> {
    let kafka = [("bootstrap.servers".to_owned(), servers.to_owned())];
    generate(settings, &kafka, &ManualClock::at(Timestamp::from_millis(now)), &Shutdown::default())
}

#[test]
fn a_second_run_adds_to_the_truth_of_the_first_and_a_strange_topic_is_refused() {
    let broker = MockCluster::new(1).unwrap();
    broker.create_topic("downloads", 3, 1).unwrap();
    let servers = broker.bootstrap_servers();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("truth.json");

    let downloads = settings(Source::Downloads(Workload::default()), &file);
    let first = run(&servers, &downloads, NOW).unwrap();
    assert_eq!((first.sent, first.truth.events), (2_100, 2_100));
    assert_eq!(Truth::load(&file).unwrap(), first.truth);

    // Its history lies before what the first run has sent: most of it is late by the first run's times.
    let second = run(&servers, &downloads, NOW + 60_000).unwrap();
    assert_eq!((second.sent, second.truth.events), (2_100, 4_200));
    assert_eq!(Truth::load(&file).unwrap(), second.truth);
    let late = |summary: &Summary| summary.truth.late_events.len();
    assert!(late(&second) > late(&first) + 1_500, "{} and {}", late(&first), late(&second));
    let offsets: i64 = second.truth.partitions.iter().map(|end| end.next_offset).sum();
    assert_eq!(offsets, 4_200);

    // A run that leaves no truth makes the file wrong; nothing is sent then.
    let untold = GenerateSettings { truth: None, ..downloads.clone() };
    run(&servers, &untold, NOW).unwrap();
    let refused = run(&servers, &downloads, NOW).unwrap_err().to_string();
    assert!(refused.contains("the topic at"), "{refused}");
    assert_eq!(Truth::load(&file).unwrap(), second.truth);

    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/access.log");
    let requests = settings(Source::AccessLog { path: log, times: LogTimes::EndNow }, &file);
    let refused = run(&servers, &requests, NOW).unwrap_err().to_string();
    assert!(refused.contains("is of stream 'content-downloads'"), "{refused}");
}

#[test]
fn a_workload_out_of_range_is_named_before_anything_is_written() {
    let broker = MockCluster::new(1).unwrap();
    let servers = broker.bootstrap_servers();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("truth.json");
    let odd = settings(Source::Downloads(Workload { bad: 2.0, ..Workload::default() }), &file);
    let refused = run(&servers, &odd, NOW).unwrap_err().to_string();
    assert!(refused.starts_with("bad:"), "{refused}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_run_without_end_is_stopped_and_the_next_one_goes_on() {
    let broker = MockCluster::new(1).unwrap();
    broker.create_topic("downloads", 3, 1).unwrap();
    let servers = broker.bootstrap_servers();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("truth.json");
    let endless = GenerateSettings {
        events: None,
        rate: Some(5_000.0),
        ..settings(Source::Downloads(Workload::default()), &file)
    };
    let kafka = [("bootstrap.servers".to_owned(), servers.clone())];
    let (clock, shutdown) = (CountingClock::default(), Shutdown::default());
    let stopped = std::thread::scope(|scope| {
        let run = scope.spawn(|| generate(&endless, &kafka, &clock, &shutdown));
        // Until it sends live events, which ask the clock.
        while clock.asked.load(Ordering::Relaxed) < 100 && !run.is_finished() {
            std::thread::yield_now();
        }
        shutdown.trigger();
        run.join().unwrap().unwrap()
    });
    assert_eq!(stopped.sent, stopped.truth.events);
    assert_eq!(Truth::load(&file).unwrap(), stopped.truth);
    let next = settings(Source::Downloads(Workload::default()), &file);
    assert_eq!(run(&servers, &next, NOW).unwrap().truth.events, stopped.sent + 2_100);
}

/// Reads the only partition record by record.
struct SlowReader {
    consumer: BaseConsumer,
    at: i64,
}

impl SlowReader {
    fn of(servers: &str) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", servers).set("group.id", "slow").set("auto.offset.reset", "error");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut whole = TopicPartitionList::new();
        whole.add_partition_offset("downloads", 0, Offset::Offset(0)).unwrap();
        consumer.assign(&whole).unwrap();
        Self { consumer, at: 0 }
    }

    /// Reads on to this offset. `Err` where a record is missing.
    fn read_to(&mut self, offset: i64) -> Result<(), String> {
        let begin = Instant::now();
        while self.at < offset {
            if begin.elapsed() > Duration::from_secs(30) {
                return Err(format!("nothing comes after offset {}", self.at));
            }
            let Some(found) = self.consumer.poll(Duration::from_millis(100)) else { continue };
            let message = found.map_err(|error| error.to_string())?;
            if message.offset() != self.at {
                return Err(format!("expected offset {}, found {}", self.at, message.offset()));
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[test]
fn a_broker_that_keeps_little_loses_nothing_to_a_sender_that_waits_for_its_reader() {
    const EVENTS: i64 = 40_000;
    let broker = MockCluster::new(1).unwrap();
    broker.create_topic("downloads", 1, 1).unwrap();
    let kafka = [
        ("bootstrap.servers".to_owned(), broker.bootstrap_servers()),
        ("compression.type".to_owned(), "none".to_owned()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let much = GenerateSettings {
        history_events: EVENTS.cast_unsigned(),
        events: Some(0),
        ..settings(Source::Downloads(Workload::default()), &folder.path().join("truth.json"))
    };
    let (clock, shutdown) = (ManualClock::at(Timestamp::from_millis(NOW)), Shutdown::default());

    let reader = Arc::new(Mutex::new(SlowReader::of(&broker.bootstrap_servers())));
    let looking = Arc::clone(&reader);
    let lead = Lead::new(1 << 20, move || {
        let mut reader = looking.lock().unwrap();
        // The sender is far ahead: these have been sent.
        let next = reader.at + 500;
        reader.read_to(next)?;
        Ok(vec![(0, reader.at)])
    });
    let sent = Prepared::look(&much, &kafka, &clock).unwrap().within(lead).send(&clock, &shutdown).unwrap();
    let mut reader = Arc::into_inner(reader).unwrap().into_inner().unwrap();
    assert!(reader.at > EVENTS / 2 && reader.at < EVENTS, "{}", reader.at);
    reader.read_to(EVENTS).unwrap();
    assert_eq!(sent.sent, EVENTS.cast_unsigned());

    // The same without waiting: the broker has dropped the beginning.
    let broker = MockCluster::new(1).unwrap();
    broker.create_topic("downloads", 1, 1).unwrap();
    let servers = broker.bootstrap_servers();
    let kafka = [("bootstrap.servers".to_owned(), servers.clone()), kafka[1].clone()];
    let untold = GenerateSettings { truth: None, ..much };
    generate(&untold, &kafka, &clock, &shutdown).unwrap();
    let lost = SlowReader::of(&servers).read_to(EVENTS).unwrap_err();
    assert!(lost.contains("AutoOffsetReset"), "{lost}");
}
