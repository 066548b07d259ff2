//! From the steps that have rows to all steps of all groups: what has no row is told for what it is.

use std::collections::BTreeMap;

use common::time::Timestamp;

use super::{
    answer::{PreviousRow, RollupRow, RowWindow, Values},
    column::{Column, Value},
    cursor::Place,
    request::Request,
};
use crate::coverage::{Coverage, Known, Span};

/// One group over the whole range.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) keys: Vec<String>,
    pub(super) labels: Vec<Option<String>>,
    pub(super) place: Place,
    /// None where no event was counted, which only a total can be.
    pub(super) values: Option<Vec<Value>>,
}

/// What was counted, by group and begin of the step.
#[derive(Debug, Default)]
pub(super) struct Steps(pub(super) BTreeMap<Vec<String>, BTreeMap<Timestamp, Vec<Value>>>);

impl Steps {
    /// The groups themselves: each has one step, which is the whole range.
    pub(super) fn whole(groups: &[Group], span: Span) -> Self {
        let counted = |group: &Group| {
            let values = group.values.clone()?;
            Some((group.keys.clone(), BTreeMap::from([(span.start, values)])))
        };
        Self(groups.iter().filter_map(counted).collect())
    }

    fn get(&self, keys: &[String], start: Timestamp) -> Option<&Vec<Value>> {
        self.0.get(keys)?.get(&start)
    }
}

/// Every step of every group, with `previous` where it is compared.
pub(super) fn rows(
    request: &Request,
    groups: &[Group],
    (current, previous): (&Steps, Option<&Steps>),
    coverage: &Coverage,
) -> Vec<RollupRow> {
    let mut rows = Vec::new();
    for group in groups {
        let dimensions: BTreeMap<_, _> =
            request.dimensions.iter().cloned().zip(group.keys.iter().cloned()).collect();
        let labels: BTreeMap<_, _> =
            request.labels.iter().cloned().zip(group.labels.iter().cloned()).collect();
        let at = |steps: &Steps, span: Span| {
            let counted = steps.get(&group.keys, span.start);
            let known = coverage.known(span, counted.is_some());
            (RowWindow::of(span, known), values(&request.columns, counted, known))
        };
        for (span, before) in request.range.spans().zip(request.range.before().spans()) {
            let (window, measures) = at(current, span);
            let previous = previous.map(|steps| {
                let (window, measures) = at(steps, before);
                PreviousRow { window, measures }
            });
            let (dimensions, labels) = (dimensions.clone(), labels.clone());
            rows.push(RollupRow { dimensions, labels, window, measures, previous });
        }
    }
    rows
}

fn values(columns: &[Column], counted: Option<&Vec<Value>>, known: Known) -> Values {
    let value = |(index, column): (usize, &Column)| {
        let value = match (counted, known) {
            (Some(values), _) => values.get(index).copied().unwrap_or(Value::Unknown),
            (None, Known::Zero) => column.zero(),
            (None, _) => Value::Unknown,
        };
        (column.name().clone(), value)
    };
    columns.iter().enumerate().map(value).collect()
}
