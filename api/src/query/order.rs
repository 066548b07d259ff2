//! What rows are ordered by.

use std::sync::Arc;

use super::column::Column;
use crate::problem::Problem;

/// Ties are broken by the groups' keys, so that every order is total.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(super) by: By,
    pub(super) descending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    Column(Column),
    Dimension(Arc<str>),
}

impl Order {
    /// Reads `name` or `-name`.
    ///
    /// Sketches are merged for the groups of a page, once it is known which these are; so no order can be by them.
    pub(super) fn read(text: &str, columns: &[Column], dimensions: &[Arc<str>]) -> Result<Self, Problem> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let column = columns.iter().find(|column| **column.name() == *name).cloned().map(By::Column);
        let dimension =
            || dimensions.iter().find(|dimension| ***dimension == *name).cloned().map(By::Dimension);
        match column.or_else(dimension) {
            Some(by) => Ok(Self { by, descending }),
            None => {
                let names = columns.iter().map(Column::name).chain(dimensions).map(AsRef::as_ref);
                Err(Problem::not_among(
                    "order",
                    "a count, sum, min, max, ratio or dimension of this query, '-' in front for descending",
                    text,
                    names,
                ))
            }
        }
    }

    pub(super) fn highest(column: Column) -> Self {
        Self { by: By::Column(column), descending: true }
    }
}
