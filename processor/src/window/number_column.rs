//! A column of whole numbers.

/// Numbers, each entry possibly absent, in eight bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberColumn(pub(super) Vec<i64>);

/// Stands for an absent number. Nothing that is counted or summed is so low: sums end one above it.
pub const NONE: i64 = i64::MIN;

impl NumberColumn {
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn has_absent(&self) -> bool {
        self.0.contains(&NONE)
    }

    pub fn iter(&self) -> impl Iterator<Item = Option<i64>> {
        self.0.iter().map(|&number| (number != NONE).then_some(number))
    }
}

impl Extend<i64> for NumberColumn {
    /// With [`NONE`] for what is absent.
    fn extend<I: IntoIterator<Item = i64>>(&mut self, numbers: I) {
        self.0.extend(numbers);
    }
}
