use std::collections::BTreeMap;

use common::time::Timestamp;
use schema::{MeasureKind, Rollup, StreamDefinition};
use tokio_postgres::{Client, Row};

use super::{VerifyError, stored};
use crate::{
    sketch::{self, Entries},
    truth::{Cell, TruthRow},
};

/// All rollups of a stream by name.
pub(super) async fn read_tables(
    client: &Client,
    definition: &StreamDefinition,
) -> Result<BTreeMap<String, Vec<TruthRow>>, VerifyError> {
    let mut tables = BTreeMap::new();
    for rollup in &definition.rollups {
        tables.insert(rollup.name.clone(), read_rollup(client, rollup).await?);
    }
    Ok(tables)
}

/// The rollup merged over source partitions, in units.
async fn read_rollup(client: &Client, rollup: &Rollup) -> Result<Vec<TruthRow>, VerifyError> {
    let dimensions = dimensions(rollup);
    let labels = rollup.labels.iter().map(|label| {
        format!(
            ", (array_agg(\"{0}\" ORDER BY source_partition DESC) FILTER (WHERE \"{0}\" IS NOT NULL))[1]",
            label.name
        )
    });
    let measures = rollup.measures.iter().filter_map(|measure| {
        let merge = match measure.kind {
            MeasureKind::Count | MeasureKind::Sum { .. } => "sum",
            MeasureKind::Min { .. } => "min",
            MeasureKind::Max { .. } => "max",
            MeasureKind::Quantiles { .. } | MeasureKind::Distinct { .. } => return None,
        };
        Some(format!(", {merge}(\"{}\")::bigint", measure.name))
    });
    let sql = format!(
        "SELECT window_start, {dimensions}{labels}{measures} FROM \"{table}_partial\" GROUP BY window_start, {dimensions}",
        labels = labels.collect::<String>(),
        measures = measures.collect::<String>(),
        table = rollup.name,
    );
    let rows = query(client, rollup, &sql).await?;
    let mut rows: Vec<TruthRow> = rows.iter().map(|row| cells(rollup, row)).collect();
    if rollup.sketches().next().is_some() {
        let mut sketches = read_sketches(client, rollup).await?;
        for row in &mut rows {
            let key =
                ["window_start"].into_iter().chain(rollup.dimensions.iter().map(|one| one.name.as_str()));
            let key: Vec<Cell> = key.filter_map(|column| row.get(column).cloned()).collect();
            row.extend(sketches.remove(&key).unwrap_or_default());
        }
    }
    Ok(rows)
}

/// The sketches of each window and key, merged over source partitions, as the truth has them. What cannot be read
/// becomes a text that no truth holds.
async fn read_sketches(
    client: &Client,
    rollup: &Rollup,
) -> Result<BTreeMap<Vec<Cell>, TruthRow>, VerifyError> {
    let columns: String = rollup.sketches().map(|measure| format!(", \"{}\"", measure.name)).collect();
    let sql =
        format!("SELECT window_start, {}{columns} FROM \"{}_partial\"", dimensions(rollup), rollup.name);
    let first = 1 + rollup.dimensions.len();
    let mut merged: BTreeMap<Vec<Cell>, Vec<Result<Entries, &str>>> = BTreeMap::new();
    for row in query(client, rollup, &sql).await? {
        let window: Timestamp = row.get(0);
        let texts = (1..first).map(|at| row.get::<_, Option<String>>(at).map_or(Cell::Null, Cell::Text));
        let key = [Cell::Number(window.as_millis())].into_iter().chain(texts).collect();
        let of_key =
            merged.entry(key).or_insert_with(|| rollup.sketches().map(|_| Ok(Entries::new())).collect());
        for ((at, entries), measure) in (first..).zip(of_key).zip(rollup.sketches()) {
            if let (Some(bytes), Some(kind)) = (row.get::<_, Option<&[u8]>>(at), measure.sketch())
                && let Ok(known) = entries
                && let Err(expected) = stored::merge(kind, bytes, known)
            {
                *entries = Err(expected);
            }
        }
    }
    let cell = |entries: Result<Entries, &str>| match entries {
        Ok(entries) => sketch::cell(&entries),
        Err(expected) => Cell::Text(format!("no sketch: expected {expected}")),
    };
    let row = |sketches: Vec<Result<Entries, &str>>| {
        rollup.sketches().map(|measure| measure.name.clone()).zip(sketches.into_iter().map(cell)).collect()
    };
    Ok(merged.into_iter().map(|(key, sketches)| (key, row(sketches))).collect())
}

fn dimensions(rollup: &Rollup) -> String {
    let names: Vec<String> = rollup.dimensions.iter().map(|column| format!("\"{}\"", column.name)).collect();
    names.join(", ")
}

async fn query(client: &Client, rollup: &Rollup, sql: &str) -> Result<Vec<Row>, VerifyError> {
    let failed = |source| VerifyError::Query { table: rollup.name.clone(), source };
    client.query(sql, &[]).await.map_err(failed)
}

fn cells(rollup: &Rollup, row: &Row) -> TruthRow {
    let start: Timestamp = row.get(0);
    let dimensions = rollup.dimensions.iter().map(|column| &column.name);
    let texts = dimensions.chain(rollup.labels.iter().map(|label| &label.name));
    let mut cells = TruthRow::from([("window_start".to_owned(), Cell::Number(start.as_millis()))]);
    let mut at = 1;
    for name in texts {
        cells.insert(name.clone(), row.get::<_, Option<String>>(at).map_or(Cell::Null, Cell::Text));
        at += 1;
    }
    for measure in rollup.numbers() {
        cells.insert(measure.name.clone(), row.get::<_, Option<i64>>(at).map_or(Cell::Null, Cell::Number));
        at += 1;
    }
    cells
}

pub(super) async fn read_dead_letters(
    client: &Client,
    stream: &str,
) -> Result<Vec<(i32, i64, String)>, VerifyError> {
    let sql = "SELECT source_partition, source_offset, reason FROM dead_letters WHERE stream = $1";
    let rows = client
        .query(sql, &[&stream])
        .await
        .map_err(|source| VerifyError::Query { table: "dead_letters".to_owned(), source })?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

pub(super) async fn read_late_events(client: &Client, stream: &str) -> Result<Vec<(i32, i64)>, VerifyError> {
    let sql = "SELECT source_partition, source_offset FROM late_events WHERE stream = $1";
    let rows = client
        .query(sql, &[&stream])
        .await
        .map_err(|source| VerifyError::Query { table: "late_events".to_owned(), source })?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
