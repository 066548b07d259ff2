//! Decoding and reading allocates nothing once the event is warm.
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
};

use schema::{Event, EventView};

mod support;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn read_all(view: &EventView<'_>) {
    black_box(view.event_time());
    for rollup in view.rollups() {
        assert!(rollup.dimensions().all(|text| !black_box(text).is_empty()));
        assert!(rollup.labels().all(|text| black_box(text).is_some()));
        assert!((0..rollup.measure_count()).any(|number| black_box(rollup.measure(number)).is_some()));
    }
}

#[test]
fn ten_thousand_downloads_allocate_nothing() {
    let definition = support::shipped("content-downloads");
    let schema = apache_avro::Schema::parse_str(&definition.schema).unwrap();
    let payloads: Vec<_> = (0..10_000).map(|seed| support::write(&schema, support::download(seed))).collect();
    let mut decoder = support::decoder(&definition);
    let mut event = Event::default();
    decoder.decode(&payloads[0], &mut event).unwrap();
    let before = ALLOCATIONS.get();
    assert!(before > 0, "the allocator counts");
    for payload in &payloads {
        decoder.decode(payload, &mut event).unwrap();
        read_all(&decoder.view(&event, payload));
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[test]
fn numbers_as_keys_allocate_nothing() {
    let schema = r#"{"type": "record", "name": "E", "fields": [
        {"name": "time", "type": "long"}, {"name": "code", "type": "long"}]}"#;
    let toml = r#"
name = "s"
topic = "t"
schema = "event.avsc"
event_time = { path = "time", unit = "ms" }
window = { size = "1m", grace = "30s", max_future = "60s", idle_timeout = "10s" }
[[rollup]]
name = "r"
dimensions = [{ name = "code", path = "code" }]
measures = [{ name = "n", count = true }]
"#;
    let definition = std::sync::Arc::new(support::load(toml, schema).unwrap());
    let schema = apache_avro::Schema::parse_str(schema).unwrap();
    let long = apache_avro::types::Value::Long;
    let write = |code| support::write(&schema, support::record([("time", long(1)), ("code", long(code))]));
    let payloads: Vec<_> = (0..1_000).map(|code| write(i64::MIN + code)).collect();
    let mut decoder = support::decoder(&definition);
    let mut event = Event::default();
    decoder.decode(&payloads[0], &mut event).unwrap();
    let before = ALLOCATIONS.get();
    for payload in &payloads {
        decoder.decode(payload, &mut event).unwrap();
        read_all(&decoder.view(&event, payload));
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
