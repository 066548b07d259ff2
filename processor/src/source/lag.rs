//! How far commits are behind the log, in time.

use std::collections::BTreeMap;

use common::{offset::PartitionId, time::Timestamp};
use metrics::Gauge;

/// One partition's records by when they were appended, as Kafka says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lag {
    /// Read since the last unit was taken.
    waiting: Option<Appended>,
    /// Of the unit on its way.
    taken: Option<Appended>,
    committed: Option<Appended>,
}

#[derive(Clone, Copy, Debug)]
struct Appended {
    first: Timestamp,
    last: Timestamp,
}

impl Lag {
    pub fn read(&mut self, appended: Option<Timestamp>) {
        if let Some(last) = appended {
            let first = self.waiting.map_or(last, |waiting| waiting.first);
            self.waiting = Some(Appended { first, last });
        }
    }

    pub fn taken(&mut self) {
        self.taken = self.waiting.take();
    }

    pub fn committed(&mut self) {
        self.committed = self.taken.take().or(self.committed);
    }

    /// While something is not committed: the age of the oldest such record. One that is not read yet was appended
    /// after the last committed one.
    #[allow(clippy::cast_precision_loss, reason = "a lag")]
    pub fn seconds(&self, now: Timestamp) -> f64 {
        let read = self.taken.or(self.waiting).map(|read| read.first);
        let since = read.or(self.committed.map(|committed| committed.last));
        since.map_or(0.0, |since| now.since(since).max(0) as f64 / 1_000.0)
    }
}

/// One gauge per partition of ours.
pub(super) struct Lags {
    stream: String,
    gauges: BTreeMap<PartitionId, Gauge>,
}

impl Lags {
    pub fn new(stream: &str) -> Self {
        Self { stream: stream.to_owned(), gauges: BTreeMap::new() }
    }

    /// Of the partitions that are ours now; what is behind elsewhere is told by its owner.
    pub fn tell(&mut self, ours: impl Iterator<Item = (PartitionId, f64)>) {
        let ours: BTreeMap<PartitionId, f64> = ours.collect();
        for partition in ours.keys() {
            self.gauges.entry(*partition).or_insert_with(|| {
                let labels = [("stream", self.stream.clone()), ("partition", partition.to_string())];
                metrics::gauge!("kafka_lag_seconds", &labels)
            });
        }
        // Told once of those that went: another thread of this process may own them now.
        self.gauges.retain(|partition, gauge| {
            let lag = ours.get(partition);
            gauge.set(lag.copied().unwrap_or(0.0));
            lag.is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn it_is_the_age_of_the_oldest_record_that_is_not_committed() {
        let mut lag = Lag::default();
        assert_eq!(lag.seconds(at(100)), 0.0, "nothing is known yet");
        lag.read(Some(at(10)));
        lag.read(Some(at(20)));
        assert_eq!(lag.seconds(at(100)), 90.0);
        lag.taken();
        lag.read(Some(at(40)));
        assert_eq!(lag.seconds(at(100)), 90.0, "taken is not committed");
        lag.committed();
        assert_eq!(lag.seconds(at(100)), 60.0);
        lag.taken();
        lag.read(None);
        lag.committed();
        assert_eq!(lag.seconds(at(100)), 60.0, "what is still to be read is younger");
        assert_eq!(lag.seconds(at(0)), 0.0, "clocks differ");
    }
}
