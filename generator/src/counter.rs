//! Counts while events are sent, partition by partition in their order.

use crate::{
    layout::Stream,
    tally::{Fact, Tally},
    truth::Truth,
};

#[derive(Debug)]
pub(crate) struct Counter {
    stream: &'static Stream,
    /// Highest event time accepted so far, by partition.
    stream_times: Vec<Option<i64>>,
    tallies: Vec<Tally>,
    dead_letters: Vec<(i32, i64, Option<String>)>,
    late_events: Vec<(i32, i64)>,
    events: u64,
}

impl Counter {
    pub fn new(stream: &'static Stream, partitions: usize) -> Self {
        Self {
            stream,
            stream_times: vec![None; partitions],
            tallies: stream.tables.iter().map(Tally::new).collect(),
            dead_letters: Vec::new(),
            late_events: Vec::new(),
            events: 0,
        }
    }

    /// A record that no reader can count.
    pub fn bad(&mut self, partition: usize, offset: i64, reason: Option<&str>) {
        self.events += 1;
        self.dead_letters.push((number_of(partition), offset, reason.map(str::to_owned)));
    }

    /// Decides by the partition's own order whether the event still counts; `Some(window start)` if it does.
    pub fn admit(&mut self, partition: usize, offset: i64, event_time: i64) -> Option<i64> {
        self.events += 1;
        let start = event_time - event_time.rem_euclid(self.stream.size);
        let closes = start + self.stream.size + self.stream.grace;
        let stream_time = &mut self.stream_times[partition];
        if stream_time.is_some_and(|stream_time| closes <= stream_time) {
            self.late_events.push((number_of(partition), offset));
            return None;
        }
        *stream_time = (*stream_time).max(Some(event_time));
        Some(start)
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
        }
    }
}

fn number_of(partition: usize) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_is_judged_by_the_partitions_own_stream_time_with_grace() {
        const STREAM: Stream = Stream { name: "s", size: 60, grace: 10, tables: &[] };
        let mut counter = Counter::new(&STREAM, 2);
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
}
