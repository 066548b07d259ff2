//! The older download event, value by value.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use apache_avro::types::Value;
use schema::{EventView, RejectCode, StreamDefinition};

mod support;
use support::{decode, decoder, encode, record, shipped, taken, text};

const SCHEMA: &str = include_str!("../events/content-download-legacy.avsc");

fn event(status: &str, speed: f32, size_mb: i64, error: Option<&str>) -> Vec<u8> {
    let error = match error {
        Some(error) => Value::Union(1, Box::new(text(error))),
        None => Value::Union(0, Box::new(Value::Null)),
    };
    let value = record([
        ("user_id", text("user_17")),
        ("timestamp", Value::TimestampMillis(1_767_323_045_678)),
        (
            "content",
            record([
                ("content_id", text("movie_001")),
                ("title", text("Der Große Film")),
                ("type", text("movie")),
                ("size_mb", Value::Long(size_mb)),
            ]),
        ),
        (
            "client",
            record([("region", text("eu-west-1")), ("device", text("tv")), ("os_version", text("tvOS 18"))]),
        ),
        (
            "download",
            record([
                ("status", text(status)),
                ("duration_seconds", Value::Int(95)),
                ("speed_mbps", Value::Float(speed)),
                ("error_code", error),
            ]),
        ),
    ]);
    encode(SCHEMA, value)
}

/// What each measure of a rollup takes in, by name.
fn measures(definition: &StreamDefinition, view: &EventView<'_>, rollup: &str) -> Vec<(String, Option<i64>)> {
    let at = definition.rollups.iter().position(|known| known.name == rollup).unwrap();
    let names = definition.rollups[at].measures.iter().map(|measure| measure.name.clone());
    names.zip(taken(view).rollups.swap_remove(at).measures).collect()
}

fn named<const N: usize>(values: [(&str, Option<i64>); N]) -> Vec<(String, Option<i64>)> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn every_value_of_a_success() {
    let definition = shipped("content-downloads-legacy");
    let mut decoder = decoder(&definition);
    // 12.3 as a single: 12.30000019...
    let payload = event("success", 12.3, 4_700, None);
    let event = decode(&mut decoder, &payload).unwrap();
    let view = decoder.view(&event, &payload);
    assert_eq!(view.event_time().as_millis(), 1_767_323_045_678);
    let rollups = taken(&view).rollups;
    assert_eq!(rollups[0].dimensions, ["movie_001"]);
    assert_eq!(rollups[0].labels, [Some("Der Große Film".to_owned())]);
    assert_eq!(rollups[1].dimensions, ["eu-west-1"]);
    assert_eq!(rollups[2].dimensions, ["tv", "tvOS 18"]);
    assert_eq!(
        measures(&definition, &view, "legacy_content_stats"),
        named([
            ("download_count", Some(1)),
            ("successful_downloads", Some(1)),
            ("failed_downloads", None),
            ("total_size_mb", Some(4_700)),
        ])
    );
    assert_eq!(
        measures(&definition, &view, "legacy_region_health"),
        named([
            ("total_downloads", Some(1)),
            ("successful_downloads", Some(1)),
            ("failed_downloads", None),
            ("unknown_status", None),
            ("speed_mbps_sum", Some(12_300_000)),
            ("duration_seconds_sum", Some(95_000_000)),
            ("total_size_mb", Some(4_700)),
        ])
    );
    assert_eq!(
        measures(&definition, &view, "legacy_device_stats"),
        named([
            ("total_downloads", Some(1)),
            ("successful_downloads", Some(1)),
            ("failed_downloads", None),
            ("speed_mbps_sum", Some(12_300_000)),
            ("total_size_mb", Some(4_700)),
        ])
    );
}

#[test]
fn a_failure_has_no_speed_but_a_size() {
    let definition = shipped("content-downloads-legacy");
    let mut decoder = decoder(&definition);
    // The speed of a failure is nobody's business, so it may be anything.
    for speed in [0.0, f32::NAN, f32::INFINITY, f32::MAX] {
        let payload = event("failed", speed, 1, Some("cdn_timeout"));
        let event = decode(&mut decoder, &payload).unwrap();
        let view = decoder.view(&event, &payload);
        assert_eq!(
            measures(&definition, &view, "legacy_region_health"),
            named([
                ("total_downloads", Some(1)),
                ("successful_downloads", None),
                ("failed_downloads", Some(1)),
                ("unknown_status", None),
                ("speed_mbps_sum", None),
                ("duration_seconds_sum", None),
                ("total_size_mb", Some(1)),
            ])
        );
    }
}

#[test]
fn a_success_without_a_usable_speed_is_refused() {
    let definition = shipped("content-downloads-legacy");
    let mut decoder = decoder(&definition);
    for speed in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        let reject = decode(&mut decoder, &event("success", speed, 1, None)).unwrap_err();
        assert_eq!(reject.code, RejectCode::OutOfRange, "{speed}");
    }
}

#[test]
fn sizes_are_kept_up_to_2_to_the_53() {
    let definition = shipped("content-downloads-legacy");
    let mut decoder = decoder(&definition);
    for (size, kept) in [(1 << 53, true), (-(1 << 53), true), ((1 << 53) + 1, false), (i64::MIN, false)] {
        let decoded = decode(&mut decoder, &event("cancelled", 0.0, size, None));
        assert_eq!(decoded.is_ok(), kept, "{size}");
    }
}

#[test]
fn an_unknown_status_is_counted_as_such() {
    let definition = shipped("content-downloads-legacy");
    let mut decoder = decoder(&definition);
    for (status, unknown) in [("paused", Some(1)), ("", Some(1)), ("Success", Some(1)), ("cancelled", None)] {
        let payload = event(status, 1.0, 1, None);
        let event = decode(&mut decoder, &payload).unwrap();
        let taken = taken(&decoder.view(&event, &payload));
        assert_eq!(taken.rollups[1].measures[3], unknown, "{status}");
    }
}
