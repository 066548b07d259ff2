//! Windows, the late rule and the future rule, against plain arithmetic over the same records.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use common::{
    offset::{Offset, PartitionId},
    time::Timestamp,
};
use processor::{CommitUnit, Fate, PartitionWindows, WindowRules};
use proptest::prelude::*;
use schema::{Decoder, Event};

mod pulse;

use pulse::{definition, encode};

/// As in the definition, in milliseconds.
const SIZE: i64 = 60_000;
const GRACE: i64 = 10_000;
const MAX_FUTURE: i64 = 60_000;

/// A partition whose reference clock is moved by hand.
struct Partition {
    rules: WindowRules,
    decoder: Decoder,
    windows: PartitionWindows,
    next: Offset,
    clock: i64,
}

impl Partition {
    fn at(clock: i64) -> Self {
        let definition = definition();
        Self {
            rules: WindowRules::of(&definition),
            decoder: Decoder::for_definition(definition).unwrap(),
            windows: PartitionWindows::new(PartitionId(0), None, None),
            next: Offset(0),
            clock,
        }
    }

    fn add(&mut self, time: i64, value: i64) -> Fate {
        let payload = encode(time, value);
        let mut event = Event::default();
        self.decoder.decode(&payload, &mut event).unwrap();
        let view = self.decoder.view(&event, &payload);
        let offset = self.next;
        self.next = Offset(offset.0 + 1);
        self.windows.add(&self.rules, offset, &view, Timestamp::from_millis(self.clock))
    }

    /// The sums of the windows that changed, by their start.
    fn take(&mut self) -> Vec<(i64, i64)> {
        let mut unit = CommitUnit::of(self.rules.shapes.len());
        self.windows.take(&self.rules, &mut unit.rollups);
        let rows = unit.rollups[0].iter();
        let sums = rows.flat_map(|rows| rows.windows.iter().zip(rows.numbers[0].iter()));
        sums.map(|(start, sum)| (start.as_millis(), sum.unwrap())).collect()
    }

    fn stream_time(&self) -> Option<i64> {
        self.windows.stream_time().map(Timestamp::as_millis)
    }
}

#[test]
fn a_window_holds_its_first_millisecond_and_not_its_last() {
    let mut partition = Partition::at(SIZE);
    for (time, value) in [(0, 1), (SIZE - 1, 2), (SIZE, 4)] {
        assert_eq!(partition.add(time, value), Fate::Counted);
    }
    assert_eq!(partition.take(), [(0, 3), (SIZE, 4)]);
    let mut before_the_epoch = Partition::at(0);
    before_the_epoch.add(-1, 1);
    assert_eq!(before_the_epoch.take(), [(-SIZE, 1)]);
}

#[test]
fn an_event_is_late_from_the_moment_that_its_window_and_grace_have_passed() {
    let mut partition = Partition::at(3 * SIZE);
    partition.add(SIZE + GRACE - 1, 1);
    assert_eq!(partition.add(0, 2), Fate::Counted, "one millisecond of grace is left");
    partition.add(SIZE + GRACE, 4);
    let Fate::Late(late) = partition.add(SIZE - 1, 8) else { panic!("not late") };
    assert_eq!((late.offset, late.event_time.as_millis(), late.late_by), (Offset(3), SIZE - 1, 0));
    assert_eq!(partition.take(), [(0, 2), (SIZE, 5)]);
    let Fate::Late(late) = partition.add(0, 16) else { panic!("a window that is closed was opened again") };
    assert_eq!(late.late_by, 0);
    assert_eq!(partition.take(), []);
}

#[test]
fn what_is_too_far_ahead_moves_nothing() {
    let mut partition = Partition::at(1_000);
    partition.add(0, 1);
    assert_eq!(partition.add(1_000 + MAX_FUTURE + 1, 2), Fate::Future { ahead: MAX_FUTURE + 1 });
    assert_eq!(partition.stream_time(), Some(0));
    assert_eq!(partition.add(1_000 + MAX_FUTURE, 4), Fate::Counted);
    assert_eq!(partition.stream_time(), Some(1_000 + MAX_FUTURE));
    assert_eq!(partition.take(), [(0, 1), (SIZE, 4)]);
}

#[test]
fn stream_time_never_goes_back() {
    let mut partition = Partition::at(SIZE);
    for (time, expected) in [(5, 5), (3, 5), (9, 9), (0, 9)] {
        assert_eq!(partition.add(time, 1), Fate::Counted);
        assert_eq!(partition.stream_time(), Some(expected));
    }
}

#[test]
fn what_is_taken_is_absolute_and_only_what_changed() {
    let mut partition = Partition::at(2 * SIZE);
    partition.add(0, 1);
    partition.add(SIZE, 2);
    assert_eq!(partition.take(), [(0, 1), (SIZE, 2)]);
    assert_eq!(partition.take(), []);
    partition.add(1, 4);
    assert_eq!(partition.take(), [(0, 5)]);
    assert_eq!(partition.windows.open_rows(), 2);
    partition.add(2 * SIZE, 8);
    partition.take();
    assert_eq!(partition.windows.open_rows(), 2, "the first window is closed and forgotten");
}

/// One step of a log: the clock goes on, an event comes so far before or after it, and perhaps a commit.
#[derive(Clone, Debug)]
struct Step {
    pause: i64,
    ahead: i64,
    value: i64,
    commits: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pause = prop::sample::select(vec![0_i64, 1, 999, 7_000, 59_999, 60_000, 200_000]);
    let ahead = prop_oneof![
        -250_000..60_002_i64,
        prop::sample::select(vec![0, MAX_FUTURE, MAX_FUTURE + 1, -SIZE, -(SIZE + GRACE)]),
    ];
    let step = (pause, ahead, -9..9_i64, prop::bool::weighted(0.2));
    prop::collection::vec(
        step.prop_map(|(pause, ahead, value, commits)| Step { pause, ahead, value, commits }),
        1..200,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_log_in_any_commits_is_what_arithmetic_says(steps in steps()) {
        let mut partition = Partition::at(0);
        let mut committed = BTreeMap::new();
        let (mut sums, mut furthest) = (BTreeMap::new(), None::<i64>);
        for step in &steps {
            partition.clock += step.pause;
            let time = partition.clock + step.ahead;
            let fate = partition.add(time, step.value);

            let start = time.div_euclid(SIZE) * SIZE;
            let late_by = furthest.map(|furthest| furthest - (start + SIZE + GRACE));
            if step.ahead > MAX_FUTURE {
                prop_assert_eq!(fate, Fate::Future { ahead: step.ahead });
            } else if let Some(late_by) = late_by.filter(|late_by| *late_by >= 0) {
                prop_assert!(matches!(fate, Fate::Late(late) if late.late_by == late_by), "{:?}", fate);
            } else {
                prop_assert_eq!(fate, Fate::Counted);
                *sums.entry(start).or_insert(0) += step.value;
                furthest = furthest.max(Some(time));
            }
            prop_assert_eq!(partition.stream_time(), furthest);
            if step.commits {
                committed.extend(partition.take());
                prop_assert_eq!(&committed, &sums);
            }
        }
        committed.extend(partition.take());
        prop_assert_eq!(committed, sums);
    }
}
