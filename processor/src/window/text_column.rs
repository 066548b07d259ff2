//! A column of texts in one buffer.

/// Texts, each of them possibly absent, stored end to end: two allocations a column, none a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    text: String,
    /// End of each entry in `text`; `ABSENT` for none.
    ends: Vec<u32>,
    absent: usize,
}

/// Marks an absent entry; a column would have to hold 2 GiB of text to need this bit.
const ABSENT: u32 = 1 << 31;

impl TextColumn {
    pub fn push(&mut self, entry: Option<&str>) {
        self.text.push_str(entry.unwrap_or_default());
        #[allow(clippy::cast_possible_truncation, reason = "a commit unit is bounded far below 2 GiB")]
        let end = self.text.len() as u32;
        self.ends.push(if entry.is_some() { end } else { end | ABSENT });
        self.absent += usize::from(entry.is_none());
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
        self.absent > 0
    }

    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let from = std::mem::replace(&mut start, (end & !ABSENT) as usize);
            (end & ABSENT == 0).then(|| &self.text[from..start])
        })
    }

    pub fn append(&mut self, other: &Self) {
        #[allow(clippy::cast_possible_truncation, reason = "as in push")]
        let shift = self.text.len() as u32;
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|&end| ((end & !ABSENT) + shift) | (end & ABSENT)));
        self.absent += other.absent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_pushed_also_after_appending() {
        let mut first = TextColumn::default();
        for entry in [Some("a"), None, Some(""), Some("zoë")] {
            first.push(entry);
        }
        let mut both = first.clone();
        both.append(&first);
        let expected = [Some("a"), None, Some(""), Some("zoë")];
        assert_eq!(first.iter().collect::<Vec<_>>(), expected);
        assert_eq!(both.iter().collect::<Vec<_>>(), [expected, expected].concat());
        assert!(both.has_absent());
    }
}
