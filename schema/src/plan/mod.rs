//! From (writer schema, definition) to a plan, once; from bytes to slots, for every record.

mod compile;
mod condition;
mod node;
mod reader;
mod walk;

use apache_avro::Schema;

use compile::Compiler;
pub(crate) use compile::{DimensionPlan, HashPlan, NumberPlan, RollupPlan, SketchInput};
pub(crate) use condition::{Conditions, FieldConditions};
use node::Nodes;
pub(crate) use walk::Slot;
use walk::Step;

use crate::{StreamDefinition, TimeUnit};

/// A definition does not fit a writer's schema.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("the Avro schema cannot be read: {0}")]
    Schema(String),
    #[error("the schema refers to the unknown name '{0}'")]
    UnknownName(String),
    #[error("expected a record at the top of the schema")]
    NoRecord,
    #[error("{key}: field path '{path}' is not in the schema; at '{at}' there are: {known}")]
    UnknownPath { key: String, path: String, at: String, known: String },
    #[error("{key}: field '{path}' is {found}, expected {expected}")]
    Type { key: String, path: String, found: String, expected: &'static str },
    #[error("{key}: too many different {what}, at most {most}")]
    TooMany { key: String, what: &'static str, most: usize },
    #[error("{key}: {problem}")]
    Condition { key: String, problem: &'static str },
}

impl PlanError {
    /// The definition's key the error is about.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Schema(_) | Self::UnknownName(_) | Self::NoRecord => "schema",
            Self::UnknownPath { key, .. }
            | Self::Type { key, .. }
            | Self::TooMany { key, .. }
            | Self::Condition { key, .. } => key,
        }
    }

    /// The message without the key.
    pub(crate) fn problem(&self) -> String {
        let text = self.to_string();
        match text.strip_prefix(self.key()).and_then(|rest| rest.strip_prefix(": ")) {
            Some(problem) => problem.to_owned(),
            None => text,
        }
    }
}

/// Why a record can never be counted. A closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectCode {
    Truncated,
    TrailingBytes,
    BadFraming,
    UnknownSchema,
    BadInteger,
    BadBoolean,
    BadLength,
    BadIndex,
    TooDeep,
    InvalidText,
    Oversized,
    MissingValue,
    OutOfRange,
}

impl RejectCode {
    /// The code as it stands in `dead_letters.reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::TrailingBytes => "trailing_bytes",
            Self::BadFraming => "bad_framing",
            Self::UnknownSchema => "unknown_schema",
            Self::BadInteger => "bad_integer",
            Self::BadBoolean => "bad_boolean",
            Self::BadLength => "bad_length",
            Self::BadIndex => "bad_index",
            Self::TooDeep => "too_deep",
            Self::InvalidText => "invalid_text",
            Self::Oversized => "oversized",
            Self::MissingValue => "missing_value",
            Self::OutOfRange => "out_of_range",
        }
    }
}

/// A record that can never be counted, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub code: RejectCode,
    pub detail: String,
}

impl Reject {
    pub(crate) fn new(code: RejectCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// apache-avro says what is wrong in the error below.
fn causes(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |error| error.source());
    below.fold(error.to_string(), |text, error| format!("{text}: {error}"))
}

/// How to read one writer schema for one definition.
#[derive(Debug)]
pub struct Plan {
    /// For those who want all of a record, by names.
    pub(crate) schema: Schema,
    pub(crate) nodes: Nodes,
    pub(crate) steps: Vec<Step>,
    pub(crate) slots: usize,
    pub(crate) event_time: usize,
    pub(crate) unit: TimeUnit,
    pub(crate) conditions: Vec<FieldConditions>,
    pub(crate) numbers: Vec<NumberPlan>,
    pub(crate) hashes: Vec<HashPlan>,
    pub(crate) rollups: Vec<RollupPlan>,
    /// Slots whose integers serve as keys.
    pub(crate) integer_keys: Vec<usize>,
    /// Enum symbols that slots refer to.
    pub(crate) texts: Vec<String>,
}

impl Plan {
    /// # Errors
    /// [`PlanError`] with the definition's key and, for a path, what the schema has instead.
    pub fn compile(definition: &StreamDefinition, writer_schema: &str) -> Result<Self, PlanError> {
        let schema = Schema::parse_str(writer_schema).map_err(|error| PlanError::Schema(causes(&error)))?;
        let (nodes, root) = Nodes::of(&schema)?;
        Compiler::new(nodes, root)?.compile(definition, schema)
    }
}
