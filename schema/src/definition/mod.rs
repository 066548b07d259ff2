//! Stream definitions: what people write in TOML, checked against the Avro schema it names.

mod check;
mod file;
mod shipped;

use std::{collections::BTreeMap, path::Path};

use common::{duration::Millis, sketch::SketchKind, window::WindowSize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::framing::WireFormat;

/// A definition could not be used: which file, which key, what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {key}: {problem}")]
pub struct DefinitionError {
    pub file: String,
    pub key: String,
    pub problem: String,
}

/// One stream: a topic, where its events' time is, and the tables kept of them. Checked: its names are plain SQL
/// identifiers and its paths exist in its schema.
#[derive(Clone, Debug)]
pub struct StreamDefinition {
    pub name: String,
    pub topic: String,
    /// Consumer group; `None` leaves it to the processor's settings.
    pub group: Option<String>,
    pub wire: WireFormat,
    /// The Avro schema events are written with, as JSON.
    pub schema: String,
    /// Other schemas events are written with, as JSON, by their ids in a registry. Each holds the paths as well.
    pub writer_schemas: BTreeMap<u32, String>,
    pub event_time: EventTime,
    pub window: WindowSpec,
    pub rollups: Vec<Rollup>,
    pub alerts: Vec<AlertRule>,
    /// Which raw events are kept for people to look at; `None` keeps none.
    pub sample: Option<SampleSpec>,
    source: String,
    fingerprint: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTime {
    pub path: String,
    pub unit: TimeUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeUnit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Millis,
    #[serde(rename = "us")]
    Micros,
}

#[derive(Clone, Copy, Debug)]
pub struct WindowSpec {
    pub size: WindowSize,
    /// How long after its end a window still takes events, by its partition's stream time.
    pub grace: Millis,
    /// How far ahead of the reference clock an event may be.
    pub max_future: Millis,
    /// How long a partition that is read to its end may be silent before finality stops waiting for it.
    pub idle_timeout: Millis,
}

/// One raw event of each partition in each interval of processing time, the newest ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleSpec {
    pub every: Millis,
    /// So many of each partition.
    pub keep: i32,
}

/// One table of aggregates.
#[derive(Clone, Debug)]
pub struct Rollup {
    pub name: String,
    pub dimensions: Vec<Dimension>,
    pub labels: Vec<Label>,
    pub measures: Vec<Measure>,
    pub derived: Vec<Derived>,
}

/// One part of a row's key. Always a text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    pub name: String,
    pub path: String,
    /// Stands for a null.
    #[serde(default = "unknown")]
    pub null: String,
    /// If not empty, every other text becomes `other`.
    #[serde(default)]
    pub allowed: Vec<String>,
    /// If not empty, numbers are named by the first bucket they are below, else `other`.
    #[serde(default)]
    pub buckets: Vec<Bucket>,
    #[serde(default = "other")]
    pub other: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    pub below: i64,
    pub name: String,
}

/// A text that describes a row without being part of its key; the latest by offset wins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    pub name: String,
    pub path: String,
}

/// One mergeable column.
#[derive(Clone, Debug)]
pub struct Measure {
    pub name: String,
    pub kind: MeasureKind,
    pub when: Option<When>,
}

/// `scale`: units per 1.0; a sum of 2.5 with scale 1,000,000 is stored as 2,500,000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeasureKind {
    Count,
    Sum {
        path: String,
        scale: i64,
    },
    Min {
        path: String,
        scale: i64,
    },
    Max {
        path: String,
        scale: i64,
    },
    /// Kept as a [`common::sketch::Quantiles`].
    Quantiles {
        path: String,
        scale: i64,
    },
    /// How many different values, kept as a [`common::sketch::Distinct`].
    Distinct {
        path: String,
    },
}

/// The quantiles that are told of a measure, in percent.
pub const QUANTILES: [u8; 4] = [50, 90, 95, 99];

/// A measure takes in only the events for which this holds.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    pub path: String,
    pub test: Test,
}

/// A null meets only `IsNull(true)` and the negative tests.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    In(Vec<Literal>),
    NotIn(Vec<Literal>),
    Below(f64),
    AtLeast(f64),
    IsNull(bool),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a boolean, a whole number or a text")]
pub enum Literal {
    Bool(bool),
    Int(i64),
    Text(String),
}

/// A column of the view: the quotient of two measures in natural units, null where the divisor is 0.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    pub name: String,
    pub ratio: [String; 2],
}

/// A threshold on the share of good events per row of a rollup.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    #[serde(rename = "type")]
    pub kind: String,
    pub rollup: String,
    pub good: String,
    pub total: String,
    pub warning_below: f64,
    pub critical_below: f64,
    pub min_samples: i64,
}

impl StreamDefinition {
    /// Reads and checks a definition; the schema's path is relative to the definition's own file.
    ///
    /// # Errors
    /// [`DefinitionError`] with file, key and what was expected.
    pub fn load(path: &Path) -> Result<Self, DefinitionError> {
        let file = path.display().to_string();
        let read = |path: &Path, key: &str| {
            std::fs::read_to_string(path).map_err(|error| DefinitionError {
                file: file.clone(),
                key: key.to_owned(),
                problem: format!("cannot read {}: {error}", path.display()),
            })
        };
        let text = read(path, "file")?;
        let directory = path.parent().unwrap_or(Path::new("."));
        file::parse(&file, &text, |schema| read(&directory.join(schema), "schema"))
    }

    /// The definitions that come with the program.
    ///
    /// # Errors
    /// Never, as a test holds; the type is that of [`Self::load`].
    pub fn shipped() -> Result<Vec<Self>, DefinitionError> {
        shipped::all()
    }

    /// Uses another writer's schema, given as JSON.
    ///
    /// # Errors
    /// When the definition does not fit it; nothing is changed then.
    pub fn replace_schema(&mut self, schema: String) -> Result<(), crate::PlanError> {
        crate::Plan::compile(self, &schema)?;
        self.fingerprint = hash(&[&self.fingerprint, &schema]);
        self.schema = schema;
        Ok(())
    }

    /// A hash over all that decides what is counted, and where. Two definitions with the same one share tables.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    /// The TOML it was read from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl Measure {
    /// Units per 1.0 of the stored number.
    #[must_use]
    pub fn scale(&self) -> i64 {
        match self.kind {
            MeasureKind::Count | MeasureKind::Distinct { .. } => 1,
            MeasureKind::Sum { scale, .. }
            | MeasureKind::Min { scale, .. }
            | MeasureKind::Max { scale, .. }
            | MeasureKind::Quantiles { scale, .. } => scale,
        }
    }

    /// The path of what it takes in; a count has none.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match &self.kind {
            MeasureKind::Count => None,
            MeasureKind::Sum { path, .. }
            | MeasureKind::Min { path, .. }
            | MeasureKind::Max { path, .. }
            | MeasureKind::Quantiles { path, .. }
            | MeasureKind::Distinct { path } => Some(path),
        }
    }

    /// What its column is a sketch of; `None` for a number.
    #[must_use]
    pub fn sketch(&self) -> Option<SketchKind> {
        match self.kind {
            MeasureKind::Quantiles { .. } => Some(SketchKind::Quantiles),
            MeasureKind::Distinct { .. } => Some(SketchKind::Distinct),
            MeasureKind::Count
            | MeasureKind::Sum { .. }
            | MeasureKind::Min { .. }
            | MeasureKind::Max { .. } => None,
        }
    }

    /// The name under which one of its [`QUANTILES`] is asked for.
    #[must_use]
    pub fn quantile_name(&self, percent: u8) -> String {
        format!("{}_p{percent}", self.name)
    }

    /// The names under which it is asked for: its own, or those of its quantiles.
    #[must_use]
    pub fn asked_as(&self) -> Vec<String> {
        match self.sketch() {
            Some(SketchKind::Quantiles) => {
                QUANTILES.into_iter().map(|percent| self.quantile_name(percent)).collect()
            }
            Some(SketchKind::Distinct) | None => vec![self.name.clone()],
        }
    }
}

impl Rollup {
    /// The measures that are one whole number a row.
    pub fn numbers(&self) -> impl Iterator<Item = &Measure> {
        self.measures.iter().filter(|measure| measure.sketch().is_none())
    }

    /// The measures that are a sketch a row.
    pub fn sketches(&self) -> impl Iterator<Item = &Measure> {
        self.measures.iter().filter(|measure| measure.sketch().is_some())
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn other() -> String {
    "other".to_owned()
}

fn hash(parts: &[&str]) -> String {
    let mut state = Sha256::new();
    for part in parts {
        state.update(part.len().to_le_bytes());
        state.update(part.as_bytes());
    }
    state.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
