//! One partition's event-time state.

use common::{
    duration::Millis,
    offset::{NextOffset, Offset, PartitionId},
    time::Timestamp,
    window::{Window, WindowSize},
};
use schema::{EventView, MeasureKind, StreamDefinition};

use super::{
    LateEvent, Rewind, RollupBatches, WindowSpan,
    open_window::OpenWindow,
    table::{Fold, Shape, StoredRow},
};

/// How a stream's events fall into windows, and which columns its rollups keep.
#[derive(Clone, Debug)]
pub struct WindowRules {
    pub size: WindowSize,
    pub grace: Millis,
    pub max_future: Millis,
    pub shapes: Vec<Shape>,
}

impl WindowRules {
    #[must_use]
    pub fn of(definition: &StreamDefinition) -> Self {
        let fold = |kind: &MeasureKind| match kind {
            MeasureKind::Count => Some(Fold::Count),
            MeasureKind::Sum { .. } => Some(Fold::Sum),
            MeasureKind::Min { .. } => Some(Fold::Min),
            MeasureKind::Max { .. } => Some(Fold::Max),
            MeasureKind::Quantiles { .. } | MeasureKind::Distinct { .. } => None,
        };
        let shapes = definition.rollups.iter().map(|rollup| Shape {
            dimensions: rollup.dimensions.len(),
            labels: rollup.labels.len(),
            folds: rollup.measures.iter().filter_map(|measure| fold(&measure.kind)).collect(),
            sketches: rollup.measures.iter().filter_map(schema::Measure::sketch).collect(),
        });
        Self {
            size: definition.window.size,
            grace: definition.window.grace,
            max_future: definition.window.max_future,
            shapes: shapes.collect(),
        }
    }

    /// The stream time at which `window` takes no more events.
    #[must_use]
    pub const fn closes_at(&self, window: Window) -> Timestamp {
        window.end(self.size).plus_millis(self.grace.as_millis())
    }
}

/// What became of an event. Each is counted; none vanishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Counted,
    Late(LateEvent),
    /// A rewind reads it again, and its window is kept as it is. It was counted before.
    Kept,
    /// Further ahead of the reference clock than `max_future`, by this many milliseconds. Moves no stream time.
    Future {
        ahead: i64,
    },
}

/// Stream time and open windows of one partition: a pure function of the records given so far.
#[derive(Debug)]
pub struct PartitionWindows {
    partition: PartitionId,
    stream_time: Option<Timestamp>,
    /// Ascending; a handful at most, as a window closes by stream time.
    open: Vec<OpenWindow>,
    rewind: Option<Rewind>,
}

impl PartitionWindows {
    #[must_use]
    pub fn new(partition: PartitionId, stream_time: Option<Timestamp>, rewind: Option<Rewind>) -> Self {
        Self { partition, stream_time, open: Vec::new(), rewind }
    }

    #[must_use]
    pub const fn stream_time(&self) -> Option<Timestamp> {
        self.stream_time
    }

    /// Have late and dead records at `offset` been recorded before a rewind, and kept?
    #[must_use]
    pub fn is_recorded(&self, offset: Offset) -> bool {
        self.rewind.as_ref().is_some_and(|rewind| rewind.is_recorded(offset))
    }

    /// Ends a rewind that `next` has passed; `true` when it did.
    pub fn end_rewind(&mut self, next: NextOffset) -> bool {
        self.rewind.take_if(|rewind| rewind.is_done(next)).is_some()
    }

    /// Puts back what a former owner had committed of the windows still open.
    pub fn restore(&mut self, rules: &WindowRules, spans: &[WindowSpan], rows: &[Vec<StoredRow>]) {
        self.open = spans.iter().map(|span| OpenWindow::restored(*span, rules.shapes.len())).collect();
        self.open.sort_by_key(|open| open.span.window);
        for (rollup, rows) in rows.iter().enumerate() {
            for row in rows {
                if let Some(open) = self.open.iter_mut().find(|open| open.span.window == row.window) {
                    open.tables[rollup].restore(&rules.shapes[rollup], row);
                }
            }
        }
    }

    /// Takes in the record at `offset`. `reference` is the broker's append time, or else the wall clock.
    pub fn add(
        &mut self,
        rules: &WindowRules,
        offset: Offset,
        event: &EventView<'_>,
        reference: Timestamp,
    ) -> Fate {
        let time = event.event_time();
        let ahead = time.since(reference);
        if ahead > rules.max_future.as_millis() {
            return Fate::Future { ahead };
        }
        let window = rules.size.window_of(time);
        if let Some(stream_time) = self.stream_time {
            let late_by = stream_time.since(rules.closes_at(window));
            if late_by >= 0 {
                return Fate::Late(LateEvent { offset, event_time: time, late_by });
            }
        }
        let before = self.stream_time;
        self.stream_time = before.max(Some(time));
        if self.rewind.as_ref().is_some_and(|rewind| !rewind.counts(offset, window)) {
            return Fate::Kept;
        }
        let at = self.open_window(rules, window, offset, before);
        self.open[at].add(&rules.shapes, offset, event);
        Fate::Counted
    }

    fn open_window(
        &mut self,
        rules: &WindowRules,
        window: Window,
        offset: Offset,
        stream_time: Option<Timestamp>,
    ) -> usize {
        // From the newest: that is where nearly every event belongs.
        let at = self.open.iter().rposition(|open| open.span.window <= window);
        match at {
            Some(at) if self.open[at].span.window == window => at,
            _ => {
                let at = at.map_or(0, |at| at + 1);
                let mut opened = OpenWindow::new(window, offset, stream_time, rules.shapes.len());
                if let Some(newest) = self.open.last() {
                    opened.expect_as_many_as(newest);
                }
                self.open.insert(at, opened);
                at
            }
        }
    }

    /// The spans changed since the last call; the rows changed since, with their absolute values, are added to those of their
    /// rollup. Closed windows are forgotten.
    pub fn take(&mut self, rules: &WindowRules, rollups: &mut [RollupBatches]) -> Vec<WindowSpan> {
        let mut spans = Vec::new();
        for open in &mut self.open {
            if !std::mem::take(&mut open.span_changed) {
                continue;
            }
            spans.push(open.span);
            for ((table, shape), batches) in open.tables.iter_mut().zip(&rules.shapes).zip(rollups.iter_mut())
            {
                table.take_dirty(shape, (open.span.window, self.partition), batches);
            }
        }
        if let Some(stream_time) = self.stream_time {
            self.open.retain(|open| rules.closes_at(open.span.window) > stream_time);
        }
        spans
    }

    /// Rows held in memory, over all open windows and rollups.
    #[must_use]
    pub fn open_rows(&self) -> usize {
        self.open.iter().flat_map(|open| &open.tables).map(super::table::RollupTable::row_count).sum()
    }
}
