//! What a query is answered with.

use std::{collections::BTreeMap, sync::Arc};

use common::{offset::DataVersion, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::column::Value;
use crate::{
    coverage::{Known, Span},
    freshness::Meta,
};

/// Rows of a rollup, grouped as asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RollupAnswer {
    pub(super) stream: String,
    pub(super) rollup: String,
    pub(super) columns: Columns,
    /// Group by group in the order asked for; with a step each group's steps, oldest first, none left out.
    pub(super) data: Vec<RollupRow>,
    pub(super) count: usize,
    /// Value of `cursor` for the page after this one; null on the last.
    pub(super) next: Option<String>,
    pub(super) meta: RollupMeta,
    /// Whether the rows have `previous`.
    #[serde(skip)]
    pub(super) compared: bool,
}

/// The names in the rows, in the order asked for. A CSV has them in its head.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RowColumns)]
pub(crate) struct Columns {
    #[schema(value_type = Vec<String>)]
    pub(super) dimensions: Vec<Arc<str>>,
    #[schema(value_type = Vec<String>)]
    pub(super) labels: Vec<Arc<str>>,
    #[schema(value_type = Vec<String>)]
    pub(super) measures: Vec<Arc<str>>,
}

/// A group, or one step of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct RollupRow {
    #[schema(value_type = BTreeMap<String, String>)]
    pub(super) dimensions: BTreeMap<Arc<str>, String>,
    /// The latest known; only where the groups are by all dimensions of the rollup.
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub(super) labels: BTreeMap<Arc<str>, Option<String>>,
    pub(super) window: RowWindow,
    /// Measures in natural units, and ratios of them; quantiles within 1 %, distinct counts to about 1.6 %. Null where no value was seen or nothing is known, and where
    /// there is nothing to divide by; 0 only where that is known.
    #[schema(value_type = BTreeMap<String, Option<f64>>)]
    pub(super) measures: Values,
    /// With `compare=previous` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<PreviousRow>,
}

pub(super) type Values = BTreeMap<Arc<str>, Value>;

/// The same group in the range just before, at the same place.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct PreviousRow {
    pub(super) window: RowWindow,
    #[schema(value_type = BTreeMap<String, Option<f64>>)]
    pub(super) measures: Values,
}

/// Which time a row is about: a step, or the whole range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RowWindow {
    #[schema(value_type = String, format = DateTime)]
    pub(super) start: Timestamp,
    /// Not part of it.
    #[schema(value_type = String, format = DateTime)]
    pub(super) end: Timestamp,
    pub(super) state: Known,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RollupMeta {
    #[serde(flatten)]
    pub(super) fresh: Meta,
    /// The range as it was rounded.
    #[schema(value_type = String, format = DateTime)]
    pub(super) from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(super) to: Timestamp,
    /// Milliseconds; null without a step.
    pub(super) step_ms: Option<i64>,
    /// The data version of the first page. Where it is not `data_version`, data changed from page to page, and a row
    /// may come twice or not at all.
    #[schema(value_type = i64)]
    pub(super) first_page_data_version: DataVersion,
}

impl RowWindow {
    pub(super) fn of(span: Span, state: Known) -> Self {
        Self { start: span.start, end: span.end, state }
    }
}
