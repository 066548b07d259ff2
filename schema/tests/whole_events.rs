//! All of a record as JSON, for people to look at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use apache_avro::types::Value;
use schema::{Decoder, Event};
use serde_json::json;

mod support;
use support::{decoder, download, encode, load, record, shipped, text};

fn json(decoder: &mut Decoder, payload: &[u8]) -> Option<serde_json::Value> {
    let mut event = Event::default();
    decoder.decode(payload, &mut event).unwrap();
    let json = decoder.json(&event, payload)?;
    Some(serde_json::from_str(&json).unwrap())
}

#[test]
fn it_is_all_there_whatever_frame_it_came_in() {
    let definition = shipped("content-downloads");
    let mut decoder = decoder(&definition);
    let datum = encode(&definition.schema, download(7));
    let whole = json(&mut decoder, &datum).unwrap();
    let Value::Record(fields) = download(7) else { panic!() };
    let Value::String(event_id) = &fields[0].1 else { panic!() };
    assert_eq!(whole["event_id"], json!(event_id));
    let keys =
        |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&whole), "content download event_id timestamp user");
    assert_eq!(keys(&whole["user"]), "device_type os_version region user_id");
    assert!(whole["timestamp"].is_i64() && whole["content"]["size_gb"].is_f64());
    assert_eq!(whole["download"]["error_code"].is_string(), whole["download"]["status"] == "failed");

    let fingerprint = apache_avro::Schema::parse_str(&definition.schema).unwrap();
    let fingerprint = fingerprint.fingerprint::<apache_avro::rabin::Rabin>();
    let framed = [&[0xc3, 0x01], &fingerprint.bytes[..], &datum].concat();
    assert_eq!(json(&mut decoder, &framed).unwrap(), whole);
}

#[test]
fn what_a_database_could_not_keep_is_none() {
    let schema = r#"{"type": "record", "name": "E", "fields": [
        {"name": "time", "type": "long"}, {"name": "key", "type": "string"},
        {"name": "note", "type": "string"}, {"name": "share", "type": "double"}]}"#;
    let toml = r#"
name = "stream"
topic = "topic"
schema = "event.avsc"
format = "raw"
event_time = { path = "time", unit = "ms" }
window = { size = "1m", grace = "1s", max_future = "1s", idle_timeout = "1s" }
[[rollup]]
name = "table"
dimensions = [{ name = "key", path = "key" }]
measures = [{ name = "total", count = true }]
"#;
    let mut decoder = Decoder::for_definition(Arc::new(load(toml, schema).unwrap())).unwrap();
    let mut of = |note: &str, share: f64| {
        let fields = [
            ("time", Value::Long(1)),
            ("key", text("k")),
            ("note", text(note)),
            ("share", Value::Double(share)),
        ];
        json(&mut decoder, &encode(schema, record(fields)))
    };
    let plain = json!({"time": 1, "key": "k", "note": "a \\u0000 that is only written so", "share": 0.5});
    assert_eq!(of("fine \u{1}", 0.5).unwrap()["note"], "fine \u{1}");
    assert_eq!(of("a \0", 0.5), None);
    assert_eq!(of("", f64::NAN), None);
    assert_eq!(of("", f64::NEG_INFINITY), None);
    // Dropped as well: a sample is not worth telling the two apart.
    assert_eq!(of(plain["note"].as_str().unwrap(), 0.5), None);
}
