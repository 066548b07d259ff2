//! What an event and an open key cost in memory, counted and not timed.
#![allow(unsafe_code, clippy::unwrap_used, missing_docs)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
};

use common::{
    offset::{Offset, PartitionId},
    time::Timestamp,
};
use processor::{Fate, PartitionWindows, WindowRules};
use schema::{Decoder, Event, StreamDefinition};

#[path = "../benches/download/mod.rs"]
mod download;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

fn count(allocations: u64, bytes: usize, sign: i64) {
    ALLOCATIONS.set(ALLOCATIONS.get() + allocations);
    BYTES.set(BYTES.get() + sign * i64::try_from(bytes).unwrap_or(0));
}

// SAFETY: all is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 1);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size(), -1);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Partition {
    rules: WindowRules,
    decoder: Decoder,
    event: Event,
    windows: PartitionWindows,
    offset: i64,
}

impl Partition {
    fn of(stream: &str) -> Self {
        let shipped = StreamDefinition::shipped().unwrap();
        let definition = Arc::new(shipped.into_iter().find(|known| known.name == stream).unwrap());
        Self {
            rules: WindowRules::of(&definition),
            decoder: Decoder::for_definition(definition).unwrap(),
            event: Event::default(),
            windows: PartitionWindows::new(PartitionId(0), None, None),
            offset: 0,
        }
    }

    fn add(&mut self, payloads: &[Vec<u8>]) {
        for payload in payloads {
            self.decoder.decode(payload, &mut self.event).unwrap();
            let view = self.decoder.view(&self.event, payload);
            let reference = Timestamp::from_millis(download::START + 60_000);
            let fate = self.windows.add(&self.rules, Offset(self.offset), &view, reference);
            assert_eq!(fate, Fate::Counted);
            self.offset += 1;
        }
    }
}

#[test]
fn an_event_allocates_nothing_once_its_keys_are_known() {
    let payloads: Vec<_> = (0..20_000).map(|number| download::event(number, 1_000)).collect();
    let mut partition = Partition::of("content-downloads");
    partition.add(&payloads);
    let before = ALLOCATIONS.get();
    assert!(before > 0, "the allocator counts");
    partition.add(&payloads);
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[test]
fn an_open_key_takes_at_most_200_bytes() {
    const KEYS: usize = 100_000;
    let payloads: Vec<_> = (0..KEYS).map(|number| download::event(number, KEYS)).collect();
    let mut partition = Partition::of("content-downloads");
    let before = BYTES.get();
    partition.add(&payloads);
    let rows = partition.windows.open_rows();
    assert!(rows >= KEYS * 9 / 10, "{rows} rows");
    let each = (BYTES.get() - before) / i64::try_from(rows).unwrap();
    assert!((1..=200).contains(&each), "{each} bytes");
}

/// Of three rollups with a distinct count and quantiles each.
fn request(number: usize, paths: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let number = number.wrapping_mul(2_654_435_761);
    download::long(&mut bytes, download::START + i64::try_from(number % 60_000).unwrap());
    download::text(&mut bytes, "GET");
    download::text(&mut bytes, &format!("/page/{:06}", number % paths));
    download::long(&mut bytes, 200);
    download::long(&mut bytes, 1);
    download::long(&mut bytes, i64::try_from(number >> (number % 32)).unwrap());
    download::text(&mut bytes, &format!("{:016x}", number % 5_003));
    download::text(&mut bytes, "Firefox");
    bytes
}

#[test]
fn an_event_allocates_nothing_once_its_sketches_have_grown() {
    let payloads: Vec<_> = (0..50_000).map(|number| request(number, 10)).collect();
    let mut partition = Partition::of("web-requests");
    partition.add(&payloads);
    let before = ALLOCATIONS.get();
    partition.add(&payloads);
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[test]
fn an_open_key_with_two_sketches_of_few_values_takes_at_most_500_bytes() {
    const KEYS: usize = 20_000;
    let payloads: Vec<_> = (0..KEYS * 4).map(|number| request(number, KEYS)).collect();
    let mut partition = Partition::of("web-requests");
    let before = BYTES.get();
    partition.add(&payloads);
    let rows = partition.windows.open_rows();
    assert!(rows >= KEYS * 9 / 10, "{rows} rows");
    let each = (BYTES.get() - before) / i64::try_from(rows).unwrap();
    assert!((1..=500).contains(&each), "{each} bytes");
}
