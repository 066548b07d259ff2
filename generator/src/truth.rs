//! What the tables must hold, counted from what was sent.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// A truth file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("truth file {}: {problem}", path.display())]
pub struct TruthError {
    path: PathBuf,
    problem: String,
}

/// One column of a row: a key or label, or a number in units of its resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    Number(i64),
    Text(String),
    Null,
}

/// A row by column name; `window_start` is among them, in milliseconds since 1970.
pub type TruthRow = BTreeMap<String, Cell>;

/// Exact contents of a stream's tables after everything sent has been read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    pub stream: String,
    pub events: u64,
    pub tables: BTreeMap<String, Vec<TruthRow>>,
    /// Partition, offset, and the reason where the generator knows it.
    pub dead_letters: Vec<(i32, i64, Option<String>)>,
    /// Partition and offset.
    pub late_events: Vec<(i32, i64)>,
}

/// How one contribution changes a number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Contribution {
    Count(bool),
    /// Null until something was added.
    Add(Option<i64>),
}

/// One rollup's view of one event.
pub(crate) struct Fact<'a> {
    pub table: &'static str,
    pub dimensions: &'a [(&'static str, &'a str)],
    pub label: Option<(&'static str, &'a str)>,
    pub measures: &'a [(&'static str, Contribution)],
}

/// How a stream's events fall into windows, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windowing {
    pub size: i64,
    pub grace: i64,
}

type Key = (&'static str, i64, Vec<String>);

/// Counts while events are sent, partition by partition in their order.
#[derive(Debug)]
pub(crate) struct Counter {
    stream: &'static str,
    windowing: Windowing,
    /// Highest event time accepted so far, per partition.
    stream_times: HashMap<i32, i64>,
    rows: HashMap<Key, TruthRow>,
    dead_letters: Vec<(i32, i64, Option<String>)>,
    late_events: Vec<(i32, i64)>,
    events: u64,
}

impl Counter {
    pub fn new(stream: &'static str, windowing: Windowing) -> Self {
        Self {
            stream,
            windowing,
            stream_times: HashMap::new(),
            rows: HashMap::new(),
            dead_letters: Vec::new(),
            late_events: Vec::new(),
            events: 0,
        }
    }

    /// A record that no reader can count.
    pub fn bad(&mut self, partition: i32, offset: i64, reason: Option<&str>) {
        self.events += 1;
        self.dead_letters.push((partition, offset, reason.map(str::to_owned)));
    }

    /// Decides by the partition's own order whether the event still counts; `Some(window start)` if it does.
    pub fn admit(&mut self, partition: i32, offset: i64, event_time: i64) -> Option<i64> {
        self.events += 1;
        let start = event_time - event_time.rem_euclid(self.windowing.size);
        let closes = start + self.windowing.size + self.windowing.grace;
        match self.stream_times.get_mut(&partition) {
            Some(stream_time) if closes <= *stream_time => {
                self.late_events.push((partition, offset));
                None
            }
            Some(stream_time) => {
                *stream_time = event_time.max(*stream_time);
                Some(start)
            }
            None => {
                self.stream_times.insert(partition, event_time);
                Some(start)
            }
        }
    }

    pub fn add(&mut self, window_start: i64, fact: &Fact<'_>) {
        let key =
            (fact.table, window_start, fact.dimensions.iter().map(|(_, text)| (*text).to_owned()).collect());
        let row = self.rows.entry(key).or_insert_with(|| {
            let mut row = TruthRow::from([("window_start".to_owned(), Cell::Number(window_start))]);
            for (name, text) in fact.dimensions {
                row.insert((*name).to_owned(), Cell::Text((*text).to_owned()));
            }
            for (name, contribution) in fact.measures {
                let empty =
                    if matches!(contribution, Contribution::Count(_)) { Cell::Number(0) } else { Cell::Null };
                row.insert((*name).to_owned(), empty);
            }
            row
        });
        if let Some((name, text)) = fact.label {
            row.insert(name.to_owned(), Cell::Text(text.to_owned()));
        }
        for (name, contribution) in fact.measures {
            let added = match contribution {
                Contribution::Count(holds) => i64::from(*holds),
                Contribution::Add(Some(units)) => *units,
                Contribution::Add(None) => continue,
            };
            if let Some(cell) = row.get_mut(*name) {
                *cell = match cell {
                    Cell::Number(sum) => Cell::Number(*sum + added),
                    _ => Cell::Number(added),
                };
            }
        }
    }

    pub fn finish(self) -> Truth {
        let mut tables: BTreeMap<String, Vec<TruthRow>> = BTreeMap::new();
        let mut rows: Vec<_> = self.rows.into_iter().collect();
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        for ((table, ..), row) in rows {
            tables.entry(table.to_owned()).or_default().push(row);
        }
        Truth {
            stream: self.stream.to_owned(),
            events: self.events,
            tables,
            dead_letters: self.dead_letters,
            late_events: self.late_events,
        }
    }
}

impl Truth {
    /// # Errors
    /// When the file cannot be read or is no truth file.
    pub fn load(path: &Path) -> Result<Self, TruthError> {
        let refused = |problem: String| TruthError { path: path.to_owned(), problem };
        let file = File::open(path).map_err(|error| refused(error.to_string()))?;
        serde_json::from_reader(BufReader::new(file)).map_err(|error| refused(error.to_string()))
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TruthError> {
        let refused = |problem: String| TruthError { path: path.to_owned(), problem };
        let file = File::create(path).map_err(|error| refused(error.to_string()))?;
        let mut writer = BufWriter::new(file);
        serde_json::to_writer(&mut writer, self).map_err(|error| refused(error.to_string()))?;
        writer.flush().map_err(|error| refused(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_is_judged_by_the_partitions_own_stream_time_with_grace() {
        let mut counter = Counter::new("s", Windowing { size: 60, grace: 10 });
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
