//! The TOML form.

use std::collections::BTreeMap;

use common::{duration::Millis, window::WindowSize};
use serde::{Deserialize, Serialize};

use super::{
    AlertRule, DefinitionError, Derived, Dimension, EventTime, Label, Literal, Measure, MeasureKind, Rollup,
    SampleSpec, StreamDefinition, Test, TimeUnit, When, WindowSpec, check, hash,
};
use crate::{Plan, framing::WireFormat};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    topic: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    schema: String,
    /// Other schemas records are written with, by their ids in a registry.
    #[serde(default)]
    schemas: BTreeMap<String, String>,
    #[serde(default)]
    format: WireFormat,
    event_time: EventTimeTable,
    window: WindowTable,
    rollup: Vec<RollupTable>,
    #[serde(default)]
    alert: Vec<AlertRule>,
    #[serde(default)]
    sample: Option<SampleSpec>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventTimeTable {
    path: String,
    unit: TimeUnit,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowTable {
    size: Millis,
    grace: Millis,
    max_future: Millis,
    idle_timeout: Millis,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RollupTable {
    name: String,
    dimensions: Vec<Dimension>,
    #[serde(default)]
    labels: Vec<Label>,
    measures: Vec<MeasureTable>,
    #[serde(default)]
    derived: Vec<Derived>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasureTable {
    name: String,
    count: Option<bool>,
    sum: Option<String>,
    min: Option<String>,
    max: Option<String>,
    // Left out where there are none: definitions without them keep the fingerprint that their tables have.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantiles: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distinct: Option<String>,
    resolution: Option<f64>,
    when: Option<WhenTable>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenTable {
    path: String,
    equals: Option<Literal>,
    not_equals: Option<Literal>,
    #[serde(rename = "in")]
    is_in: Option<Vec<Literal>>,
    not_in: Option<Vec<Literal>>,
    lt: Option<f64>,
    gte: Option<f64>,
    is_null: Option<bool>,
}

/// `read_schema` gets the path as written.
pub(super) fn parse(
    file: &str,
    text: &str,
    read_schema: impl Fn(&str) -> Result<String, DefinitionError>,
) -> Result<StreamDefinition, DefinitionError> {
    let refused = |key: String, problem: String| DefinitionError { file: file.to_owned(), key, problem };
    let parsed: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        refused(place(text, at), error.message().trim().replace('\n', "; "))
    })?;
    let schema = read_schema(&parsed.schema)?;
    let mut writer_schemas = BTreeMap::new();
    for (id, path) in &parsed.schemas {
        let id = id.parse::<u32>().map_err(|_| {
            refused(
                format!("schemas.{id}"),
                "expected the schema's id in the registry, a whole number".into(),
            )
        })?;
        writer_schemas.insert(id, read_schema(path)?);
    }
    let size = WindowSize::from_millis(parsed.window.size.as_millis()).ok_or_else(|| {
        refused(
            "window.size".into(),
            format!("expected a length that divides a day, found {}", parsed.window.size),
        )
    })?;
    let mut counted = serde_json::to_value(&parsed).unwrap_or_default();
    if let Some(table) = counted.as_object_mut() {
        // None of these changes a cell of the tables.
        table.remove("alert");
        table.remove("sample");
        table.remove("schema");
        table.remove("schemas");
    }
    let fingerprint = hash(&[&counted.to_string(), &schema]);

    let mut rollups = Vec::new();
    for rollup in parsed.rollup {
        let mut measures = Vec::new();
        for measure in rollup.measures {
            let key = format!("rollup.{}.measures.{}", rollup.name, measure.name);
            measures.push(checked_measure(measure).map_err(|problem| refused(key, problem))?);
        }
        rollups.push(Rollup {
            name: rollup.name,
            dimensions: rollup.dimensions,
            labels: rollup.labels,
            measures,
            derived: rollup.derived,
        });
    }
    let definition = StreamDefinition {
        name: parsed.name,
        topic: parsed.topic,
        group: parsed.group,
        wire: parsed.format,
        schema,
        writer_schemas,
        event_time: EventTime { path: parsed.event_time.path, unit: parsed.event_time.unit },
        window: WindowSpec {
            size,
            grace: parsed.window.grace,
            max_future: parsed.window.max_future,
            idle_timeout: parsed.window.idle_timeout,
        },
        rollups,
        alerts: parsed.alert,
        sample: parsed.sample,
        source: text.to_owned(),
        fingerprint,
    };
    check::check(&definition).map_err(|(key, problem)| refused(key, problem))?;
    for (id, schema) in &definition.writer_schemas {
        Plan::compile(&definition, schema)
            .map_err(|error| refused(format!("schemas.{id}"), error.to_string()))?;
    }
    Ok(definition)
}

/// The line of byte `at`, and the key whose value stands there.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let key = before.trim_end().strip_suffix('=').map(str::trim_end).map(|before| {
        let bare = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        &before[before.trim_end_matches(bare).len()..]
    });
    match key {
        Some(key) if !key.is_empty() => format!("line {line}, {key}"),
        _ => format!("line {line}"),
    }
}

fn checked_measure(table: MeasureTable) -> Result<Measure, String> {
    let scale = match table.resolution {
        None => 1,
        Some(resolution) => {
            let scale = (1.0 / resolution).round();
            if !(1.0..=1e12).contains(&scale) || (scale * resolution - 1.0).abs() > 1e-9 {
                return Err(format!(
                    "resolution: expected 1 divided by a whole number up to 1e12, found {resolution}"
                ));
            }
            #[allow(clippy::cast_possible_truncation, reason = "checked just above")]
            let scale = scale as i64;
            scale
        }
    };
    let kinds = [
        (table.count == Some(true)).then_some(MeasureKind::Count),
        table.sum.map(|path| MeasureKind::Sum { path, scale }),
        table.min.map(|path| MeasureKind::Min { path, scale }),
        table.max.map(|path| MeasureKind::Max { path, scale }),
        table.quantiles.map(|path| MeasureKind::Quantiles { path, scale }),
        table.distinct.map(|path| MeasureKind::Distinct { path }),
    ];
    let mut kinds = kinds.into_iter().flatten();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return Err("expected exactly one of count = true, sum, min, max, quantiles, distinct".to_owned());
    };
    if matches!(kind, MeasureKind::Count | MeasureKind::Distinct { .. }) && table.resolution.is_some() {
        return Err("resolution: expected beside sum, min, max or quantiles only".to_owned());
    }
    let when = table.when.map(checked_when).transpose()?;
    Ok(Measure { name: table.name, kind, when })
}

fn checked_when(table: WhenTable) -> Result<When, String> {
    if [table.lt, table.gte].into_iter().flatten().any(|limit| !limit.is_finite()) {
        return Err("when: expected a finite number after lt or gte".to_owned());
    }
    let tests = [
        table.equals.map(|value| Test::In(vec![value])),
        table.not_equals.map(|value| Test::NotIn(vec![value])),
        table.is_in.map(Test::In),
        table.not_in.map(Test::NotIn),
        table.lt.map(Test::Below),
        table.gte.map(Test::AtLeast),
        table.is_null.map(Test::IsNull),
    ];
    let mut tests = tests.into_iter().flatten();
    match (tests.next(), tests.next()) {
        (Some(test), None) => Ok(When { path: table.path, test }),
        _ => Err("when: expected exactly one of equals, not_equals, in, not_in, lt, gte, is_null".to_owned()),
    }
}
