//! Time per content-downloads event: decoding, and reading all that its three rollups take in.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use schema::{Decoder, Event, EventView};

#[path = "../tests/support/mod.rs"]
mod support;

const EVENTS: u64 = 1_000;

fn payloads() -> Vec<Vec<u8>> {
    let schema = apache_avro::Schema::parse_str(include_str!("../events/content-download.avsc")).unwrap();
    (0..EVENTS).map(|seed| support::write(&schema, support::download(seed))).collect()
}

fn read_all(view: &EventView<'_>) {
    black_box(view.event_time());
    for rollup in view.rollups() {
        rollup.dimensions().for_each(|text| _ = black_box(text));
        rollup.labels().for_each(|text| _ = black_box(text));
        (0..rollup.measure_count()).for_each(|number| _ = black_box(rollup.measure(number)));
    }
}

fn decode(criterion: &mut Criterion) {
    let definition = support::shipped("content-downloads");
    let payloads = payloads();
    let mut decoder: Decoder = support::decoder(&definition);
    let mut event = Event::default();
    let mut group = criterion.benchmark_group("content-downloads");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for payload in &payloads {
                decoder.decode(black_box(payload), &mut event).unwrap();
            }
        });
    });
    group.bench_function("decode and read", |bencher| {
        bencher.iter(|| {
            for payload in &payloads {
                decoder.decode(black_box(payload), &mut event).unwrap();
                read_all(&decoder.view(&event, payload));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
