//! What one transaction writes.

use common::{
    offset::{NextOffset, Offset, OwnerEpoch, PartitionId},
    time::Timestamp,
    window::Window,
};

use super::{BytesColumn, NumberColumn, Shape};

/// Everything one transaction makes durable: the advance of some partitions and all that came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommitUnit {
    /// In ascending order of partition, each once.
    pub partitions: Vec<PartitionUnit>,
    /// Of each rollup of the definition, in its order, the rows that changed; those of a lower partition first.
    pub rollups: Vec<RollupBatches>,
}

/// Rows in batches that a statement each can take: nobody holds all of a large unit twice.
pub type RollupBatches = Vec<RollupRows>;

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
    pub spans: Vec<WindowSpan>,
    pub dead_letters: Vec<DeadLetter>,
    pub late_events: Vec<LateEvent>,
    /// A raw event for people to look at.
    pub sample: Option<EventSample>,
    /// This unit passes the end of a rewind.
    pub ends_rewind: bool,
}

/// Up to [`RollupRows::MOST`] rows of one rollup with their absolute values, in columns; those of a partition are sorted by
/// window and key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RollupRows {
    pub windows: Vec<Timestamp>,
    pub partitions: Vec<i32>,
    pub dimensions: Vec<BytesColumn>,
    pub labels: Vec<BytesColumn>,
    /// One column per measure that is a number; `None` where no value was seen.
    pub numbers: Vec<NumberColumn>,
    /// One column per measure that is a sketch.
    pub sketches: Vec<BytesColumn>,
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
    /// An empty one of a definition with so many rollups.
    #[must_use]
    pub fn of(rollups: usize) -> Self {
        Self { partitions: Vec::new(), rollups: vec![RollupBatches::new(); rollups] }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// The earliest window any row of the unit belongs to.
    #[must_use]
    pub fn first_window(&self) -> Option<Timestamp> {
        self.partitions.iter().flat_map(|unit| &unit.spans).map(|span| span.window.start).min()
    }

    /// Takes all that is of these partitions out. Gives their advances back.
    pub fn remove(&mut self, partitions: &[PartitionId]) -> Vec<PartitionUnit> {
        for batches in &mut self.rollups {
            batches.iter_mut().for_each(|rows| rows.remove(partitions));
            batches.retain(|rows| !rows.is_empty());
        }
        self.partitions.extract_if(.., |unit| partitions.contains(&unit.partition)).collect()
    }
}

impl RollupRows {
    /// A statement of so many rows is about a megabyte. PostgreSQL would put larger ones on disk before it takes them in.
    pub const MOST: usize = 8_192;

    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    fn of(shape: &Shape) -> Self {
        Self {
            dimensions: vec![BytesColumn::default(); shape.dimensions],
            labels: vec![BytesColumn::default(); shape.labels],
            numbers: vec![NumberColumn::default(); shape.folds.len()],
            sketches: vec![BytesColumn::default(); shape.sketches.len()],
            ..Self::default()
        }
    }

    /// The last of `batches`, or a new one where it is full.
    pub(super) fn with_room<'a>(batches: &'a mut RollupBatches, shape: &Shape) -> &'a mut Self {
        if batches.last().is_none_or(|rows| rows.len() >= Self::MOST) {
            batches.push(Self::of(shape));
        }
        let last = batches.len() - 1;
        &mut batches[last]
    }

    fn remove(&mut self, partitions: &[PartitionId]) {
        let kept: Vec<bool> =
            self.partitions.iter().map(|partition| !partitions.contains(&PartitionId(*partition))).collect();
        keep(&mut self.windows, &kept);
        keep(&mut self.partitions, &kept);
        self.numbers.iter_mut().for_each(|column| keep(&mut column.0, &kept));
        for column in self.dimensions.iter_mut().chain(&mut self.labels).chain(&mut self.sketches) {
            column.keep(&kept);
        }
    }
}

fn keep<T>(column: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    column.retain(|_| kept.next() == Some(&true));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{Fold, table::RollupTable};

    #[test]
    fn all_that_is_of_a_partition_can_be_taken_out() {
        let shape = Shape { dimensions: 1, labels: 1, folds: vec![Fold::Count], sketches: Vec::new() };
        let window = Window { start: Timestamp::from_millis(60_000) };
        let part = |partition| PartitionUnit {
            partition,
            epoch: OwnerEpoch(1),
            from: NextOffset(0),
            to: NextOffset(1),
            stream_time: None,
            idle: false,
            high_watermark: NextOffset(1),
            spans: Vec::new(),
            dead_letters: Vec::new(),
            late_events: Vec::new(),
            sample: None,
            ends_rewind: false,
        };
        let mut unit = CommitUnit::of(2);
        for partition in (0..3).map(PartitionId) {
            unit.partitions.push(part(partition));
            for (rollup, rows) in [(0, RollupRows::MOST / 2 + 1), (1, 1)] {
                let mut table = RollupTable::default();
                for row in 0..rows {
                    let row = table.row(&shape, &[format!("{partition} {row:06}").as_bytes()]);
                    table.fold(&shape, row, |_| Some(i64::from(partition.0)));
                }
                table.take_dirty(&shape, (window, partition), &mut unit.rollups[rollup]);
            }
        }
        let before = unit.clone();
        assert_eq!(unit.remove(&[PartitionId(1)]), [part(PartitionId(1))]);
        assert_eq!(unit.partitions, [part(PartitionId(0)), part(PartitionId(2))]);
        let rows = |unit: &CommitUnit| -> Vec<_> {
            let of_batch = |rows: &RollupRows| {
                let keys: Vec<_> = rows.dimensions[0].iter().map(|key| key.map(<[u8]>::to_vec)).collect();
                let labels: Vec<_> = rows.labels[0].iter().map(|label| label.is_none()).collect();
                let numbers: Vec<_> = rows.numbers[0].iter().collect();
                let places = rows.windows.iter().zip(rows.partitions.clone());
                let cells = keys.into_iter().zip(labels).zip(numbers);
                places.map(|(window, at)| (*window, at)).zip(cells).collect::<Vec<_>>()
            };
            unit.rollups.iter().flatten().flat_map(of_batch).collect()
        };
        let kept: Vec<_> = rows(&before).into_iter().filter(|((_, partition), _)| *partition != 1).collect();
        assert_eq!(rows(&unit), kept);
        assert_eq!(kept.len(), 2 * (RollupRows::MOST / 2 + 2));
        assert_eq!(unit.remove(&[PartitionId(0), PartitionId(2)]).len(), 2);
        assert_eq!(unit, CommitUnit::of(2));
    }
}
