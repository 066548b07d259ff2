//! What TOML alone cannot say: names, references, and paths that exist in the schema.

use std::collections::HashSet;

use super::{Dimension, Rollup, StreamDefinition};
use crate::plan::Plan;

type Refused = (String, String);

/// More dimensions than this make a key nobody reads.
const MOST_DIMENSIONS: usize = 8;
const LONGEST_NAME: usize = 40;
/// Columns every rollup has, and those Postgres gives every table.
const RESERVED_COLUMNS: [&str; 9] =
    ["window_start", "window_end", "source_partition", "tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"];
/// The product's own tables, which a rollup's view would stand beside.
const RESERVED_TABLES: [&str; 23] = [
    "alert_silences",
    "alerts",
    "annotations",
    "api_audit",
    "api_tokens",
    "data_gaps",
    "dead_letters",
    "detector_progress",
    "detector_snapshots",
    "event_log",
    "event_samples",
    "incidents",
    "late_events",
    "partition_progress",
    "refinery_schema_history",
    "replay_partitions",
    "replays",
    "rewinds",
    "stream_control",
    "stream_definitions",
    "trending_predictions",
    "v_active_alerts",
    "window_span",
];
/// In milliseconds.
const LEAST_SAMPLE_INTERVAL: i64 = 100;
const MOST_SAMPLES: i32 = 100_000;
/// A key part is a text of an index row, which Postgres bounds.
const LONGEST_KEY_TEXT: usize = 1_024;

pub(super) fn check(definition: &StreamDefinition) -> Result<(), Refused> {
    let plain = |text: &str| {
        !text.is_empty()
            && text.len() <= 100
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let group = definition.group.iter().map(|group| ("group", group));
    for (key, text) in [("name", &definition.name), ("topic", &definition.topic)].into_iter().chain(group) {
        if !plain(text) {
            return Err((key.into(), format!("expected letters, digits, '-', '_' and '.', found '{text}'")));
        }
    }
    if let Some(sample) = definition.sample {
        if sample.every.as_millis() < LEAST_SAMPLE_INTERVAL {
            return Err(("sample.every".into(), format!("expected 100ms or more, found {}", sample.every)));
        }
        if !(1..=MOST_SAMPLES).contains(&sample.keep) {
            return Err((
                "sample.keep".into(),
                format!("expected 1 to {MOST_SAMPLES}, found {}", sample.keep),
            ));
        }
    }
    if definition.rollups.is_empty() {
        return Err(("rollup".into(), "expected at least one".into()));
    }
    let mut tables = HashSet::new();
    for rollup in &definition.rollups {
        let key = format!("rollup.{}", rollup.name);
        identifier(&key, &rollup.name)?;
        table_is_free(&key, &rollup.name)?;
        if !tables.insert(&rollup.name) {
            return Err((key, "this name is used twice".into()));
        }
        check_columns(rollup)?;
    }
    let mut kinds = HashSet::new();
    for alert in &definition.alerts {
        let key = format!("alert.{}", alert.kind);
        if !plain(&alert.kind) {
            let problem = format!("type: expected letters, digits, '-', '_' and '.', found '{}'", alert.kind);
            return Err((key, problem));
        }
        // Alerts are stored by type, dimension and window: two rules of one type would take back each other's.
        if !kinds.insert(&alert.kind) {
            return Err((key, "type: expected a name of its own, this one is used twice".into()));
        }
        let Some(rollup) = definition.rollups.iter().find(|rollup| rollup.name == alert.rollup) else {
            let known: Vec<&str> = definition.rollups.iter().map(|rollup| rollup.name.as_str()).collect();
            return Err((
                format!("{key}.rollup"),
                format!("expected one of {}, found '{}'", known.join(", "), alert.rollup),
            ));
        };
        number_exists(&format!("{key}.good"), rollup, &alert.good)?;
        number_exists(&format!("{key}.total"), rollup, &alert.total)?;
        if !(0.0..=1.0).contains(&alert.critical_below)
            || !(alert.critical_below..=1.0).contains(&alert.warning_below)
        {
            return Err((key, "expected 0 <= critical_below <= warning_below <= 1".into()));
        }
        if alert.min_samples < 1 {
            return Err((
                format!("{key}.min_samples"),
                format!("expected at least 1, found {}", alert.min_samples),
            ));
        }
    }
    Plan::compile(definition, &definition.schema)
        .map_err(|error| (error.key().to_owned(), error.problem()))?;
    Ok(())
}

fn check_columns(rollup: &Rollup) -> Result<(), Refused> {
    let key = |kind: &str, name: &str| format!("rollup.{}.{kind}.{name}", rollup.name);
    if rollup.measures.is_empty() {
        return Err((format!("rollup.{}.measures", rollup.name), "expected at least one".into()));
    }
    if rollup.numbers().next().is_none() {
        // Rows are ordered by numbers.
        let problem = "expected at least one count, sum, min or max beside quantiles and distinct";
        return Err((format!("rollup.{}.measures", rollup.name), problem.into()));
    }
    if !(1..=MOST_DIMENSIONS).contains(&rollup.dimensions.len()) {
        return Err((
            format!("rollup.{}.dimensions", rollup.name),
            format!("expected 1 to {MOST_DIMENSIONS}, found {}", rollup.dimensions.len()),
        ));
    }
    let mut seen: HashSet<&str> = HashSet::from(RESERVED_COLUMNS);
    let columns = rollup
        .dimensions
        .iter()
        .map(|column| ("dimensions", &column.name))
        .chain(rollup.labels.iter().map(|column| ("labels", &column.name)))
        .chain(rollup.measures.iter().map(|column| ("measures", &column.name)))
        .chain(rollup.derived.iter().map(|column| ("derived", &column.name)));
    for (kind, name) in columns {
        identifier(&key(kind, name), name)?;
        if !seen.insert(name) {
            return Err((key(kind, name), "this column name is reserved or used twice".into()));
        }
    }
    for measure in rollup.sketches() {
        for name in measure.asked_as().iter().filter(|name| **name != measure.name) {
            if seen.contains(name.as_str()) {
                let problem =
                    format!("one of its quantiles is asked for as '{name}', which another column is named");
                return Err((key("measures", &measure.name), problem));
            }
        }
    }
    for dimension in &rollup.dimensions {
        check_texts(&key("dimensions", &dimension.name), dimension)?;
    }
    for derived in &rollup.derived {
        for name in &derived.ratio {
            number_exists(&key("derived", &derived.name), rollup, name)?;
        }
    }
    Ok(())
}

/// Texts of a definition become key parts as they stand.
fn check_texts(key: &str, dimension: &Dimension) -> Result<(), Refused> {
    if !dimension.allowed.is_empty() && !dimension.buckets.is_empty() {
        return Err((key.to_owned(), "expected allowed or buckets, not both".into()));
    }
    if !dimension.buckets.is_sorted_by(|before, after| before.below < after.below) {
        return Err((
            format!("{key}.buckets"),
            "expected each below to be greater than the one before".into(),
        ));
    }
    let texts = [("null", &dimension.null), ("other", &dimension.other)]
        .into_iter()
        .chain(dimension.allowed.iter().map(|text| ("allowed", text)))
        .chain(dimension.buckets.iter().map(|bucket| ("buckets", &bucket.name)));
    for (part, text) in texts {
        if text.len() > LONGEST_KEY_TEXT || text.contains('\0') {
            return Err((
                format!("{key}.{part}"),
                format!("expected a text without NUL of at most {LONGEST_KEY_TEXT} bytes"),
            ));
        }
    }
    Ok(())
}

/// `<name>`, `<name>_partial` and the day partitions below it must not meet another table.
fn table_is_free(key: &str, name: &str) -> Result<(), Refused> {
    let taken = name.starts_with("pg_") || name.starts_with("v_") || name.contains("_partial");
    if RESERVED_TABLES.contains(&name) || taken {
        return Err((
            key.to_owned(),
            "expected a name that no table of the product has, without 'pg_' or 'v_' in front and '_partial' in it"
                .into(),
        ));
    }
    Ok(())
}

fn identifier(key: &str, name: &str) -> Result<(), Refused> {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= LONGEST_NAME
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain {
        return Ok(());
    }
    Err((
        key.to_owned(),
        format!("expected a name of small letters, digits and '_', at most {LONGEST_NAME}, found '{name}'"),
    ))
}

fn number_exists(key: &str, rollup: &Rollup, name: &str) -> Result<(), Refused> {
    if rollup.numbers().any(|measure| measure.name == name) {
        return Ok(());
    }
    let known: Vec<&str> = rollup.numbers().map(|measure| measure.name.as_str()).collect();
    let sketch = rollup.sketches().any(|measure| measure.name == name);
    let why = if sketch { ", which is a sketch and no number" } else { "" };
    Err((key.to_owned(), format!("expected one of {}, found '{name}'{why}", known.join(", "))))
}
