//! Compares the tables with the truth, cell by cell, both ways.

use std::collections::{BTreeMap, BTreeSet};

use common::time::Timestamp;
use schema::{Rollup, StreamDefinition};
use tokio_postgres::Client;

use crate::truth::{Cell, Truth, TruthRow};

/// The comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("the truth is of stream '{truth}', the definition of '{definition}'")]
    OtherStream { truth: String, definition: String },
    #[error("reading {table}: {source}")]
    Query { table: String, source: tokio_postgres::Error },
}

/// The outcome of a comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub cells: u64,
    pub differing: u64,
    /// The first ones, readable.
    pub differences: Vec<String>,
}

const LISTED: usize = 20;

impl Report {
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.differing == 0
    }

    fn compare<T: PartialEq>(&mut self, expected: &T, found: &T, describe: impl Fn() -> String) {
        self.cells += 1;
        if expected != found {
            self.differ(describe());
        }
    }

    fn differ(&mut self, difference: String) {
        self.differing += 1;
        if self.differences.len() < LISTED {
            self.differences.push(difference);
        }
    }
}

/// # Errors
/// When a table cannot be read, or truth and definition are of different streams.
pub async fn verify(
    client: &Client,
    truth: &Truth,
    definition: &StreamDefinition,
) -> Result<Report, VerifyError> {
    if truth.stream != definition.name {
        return Err(VerifyError::OtherStream {
            truth: truth.stream.clone(),
            definition: definition.name.clone(),
        });
    }
    let mut report = Report::default();
    let empty = Vec::new();
    for rollup in &definition.rollups {
        let expected = truth.tables.get(&rollup.name).unwrap_or(&empty);
        let found = read_rollup(client, rollup).await?;
        compare_rows(&mut report, rollup, expected, found);
    }
    compare_rejects(&mut report, client, truth).await?;
    Ok(report)
}

fn compare_rows(
    report: &mut Report,
    rollup: &Rollup,
    expected: &[TruthRow],
    mut found: BTreeMap<Vec<String>, TruthRow>,
) {
    for row in expected {
        let key = key_of(rollup, row);
        match found.remove(&key) {
            Some(other) => {
                for (column, cell) in row {
                    let there = other.get(column).unwrap_or(&Cell::Null);
                    report.compare(cell, there, || {
                        format!("{} {key:?} {column}: expected {cell:?}, found {there:?}", rollup.name)
                    });
                }
            }
            None => {
                report.cells += row.len() as u64;
                report.differ(format!("{} {key:?}: the row is missing", rollup.name));
            }
        }
    }
    for key in found.keys() {
        report.differ(format!("{} {key:?}: the row is not in the truth", rollup.name));
    }
}

fn key_of(rollup: &Rollup, row: &TruthRow) -> Vec<String> {
    let columns =
        ["window_start"].into_iter().chain(rollup.dimensions.iter().map(|dimension| dimension.name.as_str()));
    columns
        .map(|column| match row.get(column) {
            Some(Cell::Text(text)) => text.clone(),
            Some(Cell::Number(number)) => Timestamp::from_millis(*number).to_string(),
            _ => String::new(),
        })
        .collect()
}

/// The rollup summed over source partitions, in units; by key.
async fn read_rollup(
    client: &Client,
    rollup: &Rollup,
) -> Result<BTreeMap<Vec<String>, TruthRow>, VerifyError> {
    let dimensions: Vec<String> =
        rollup.dimensions.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let labels = rollup.labels.iter().map(|label| {
        format!(
            ", (array_agg(\"{0}\" ORDER BY source_partition DESC) FILTER (WHERE \"{0}\" IS NOT NULL))[1]",
            label.name
        )
    });
    let measures = rollup.measures.iter().map(|measure| format!(", sum(\"{}\")::bigint", measure.name));
    let sql = format!(
        "SELECT window_start, {dimensions}{labels}{measures} FROM \"{table}_partial\" GROUP BY window_start, {dimensions}",
        dimensions = dimensions.join(", "),
        labels = labels.collect::<String>(),
        measures = measures.collect::<String>(),
        table = rollup.name,
    );
    let rows = client
        .query(&sql, &[])
        .await
        .map_err(|source| VerifyError::Query { table: rollup.name.clone(), source })?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let start: Timestamp = row.get(0);
        let mut cells = TruthRow::from([("window_start".to_owned(), Cell::Number(start.as_millis()))]);
        let mut at = 1;
        let names = rollup
            .dimensions
            .iter()
            .map(|column| &column.name)
            .chain(rollup.labels.iter().map(|label| &label.name));
        for name in names {
            cells.insert(name.clone(), row.get::<_, Option<String>>(at).map_or(Cell::Null, Cell::Text));
            at += 1;
        }
        for measure in &rollup.measures {
            cells
                .insert(measure.name.clone(), row.get::<_, Option<i64>>(at).map_or(Cell::Null, Cell::Number));
            at += 1;
        }
        found.insert(key_of(rollup, &cells), cells);
    }
    Ok(found)
}

async fn compare_rejects(report: &mut Report, client: &Client, truth: &Truth) -> Result<(), VerifyError> {
    let query = async |table: &str, column: &str| {
        let sql = format!("SELECT source_partition, source_offset, {column} FROM {table} WHERE stream = $1");
        client
            .query(&sql, &[&truth.stream])
            .await
            .map_err(|source| VerifyError::Query { table: table.to_owned(), source })
    };
    let mut letters: BTreeMap<(i32, i64), String> = query("dead_letters", "reason")
        .await?
        .iter()
        .map(|row| ((row.get(0), row.get(1)), row.get(2)))
        .collect();
    for (partition, offset, reason) in &truth.dead_letters {
        let at = format!("dead letter at partition {partition} offset {offset}");
        match (letters.remove(&(*partition, *offset)), reason) {
            (None, _) => report.differ(format!("{at} is missing")),
            (Some(found), Some(expected)) => {
                report
                    .compare(expected, &found, || format!("{at}: expected reason {expected}, found {found}"));
            }
            (Some(_), None) => report.cells += 1,
        }
    }
    for ((partition, offset), reason) in &letters {
        report.differ(format!(
            "dead letter at partition {partition} offset {offset} ({reason}) is not in the truth"
        ));
    }
    let expected: BTreeSet<(i32, i64)> = truth.late_events.iter().copied().collect();
    let found: BTreeSet<(i32, i64)> =
        query("late_events", "late_by_ms").await?.iter().map(|row| (row.get(0), row.get(1))).collect();
    report.cells += expected.len() as u64;
    for (partition, offset) in expected.symmetric_difference(&found) {
        report.differ(format!("late event at partition {partition} offset {offset} is on one side only"));
    }
    Ok(())
}
