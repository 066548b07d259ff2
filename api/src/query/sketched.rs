//! What is told of measures that are kept as sketches: a distinct count, or a quantile.

use std::sync::Arc;

use common::sketch::{Percent, Sketch, SketchKind};
use schema::{Measure, QUANTILES, Rollup};

use super::column::{Column, Value, natural};

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// Merged by the database, which can order by it.
    Counted(Column),
    /// Merged here, of the groups on the page only.
    Sketched(Sketched),
}

/// One number of a merged sketch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sketched {
    name: Arc<str>,
    /// The column it is read from.
    pub(super) measure: Arc<str>,
    told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Told {
    Distinct,
    /// `scale`: units per 1.0 of what is stored.
    Quantile {
        percent: Percent,
        scale: i64,
    },
}

impl Asked {
    /// All that can be asked of a rollup, in the order of its definition.
    pub(super) fn all(rollup: &Rollup) -> Vec<Self> {
        let mut counted = Column::all(rollup).into_iter().map(Self::Counted);
        let mut all = Vec::new();
        for measure in &rollup.measures {
            match measure.sketch() {
                Some(kind) => all.extend(Sketched::all(measure, kind).map(Self::Sketched)),
                None => all.extend(counted.next()),
            }
        }
        all.extend(counted);
        all
    }

    pub(super) fn name(&self) -> &Arc<str> {
        match self {
            Self::Counted(column) => column.name(),
            Self::Sketched(sketched) => &sketched.name,
        }
    }

    pub(super) fn counted(&self) -> Option<&Column> {
        match self {
            Self::Counted(column) => Some(column),
            Self::Sketched(_) => None,
        }
    }

    pub(super) fn sketched(&self) -> Option<&Sketched> {
        match self {
            Self::Counted(_) => None,
            Self::Sketched(sketched) => Some(sketched),
        }
    }

    /// Its value where it is known that no event came.
    pub(super) fn zero(&self) -> Value {
        match self {
            Self::Counted(column) => column.zero(),
            Self::Sketched(sketched) => sketched.of_nothing(),
        }
    }
}

impl Sketched {
    fn all(measure: &Measure, kind: SketchKind) -> impl Iterator<Item = Self> {
        let (distinct, quantiles) = match kind {
            SketchKind::Distinct => (Some((measure.name.clone(), Told::Distinct)), &[][..]),
            SketchKind::Quantiles => (None, &QUANTILES[..]),
        };
        let quantiles = quantiles.iter().filter_map(|&percent| {
            let told = Told::Quantile { percent: Percent::new(percent)?, scale: measure.scale() };
            Some((measure.quantile_name(percent), told))
        });
        distinct.into_iter().chain(quantiles).map(|(name, told)| Self {
            name: name.into(),
            measure: measure.name.as_str().into(),
            told,
        })
    }

    pub(super) fn kind(&self) -> SketchKind {
        match self.told {
            Told::Distinct => SketchKind::Distinct,
            Told::Quantile { .. } => SketchKind::Quantiles,
        }
    }

    /// Its value, given the merged sketch of its measure.
    pub(super) fn value(&self, sketch: &Sketch) -> Value {
        match (self.told, sketch) {
            (Told::Distinct, Sketch::Distinct(sketch)) => {
                Value::Whole(i64::try_from(sketch.estimate()).unwrap_or(i64::MAX))
            }
            (Told::Quantile { percent, scale }, Sketch::Quantiles(sketch)) => {
                natural(sketch.quantile(percent), scale)
            }
            (Told::Distinct, Sketch::Quantiles(_)) | (Told::Quantile { .. }, Sketch::Distinct(_)) => {
                Value::Unknown
            }
        }
    }

    /// Where no value was seen.
    pub(super) fn of_nothing(&self) -> Value {
        self.value(&Sketch::of_nothing(self.kind()))
    }
}

#[cfg(test)]
mod tests {
    use common::sketch::Seen;
    use schema::StreamDefinition;

    use super::*;

    fn asked() -> Vec<Asked> {
        let mut stream = StreamDefinition::shipped().unwrap().remove(0);
        let mut rollup = stream.rollups.swap_remove(1);
        let quantiles = schema::MeasureKind::Quantiles { path: "size".to_owned(), scale: 100 };
        let distinct = schema::MeasureKind::Distinct { path: "user".to_owned() };
        for (at, name, kind) in [(1, "size", quantiles), (0, "users", distinct)] {
            rollup.measures.insert(at, Measure { name: name.to_owned(), kind, when: None });
        }
        Asked::all(&rollup)
    }

    #[test]
    fn all_is_in_the_order_of_the_definition_with_four_quantiles() {
        let asked = asked();
        let names: Vec<&str> = asked.iter().map(|asked| &**asked.name()).collect();
        assert_eq!(names[..6], ["users", "total_downloads", "size_p50", "size_p90", "size_p95", "size_p99"]);
        assert_eq!(names.last(), Some(&"avg_duration_seconds"));
        assert!(asked[1].counted().is_some() && asked[2].sketched().is_some());
    }

    #[test]
    fn quantiles_are_in_natural_units_and_of_nothing_there_are_none() {
        let asked = asked();
        let (users, median) = (asked[0].sketched().unwrap(), asked[2].sketched().unwrap());
        let mut sketch = Sketch::of_nothing(SketchKind::Quantiles);
        sketch.add(Seen::Number(125));
        assert_eq!(median.value(&sketch), Value::Real(1.25));
        assert_eq!((asked[0].zero(), asked[2].zero()), (Value::Whole(0), Value::Unknown));
        assert_eq!(users.value(&sketch), Value::Unknown);
    }
}
