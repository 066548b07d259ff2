//! The numbers of a rollup: measures, and ratios of two of them.

use std::sync::Arc;

use schema::{Measure, MeasureKind, Rollup};
use serde::Serialize;

/// A number as people read it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Whole(i64),
    Real(f64),
    /// No value was seen, or there is nothing to divide by.
    Unknown,
}

/// A stored measure that merges by one of SQL's own functions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Number {
    pub(super) name: Arc<str>,
    pub(super) merge: Merge,
    /// Units per 1.0 of what is stored.
    scale: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Merge {
    Sum,
    Min,
    Max,
}

/// What the database can merge, and rows can be ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Number(Number),
    /// Of the merged numbers, never a mean of ratios.
    Ratio {
        name: Arc<str>,
        dividend: Number,
        divisor: Number,
    },
}

impl Number {
    /// `None` for a measure that is no plain number.
    fn of(measure: &Measure) -> Option<Self> {
        let merge = if matches!(measure.kind, MeasureKind::Count | MeasureKind::Sum { .. }) {
            Merge::Sum
        } else if matches!(measure.kind, MeasureKind::Min { .. }) {
            Merge::Min
        } else if matches!(measure.kind, MeasureKind::Max { .. }) {
            Merge::Max
        } else {
            return None;
        };
        Some(Self { name: measure.name.as_str().into(), merge, scale: measure.scale() })
    }

    pub(super) fn natural(&self, units: Option<i64>) -> Value {
        natural(units, self.scale)
    }

    /// Merged over no event at all.
    fn of_nothing(&self) -> Option<i64> {
        (self.merge == Merge::Sum).then_some(0)
    }
}

/// Of a number kept in units of 1/`scale`.
pub(super) fn natural(units: Option<i64>, scale: i64) -> Value {
    match units {
        Some(units) if scale == 1 => Value::Whole(units),
        Some(units) => Value::Real(units as f64 / scale as f64),
        None => Value::Unknown,
    }
}

impl Column {
    /// All numbers of a rollup and their ratios, in the order of its definition.
    pub(super) fn all(rollup: &Rollup) -> Vec<Self> {
        let numbers: Vec<Number> = rollup.measures.iter().filter_map(Number::of).collect();
        let number = |name: &str| numbers.iter().find(|number| *number.name == *name).cloned();
        let ratios = rollup.derived.iter().filter_map(|derived| {
            let [dividend, divisor] = &derived.ratio;
            Some(Self::Ratio {
                name: derived.name.as_str().into(),
                dividend: number(dividend)?,
                divisor: number(divisor)?,
            })
        });
        numbers.iter().cloned().map(Self::Number).chain(ratios).collect()
    }

    pub(super) fn name(&self) -> &Arc<str> {
        match self {
            Self::Number(number) => &number.name,
            Self::Ratio { name, .. } => name,
        }
    }

    /// The stored measures it is made of.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &Number> {
        let (first, second) = match self {
            Self::Number(number) => (number, None),
            Self::Ratio { dividend, divisor, .. } => (dividend, Some(divisor)),
        };
        std::iter::once(first).chain(second)
    }

    /// Its value, given the merged units of a measure.
    pub(super) fn value(&self, units: impl Fn(&Number) -> Option<i64>) -> Value {
        match self {
            Self::Number(number) => number.natural(units(number)),
            Self::Ratio { dividend, divisor, .. } => {
                quotient(dividend.natural(units(dividend)), divisor.natural(units(divisor)))
            }
        }
    }

    /// Its value where it is known that no event came.
    pub(super) fn zero(&self) -> Value {
        self.value(Number::of_nothing)
    }
}

impl Value {
    fn number(self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(number as f64),
            Self::Real(number) => Some(number),
            Self::Unknown => None,
        }
    }
}

fn quotient(dividend: Value, divisor: Value) -> Value {
    match (dividend.number(), divisor.number()) {
        (Some(dividend), Some(divisor)) if divisor != 0.0 => Value::Real(dividend / divisor),
        _ => Value::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use schema::StreamDefinition;

    use super::*;

    fn columns() -> Vec<Column> {
        let streams = StreamDefinition::shipped().unwrap();
        let stream = streams.iter().find(|stream| stream.name == "content-downloads").unwrap();
        Column::all(stream.rollups.iter().find(|rollup| rollup.name == "region_health").unwrap())
    }

    fn column(name: &str) -> Column {
        columns().into_iter().find(|column| **column.name() == *name).unwrap()
    }

    #[test]
    fn units_become_natural() {
        let (size, count) = (column("total_size_gb"), column("total_downloads"));
        assert_eq!(size.value(|_| Some(2_500_000)), Value::Real(2.5));
        assert_eq!(count.value(|_| Some(7)), Value::Whole(7));
        assert_eq!(size.value(|_| None), Value::Unknown);
    }

    #[test]
    fn a_ratio_is_of_natural_numbers_and_nothing_divided_by_nothing_is_unknown() {
        let speed = column("avg_speed_mbps");
        let units =
            |sum, count| move |number: &Number| if &*number.name == "speed_mbps_sum" { sum } else { count };
        assert_eq!(speed.value(units(Some(30_000_000), Some(4))), Value::Real(7.5));
        assert_eq!(speed.value(units(Some(0), Some(0))), Value::Unknown);
        assert_eq!(speed.value(units(None, Some(4))), Value::Unknown);
    }

    #[test]
    fn without_events_counts_and_sums_are_zero_and_ratios_are_unknown() {
        assert_eq!(column("total_downloads").zero(), Value::Whole(0));
        assert_eq!(column("total_size_gb").zero(), Value::Real(0.0));
        assert_eq!(column("success_rate").zero(), Value::Unknown);
        let least = Number { name: "least".into(), merge: Merge::Min, scale: 1 };
        assert_eq!(Column::Number(least).zero(), Value::Unknown);
    }
}
