//! One window of one partition while events can still reach it.

use common::{offset::Offset, time::Timestamp, window::Window};
use schema::EventView;

use super::{
    WindowSpan,
    table::{RollupTable, Shape},
};

/// More dimensions than this are refused with the definition.
const MOST_DIMENSIONS: usize = 8;

/// The rows of all rollups for one window, and the offsets that made them.
#[derive(Debug)]
pub(super) struct OpenWindow {
    pub span: WindowSpan,
    pub span_changed: bool,
    pub tables: Vec<RollupTable>,
}

impl OpenWindow {
    /// A window whose first record is at `offset`.
    pub fn new(window: Window, offset: Offset, stream_time: Option<Timestamp>, rollups: usize) -> Self {
        let span = WindowSpan {
            window,
            first_offset: offset,
            last_offset: offset,
            stream_time_at_first: stream_time,
        };
        Self::restored(span, rollups)
    }

    /// A window known from the database, its rows yet to be put back.
    pub fn restored(span: WindowSpan, rollups: usize) -> Self {
        Self { span, span_changed: false, tables: (0..rollups).map(|_| RollupTable::default()).collect() }
    }

    /// Makes room for as many rows as `other` has: most windows of a partition are alike.
    pub fn expect_as_many_as(&mut self, other: &Self) {
        self.tables = other.tables.iter().map(RollupTable::sized_as).collect();
    }

    /// Counts one event in every rollup.
    pub fn add(&mut self, shapes: &[Shape], offset: Offset, event: &EventView<'_>) {
        self.span.last_offset = offset;
        self.span_changed = true;
        for ((table, shape), rollup) in self.tables.iter_mut().zip(shapes).zip(event.rollups()) {
            let mut key: [&[u8]; MOST_DIMENSIONS] = [&[]; MOST_DIMENSIONS];
            for (part, dimension) in key.iter_mut().zip(rollup.dimensions()) {
                *part = dimension;
            }
            let row = table.row(shape, &key[..shape.dimensions]);
            for (label, text) in rollup.labels().enumerate() {
                if let Some(text) = text {
                    table.set_label(shape, row, label, text);
                }
            }
            table.fold(shape, row, |measure| rollup.measure(measure));
            if !shape.sketches.is_empty() {
                table.sketch(shape, row, |number| rollup.sketch(number));
            }
        }
    }
}
