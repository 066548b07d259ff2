//! What an event looks like and what is counted of it.
//!
//! A stream definition and the writer's Avro schema compile once into a decode plan. The plan walks a record's
//! bytes, touches only the fields the definition needs, and allocates nothing per record.

mod decode;
mod definition;
mod event;
mod framing;
mod plan;
pub mod tables;

pub use decode::{DecodeError, Decoder};
pub use definition::{
    AlertRule, Bucket, DefinitionError, Derived, Dimension, EventTime, Label, Literal, Measure, MeasureKind,
    QUANTILES, Rollup, SampleSpec, StreamDefinition, Test, TimeUnit, When, WindowSpec,
};
pub use event::{Event, EventView, RollupView};
pub use framing::{FileSchemas, SchemaSource, SourceError, WireFormat};
pub use plan::{Plan, PlanError, Reject, RejectCode};
