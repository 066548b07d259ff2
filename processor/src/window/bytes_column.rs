//! A column of texts or sketches in one buffer.

/// Bytes, each entry possibly absent, stored end to end: two allocations a column, none a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BytesColumn {
    bytes: Vec<u8>,
    /// End of each entry in `bytes`; with [`ABSENT`] where there is none.
    ends: Vec<usize>,
    absent: usize,
}

const ABSENT: usize = 1 << (usize::BITS - 1);

impl BytesColumn {
    pub fn push(&mut self, entry: Option<&[u8]>) {
        match entry {
            Some(entry) => self.push_written(|bytes| bytes.extend_from_slice(entry)),
            None => {
                self.ends.push(self.bytes.len() | ABSENT);
                self.absent += 1;
            }
        }
    }

    /// The entry is what `write` adds to the end of the bytes.
    pub fn push_written(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub fn reserve(&mut self, entries: usize, bytes: usize) {
        self.ends.reserve(entries);
        self.bytes.reserve(bytes);
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Of all entries together.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.bytes.len()
    }

    #[must_use]
    pub fn has_absent(&self) -> bool {
        self.absent > 0
    }

    pub fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let from = std::mem::replace(&mut start, end & !ABSENT);
            (end & ABSENT == 0).then(|| &self.bytes[from..start])
        })
    }

    /// Leaves the entries out that are not `kept`.
    pub fn keep(&mut self, kept: &[bool]) {
        let mut all = Self::default();
        for (entry, _) in self.iter().zip(kept).filter(|(_, kept)| **kept) {
            all.push(entry);
        }
        *self = all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_pushed_and_of_that_what_was_kept() {
        let entries = [Some("a"), None, Some(""), Some("zoë"), None].map(|entry| entry.map(str::as_bytes));
        let mut column = BytesColumn::default();
        entries.iter().for_each(|entry| column.push(*entry));
        column.push_written(|bytes| bytes.extend([7, 8]));
        let expected = [&entries[..], &[Some(&[7, 8][..])]].concat();
        assert_eq!(column.iter().collect::<Vec<_>>(), expected);
        assert!(column.has_absent());
        column.keep(&[true, false, false, true, false, true]);
        assert_eq!(column.iter().collect::<Vec<_>>(), [expected[0], expected[3], expected[5]]);
        assert!(!column.has_absent());
    }
}
