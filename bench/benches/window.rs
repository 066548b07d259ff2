//! The processor's inner loop without Kafka and Postgres: an event decoded, into its windows, and a commit unit
//! out of them.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{hint::black_box, sync::Arc};

use common::{
    offset::{Offset, PartitionId},
    time::Timestamp,
};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use processor::{CommitUnit, PartitionWindows, WindowRules};
use schema::{Decoder, Event, StreamDefinition};

#[path = "download/mod.rs"]
mod download;
use download::{START, event};

const KEYS: [usize; 3] = [100, 10_000, 100_000];
/// One partition and the events that go into it.
struct Bench {
    rules: WindowRules,
    decoder: Decoder,
    event: Event,
    events: Vec<Vec<u8>>,
}

impl Bench {
    fn new(keys: usize) -> Self {
        let shipped = StreamDefinition::shipped().unwrap();
        let definition =
            Arc::new(shipped.into_iter().find(|known| known.name == "content-downloads").unwrap());
        Self {
            rules: WindowRules::of(&definition),
            decoder: Decoder::for_definition(definition).unwrap(),
            event: Event::default(),
            events: (0..(2 * keys).max(10_000)).map(|number| event(number, keys)).collect(),
        }
    }

    fn add_all(&mut self, windows: &mut PartitionWindows) {
        for (offset, payload) in (0..).zip(&self.events) {
            self.decoder.decode(payload, &mut self.event).unwrap();
            let view = self.decoder.view(&self.event, payload);
            let reference = Timestamp::from_millis(START + 60_000);
            black_box(windows.add(&self.rules, Offset(offset), &view, reference));
        }
    }
}

fn windows() -> PartitionWindows {
    PartitionWindows::new(PartitionId(0), None, None)
}

/// What all three rollups need of an event, and nothing more.
fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    let mut bench = Bench::new(KEYS[0]);
    group.throughput(Throughput::Elements(bench.events.len() as u64));
    group.bench_function("three rollups", |bencher| {
        bencher.iter(|| {
            for payload in &bench.events {
                bench.decoder.decode(black_box(payload), &mut bench.event).unwrap();
                black_box(&bench.event);
            }
        });
    });
}

fn add(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode and add");
    for keys in KEYS {
        let mut bench = Bench::new(keys);
        let mut warm = windows();
        bench.add_all(&mut warm);
        group.throughput(Throughput::Elements(bench.events.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(keys), |bencher| {
            bencher.iter(|| bench.add_all(&mut warm));
        });
    }
}

/// As above where each event is the first of its key.
fn open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode and open");
    for keys in KEYS {
        let mut bench = Bench::new(keys);
        bench.events.truncate(keys);
        group.throughput(Throughput::Elements(keys as u64));
        group.bench_function(BenchmarkId::from_parameter(keys), |bencher| {
            let opened = |mut windows| {
                bench.add_all(&mut windows);
                windows
            };
            bencher.iter_batched(windows, opened, BatchSize::PerIteration);
        });
    }
}

fn take(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("take a commit unit");
    for keys in KEYS {
        let mut bench = Bench::new(keys);
        let rules = bench.rules.clone();
        let mut full = windows();
        bench.add_all(&mut full);
        let rows = full.open_rows();
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_function(BenchmarkId::from_parameter(keys), |bencher| {
            bencher.iter_batched(
                || {
                    let mut full = windows();
                    bench.add_all(&mut full);
                    full
                },
                |mut full| {
                    let mut unit = CommitUnit::of(rules.shapes.len());
                    (full.take(&rules, &mut unit.rollups), unit, full)
                },
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, decode, add, open, take);
criterion_main!(benches);
