//! Counts while events are sent, partition by partition in their order.

use crate::{
    layout::Stream,
    tally::{Fact, Tally},
    truth::{PartitionEnd, Truth},
};

#[derive(Debug)]
pub(crate) struct Counter {
    stream: &'static Stream,
    /// By number.
    partitions: Vec<PartitionEnd>,
    tallies: Vec<Tally>,
    dead_letters: Vec<(i32, i64, Option<String>)>,
    late_events: Vec<(i32, i64)>,
    events: u64,
}

impl Counter {
    /// `next_offsets`: where each partition of the topic ends.
    pub fn new(stream: &'static Stream, next_offsets: &[i64]) -> Self {
        let at = |next_offset: &i64| PartitionEnd { next_offset: *next_offset, stream_time: None };
        Self {
            stream,
            partitions: next_offsets.iter().map(at).collect(),
            tallies: stream.tables.iter().map(Tally::new).collect(),
            dead_letters: Vec::new(),
            late_events: Vec::new(),
            events: 0,
        }
    }

    /// Goes on where a former run ended. `Err` says why it cannot.
    pub fn resume(stream: &'static Stream, former: Truth, next_offsets: &[i64]) -> Result<Self, String> {
        if former.stream != stream.name {
            return Err(format!(
                "is of stream '{}' and cannot go on with '{}'; name another file",
                former.stream, stream.name
            ));
        }
        let mut counter = Self::new(stream, next_offsets);
        for number in 0..former.partitions.len().max(next_offsets.len()) {
            // A partition it does not know was added since, and is empty.
            let end = former.partitions.get(number).copied().unwrap_or_default();
            match counter.partitions.get_mut(number) {
                Some(partition) if partition.next_offset == end.next_offset => *partition = end,
                found => {
                    return Err(format!(
                        "ends at offset {} of partition {number}, the topic at {}: records are missing from the \
                         one or the other; name another file and start with an empty topic",
                        end.next_offset,
                        found.map_or(0, |partition| partition.next_offset)
                    ));
                }
            }
        }
        for (table, tally) in stream.tables.iter().zip(&mut counter.tallies) {
            for row in former.tables.get(table.name).into_iter().flatten() {
                tally.restore(row).map_err(|column| format!("{column} is not as this version writes it"))?;
            }
        }
        counter.dead_letters = former.dead_letters;
        counter.late_events = former.late_events;
        counter.events = former.events;
        Ok(counter)
    }

    /// A record that no reader can count.
    pub fn bad(&mut self, partition: usize, offset: i64, reason: Option<&str>) {
        self.take(partition, offset);
        self.dead_letters.push((number_of(partition), offset, reason.map(str::to_owned)));
    }

    /// Decides by the partition's own order whether the event still counts; `Some(window start)` if it does.
    pub fn admit(&mut self, partition: usize, offset: i64, event_time: i64) -> Option<i64> {
        self.take(partition, offset);
        let start = event_time - event_time.rem_euclid(self.stream.size);
        let closes = start + self.stream.size + self.stream.grace;
        let stream_time = &mut self.partitions[partition].stream_time;
        if stream_time.is_some_and(|stream_time| closes <= stream_time) {
            self.late_events.push((number_of(partition), offset));
            return None;
        }
        *stream_time = (*stream_time).max(Some(event_time));
        Some(start)
    }

    fn take(&mut self, partition: usize, offset: i64) {
        self.events += 1;
        self.partitions[partition].next_offset = offset + 1;
    }

    /// `table`: its place among the stream's tables.
    pub fn add(&mut self, table: usize, fact: &Fact<'_>) {
        self.tallies[table].add(fact);
    }

    pub fn finish(self) -> Truth {
        let tables = self.stream.tables.iter().zip(self.tallies);
        Truth {
            stream: self.stream.name.to_owned(),
            events: self.events,
            tables: tables.map(|(table, tally)| (table.name.to_owned(), tally.finish())).collect(),
            dead_letters: self.dead_letters,
            late_events: self.late_events,
            partitions: self.partitions,
        }
    }
}

fn number_of(partition: usize) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Measure, Table};

    const STREAM: Stream = Stream {
        name: "s",
        size: 60,
        grace: 10,
        tables: &[Table {
            name: "t",
            dimensions: &["k"],
            label: Some("l"),
            measures: &[Measure::Count("n"), Measure::Sum("x")],
        }],
    };

    #[test]
    fn late_is_judged_by_the_partitions_own_stream_time_with_grace() {
        let mut counter = Counter::new(&STREAM, &[0, 0]);
        assert_eq!(counter.admit(0, 0, 100), Some(60));
        assert_eq!(counter.admit(0, 1, 129), Some(120));
        // Window [0, 60) closed at 70; [60, 120) closes at 130.
        assert_eq!(counter.admit(0, 2, 59), None);
        assert_eq!(counter.admit(0, 3, 60), Some(60));
        assert_eq!(counter.admit(0, 4, 130), Some(120));
        assert_eq!(counter.admit(0, 5, 119), None);
        // Another partition has its own time.
        assert_eq!(counter.admit(1, 0, 5), Some(0));
        assert_eq!(counter.finish().late_events, [(0, 2), (0, 5)]);
    }

    fn count(counter: &mut Counter, next_offsets: &mut [i64], times: &[i64]) {
        for (number, time) in times.iter().enumerate() {
            let partition = number % next_offsets.len();
            let offset = next_offsets[partition];
            next_offsets[partition] += 1;
            if time % 7 == 0 {
                counter.bad(partition, offset, Some("future"));
            } else if let Some(window) = counter.admit(partition, offset, *time) {
                let key = if time % 2 == 0 { "even" } else { "odd" };
                let amount = (time % 3 == 0).then_some(*time);
                let fact = Fact { window, dimensions: &[key], label: Some(key), amounts: &[Some(1), amount] };
                counter.add(0, &fact);
            }
        }
    }

    #[test]
    fn a_run_that_goes_on_from_a_file_ends_as_one_run_would_have() {
        // Back and forth, so that events after the cut are late by times before it.
        let times: Vec<i64> = (0..400).map(|number| 1_000 + number * 2 - (number % 5) * 40).collect();
        let mut offsets = [0, 0];
        let mut whole = Counter::new(&STREAM, &offsets);
        count(&mut whole, &mut offsets, &times);
        let whole = whole.finish();

        let mut offsets = [0, 0];
        let mut first = Counter::new(&STREAM, &offsets);
        count(&mut first, &mut offsets, &times[..150]);
        let saved = serde_json::to_vec(&first.finish()).unwrap();
        let mut second = Counter::resume(&STREAM, serde_json::from_slice(&saved).unwrap(), &offsets).unwrap();
        let late_before = second.late_events.len();
        count(&mut second, &mut offsets, &times[150..]);
        assert!(second.late_events.len() > late_before);
        assert_eq!(second.finish(), whole);
    }

    #[test]
    fn a_file_that_does_not_fit_is_refused_with_the_reason() {
        const OTHER: Stream = Stream { name: "other", size: 60, grace: 10, tables: &[] };
        let mut offsets = [0, 0];
        let mut counter = Counter::new(&STREAM, &offsets);
        count(&mut counter, &mut offsets, &[100, 101, 102]);
        let truth = counter.finish();
        let refused = |stream, truth: &Truth, offsets: &[i64]| {
            Counter::resume(stream, truth.clone(), offsets).map(|_| ()).unwrap_err()
        };
        assert!(Counter::resume(&STREAM, truth.clone(), &[2, 1]).is_ok());
        // A partition added since is empty.
        assert!(Counter::resume(&STREAM, truth.clone(), &[2, 1, 0]).is_ok());
        assert!(refused(&OTHER, &truth, &[2, 1]).contains("stream 's'"));
        // Others have sent, the topic was made anew, it has fewer partitions.
        for offsets in [&[2, 5][..], &[0, 0], &[2], &[2, 1, 3]] {
            assert!(refused(&STREAM, &truth, offsets).contains("the topic at"), "{offsets:?}");
        }
        let mut older = truth;
        older.tables.get_mut("t").unwrap()[0].remove("x");
        assert!(refused(&STREAM, &older, &[2, 1]).contains("'x'"));
    }
}
