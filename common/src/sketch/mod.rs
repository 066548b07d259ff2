//! Summaries of many values in few bytes, that merge exactly.
//!
//! A sketch is a function of the values it was given and of nothing else: not of their order, nor of how they were
//! spread over sketches that were merged later, nor of the machine. Its bytes are one form of it, and the only one.
//! So a row that holds one can be written again, restored and rebuilt as a row of whole numbers can.

mod bytes;
mod distinct;
mod quantiles;

pub use bytes::SketchError;
pub use distinct::{Distinct, ValueHash};
pub use quantiles::{Percent, Quantiles};

/// What a column of sketches tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SketchKind {
    Quantiles,
    Distinct,
}

/// What an event adds to a sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// In units of its measure's resolution.
    Number(i64),
    Hash(ValueHash),
}

/// One of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sketch {
    Quantiles(Quantiles),
    Distinct(Distinct),
}

impl Sketch {
    #[must_use]
    pub fn of_nothing(kind: SketchKind) -> Self {
        match kind {
            SketchKind::Quantiles => Self::Quantiles(Quantiles::default()),
            SketchKind::Distinct => Self::Distinct(Distinct::default()),
        }
    }

    /// Takes in one value. Numbers are for quantiles and hashes for distinct counts; the other is not taken.
    #[inline]
    pub fn add(&mut self, seen: Seen) {
        match (self, seen) {
            (Self::Quantiles(sketch), Seen::Number(units)) => sketch.add(units),
            (Self::Distinct(sketch), Seen::Hash(hash)) => sketch.add(hash),
            (Self::Quantiles(_), Seen::Hash(_)) | (Self::Distinct(_), Seen::Number(_)) => {}
        }
    }

    /// Afterwards this is what it would be had it seen the other's values as well. One of another kind is not taken.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Quantiles(sketch), Self::Quantiles(other)) => sketch.merge(other),
            (Self::Distinct(sketch), Self::Distinct(other)) => sketch.merge(other),
            (Self::Quantiles(_), Self::Distinct(_)) | (Self::Distinct(_), Self::Quantiles(_)) => {}
        }
    }

    /// Appends its bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Quantiles(sketch) => sketch.write(out),
            Self::Distinct(sketch) => sketch.write(out),
        }
    }

    /// # Errors
    /// [`SketchError`] for bytes that [`Self::write`] of this kind does not write.
    pub fn read(kind: SketchKind, bytes: &[u8]) -> Result<Self, SketchError> {
        match kind {
            SketchKind::Quantiles => Quantiles::read(bytes).map(Self::Quantiles),
            SketchKind::Distinct => Distinct::read(bytes).map(Self::Distinct),
        }
    }
}
