//! The smallest stream: a time, a value, and one key.

use std::sync::Arc;

use schema::StreamDefinition;

pub const KIND: &str = "all";

/// A stream whose only rollup has one key: one row per window, the sum of the values and their sketches.
pub fn definition() -> Arc<StreamDefinition> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("pulse.avsc"),
        r#"{"type": "record", "name": "Pulse", "fields": [
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "value", "type": "long"}, {"name": "kind", "type": "string"}]}"#,
    )
    .unwrap();
    let file = folder.path().join("pulse.toml");
    std::fs::write(
        &file,
        r#"
name = "pulse"
topic = "pulse"
schema = "pulse.avsc"
format = "raw"
event_time = { path = "at", unit = "ms" }

[window]
size = "1m"
grace = "10s"
max_future = "60s"
idle_timeout = "10s"

[[rollup]]
name = "pulse_sum"
dimensions = [{ name = "kind", path = "kind" }]
measures = [
  { name = "quantiles", quantiles = "value" },
  { name = "total", sum = "value" },
  { name = "values", distinct = "value" },
]
"#,
    )
    .unwrap();
    Arc::new(StreamDefinition::load(&file).unwrap())
}

/// One event as a raw Avro datum; `at` in milliseconds.
pub fn encode(at: i64, value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [at, value] {
        let mut zigzag = ((number << 1) ^ (number >> 63)).cast_unsigned();
        while zigzag >= 0x80 {
            bytes.push(u8::try_from(zigzag & 0x7f).unwrap() | 0x80);
            zigzag >>= 7;
        }
        bytes.push(u8::try_from(zigzag).unwrap());
    }
    bytes.push(u8::try_from(KIND.len() * 2).unwrap());
    bytes.extend_from_slice(KIND.as_bytes());
    bytes
}
