//! Any rollup, asked in the words of its stream's definition.
//!
//! `parameters` (texts) → `request` (checked against the definition) → `statement` (SQL with bound values) → `load`
//! (one snapshot; `merge` for sketches) → `answer` (rows; `series` fills what has no row) → `form` (JSON, NDJSON or CSV).

mod column;
mod cursor;
mod order;
mod parameters;
mod range;
mod request;
mod sketched;

mod statement;

mod answer;
mod load;
mod merge;
mod series;

mod csv;
mod form;

pub(crate) use answer::RollupAnswer;
pub(crate) use form::Form;
pub(crate) use load::RollupQuery;
pub(crate) use parameters::RollupParameters;
pub(crate) use range::steps;
pub(crate) use request::Request;
