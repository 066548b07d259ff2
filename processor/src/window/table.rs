//! The open rows of one rollup in one window of one partition.

use std::hash::{BuildHasher, Hasher};

use common::{
    offset::PartitionId,
    sketch::{Seen, Sketch, SketchKind},
    window::Window,
};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{RollupBatches, RollupRows, labels::Labels, number_column::NONE};

/// How a measure takes in one more contribution. All are exact on whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    Count,
    Sum,
    Min,
    Max,
}

/// The columns a rollup keeps.
#[derive(Clone, Debug)]
pub struct Shape {
    pub dimensions: usize,
    pub labels: usize,
    pub folds: Vec<Fold>,
    pub sketches: Vec<SketchKind>,
}

/// Absolute values per key. Keys live in one buffer, labels in one, numbers in one array: a row costs no allocation.
#[derive(Debug, Default)]
pub struct RollupTable {
    rows: HashTable<Slot>,
    hasher: RandomState,
    key_text: Vec<u8>,
    /// Per row and dimension: where its text ends in `key_text`. It begins where the previous one ends.
    key_ends: Vec<u32>,
    labels: Labels,
    numbers: Vec<i64>,
    /// Apart from the numbers, so that rollups without sketches know nothing of them. None until a value was seen.
    sketches: Vec<Option<Sketch>>,
    dirty: Vec<u32>,
    is_dirty: Vec<bool>,
}

/// A row and half of its key's hash: keys, which lie all over memory, are looked at only where that is the same, and not at
/// all when the table grows.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    row: u32,
}

impl RollupTable {
    /// An empty one with room for as many rows as `other` has.
    pub fn sized_as(other: &Self) -> Self {
        let rows = other.row_count();
        Self {
            rows: HashTable::with_capacity(rows),
            hasher: other.hasher.clone(),
            key_text: Vec::with_capacity(other.key_text.len()),
            key_ends: Vec::with_capacity(other.key_ends.len()),
            labels: Labels::sized_as(&other.labels),
            numbers: Vec::with_capacity(other.numbers.len()),
            sketches: Vec::with_capacity(other.sketches.len()),
            dirty: Vec::with_capacity(other.dirty.len()),
            is_dirty: Vec::with_capacity(rows),
        }
    }

    /// The row of this key, made if it is new. Marks it as changed. The parts are UTF-8.
    #[allow(clippy::cast_possible_truncation, reason = "rows and key text of one window stay far below 4 G")]
    pub fn row(&mut self, shape: &Shape, key: &[&[u8]]) -> usize {
        let hash = hash_key(&self.hasher, key);
        let (text, ends) = (&self.key_text, &self.key_ends);
        let is_it = |slot: &Slot| slot.hash == hash && is_key(text, ends, slot.row, key);
        let row = match self.rows.find(spread(hash), is_it) {
            Some(slot) => slot.row as usize,
            None => self.insert(shape, key, hash),
        };
        if !self.is_dirty[row] {
            self.is_dirty[row] = true;
            self.dirty.push(row as u32);
        }
        row
    }

    #[allow(clippy::cast_possible_truncation, reason = "as in row")]
    fn insert(&mut self, shape: &Shape, key: &[&[u8]], hash: u32) -> usize {
        let row = self.is_dirty.len();
        for part in key {
            self.key_text.extend_from_slice(part);
            self.key_ends.push(self.key_text.len() as u32);
        }
        self.labels.add(shape.labels);
        self.numbers.extend(shape.folds.iter().map(|fold| if *fold == Fold::Count { 0 } else { NONE }));
        self.sketches.resize(self.sketches.len() + shape.sketches.len(), None);
        self.is_dirty.push(false);
        self.rows.insert_unique(spread(hash), Slot { hash, row: row as u32 }, |slot| spread(slot.hash));
        row
    }

    /// Takes one contribution into each measure of `row` that has one; `units` tells it by the measure's number.
    #[inline]
    pub fn fold(&mut self, shape: &Shape, row: usize, units: impl Fn(usize) -> Option<i64>) {
        let width = shape.folds.len();
        let cells = &mut self.numbers[row * width..][..width];
        for (measure, (cell, fold)) in cells.iter_mut().zip(&shape.folds).enumerate() {
            let Some(units) = units(measure) else { continue };
            *cell = match fold {
                _ if *cell == NONE => units,
                Fold::Count | Fold::Sum => cell.saturating_add(units).max(NONE + 1),
                Fold::Min => (*cell).min(units),
                Fold::Max => (*cell).max(units),
            };
        }
    }

    /// Takes one value into each sketch of `row` that has one. Allocates only where a sketch grows: for a bucket or a
    /// register it did not have.
    #[inline]
    pub fn sketch(&mut self, shape: &Shape, row: usize, seen: impl Fn(usize) -> Option<Seen>) {
        let width = shape.sketches.len();
        let cells = &mut self.sketches[row * width..][..width];
        for (number, (cell, kind)) in cells.iter_mut().zip(&shape.sketches).enumerate() {
            if let Some(seen) = seen(number) {
                cell.get_or_insert_with(|| Sketch::of_nothing(*kind)).add(seen);
            }
        }
    }

    /// Sets a label, which is UTF-8; the latest by offset wins, and an absent one leaves the former in place.
    pub fn set_label(&mut self, shape: &Shape, row: usize, label: usize, text: &[u8]) {
        self.labels.set(row * shape.labels + label, text);
    }

    /// Puts back a row that was read from the database; it is not marked as changed.
    pub fn restore(&mut self, shape: &Shape, row: &StoredRow) {
        let key: Vec<&[u8]> = row.dimensions.iter().map(String::as_bytes).collect();
        let at = self.row(shape, &key);
        self.dirty.pop();
        self.is_dirty[at] = false;
        for (label, text) in row.labels.iter().enumerate() {
            if let Some(text) = text {
                self.set_label(shape, at, label, text.as_bytes());
            }
        }
        for (measure, number) in row.numbers.iter().enumerate() {
            self.numbers[at * shape.folds.len() + measure] = number.unwrap_or(NONE);
        }
        for (number, sketch) in row.sketches.iter().enumerate() {
            self.sketches[at * shape.sketches.len() + number].clone_from(sketch);
        }
    }

    /// Moves the changed rows, sorted by key, to the end of `batches` and marks them as unchanged. `place` is where they are.
    pub fn take_dirty(&mut self, shape: &Shape, place: (Window, PartitionId), batches: &mut RollupBatches) {
        let mut changed = std::mem::take(&mut self.dirty);
        self.sort_by_key(shape, &mut changed);
        let mut left = &changed[..];
        while !left.is_empty() {
            let batch = RollupRows::with_room(batches, shape);
            let (now, later) = left.split_at(left.len().min(RollupRows::MOST - batch.len()));
            self.copy_to(shape, place, now, batch);
            left = later;
        }
        for &row in &changed {
            self.is_dirty[row as usize] = false;
        }
        changed.clear();
        self.dirty = changed;
    }

    fn copy_to(
        &self,
        shape: &Shape,
        (window, partition): (Window, PartitionId),
        rows: &[u32],
        out: &mut RollupRows,
    ) {
        out.windows.resize(out.len() + rows.len(), window.start);
        out.partitions.resize(out.windows.len(), partition.0);
        // Column by column: what is read for one row lies all over memory, and does not wait for what is read for another.
        let text = self.key_text.len() / self.row_count().max(1) * rows.len();
        for (part, column) in out.dimensions.iter_mut().enumerate() {
            column.reserve(rows.len(), text / shape.dimensions);
            for &row in rows {
                let at = row as usize * shape.dimensions + part;
                column.push(Some(part_of(&self.key_text, &self.key_ends, at)));
            }
        }
        for (label, column) in out.labels.iter_mut().enumerate() {
            rows.iter().for_each(|&row| column.push(self.labels.get(row as usize * shape.labels + label)));
        }
        for (measure, column) in out.numbers.iter_mut().enumerate() {
            column.extend(rows.iter().map(|&row| self.numbers[row as usize * shape.folds.len() + measure]));
        }
        for (number, column) in out.sketches.iter_mut().enumerate() {
            for &row in rows {
                match &self.sketches[row as usize * shape.sketches.len() + number] {
                    Some(sketch) => column.push_written(|bytes| sketch.write(bytes)),
                    None => column.push(None),
                }
            }
        }
    }

    /// Compares the beginnings of keys first: they stand beside the rows' numbers, the keys all over memory.
    fn sort_by_key(&self, shape: &Shape, rows: &mut [u32]) {
        let key = |row: u32| key_of(&self.key_text, &self.key_ends, row, shape.dimensions);
        let mut sorted: Vec<([u64; 2], u32)> =
            rows.iter().map(|&row| (beginning(key(row).next().unwrap_or_default()), row)).collect();
        sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))));
        for (row, (_, sorted)) in rows.iter_mut().zip(sorted) {
            *row = sorted;
        }
    }

    pub fn row_count(&self) -> usize {
        self.is_dirty.len()
    }
}

/// A row as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    pub window: Window,
    pub dimensions: Vec<String>,
    pub labels: Vec<Option<String>>,
    pub numbers: Vec<Option<i64>>,
    pub sketches: Vec<Option<Sketch>>,
}

/// The lower half of the key's hash.
#[allow(clippy::cast_possible_truncation, reason = "half is kept")]
fn hash_key(hasher: &RandomState, key: &[&[u8]]) -> u32 {
    let mut state = hasher.build_hasher();
    for (at, part) in key.iter().enumerate() {
        if at > 0 {
            // Keeps ("ab", "c") apart from ("a", "bc"); texts hold no byte 0xff.
            state.write_u8(0xff);
        }
        state.write(part);
    }
    state.finish() as u32
}

/// The table takes a slot's place from the lower bits of a hash and tells slots apart by the uppermost.
const fn spread(hash: u32) -> u64 {
    (hash as u64) << 32 | hash as u64
}

/// Numbers that are in the order of texts, but for texts whose first 16 bytes are the same.
fn beginning(text: &[u8]) -> [u64; 2] {
    let mut bytes = [[0; 8]; 2];
    let length = text.len().min(16);
    bytes.as_flattened_mut()[..length].copy_from_slice(&text[..length]);
    bytes.map(u64::from_be_bytes)
}

fn is_key(text: &[u8], ends: &[u32], row: u32, key: &[&[u8]]) -> bool {
    key_of(text, ends, row, key.len()).eq(key.iter().copied())
}

fn key_of<'a>(text: &'a [u8], ends: &'a [u32], row: u32, width: usize) -> impl Iterator<Item = &'a [u8]> {
    let first = row as usize * width;
    (first..first + width).map(move |at| part_of(text, ends, at))
}

fn part_of<'a>(text: &'a [u8], ends: &[u32], at: usize) -> &'a [u8] {
    let from = if at == 0 { 0 } else { ends[at - 1] as usize };
    &text[from..ends[at] as usize]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use common::{time::Timestamp, window::Window};

    use super::*;
    use crate::window::{BytesColumn, NumberColumn};

    const WINDOW: Window = Window { start: Timestamp::from_millis(60_000) };

    fn shape() -> Shape {
        Shape {
            dimensions: 2,
            labels: 1,
            folds: vec![Fold::Count, Fold::Sum, Fold::Min, Fold::Max],
            sketches: Vec::new(),
        }
    }

    fn dirty(table: &mut RollupTable) -> RollupRows {
        let mut batches = RollupBatches::new();
        table.take_dirty(&shape(), (WINDOW, PartitionId(3)), &mut batches);
        assert!(batches.len() <= 1);
        batches.pop().unwrap_or_default()
    }

    fn texts(column: &BytesColumn) -> Vec<&str> {
        column.iter().map(|text| str::from_utf8(text.unwrap()).unwrap()).collect()
    }

    #[test]
    fn folds_each_measure_and_gives_rows_sorted_by_key() {
        let (mut table, shape) = (RollupTable::default(), shape());
        for (key, number) in [(["b", "c"], 5), (["a", "bc"], 7), (["ab", "c"], -2), (["b", "c"], 3)] {
            let row = table.row(&shape, &key.map(str::as_bytes));
            table.set_label(&shape, row, 0, key[0].as_bytes());
            table.fold(&shape, row, |measure| Some([1, number, number, number][measure]));
        }
        let rows = dirty(&mut table);
        assert_eq!(
            (texts(&rows.dimensions[0]), texts(&rows.dimensions[1])),
            (vec!["a", "ab", "b"], vec!["bc", "c", "c"])
        );
        let numbers: Vec<Vec<_>> =
            rows.numbers.iter().map(|column| column.iter().flatten().collect()).collect();
        assert_eq!(numbers, [[1, 1, 2], [7, -2, 8], [7, -2, 3], [7, -2, 5]]);
        assert!(dirty(&mut table).is_empty());
    }

    #[test]
    fn rows_come_in_the_order_of_their_keys_also_where_these_begin_alike() {
        let (mut table, shape) = (RollupTable::default(), shape());
        let long = "a text whose beginning is long";
        let firsts =
            ["", "a", "a\0", "ab", "zoë", "zoo", "a text whose beg", long, &format!("{long}er"), "a te"];
        let mut keys: Vec<[&str; 2]> =
            firsts.iter().flat_map(|first| [[*first, "y"], [*first, "x"]]).collect();
        for key in &keys {
            table.row(&shape, &key.map(str::as_bytes));
        }
        let rows = dirty(&mut table);
        keys.sort_unstable();
        let given = texts(&rows.dimensions[0]).into_iter().zip(texts(&rows.dimensions[1]));
        assert_eq!(given.map(<[&str; 2]>::from).collect::<Vec<_>>(), keys);
    }

    #[test]
    fn a_restored_row_goes_on_from_its_stored_values_and_is_not_written_again() {
        let (mut table, shape) = (RollupTable::default(), shape());
        table.restore(
            &shape,
            &StoredRow {
                window: WINDOW,
                dimensions: vec!["x".into(), "y".into()],
                labels: vec![Some("old".into())],
                numbers: vec![Some(4), None, Some(2), Some(9)],
                sketches: Vec::new(),
            },
        );
        assert!(dirty(&mut table).is_empty());
        let row = table.row(&shape, &[b"x", b"y"]);
        table.fold(&shape, row, |measure| (measure == 0).then_some(1));
        let rows = dirty(&mut table);
        assert_eq!(texts(&rows.labels[0]), ["old"]);
        let numbers: Vec<_> = rows.numbers.iter().flat_map(NumberColumn::iter).collect();
        assert_eq!(numbers, [Some(5), None, Some(2), Some(9)]);
    }

    #[test]
    fn sketches_are_kept_per_row_and_a_restored_one_goes_on() {
        let shape = Shape { sketches: vec![SketchKind::Quantiles, SketchKind::Distinct], ..shape() };
        let quantiles = |values: &[i64]| {
            let mut sketch = Sketch::of_nothing(SketchKind::Quantiles);
            values.iter().for_each(|value| sketch.add(Seen::Number(*value)));
            sketch
        };
        let mut table = RollupTable::default();
        let stored = |key: &str, sketches| StoredRow {
            window: WINDOW,
            dimensions: vec![key.into(), "y".into()],
            labels: vec![None],
            numbers: vec![Some(1), None, None, None],
            sketches,
        };
        table.restore(&shape, &stored("b", vec![None, None]));
        table.restore(&shape, &stored("a", vec![Some(quantiles(&[900, 3])), None]));
        for (key, value) in [("c", 7), ("a", 3), ("a", 5_000)] {
            let row = table.row(&shape, &[key.as_bytes(), b"y"]);
            table.sketch(&shape, row, |number| (number == 0).then_some(Seen::Number(value)));
        }
        let mut batches = RollupBatches::new();
        table.take_dirty(&shape, (WINDOW, PartitionId(3)), &mut batches);
        let rows = &batches[0];
        let read =
            |bytes: Option<&[u8]>| bytes.map(|bytes| Sketch::read(SketchKind::Quantiles, bytes).unwrap());
        let found: Vec<_> = rows.sketches[0].iter().map(read).collect();
        assert_eq!(found, [Some(quantiles(&[3, 3, 900, 5_000])), Some(quantiles(&[7]))]);
        assert_eq!(rows.sketches[1].iter().collect::<Vec<_>>(), [None, None]);
    }

    #[test]
    fn ten_thousand_keys_stay_apart_and_go_in_batches() {
        let (mut small, mut table, shape) = (RollupTable::default(), RollupTable::default(), shape());
        small.row(&shape, &[b"of another window", b"k"]);
        let keys: Vec<String> = (0..10_000).map(|key| key.to_string()).collect();
        for round in 0..2 {
            for (number, key) in (0..).zip(&keys) {
                let row = table.row(&shape, &[key.as_bytes(), b"k"]);
                table.fold(&shape, row, |measure| (measure == 1).then_some(number + round));
            }
        }
        let mut batches = RollupBatches::new();
        small.take_dirty(&shape, (WINDOW, PartitionId(2)), &mut batches);
        table.take_dirty(&shape, (WINDOW, PartitionId(3)), &mut batches);
        let lengths: Vec<usize> = batches.iter().map(RollupRows::len).collect();
        assert_eq!((table.row_count(), lengths), (10_000, vec![RollupRows::MOST, 10_001 - RollupRows::MOST]));
        let of_batch = |rows: &RollupRows| {
            let keys: Vec<String> = texts(&rows.dimensions[0]).into_iter().map(str::to_owned).collect();
            keys.into_iter().zip(rows.numbers[1].iter()).collect::<Vec<_>>()
        };
        let rows: Vec<_> = batches.iter().flat_map(of_batch).skip(1).collect();
        assert!(rows.is_sorted());
        for (key, sum) in rows {
            assert_eq!(sum, Some(2 * key.parse::<i64>().unwrap() + 1));
        }
        let again = RollupTable::sized_as(&table);
        assert_eq!(again.row_count(), 0);
    }
}
