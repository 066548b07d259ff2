//! Bytes that no honest writer sends: each is refused with its code, at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use schema::{Decoder, RejectCode};

mod support;
use support::{decode, download, shipped, taken, write};

/// A decoder of records that hold `skipped`, which nothing needs, and then a time and a text.
fn decoder(skipped: &str) -> Decoder {
    let schema = format!(
        r#"{{"type": "record", "name": "E", "fields": [
            {{"name": "skipped", "type": {skipped}}},
            {{"name": "time", "type": "long"}},
            {{"name": "text", "type": ["null", "string"]}},
            {{"name": "kind", "type": {{"type": "enum", "name": "Kind", "symbols": ["A", "B"]}}}},
            {{"name": "good", "type": "boolean"}},
            {{"name": "small", "type": "int"}}]}}"#
    );
    let toml = r#"
name = "s"
topic = "t"
schema = "event.avsc"
format = "raw"
event_time = { path = "time", unit = "ms" }
window = { size = "1m", grace = "30s", max_future = "60s", idle_timeout = "10s" }
[[rollup]]
name = "r"
dimensions = [{ name = "text", path = "text" }, { name = "kind", path = "kind" }]
measures = [
  { name = "n", count = true, when = { path = "good", equals = true } },
  { name = "small", sum = "small" },
]
"#;
    support::decoder(&Arc::new(support::load(toml, &schema).unwrap()))
}

/// Time 0, text "a", kind B, good, small 1.
const REST: [u8; 7] = [0, 2, 2, b'a', 2, 1, 2];

/// The encoding of `i64::MIN`.
const LEAST: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
/// The encoding of `i64::MAX`.
const GREATEST: [u8; 10] = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
/// One byte longer than any integer.
const OVERLONG: [u8; 11] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
/// 10 bytes, of which the last has more than the 64th bit.
const TOO_LARGE: [u8; 10] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02];

fn outcome(skipped: &str, parts: &[&[u8]]) -> Result<(), RejectCode> {
    let payload = parts.concat();
    let mut decoder = decoder(skipped);
    let start = Instant::now();
    let outcome = decode(&mut decoder, &payload);
    assert!(start.elapsed() < Duration::from_secs(1), "{skipped} {payload:?}: {:?}", start.elapsed());
    outcome.map(|_| ()).map_err(|reject| reject.code)
}

#[test]
fn lengths_and_counts() {
    const ARRAY: &str = r#"{"type": "array", "items": "long"}"#;
    const NULLS: &str = r#"{"type": "array", "items": "null"}"#;
    const EMPTY: &str = r#"{"type": "array", "items": {"type": "record", "name": "Empty", "fields": []}}"#;
    const NESTED: &str = r#"{"type": "array", "items": {"type": "array", "items": "null"}}"#;
    const MAP: &str = r#"{"type": "map", "values": "null"}"#;
    use RejectCode::{BadInteger, BadLength, Truncated};
    for (skipped, bytes, expected) in [
        ("\"string\"", &LEAST[..], Err(BadLength)),
        ("\"string\"", &[1], Err(BadLength)),
        ("\"string\"", &GREATEST, Err(Truncated)),
        ("\"string\"", &OVERLONG, Err(BadInteger)),
        ("\"bytes\"", &LEAST, Err(BadLength)),
        ("\"bytes\"", &GREATEST, Err(Truncated)),
        ("\"bytes\"", &TOO_LARGE, Err(BadInteger)),
        ("\"long\"", &LEAST, Ok(())),
        ("\"long\"", &GREATEST, Ok(())),
        ("\"long\"", &OVERLONG, Err(BadInteger)),
        ("\"long\"", &TOO_LARGE, Err(BadInteger)),
        ("\"int\"", &GREATEST, Err(BadInteger)),
        ("\"int\"", &[0xfe, 0xff, 0xff, 0xff, 0x0f], Ok(())),
        ("\"int\"", &[0x80, 0x80, 0x80, 0x80, 0x10], Err(BadInteger)),
        ("\"boolean\"", &[2], Err(RejectCode::BadBoolean)),
        (ARRAY, &[0], Ok(())),
        (ARRAY, &GREATEST, Err(Truncated)),
        // A negative count, and the size of its block.
        (ARRAY, &[3, 4, 2, 2, 0], Ok(())),
        (ARRAY, &[3, 5, 2, 2, 0], Err(BadLength)),
        (ARRAY, &[3, 0x7e, 2, 2, 0], Err(Truncated)),
        (ARRAY, &[&LEAST[..], &LEAST].concat(), Err(BadLength)),
        (ARRAY, &[&LEAST[..], &GREATEST].concat(), Err(Truncated)),
        (ARRAY, &[&LEAST[..], &[0, 0]].concat(), Ok(())),
        // Items of no bytes: any count is cheap to write.
        (NULLS, &[&GREATEST[..], &[0]].concat(), Ok(())),
        (EMPTY, &[&GREATEST[..], &GREATEST, &[0]].concat(), Ok(())),
        (NESTED, &[&[2][..], &GREATEST, &[0, 0]].concat(), Ok(())),
        (NESTED, &GREATEST, Err(Truncated)),
        (MAP, &[2, 2, b'k', 0], Ok(())),
        (MAP, &[2, 1], Err(BadLength)),
        (MAP, &GREATEST, Err(Truncated)),
    ] {
        let found = outcome(skipped, &[bytes, &REST]);
        // Where the rest is eaten as items, the datum ends too early in one way or another.
        match (expected, found) {
            (Err(Truncated), Err(_)) => {}
            _ => assert_eq!(found, expected, "{skipped} {bytes:?}"),
        }
    }
}

#[test]
fn choices_and_texts() {
    use RejectCode::{BadBoolean, BadIndex, BadInteger, InvalidText, Oversized, TrailingBytes, Truncated};
    let long_text = [&[0, 2, 0x82, 0x10][..], &[b'x'; 1_025], &REST[4..]].concat();
    let longest = [&[0, 2, 0x80, 0x10][..], &[b'x'; 1_024], &REST[4..]].concat();
    for (bytes, expected) in [
        (&REST[..], Ok(())),
        (&[0, 0, 2, 1, 2], Ok(())),
        (&[0, 4, 2, 1, 2], Err(BadIndex)),
        (&[0, 1, 2, 1, 2], Err(BadIndex)),
        (&[0, 0, 4, 1, 2], Err(BadIndex)),
        (&[0, 0, 1, 1, 2], Err(BadIndex)),
        (&[&[0][..], &LEAST, &REST[2..]].concat(), Err(BadIndex)),
        (&[0, 0, 2, 3, 2], Err(BadBoolean)),
        (&[&[0, 0, 2, 1][..], &GREATEST].concat(), Err(BadInteger)),
        (&[0, 2, 2, 0xff, 2, 1, 2], Err(InvalidText)),
        (&[0, 2, 4, 0xc3, 0x28, 2, 1, 2], Err(InvalidText)),
        (&[0, 2, 2, 0, 2, 1, 2], Err(InvalidText)),
        // A surrogate, and an overlong slash.
        (&[0, 2, 6, 0xed, 0xa0, 0x80, 2, 1, 2], Err(InvalidText)),
        (&[0, 2, 4, 0xc0, 0xaf, 2, 1, 2], Err(InvalidText)),
        (&longest, Ok(())),
        (&long_text, Err(Oversized)),
        (&[&REST[..], &[0]].concat(), Err(TrailingBytes)),
        (&REST[..6], Err(Truncated)),
        (&[], Err(Truncated)),
        (&[&LEAST[..], &REST[1..]].concat(), Err(RejectCode::OutOfRange)),
        (&[&GREATEST[..], &REST[1..]].concat(), Err(RejectCode::OutOfRange)),
    ] {
        assert_eq!(outcome("\"null\"", &[bytes]), expected, "{bytes:?}");
    }
}

#[test]
fn depth_is_bounded() {
    const LIST: &str =
        r#"{"type": "record", "name": "List", "fields": [{"name": "next", "type": ["null", "List"]}]}"#;
    const TREE: &str = r#"{"type": "record", "name": "Tree", "fields": [
        {"name": "branches", "type": {"type": "array", "items": "Tree"}}]}"#;
    const ENDLESS: &str = r#"{"type": "record", "name": "Endless", "fields": [
        {"name": "left", "type": "Endless"}, {"name": "right", "type": "Endless"}]}"#;
    assert_eq!(outcome(LIST, &[&[2; 20], &[0], &REST]), Ok(()));
    assert_eq!(outcome(LIST, &[&[2; 100_000], &[0], &REST]), Err(RejectCode::TooDeep));
    assert_eq!(outcome(TREE, &[&[2; 100_000]]), Err(RejectCode::TooDeep));
    assert_eq!(outcome(TREE, &[&GREATEST.repeat(10_000)]), Err(RejectCode::TooDeep));
    // A schema of which there can be no datum.
    assert_eq!(outcome(ENDLESS, &[&REST]), Err(RejectCode::TooDeep));
}

/// Types of no bytes that hold each other twice: one of them is 2^40 values.
#[test]
fn a_schema_of_nothing_many_times_over_takes_no_time() {
    let mut fields =
        vec![r#"{"name": "a0", "type": {"type": "record", "name": "A0", "fields": []}}"#.to_owned()];
    for level in 1..=40 {
        let below = level - 1;
        fields.push(format!(
            r#"{{"name": "a{level}", "type": {{"type": "record", "name": "A{level}", "fields": [
                {{"name": "l", "type": "A{below}"}}, {{"name": "r", "type": "A{below}"}}]}}}}"#
        ));
    }
    let schema = format!(r#"{{"type": "record", "name": "Nothing", "fields": [{}]}}"#, fields.join(", "));
    assert_eq!(outcome(&schema, &[&REST]), Ok(()));
}

#[test]
fn every_cut_and_every_changed_byte_of_a_download() {
    let definition = shipped("content-downloads");
    let schema = apache_avro::Schema::parse_str(&definition.schema).unwrap();
    let mut decoder = support::decoder(&definition);
    for seed in 0..20 {
        let payload = write(&schema, download(seed));
        for length in 0..payload.len() {
            assert!(decode(&mut decoder, &payload[..length]).is_err(), "{length} of {}", payload.len());
        }
        let mut longer = payload.clone();
        longer.push(0);
        assert_eq!(decode(&mut decoder, &longer).unwrap_err().code, RejectCode::TrailingBytes);
        for at in 0..payload.len() {
            for change in [1, 2, 0x40, 0x80, 0xff] {
                let mut changed = payload.clone();
                changed[at] ^= change;
                if let Ok(event) = decode(&mut decoder, &changed) {
                    taken(&decoder.view(&event, &changed));
                }
            }
        }
    }
}
