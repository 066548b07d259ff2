//! A column of sketches in one buffer, as they are stored.

use common::sketch::Sketch;

/// The bytes of sketches, each of them possibly absent, stored end to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SketchColumn {
    bytes: Vec<u8>,
    /// End of each entry in `bytes`; `None` for an absent one.
    ends: Vec<Option<usize>>,
}

impl SketchColumn {
    pub fn push(&mut self, sketch: Option<&Sketch>) {
        self.ends.push(sketch.map(|sketch| {
            sketch.write(&mut self.bytes);
            self.bytes.len()
        }));
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    #[must_use]
    pub fn has_absent(&self) -> bool {
        self.ends.contains(&None)
    }

    pub fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = (*end)?;
            let from = std::mem::replace(&mut start, end);
            Some(&self.bytes[from..end])
        })
    }

    pub fn append(&mut self, other: &Self) {
        let shift = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| end.map(|end| end + shift)));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use common::sketch::{Seen, SketchKind};

    use super::*;

    #[test]
    fn gives_back_what_was_pushed_also_after_appending() {
        let of = |values: &[i64]| {
            let mut sketch = Sketch::of_nothing(SketchKind::Quantiles);
            values.iter().for_each(|value| sketch.add(Seen::Number(*value)));
            sketch
        };
        let sketches = [Some(of(&[1, 2])), None, Some(of(&[])), Some(of(&[-5])), None];
        let mut first = SketchColumn::default();
        sketches.iter().for_each(|sketch| first.push(sketch.as_ref()));
        let mut both = first.clone();
        both.append(&first);
        let read = |column: &SketchColumn| -> Vec<Option<Sketch>> {
            let read = |bytes| Sketch::read(SketchKind::Quantiles, bytes).unwrap();
            column.iter().map(|bytes| bytes.map(read)).collect()
        };
        assert_eq!(read(&first), sketches);
        assert_eq!(read(&both), [sketches.clone(), sketches].concat());
        assert!(both.has_absent());
    }
}
