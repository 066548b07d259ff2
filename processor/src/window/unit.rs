//! What one transaction writes.

use common::{
    offset::{NextOffset, Offset, OwnerEpoch, PartitionId},
    time::Timestamp,
    window::Window,
};

use super::{SketchColumn, TextColumn};

/// Everything one transaction makes durable: the advance of some partitions and all that came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommitUnit {
    /// In ascending order of partition, each once.
    pub partitions: Vec<PartitionUnit>,
}

/// The advance of one partition over `[from, to)` and what these records changed.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionUnit {
    pub partition: PartitionId,
    pub epoch: OwnerEpoch,
    pub from: NextOffset,
    pub to: NextOffset,
    pub stream_time: Option<Timestamp>,
    pub idle: bool,
    pub high_watermark: NextOffset,
    /// One per rollup of the definition, in its order.
    pub rollups: Vec<RollupRows>,
    pub spans: Vec<WindowSpan>,
    pub dead_letters: Vec<DeadLetter>,
    pub late_events: Vec<LateEvent>,
    /// A raw event for people to look at.
    pub sample: Option<EventSample>,
    /// This unit passes the end of a rewind.
    pub ends_rewind: bool,
}

/// Rows of one rollup with their absolute values, in columns, sorted by window and key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RollupRows {
    pub windows: Vec<Timestamp>,
    pub partitions: Vec<i32>,
    pub dimensions: Vec<TextColumn>,
    pub labels: Vec<TextColumn>,
    /// One column per measure that is a number; `None` where no value was seen.
    pub numbers: Vec<Vec<Option<i64>>>,
    /// One column per measure that is a sketch.
    pub sketches: Vec<SketchColumn>,
}

/// Which offsets of the partition were counted in which window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSpan {
    pub window: Window,
    pub first_offset: Offset,
    pub last_offset: Offset,
    /// The stream time just before the record at `first_offset`.
    pub stream_time_at_first: Option<Timestamp>,
}

/// A record that can never be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub offset: Offset,
    pub reason: &'static str,
    pub detail: String,
    /// At most [`DeadLetter::KEPT_BYTES`] from the record's beginning.
    pub payload: Vec<u8>,
    pub payload_size: usize,
}

/// One whole event of a partition, in the place of an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSample {
    pub slot: i32,
    pub offset: Offset,
    pub event_time: Timestamp,
    /// A JSON object.
    pub json: String,
}

/// A record whose window had closed by its partition's own stream time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateEvent {
    pub offset: Offset,
    pub event_time: Timestamp,
    /// Stream time minus the window's end and grace, in milliseconds.
    pub late_by: i64,
}

impl DeadLetter {
    pub const KEPT_BYTES: usize = 4_096;
}

impl CommitUnit {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        self.partitions.iter().flat_map(|unit| &unit.rollups).map(RollupRows::len).sum()
    }

    /// The earliest window any row of the unit belongs to.
    #[must_use]
    pub fn first_window(&self) -> Option<Timestamp> {
        self.partitions.iter().flat_map(|unit| &unit.spans).map(|span| span.window.start).min()
    }

    /// All rows of rollup number `rollup`, those of a lower partition first.
    #[must_use]
    pub fn rollup_rows(&self, rollup: usize) -> RollupRows {
        let mut all = RollupRows::default();
        for unit in &self.partitions {
            if let Some(rows) = unit.rollups.get(rollup) {
                all.append(rows);
            }
        }
        all
    }
}

impl RollupRows {
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    fn append(&mut self, other: &Self) {
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        self.windows.extend_from_slice(&other.windows);
        self.partitions.extend_from_slice(&other.partitions);
        for (mine, theirs) in self.dimensions.iter_mut().zip(&other.dimensions) {
            mine.append(theirs);
        }
        for (mine, theirs) in self.labels.iter_mut().zip(&other.labels) {
            mine.append(theirs);
        }
        for (mine, theirs) in self.numbers.iter_mut().zip(&other.numbers) {
            mine.extend_from_slice(theirs);
        }
        for (mine, theirs) in self.sketches.iter_mut().zip(&other.sketches) {
            mine.append(theirs);
        }
    }
}
