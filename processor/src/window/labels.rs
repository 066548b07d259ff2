//! The labels of a table's rows: the latest text of each, all in one buffer.

/// Labels by number, none of which costs an allocation of its own.
#[derive(Debug, Default)]
pub struct Labels {
    text: Vec<u8>,
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    start: usize,
    /// [`ABSENT`] where there is no label.
    length: u32,
    /// What may be written from `start` on.
    room: u32,
}

const ABSENT: u32 = u32::MAX;

impl Labels {
    /// Like an empty one, but for as much as `other` holds without growing.
    pub fn sized_as(other: &Self) -> Self {
        Self { text: Vec::with_capacity(other.text.len()), places: Vec::with_capacity(other.places.len()) }
    }

    /// Adds so many that are absent.
    pub fn add(&mut self, count: usize) {
        self.places.resize(self.places.len() + count, Place { start: 0, length: ABSENT, room: 0 });
    }

    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let place = &self.places[at];
        (place.length != ABSENT).then(|| &self.text[place.start..][..place.length as usize])
    }

    /// Puts `text`, below 4 GiB, in the place of what was there.
    #[allow(clippy::cast_possible_truncation, reason = "a record is far below 4 GiB")]
    pub fn set(&mut self, at: usize, text: &[u8]) {
        if self.get(at) == Some(text) {
            return;
        }
        let place = &mut self.places[at];
        if text.len() <= place.room as usize {
            self.text[place.start..][..text.len()].copy_from_slice(text);
        } else {
            // What grows again and again leaves no more behind than it takes.
            let room = if place.length == ABSENT { text.len() } else { text.len().next_power_of_two() };
            place.start = self.text.len();
            place.room = room as u32;
            self.text.extend_from_slice(text);
            self.text.resize(place.start + room, 0);
        }
        place.length = text.len() as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_text_of_each_is_kept_whatever_its_length() {
        let mut labels = Labels::default();
        labels.add(3);
        for (at, text) in [(0, "first"), (2, "third"), (0, "a longer one"), (2, "3"), (0, "one"), (0, "")] {
            labels.set(at, text.as_bytes());
            assert_eq!(labels.get(at), Some(text.as_bytes()));
        }
        labels.add(1);
        labels.set(3, b"fourth");
        let all: Vec<_> = (0..4).map(|at| labels.get(at)).collect();
        assert_eq!(all, [Some(&b""[..]), None, Some(b"3"), Some(b"fourth")]);
    }

    #[test]
    fn a_label_that_changes_with_every_event_takes_little_more_than_its_longest() {
        let mut labels = Labels::default();
        labels.add(1);
        for length in (0..1_000).chain((0..1_000).rev()).cycle().take(100_000) {
            labels.set(0, &vec![b'x'; length]);
        }
        assert!(labels.text.len() <= 2_048, "{} bytes", labels.text.len());
    }
}
