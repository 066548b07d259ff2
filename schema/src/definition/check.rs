//! What TOML alone cannot say: names, references, and paths that exist in the schema.

use std::collections::HashSet;

use super::{Rollup, StreamDefinition};
use crate::plan::Plan;

type Refused = (String, String);

/// More dimensions than this make a key nobody reads.
const MOST_DIMENSIONS: usize = 8;
const LONGEST_NAME: usize = 40;
const RESERVED: [&str; 3] = ["window_start", "window_end", "source_partition"];

pub(super) fn check(definition: &StreamDefinition) -> Result<(), Refused> {
    let plain = |text: &str| {
        !text.is_empty()
            && text.len() <= 100
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    for (key, text) in [("name", &definition.name), ("topic", &definition.topic)] {
        if !plain(text) {
            return Err((key.into(), format!("expected letters, digits, '-', '_' and '.', found '{text}'")));
        }
    }
    if definition.rollups.is_empty() {
        return Err(("rollup".into(), "expected at least one".into()));
    }
    let mut tables = HashSet::new();
    for rollup in &definition.rollups {
        identifier(&format!("rollup.{}", rollup.name), &rollup.name)?;
        if !tables.insert(&rollup.name) {
            return Err((format!("rollup.{}", rollup.name), "this name is used twice".into()));
        }
        check_columns(rollup)?;
    }
    for alert in &definition.alerts {
        let key = format!("alert.{}", alert.kind);
        let Some(rollup) = definition.rollups.iter().find(|rollup| rollup.name == alert.rollup) else {
            let known: Vec<&str> = definition.rollups.iter().map(|rollup| rollup.name.as_str()).collect();
            return Err((
                format!("{key}.rollup"),
                format!("expected one of {}, found '{}'", known.join(", "), alert.rollup),
            ));
        };
        measure_exists(&format!("{key}.good"), rollup, &alert.good)?;
        measure_exists(&format!("{key}.total"), rollup, &alert.total)?;
        if !(0.0..=1.0).contains(&alert.critical_below)
            || !(alert.critical_below..=1.0).contains(&alert.warning_below)
        {
            return Err((key, "expected 0 <= critical_below <= warning_below <= 1".into()));
        }
    }
    Plan::compile(definition, &definition.schema)
        .map_err(|error| (error.key().to_owned(), error.to_string()))?;
    Ok(())
}

fn check_columns(rollup: &Rollup) -> Result<(), Refused> {
    let key = |kind: &str, name: &str| format!("rollup.{}.{kind}.{name}", rollup.name);
    if rollup.measures.is_empty() {
        return Err((format!("rollup.{}.measures", rollup.name), "expected at least one".into()));
    }
    if !(1..=MOST_DIMENSIONS).contains(&rollup.dimensions.len()) {
        return Err((
            format!("rollup.{}.dimensions", rollup.name),
            format!("expected 1 to {MOST_DIMENSIONS}, found {}", rollup.dimensions.len()),
        ));
    }
    let mut seen = HashSet::from(RESERVED);
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
    for derived in &rollup.derived {
        for name in &derived.ratio {
            measure_exists(&key("derived", &derived.name), rollup, name)?;
        }
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

fn measure_exists(key: &str, rollup: &Rollup, name: &str) -> Result<(), Refused> {
    if rollup.measures.iter().any(|measure| measure.name == name) {
        return Ok(());
    }
    let known: Vec<&str> = rollup.measures.iter().map(|measure| measure.name.as_str()).collect();
    Err((key.to_owned(), format!("expected one of {}, found '{name}'", known.join(", "))))
}
