//! Rows against rows, both ways; no database here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use common::time::Timestamp;
use schema::{Rollup, StreamDefinition};

use super::Report;
use crate::{
    sketch,
    truth::{Cell, Truth, TruthRow},
};

/// What the tables hold of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// By rollup.
    pub tables: BTreeMap<String, Vec<TruthRow>>,
    /// Partition, offset, reason.
    pub dead_letters: Vec<(i32, i64, String)>,
    /// Partition and offset.
    pub late_events: Vec<(i32, i64)>,
}

pub(super) fn compare(definition: &StreamDefinition, truth: &Truth, found: &Found) -> Report {
    let mut report = Report::default();
    for rollup in &definition.rollups {
        let [expected, found] = [&truth.tables, &found.tables]
            .map(|tables| tables.get(&rollup.name).map_or(&[][..], Vec::as_slice));
        compare_rows(&mut report, rollup, expected, found);
    }
    for table in truth.tables.keys() {
        if !definition.rollups.iter().any(|rollup| rollup.name == *table) {
            report.differ(|| format!("{table}: the stream's definition has no such rollup"));
        }
    }
    compare_dead_letters(&mut report, truth, found);
    compare_late_events(&mut report, truth, found);
    report
}

/// Window start and dimensions.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a>(Vec<&'a Cell>);

impl<'a> Key<'a> {
    fn of(rollup: &Rollup, row: &'a TruthRow) -> Self {
        let dimensions = rollup.dimensions.iter().map(|dimension| dimension.name.as_str());
        let columns = ["window_start"].into_iter().chain(dimensions);
        Self(columns.map(|column| row.get(column).unwrap_or(&Cell::Null)).collect())
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, cell) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { "[" } else { ", " })?;
            match cell {
                Cell::Number(start) => write!(f, "{}", Timestamp::from_millis(*start))?,
                Cell::Text(text) => write!(f, "{text:?}")?,
                Cell::Null => f.write_str("null")?,
            }
        }
        f.write_str("]")
    }
}

fn compare_rows(report: &mut Report, rollup: &Rollup, expected: &[TruthRow], found: &[TruthRow]) {
    let table = &rollup.name;
    let mut left: BTreeMap<Key<'_>, &TruthRow> = BTreeMap::new();
    for row in found {
        let key = Key::of(rollup, row);
        if left.contains_key(&key) {
            report.differ(|| format!("{table} {key}: the row is there more than once"));
        }
        left.insert(key, row);
    }
    for row in expected {
        let key = Key::of(rollup, row);
        let Some(other) = left.remove(&key) else {
            report.cells += row.len() as u64;
            report.differ(|| format!("{table} {key}: the row is missing"));
            continue;
        };
        for (column, cell) in row {
            let there = other.get(column).unwrap_or(&Cell::Null);
            report.compare(cell, there, || {
                format!(
                    "{table} {key} {column}: {}",
                    sketch::difference(cell, there)
                        .unwrap_or_else(|| { format!("expected {cell}, found {there}") })
                )
            });
        }
        for column in other.keys().filter(|column| !row.contains_key(*column)) {
            report.differ(|| format!("{table} {key} {column}: the column is not in the truth"));
        }
    }
    for key in left.keys() {
        report.differ(|| format!("{table} {key}: the row is not in the truth"));
    }
}

fn compare_dead_letters(report: &mut Report, truth: &Truth, found: &Found) {
    let mut left: BTreeMap<(i32, i64), &str> = found
        .dead_letters
        .iter()
        .map(|(partition, offset, reason)| ((*partition, *offset), reason.as_str()))
        .collect();
    for (partition, offset, reason) in &truth.dead_letters {
        let at = || format!("dead letter at partition {partition} offset {offset}");
        match (left.remove(&(*partition, *offset)), reason.as_deref()) {
            (None, _) => {
                report.cells += 1;
                report.differ(|| format!("{} is missing", at()));
            }
            (Some(found), Some(expected)) => report.compare(&expected, &found, || {
                format!("{}: expected reason {expected}, found {found}", at())
            }),
            // Which reason depends on the reader; any will do.
            (Some(_), None) => report.cells += 1,
        }
    }
    for ((partition, offset), reason) in &left {
        report.differ(|| {
            format!("dead letter at partition {partition} offset {offset} ({reason}) is not in the truth")
        });
    }
}

fn compare_late_events(report: &mut Report, truth: &Truth, found: &Found) {
    let expected: BTreeSet<_> = truth.late_events.iter().collect();
    let found: BTreeSet<_> = found.late_events.iter().collect();
    report.cells += expected.len() as u64;
    for (partition, offset) in expected.difference(&found) {
        report.differ(|| format!("late event at partition {partition} offset {offset} is missing"));
    }
    for (partition, offset) in found.difference(&expected) {
        report.differ(|| format!("late event at partition {partition} offset {offset} is not in the truth"));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn definition() -> StreamDefinition {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/streams/content-downloads.toml");
        StreamDefinition::load(&path).unwrap()
    }

    fn row(minute: i64, region: &str, downloads: i64) -> TruthRow {
        let number = |(name, value): (&str, i64)| (name.to_owned(), Cell::Number(value));
        let mut row: TruthRow = [("window_start", minute * 60_000), ("total_downloads", downloads)]
            .into_iter()
            .map(number)
            .collect();
        row.insert("region".to_owned(), Cell::Text(region.to_owned()));
        row.insert("speed_mbps_sum".to_owned(), Cell::Null);
        row
    }

    /// A truth and tables that hold just that.
    fn equal() -> (Truth, Found) {
        let rows = vec![row(0, "eu-west", 3), row(0, "us-east", 4), row(1, "eu-west", 5)];
        let tables = BTreeMap::from([("region_health".to_owned(), rows)]);
        let truth = Truth {
            stream: "content-downloads".to_owned(),
            events: 16,
            tables: tables.clone(),
            dead_letters: vec![(0, 5, Some("future".to_owned())), (1, 5, None)],
            late_events: vec![(0, 6), (1, 7)],
            ..Truth::default()
        };
        let found = Found {
            tables,
            dead_letters: vec![(1, 5, "bad_text".to_owned()), (0, 5, "future".to_owned())],
            late_events: vec![(1, 7), (0, 6)],
        };
        (truth, found)
    }

    /// What is reported once `change` was made to equal sides.
    fn reported(change: impl FnOnce(&mut Truth, &mut Vec<TruthRow>, &mut Found)) -> Vec<String> {
        let (mut truth, mut found) = equal();
        let mut rows = found.tables.remove("region_health").unwrap();
        change(&mut truth, &mut rows, &mut found);
        found.tables.insert("region_health".to_owned(), rows);
        let report = compare(&definition(), &truth, &found);
        assert_eq!(report.differing, report.differences.len() as u64);
        assert_eq!(report.is_equal(), report.differences.is_empty());
        report.differences
    }

    #[test]
    fn equal_sides_are_equal_whatever_their_order_and_every_cell_is_counted() {
        assert!(reported(|_, rows, _| rows.reverse()).is_empty());
        let (truth, found) = equal();
        assert_eq!(compare(&definition(), &truth, &found).cells, 3 * 4 + 2 + 2);
    }

    #[test]
    fn rows_on_one_side_only_are_found() {
        let missing = reported(|_, rows, _| drop(rows.remove(1)));
        assert_eq!(missing, [r#"region_health [1970-01-01T00:00:00Z, "us-east"]: the row is missing"#]);
        let extra = reported(|_, rows, _| rows.push(row(2, "eu-west", 0)));
        assert_eq!(
            extra,
            [r#"region_health [1970-01-01T00:02:00Z, "eu-west"]: the row is not in the truth"#]
        );
        let twice = reported(|_, rows, _| rows.push(row(1, "eu-west", 5)));
        assert_eq!(
            twice,
            [r#"region_health [1970-01-01T00:01:00Z, "eu-west"]: the row is there more than once"#]
        );
        // A row in another window is one missing and one too many.
        assert_eq!(reported(|_, rows, _| rows[0] = row(9, "eu-west", 3)).len(), 2);
        // No table at all.
        assert_eq!(reported(|_, rows, _| rows.clear()).len(), 3);
    }

    #[test]
    fn an_empty_text_is_not_null() {
        let changed = reported(|truth, rows, _| {
            truth.tables.get_mut("region_health").unwrap()[0] = row(0, "", 3);
            rows[0].insert("region".to_owned(), Cell::Null);
        });
        assert_eq!(changed.len(), 2);
    }

    #[test]
    fn cells_that_differ_are_named_with_both_values() {
        let cell = |cell| reported(|_, rows, _| drop(rows[2].insert("total_downloads".to_owned(), cell)));
        let at = r#"region_health [1970-01-01T00:01:00Z, "eu-west"] total_downloads"#;
        assert_eq!(cell(Cell::Number(6)), [format!("{at}: expected 5, found 6")]);
        assert_eq!(cell(Cell::Null), [format!("{at}: expected 5, found null")]);
        // Zero is not null, in either direction.
        let zero = reported(|_, rows, _| {
            rows[0].insert("speed_mbps_sum".to_owned(), Cell::Number(0));
        });
        assert_eq!(zero.len(), 1);
        let absent = reported(|_, rows, _| drop(rows[0].remove("total_downloads")));
        assert_eq!(absent.len(), 1);
    }

    #[test]
    fn what_only_one_side_knows_of_is_a_difference() {
        let column = reported(|_, rows, _| {
            rows[0].insert("new".to_owned(), Cell::Number(1));
        });
        assert!(column[0].ends_with("new: the column is not in the truth"), "{column:?}");
        let table = reported(|truth, _, _| drop(truth.tables.insert("gone".to_owned(), Vec::new())));
        assert_eq!(table, ["gone: the stream's definition has no such rollup"]);
    }

    #[test]
    fn dead_letters_are_compared_both_ways_and_by_reason_where_it_is_known() {
        assert_eq!(
            reported(|_, _, found| drop(found.dead_letters.pop())),
            ["dead letter at partition 0 offset 5 is missing"]
        );
        assert_eq!(
            reported(|_, _, found| found.dead_letters.push((2, 5, "truncated".to_owned()))),
            ["dead letter at partition 2 offset 5 (truncated) is not in the truth"]
        );
        assert_eq!(
            reported(|_, _, found| found.dead_letters[1].2 = "truncated".to_owned()),
            ["dead letter at partition 0 offset 5: expected reason future, found truncated"]
        );
        assert!(reported(|_, _, found| found.dead_letters[0].2 = "truncated".to_owned()).is_empty());
    }

    #[test]
    fn late_events_are_compared_both_ways() {
        assert_eq!(
            reported(|_, _, found| found.late_events.truncate(1)),
            ["late event at partition 0 offset 6 is missing"]
        );
        assert_eq!(
            reported(|_, _, found| found.late_events.push((3, 0))),
            ["late event at partition 3 offset 0 is not in the truth"]
        );
    }

    #[test]
    fn all_differences_are_counted_and_the_first_ones_listed() {
        let (truth, mut found) = equal();
        found.late_events.extend((100..200).map(|offset| (0, offset)));
        let report = compare(&definition(), &truth, &found);
        assert_eq!((report.differing, report.differences.len()), (100, 20));
        assert!(!report.is_equal());
    }
}
