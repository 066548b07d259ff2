//! After any sequence of progress, crash, reset, second reset in mid-rewind and retention, the tables equal a run
//! from scratch; frozen windows keep what they had.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use common::{
    offset::{NextOffset, Offset, PartitionId},
    sketch::{Sketch, SketchKind},
    time::Timestamp,
    window::Window,
};
use processor::{
    CommitUnit, Fate, PartitionWindows, Position, Rewind, RewindPlan, StoredRow, Target, WindowRules,
    WindowSpan, plan,
};
use proptest::prelude::*;
use schema::{Decoder, Event};

mod pulse;

use pulse::{KIND, definition, encode};

/// A record of the log: event time in seconds and a value, or bytes that are no event.
type Record = Option<(i64, i64)>;

#[derive(Clone, Debug)]
enum Act {
    /// Commits this many records, then crashes: nothing but the tables survives.
    Commit(usize),
    /// To this share of the position, in percent.
    Rewind(i64),
    /// Rebuilds the windows with records between two shares of the position.
    Between(i64, i64),
    /// Retention removes this share of what was read, in percent.
    Lose(i64),
}

/// What a partition has in the database.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tables {
    next: i64,
    stream_time: Option<Timestamp>,
    /// The sum, and the sketches as they are stored.
    rows: BTreeMap<Timestamp, (i64, [Vec<u8>; 2])>,
    spans: BTreeMap<Timestamp, (i64, i64, Option<Timestamp>)>,
    late: BTreeSet<i64>,
    dead: BTreeSet<i64>,
}

struct Partition<'a> {
    log: &'a [Record],
    low: i64,
    tables: Tables,
    rewind: Option<Rewind>,
    rules: WindowRules,
    decoder: Decoder,
}

impl<'a> Partition<'a> {
    fn new(log: &'a [Record]) -> Self {
        let definition = definition();
        Self {
            log,
            low: 0,
            tables: Tables::default(),
            rewind: None,
            rules: WindowRules::of(&definition),
            decoder: Decoder::for_definition(definition).unwrap(),
        }
    }

    /// As a new owner: restores from the tables, reads `count` records, commits.
    fn commit(&mut self, count: usize) {
        let mut windows = PartitionWindows::new(PartitionId(0), self.tables.stream_time, self.rewind.clone());
        let next = NextOffset(self.tables.next);
        let open = |start: Timestamp| {
            let window = Window { start };
            let open_at = |time: Timestamp| self.rules.closes_at(window) > time;
            match &self.rewind {
                Some(rewind) if next < rewind.to => {
                    self.tables.stream_time.is_none_or(open_at) && rewind.can_change(&self.rules, window)
                }
                _ => self.tables.stream_time.is_some_and(open_at),
            }
        };
        let spans: Vec<WindowSpan> =
            self.spans().into_iter().filter(|span| open(span.window.start)).collect();
        let rows =
            self.tables.rows.iter().filter(|(window, _)| open(**window)).map(|(window, value)| StoredRow {
                window: Window { start: *window },
                dimensions: vec![KIND.to_owned()],
                labels: Vec::new(),
                numbers: vec![Some(value.0)],
                sketches: [SketchKind::Quantiles, SketchKind::Distinct]
                    .iter()
                    .zip(&value.1)
                    .map(|(kind, bytes)| Some(Sketch::read(*kind, bytes).unwrap()))
                    .collect(),
            });
        windows.restore(&self.rules, &spans, &[rows.collect()]);

        let mut event = Event::default();
        let from = usize::try_from(self.tables.next).unwrap();
        for offset in from..self.log.len().min(from + count) {
            let at = Offset(i64::try_from(offset).unwrap());
            match self.log[offset] {
                None => {
                    if !windows.is_recorded(at) {
                        self.tables.dead.insert(at.0);
                    }
                }
                Some((seconds, value)) => {
                    let payload = encode(seconds * 1_000, value);
                    self.decoder.decode(&payload, &mut event).unwrap();
                    let view = self.decoder.view(&event, &payload);
                    match windows.add(&self.rules, at, &view, view.event_time()) {
                        Fate::Counted | Fate::Kept => {}
                        Fate::Late(_) => {
                            if !windows.is_recorded(at) {
                                self.tables.late.insert(at.0);
                            }
                        }
                        Fate::Future { .. } => panic!("nothing is ahead of itself"),
                    }
                }
            }
            self.tables.next = at.next().0;
        }
        let mut unit = CommitUnit::of(self.rules.shapes.len());
        for span in windows.take(&self.rules, &mut unit.rollups) {
            self.tables.spans.insert(
                span.window.start,
                (span.first_offset.0, span.last_offset.0, span.stream_time_at_first),
            );
        }
        let batches = &unit.rollups[0];
        let places = batches.iter().flat_map(|rows| (0..rows.len()).map(move |at| (rows, at)));
        for (rows, at) in places {
            let sketch =
                |number: usize| rows.sketches[number].iter().nth(at).flatten().map(<[u8]>::to_vec).unwrap();
            let number = rows.numbers[0].iter().nth(at).flatten().unwrap();
            self.tables.rows.insert(rows.windows[at], (number, [sketch(0), sketch(1)]));
        }
        self.tables.stream_time = windows.stream_time();
        if windows.end_rewind(NextOffset(self.tables.next)) {
            self.rewind = None;
        }
    }

    fn rewind(&mut self, target: Target) {
        let position = Position {
            next: NextOffset(self.tables.next),
            stream_time: self.tables.stream_time,
            low: NextOffset(self.low),
            // No more than the sink reads.
            spans: self
                .spans()
                .into_iter()
                .filter(|span| span.last_offset.next() > target.reaches(self.rewind.as_ref()))
                .collect(),
            ongoing: self.rewind.clone(),
        };
        let Ok(RewindPlan { rewind, start, stream_time }) = plan(&position, target) else { return };
        for window in rewind.rebuilt.keys() {
            self.tables.rows.remove(&window.start);
            self.tables.spans.remove(&window.start);
        }
        self.tables.late.retain(|offset| *offset < rewind.to.0);
        self.tables.dead.retain(|offset| *offset < rewind.to.0);
        self.tables.next = start.0;
        self.tables.stream_time = stream_time;
        assert!(start.0 >= self.low.min(position.next.0), "reads what the log does not hold");
        self.rewind = (!rewind.is_done(start)).then_some(rewind);
    }

    fn spans(&self) -> Vec<WindowSpan> {
        let span =
            |(window, &(first, last, time)): (&Timestamp, &(i64, i64, Option<Timestamp>))| WindowSpan {
                window: Window { start: *window },
                first_offset: Offset(first),
                last_offset: Offset(last),
                stream_time_at_first: time,
            };
        self.tables.spans.iter().map(span).collect()
    }
}

fn logs() -> impl Strategy<Value = Vec<Record>> {
    let step = prop::sample::select(vec![0_i64, 1, 3, 10, 40]);
    let behind = prop::sample::select(vec![0_i64, 0, 5, 20, 90, 200]);
    let record = (step, prop::option::weighted(0.95, (behind, 1..9_i64)));
    prop::collection::vec(record, 5..80).prop_map(|steps| {
        let mut time = 1_000;
        let record = |(step, event): (i64, Option<(i64, i64)>)| {
            time += step;
            event.map(|(behind, value)| ((time - behind).max(0), value))
        };
        steps.into_iter().map(record).collect()
    })
}

fn acts(with_retention: bool) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (1..15_usize).prop_map(Act::Commit),
        3 => (0..=100_i64).prop_map(Act::Rewind),
        1 => (0..=100_i64, 0..=100_i64).prop_map(|(a, b)| Act::Between(a.min(b), a.max(b))),
        u32::from(with_retention) * 3 => (0..=100_i64).prop_map(Act::Lose),
    ];
    prop::collection::vec(act, 1..14)
}

/// Runs the acts, then to the end of the log; returns which windows were ever frozen.
fn run(partition: &mut Partition<'_>, acts: &[Act]) -> BTreeSet<Timestamp> {
    let mut frozen = BTreeSet::new();
    // Of the furthest position so far: in mid-rewind that lies ahead.
    let mut furthest = 0;
    let mut share = |partition: &Partition<'_>, percent: i64| {
        furthest = partition.tables.next.max(furthest);
        NextOffset(furthest * percent / 100)
    };
    for act in acts {
        match *act {
            Act::Commit(count) => partition.commit(count),
            Act::Rewind(percent) => partition.rewind(Target::From(share(partition, percent))),
            Act::Between(from, to) => {
                let target = Target::Between { from: share(partition, from), to: share(partition, to) };
                partition.rewind(target);
            }
            // Up to where we are: what retention takes beyond that is a gap, and not a matter of rewinds.
            Act::Lose(percent) => partition.low = partition.low.max(partition.tables.next * percent / 100),
        }
        frozen.extend(
            partition.rewind.iter().flat_map(|rewind| rewind.frozen.keys()).map(|window| window.start),
        );
    }
    while usize::try_from(partition.tables.next).unwrap() < partition.log.len() {
        partition.commit(7);
    }
    frozen
}

fn from_scratch(log: &[Record]) -> Tables {
    let mut partition = Partition::new(log);
    partition.commit(log.len());
    partition.tables
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_rewinds_and_crashes_end_as_a_run_from_scratch(log in logs(), acts in acts(false)) {
        let mut partition = Partition::new(&log);
        run(&mut partition, &acts);
        prop_assert_eq!(&partition.tables, &from_scratch(&log));
        prop_assert_eq!(partition.rewind, None);
    }

    #[test]
    fn with_retention_frozen_windows_keep_theirs_and_all_others_are_exact(log in logs(), acts in acts(true)) {
        let mut partition = Partition::new(&log);
        run(&mut partition, &acts);
        // Nothing is ever taken from a frozen window either, and nothing counted twice: it, too, ends as from scratch.
        prop_assert_eq!(&partition.tables, &from_scratch(&log));
    }
}
