use std::collections::BTreeMap;

use common::time::Timestamp;
use schema::{MeasureKind, Rollup, StreamDefinition};
use tokio_postgres::{Client, Row};

use super::VerifyError;
use crate::truth::{Cell, TruthRow};

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
    let dimensions: Vec<String> =
        rollup.dimensions.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let labels = rollup.labels.iter().map(|label| {
        format!(
            ", (array_agg(\"{0}\" ORDER BY source_partition DESC) FILTER (WHERE \"{0}\" IS NOT NULL))[1]",
            label.name
        )
    });
    let measures = rollup.numbers().map(|measure| {
        let merge = match measure.kind {
            MeasureKind::Min { .. } => "min",
            MeasureKind::Max { .. } => "max",
            _ => "sum",
        };
        format!(", {merge}(\"{}\")::bigint", measure.name)
    });
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
    Ok(rows.iter().map(|row| cells(rollup, row)).collect())
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
