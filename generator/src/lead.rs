//! A sender that stays close to its reader, for a broker that keeps little.

use std::{collections::VecDeque, fmt, time::Duration};

/// Tells, for each partition by number, the offset before which its reader needs nothing any more. An error ends the
/// sending.
type Look = Box<dyn FnMut() -> Result<Vec<(i32, i64)>, String> + Send>;

/// How long a sender that is far enough ahead waits before it looks again.
const PAUSE: Duration = Duration::from_millis(5);

/// What a record takes at most beside its key and payload: when it is alone in its batch.
const OVERHEAD: usize = 128;

/// How far a sender may be ahead of its reader.
pub struct Lead {
    /// Per partition, uncompressed.
    most_bytes: usize,
    look: Look,
    partitions: Vec<Ahead>,
}

impl fmt::Debug for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").field("most_bytes", &self.most_bytes).finish_non_exhaustive()
    }
}

impl Lead {
    /// At most `most_bytes` in each partition beyond what `look` says; it is asked only when the sender is that far.
    pub fn new(
        most_bytes: usize,
        look: impl FnMut() -> Result<Vec<(i32, i64)>, String> + Send + 'static,
    ) -> Self {
        Self { most_bytes, look: Box::new(look), partitions: Vec::new() }
    }

    /// The topic's partitions, which end at these offsets.
    pub(crate) fn begin(&mut self, next_offsets: &[i64]) {
        self.partitions = next_offsets.iter().map(|offset| Ahead::from(*offset)).collect();
    }

    /// Waits until the next record of `partition` may be sent, and counts it as sent.
    #[allow(clippy::disallowed_methods, reason = "waiting for the reader is this thread's work")]
    pub(crate) fn wait(&mut self, partition: usize, key: &str, payload: &[u8]) -> Result<(), String> {
        let bytes = key.len() + payload.len() + OVERHEAD;
        while self.partitions.get(partition).is_some_and(|ahead| !ahead.has_room(bytes, self.most_bytes)) {
            for (number, reached) in (self.look)()? {
                let place = usize::try_from(number).ok().and_then(|number| self.partitions.get_mut(number));
                if let Some(ahead) = place {
                    ahead.release(reached);
                }
            }
            if self.partitions.get(partition).is_some_and(|ahead| !ahead.has_room(bytes, self.most_bytes)) {
                std::thread::sleep(PAUSE);
            }
        }
        if let Some(ahead) = self.partitions.get_mut(partition) {
            ahead.push(bytes);
        }
        Ok(())
    }
}

/// The records of one partition that its reader may still need.
#[derive(Debug, Default)]
struct Ahead {
    /// Offset of the first of them.
    first: i64,
    sizes: VecDeque<usize>,
    bytes: usize,
    /// The reader went back before `first`: nothing more is known to be out of its way until it is there again.
    went_back: bool,
}

impl From<i64> for Ahead {
    fn from(first: i64) -> Self {
        Self { first, ..Self::default() }
    }
}

impl Ahead {
    /// A record that is larger than all the room still goes alone.
    fn has_room(&self, bytes: usize, most: usize) -> bool {
        !self.went_back && (self.sizes.is_empty() || self.bytes + bytes <= most)
    }

    fn push(&mut self, bytes: usize) {
        self.sizes.push_back(bytes);
        self.bytes += bytes;
    }

    fn release(&mut self, reached: i64) {
        self.went_back = reached < self.first;
        while self.first < reached
            && let Some(bytes) = self.sizes.pop_front()
        {
            self.bytes -= bytes;
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    };

    use super::*;

    const RECORD: usize = 1 + 9 + OVERHEAD;

    /// A lead of three records over one partition that begins at 100, how often its reader was asked, and where it is.
    fn lead() -> (Lead, Arc<AtomicUsize>, Arc<AtomicI64>) {
        let (asked, reached) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicI64::new(100)));
        let (asking, reader) = (Arc::clone(&asked), Arc::clone(&reached));
        let mut lead = Lead::new(3 * RECORD, move || {
            // It comes one record further each time it is asked.
            asking.fetch_add(1, Ordering::Relaxed);
            Ok(vec![(0, reader.fetch_add(1, Ordering::Relaxed) + 1), (7, 1)])
        });
        lead.begin(&[100]);
        (lead, asked, reached)
    }

    #[test]
    fn a_sender_goes_on_as_far_as_its_reader_allows_and_asks_only_then() {
        let (mut lead, asked, _) = lead();
        for expected in [0, 0, 0, 1, 2, 3] {
            lead.wait(0, "k", b"123456789").unwrap();
            assert_eq!(asked.load(Ordering::Relaxed), expected);
        }
        // Six were sent, the reader has had three.
        assert_eq!((lead.partitions[0].first, lead.partitions[0].sizes.len()), (103, 3));
    }

    #[test]
    fn a_reader_that_goes_back_is_waited_for_until_it_is_there_again() {
        let (mut lead, asked, reached) = lead();
        for _ in 0..5 {
            lead.wait(0, "k", b"123456789").unwrap();
        }
        reached.store(90, Ordering::Relaxed);
        let before = asked.load(Ordering::Relaxed);
        lead.wait(0, "k", b"123456789").unwrap();
        // From 91 to 103: 102 is where it was, and one more makes room.
        assert_eq!(asked.load(Ordering::Relaxed) - before, 13);
    }

    #[test]
    fn a_record_larger_than_all_the_room_goes_alone() {
        let (mut lead, asked, _) = lead();
        lead.wait(0, "k", &[0; 4 * RECORD]).unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        lead.wait(0, "k", b"123456789").unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_reader_that_is_gone_ends_the_wait() {
        let mut lead = Lead::new(RECORD, || Err("gone".to_owned()));
        lead.begin(&[0]);
        lead.wait(0, "k", b"123456789").unwrap();
        assert_eq!(lead.wait(0, "k", b"123456789"), Err("gone".to_owned()));
    }
}
