//! From the steps that have rows to all steps of all groups: what has no row is told for what it is.

use std::collections::BTreeMap;

use common::time::Timestamp;

use super::{
    answer::{PreviousRow, RollupRow, RowWindow, Values},
    column::Value,
    cursor::Place,
    request::Request,
    sketched::Asked,
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

    pub(super) fn get_mut(&mut self, keys: &[String], start: Timestamp) -> Option<&mut Vec<Value>> {
        self.0.get_mut(keys)?.get_mut(&start)
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

fn values(columns: &[Asked], counted: Option<&Vec<Value>>, known: Known) -> Values {
    let value = |(index, column): (usize, &Asked)| {
        let value = match (counted, known) {
            (Some(values), _) => values.get(index).copied().unwrap_or(Value::Unknown),
            (None, Known::Zero) => column.zero(),
            (None, _) => Value::Unknown,
        };
        (column.name().clone(), value)
    };
    columns.iter().enumerate().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::request::tests::request;

    fn at(time: &str) -> Timestamp {
        format!("2026-01-02T{time}:00Z").parse().unwrap()
    }

    fn group(region: &str) -> Group {
        let values = Some(vec![Value::Whole(9), Value::Real(0.5)]);
        Group { keys: vec![region.to_owned()], labels: Vec::new(), place: Place::Whole(9), values }
    }

    fn steps(counted: &[(&str, &str, i64)]) -> Steps {
        let mut steps = Steps::default();
        for (region, start, count) in counted {
            let of_region = steps.0.entry(vec![(*region).to_owned()]).or_default();
            of_region.insert(at(start), vec![Value::Whole(*count), Value::Real(1.0)]);
        }
        steps
    }

    #[test]
    fn every_step_of_every_group_is_there_beside_the_one_it_is_compared_with() {
        let query =
            "measures=total_downloads,success_rate&from=2026-01-02T12:00:00Z&to=2026-01-02T12:03:00Z&step=1m";
        let request = request("region_health", query);
        let coverage = Coverage {
            now: at("12:10"),
            since: Some(at("11:58")),
            complete_through: Some(at("12:02")),
            patience: 0,
            gaps: Vec::new(),
        };
        let (current, previous) =
            (steps(&[("a", "12:00", 5), ("b", "12:02", 6)]), steps(&[("b", "11:58", 7)]));
        let rows = rows(&request, &[group("b"), group("a")], (&current, Some(&previous)), &coverage);
        let seen: Vec<_> = rows
            .iter()
            .map(|row| {
                let numbers = |values: &Values| [values["total_downloads"], values["success_rate"]];
                let before = row.previous.as_ref().unwrap();
                (
                    row.dimensions["region"].as_str(),
                    (row.window.start, row.window.state, numbers(&row.measures)),
                    (before.window.start, before.window.state, numbers(&before.measures)),
                )
            })
            .collect();
        let (zero, unknown) = ([Value::Whole(0), Value::Unknown], [Value::Unknown; 2]);
        let counted = |count| [Value::Whole(count), Value::Real(1.0)];
        use Known::{Counted, Missing, Open, Zero};
        assert_eq!(
            seen,
            [
                ("b", (at("12:00"), Zero, zero), (at("11:57"), Missing, unknown)),
                ("b", (at("12:01"), Zero, zero), (at("11:58"), Counted, counted(7))),
                ("b", (at("12:02"), Open, counted(6)), (at("11:59"), Zero, zero)),
                ("a", (at("12:00"), Counted, counted(5)), (at("11:57"), Missing, unknown)),
                ("a", (at("12:01"), Zero, zero), (at("11:58"), Zero, zero)),
                ("a", (at("12:02"), Missing, unknown), (at("11:59"), Zero, zero)),
            ]
        );
    }
}
