//! What sketches take in of an event: of every type there is, of nulls, and under conditions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use apache_avro::types::Value;
use common::sketch::{Seen, ValueHash};
use schema::{RejectCode, tables::create_sql};

mod support;
use support::{decode, decoder, encode, load, record, text};

const SCHEMA: &str = r#"{"type": "record", "name": "E", "fields": [
    {"name": "time", "type": "long"},
    {"name": "text", "type": ["null", "string"]},
    {"name": "symbol", "type": {"type": "enum", "name": "S", "symbols": ["A", "B"]}},
    {"name": "code", "type": "int"},
    {"name": "good", "type": "boolean"},
    {"name": "raw", "type": "bytes"},
    {"name": "id", "type": {"type": "fixed", "name": "F", "size": 4}},
    {"name": "uuid", "type": {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}},
    {"name": "either", "type": ["string", "long"]},
    {"name": "size", "type": ["null", "double"]}]}"#;

const DEFINITION: &str = r#"
name = "s"
topic = "t"
schema = "event.avsc"
event_time = { path = "time", unit = "ms" }
window = { size = "1m", grace = "30s", max_future = "60s", idle_timeout = "10s" }
[[rollup]]
name = "r"
dimensions = [{ name = "good", path = "good" }]
measures = [
  { name = "texts", distinct = "text" },
  { name = "n", count = true },
  { name = "symbols", distinct = "symbol" },
  { name = "codes", distinct = "code" },
  { name = "goods", distinct = "good" },
  { name = "raws", distinct = "raw" },
  { name = "ids", distinct = "id" },
  { name = "uuids", distinct = "uuid" },
  { name = "eithers", distinct = "either" },
  { name = "sizes", quantiles = "size", resolution = 0.01 },
  { name = "size", sum = "size", resolution = 0.01 },
  { name = "good_sizes", quantiles = "size", when = { path = "good", equals = true } },
  { name = "good_texts", distinct = "text", when = { path = "good", equals = true } },
]
"#;

fn event(name: Option<&str>, good: bool, either: Value, size: Option<f64>) -> Vec<u8> {
    let null = || Value::Union(0, Box::new(Value::Null));
    let value = record([
        ("time", Value::Long(1)),
        ("text", name.map_or_else(null, |name| Value::Union(1, Box::new(text(name))))),
        ("symbol", Value::Enum(1, "B".to_owned())),
        ("code", Value::Int(-5)),
        ("good", Value::Boolean(good)),
        ("raw", Value::Bytes(vec![0, 255, 0])),
        ("id", Value::Fixed(4, vec![0xff; 4])),
        ("uuid", Value::Uuid(apache_avro::Uuid::from_bytes([7; 16]))),
        ("either", either),
        ("size", size.map_or_else(null, |size| Value::Union(1, Box::new(Value::Double(size))))),
    ]);
    encode(SCHEMA, value)
}

/// What each sketch and each number takes in.
type Taken = (Vec<Option<Seen>>, Vec<Option<i64>>);

fn taken(payload: &[u8]) -> Result<Taken, RejectCode> {
    let definition = Arc::new(load(DEFINITION, SCHEMA).unwrap());
    let mut decoder = decoder(&definition);
    let event = decode(&mut decoder, payload).map_err(|reject| reject.code)?;
    let rollup = decoder.view(&event, payload).rollups().next().unwrap();
    Ok((
        (0..rollup.sketch_count()).map(|number| rollup.sketch(number)).collect(),
        (0..rollup.measure_count()).map(|number| rollup.measure(number)).collect(),
    ))
}

#[test]
fn values_of_every_type_are_told_apart_and_numbers_are_in_units() {
    let bytes = |bytes: &[u8]| Some(Seen::Hash(ValueHash::of_bytes(bytes)));
    let long = Value::Union(1, Box::new(Value::Long(-5)));
    let (sketches, numbers) = taken(&event(Some("zoë"), true, long, Some(2.5))).unwrap();
    let number = Some(Seen::Hash(ValueHash::of_integer(-5)));
    let expected = [
        bytes("zoë".as_bytes()),
        bytes(b"B"),
        number,
        Some(Seen::Hash(ValueHash::of_boolean(true))),
        bytes(&[0, 255, 0]),
        bytes(&[0xff; 4]),
        bytes(&[7; 16]),
        number,
        Some(Seen::Number(250)),
        // Halves away from zero.
        Some(Seen::Number(3)),
        bytes("zoë".as_bytes()),
    ];
    assert_eq!(sketches, expected);
    assert_eq!(numbers, [Some(1), Some(250)]);
}

#[test]
fn a_null_adds_nothing_nor_does_what_a_condition_leaves_out() {
    let either = || Value::Union(0, Box::new(text("")));
    let (sketches, numbers) = taken(&event(None, true, either(), None)).unwrap();
    assert_eq!((sketches[0], &sketches[8..], numbers[1]), (None, &[None; 3][..], None));
    // An empty text is a value.
    assert_eq!(sketches[7], Some(Seen::Hash(ValueHash::of_bytes(b""))));
    let (sketches, _) = taken(&event(Some("a"), false, either(), Some(1.0))).unwrap();
    assert_eq!((sketches[0].is_some(), &sketches[9..]), (true, &[None; 2][..]));
}

/// A text of a key is an index row's and must be short; nothing is kept of one that is told apart.
#[test]
fn a_text_that_is_only_told_apart_may_be_long() {
    let long = "x".repeat(5_000);
    let payload = event(Some(&long), true, Value::Union(0, Box::new(text(&long))), None);
    let (sketches, _) = taken(&payload).unwrap();
    let hash = Some(Seen::Hash(ValueHash::of_bytes(long.as_bytes())));
    assert_eq!((sketches[0], sketches[7]), (hash, hash));
    let keyed = DEFINITION.replace("path = \"good\" }", "path = \"text\" }");
    let definition = Arc::new(load(&keyed, SCHEMA).unwrap());
    let reject = decode(&mut decoder(&definition), &payload).unwrap_err();
    assert_eq!(reject.code, RejectCode::Oversized);
}

#[test]
fn a_record_cut_short_within_bytes_is_refused() {
    let payload = event(Some("a"), true, Value::Union(0, Box::new(text("b"))), Some(1.0));
    assert!(taken(&payload).is_ok());
    for end in 0..payload.len() {
        assert_eq!(taken(&payload[..end]), Err(RejectCode::Truncated), "{end}");
    }
}

/// SQL cannot merge them.
#[test]
fn sketches_are_columns_of_the_table_and_not_of_the_view() {
    let sql = create_sql(&load(DEFINITION, SCHEMA).unwrap());
    let (table, view) = sql.split_once("CREATE VIEW").unwrap();
    assert!(table.contains("    \"texts\" bytea,\n    \"n\" bigint NOT NULL,\n"), "{table}");
    assert!(table.contains("    \"sizes\" bytea,\n    \"size\" bigint,\n"), "{table}");
    assert!(view.contains("\"size\"") && !view.contains("sizes") && !view.contains("texts"), "{view}");
}
