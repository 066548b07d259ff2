//! What the tests share: definitions from texts, and records written by apache-avro.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use apache_avro::{Schema, types::Value, writer::datum::GenericDatumWriter};
use common::sketch::Seen;
use schema::{DecodeError, Decoder, DefinitionError, Event, EventView, Reject, StreamDefinition};

/// What an event takes in.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// Milliseconds since 1970.
    pub time: i64,
    pub rollups: Vec<TakenRollup>,
}

/// What one rollup takes in.
#[derive(Debug, PartialEq, Eq)]
pub struct TakenRollup {
    pub dimensions: Vec<String>,
    pub labels: Vec<Option<String>>,
    pub measures: Vec<Option<i64>>,
    pub sketches: Vec<Option<Seen>>,
}

/// All that is to be had of an event; that its texts are UTF-8 is part of what is tested.
pub fn taken(view: &EventView<'_>) -> Taken {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().to_owned();
    let rollups = view.rollups().map(|rollup| TakenRollup {
        dimensions: rollup.dimensions().map(text).collect(),
        labels: rollup.labels().map(|label| label.map(text)).collect(),
        measures: (0..rollup.measure_count()).map(|number| rollup.measure(number)).collect(),
        sketches: (0..rollup.sketch_count()).map(|number| rollup.sketch(number)).collect(),
    });
    Taken { time: view.event_time().as_millis(), rollups: rollups.collect() }
}

/// Loads a definition as a user would: two files in one directory.
pub fn load(toml: &str, schema: &str) -> Result<StreamDefinition, DefinitionError> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("event.avsc"), schema).unwrap();
    let path = directory.path().join("stream.toml");
    std::fs::write(&path, toml).unwrap();
    StreamDefinition::load(&path)
}

pub fn shipped(name: &str) -> Arc<StreamDefinition> {
    let mut all = StreamDefinition::shipped().unwrap().into_iter();
    Arc::new(all.find(|definition| definition.name == name).unwrap())
}

pub fn decoder(definition: &Arc<StreamDefinition>) -> Decoder {
    Decoder::for_definition(Arc::clone(definition)).unwrap()
}

pub fn decode(decoder: &mut Decoder, payload: &[u8]) -> Result<Event, Reject> {
    let mut event = Event::default();
    match decoder.decode(payload, &mut event) {
        Ok(()) => Ok(event),
        Err(DecodeError::Reject(reject)) => Err(reject),
        Err(DecodeError::Source(error)) => panic!("{error}"),
    }
}

pub fn encode(schema: &str, value: Value) -> Vec<u8> {
    write(&Schema::parse_str(schema).unwrap(), value)
}

pub fn write(schema: &Schema, value: Value) -> Vec<u8> {
    GenericDatumWriter::builder(schema).build().unwrap().write_value_to_vec(value).unwrap()
}

pub fn record<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A download with numbers and texts drawn from `seed`.
pub fn download(seed: u64) -> Value {
    let mut state = seed;
    let mut below = move |limit: u64| {
        // SplitMix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    };
    let status = match below(100) {
        0..90 => "success",
        90..96 => "failed",
        96..99 => "cancelled",
        _ => "paused",
    };
    let title = if below(10) == 0 { "Der Große Film" } else { "The Great Movie" };
    let error = match status {
        "failed" => Value::Union(1, Box::new(text("cdn_timeout"))),
        _ => Value::Union(0, Box::new(Value::Null)),
    };
    record([
        ("event_id", text(&format!("{:016x}-{seed:08}", below(u64::MAX)))),
        ("timestamp", Value::TimestampMillis(1_767_323_045_000 + below(3_600_000) as i64)),
        (
            "content",
            record([
                ("content_id", text(&format!("movie_{:05}", below(100_000)))),
                ("title", text(&format!("{title} {}", below(1_000)))),
                ("type", text(["movie", "tv_show", "music", "app", "book"][below(5) as usize])),
                ("size_gb", Value::Double(below(50_000_000) as f64 / 1e6)),
            ]),
        ),
        (
            "user",
            record([
                ("user_id", text(&format!("user_{}", below(1_000_000)))),
                ("region", text(["us-east-1", "eu-west-1", "ap-south-1"][below(3) as usize])),
                ("device_type", text(["phone", "tablet", "tv", "desktop"][below(4) as usize])),
                ("os_version", text(["iOS 18.1", "Android 15", "tvOS 18", "Windows 11"][below(4) as usize])),
            ]),
        ),
        (
            "download",
            record([
                ("status", text(status)),
                ("duration_seconds", Value::Double(below(600_000) as f64 / 1e3)),
                ("speed_mbps", Value::Double(below(1_000_000) as f64 / 1e3)),
                ("error_code", error),
            ]),
        ),
    ])
}
