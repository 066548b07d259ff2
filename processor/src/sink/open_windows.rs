//! The windows that a new owner goes on with: as many statements for many partitions as for one, as the rows of a window
//! lie together whichever partition they are of.

use std::collections::{BTreeMap, BTreeSet};

use common::{
    db::{DbError, query},
    offset::PartitionId,
    sketch::Sketch,
    time::Timestamp,
    window::Window,
};
use futures::TryStreamExt;
use schema::{Measure, Rollup, StreamDefinition};
use tokio_postgres::{Row, Transaction, types::ToSql};

use super::{Claimed, rewind};
use crate::window::StoredRow;

/// Reads the spans and rows of windows that can still change into `claimed`.
pub(super) async fn read_open_windows(
    transaction: &Transaction<'_>,
    definition: &StreamDefinition,
    claimed: &mut [Claimed],
) -> Result<(), DbError> {
    read_spans(transaction, definition, claimed).await?;
    let mut places = BTreeMap::new();
    for (at, one) in claimed.iter_mut().enumerate() {
        one.open_rows = vec![Vec::new(); definition.rollups.len()];
        let windows: BTreeSet<Window> = one.open_spans.iter().map(|span| span.window).collect();
        if !windows.is_empty() {
            places.insert(one.partition.0, (at, windows));
        }
    }
    let partitions: Vec<i32> = places.keys().copied().collect();
    let windows: BTreeSet<Window> = places.values().flat_map(|(_, windows)| windows).copied().collect();
    let windows: Vec<Timestamp> = windows.iter().map(|window| window.start).collect();
    if windows.is_empty() {
        return Ok(());
    }
    for (number, rollup) in definition.rollups.iter().enumerate() {
        let parameters: [&(dyn ToSql + Sync); 2] = [&partitions, &windows];
        let rows = transaction.query_raw(&open_rows_sql(rollup), parameters).await;
        let mut rows = std::pin::pin!(rows.map_err(query("reading open windows"))?);
        // One by one: there may be millions, and as the client holds them they are several times as large.
        while let Some(row) = rows.try_next().await.map_err(query("reading open windows"))? {
            // A window may be open for one partition and closed for another.
            if let Some((at, windows)) = places.get(&row.get(0))
                && windows.contains(&Window { start: row.get(1) })
            {
                claimed[*at].open_rows[number].push(stored_row(rollup, &row)?);
            }
        }
    }
    Ok(())
}

async fn read_spans(
    transaction: &Transaction<'_>,
    definition: &StreamDefinition,
    claimed: &mut [Claimed],
) -> Result<(), DbError> {
    let wanted: Vec<Wanted> = claimed.iter().map(|one| Wanted::of(definition, one)).collect();
    let partitions: Vec<i32> = claimed.iter().map(|one| one.partition.0).collect();
    let after: Vec<Timestamp> = wanted.iter().map(|wanted| wanted.after).collect();
    let and_after: Vec<Timestamp> = wanted.iter().map(|wanted| wanted.and_after).collect();
    let rebuilt = |(one, wanted): (&Claimed, &Wanted)| -> Vec<(i32, Timestamp)> {
        wanted.or_one_of.iter().map(|window| (one.partition.0, *window)).collect()
    };
    let (rebuilt_partitions, rebuilt): (Vec<i32>, Vec<Timestamp>) =
        claimed.iter().zip(&wanted).flat_map(rebuilt).unzip();
    let spans = transaction
        .query(
            include_str!("../../../sql/queries/window_span_open.sql"),
            &[&definition.name, &partitions, &after, &and_after, &rebuilt_partitions, &rebuilt],
        )
        .await
        .map_err(query("reading window spans"))?;
    for row in &spans {
        let partition = PartitionId(row.get(4));
        if let Some(one) = claimed.iter_mut().find(|one| one.partition == partition) {
            one.open_spans.push(rewind::span(row));
        }
    }
    Ok(())
}

/// Which windows a new owner needs, see [`Rewind::can_change`].
struct Wanted {
    after: Timestamp,
    and_after: Timestamp,
    or_one_of: Vec<Timestamp>,
}

impl Wanted {
    fn of(definition: &StreamDefinition, claimed: &Claimed) -> Self {
        let spec = &definition.window;
        // A window is open while start + size + grace > stream time.
        let open_after =
            |time: Timestamp| time.plus_millis(-spec.size.as_millis()).plus_millis(-spec.grace.as_millis());
        match &claimed.rewind {
            Some(rewind) if claimed.next < rewind.to => Self {
                after: claimed.stream_time.map_or(Timestamp::MIN, open_after),
                and_after: rewind.stream_time_before.map_or(Timestamp::MIN, open_after),
                or_one_of: rewind.rebuilt.keys().map(|window| window.start).collect(),
            },
            _ => {
                let after = claimed.stream_time.map_or(Timestamp::MAX, open_after);
                Self { after, and_after: after, or_one_of: Vec::new() }
            }
        }
    }
}

fn open_rows_sql(rollup: &Rollup) -> String {
    let columns: Vec<String> = ["source_partition", "window_start"]
        .into_iter()
        .chain(rollup.dimensions.iter().map(|dimension| dimension.name.as_str()))
        .chain(rollup.labels.iter().map(|label| label.name.as_str()))
        .chain(rollup.numbers().map(|measure| measure.name.as_str()))
        .chain(rollup.sketches().map(|measure| measure.name.as_str()))
        .map(|name| format!("\"{name}\""))
        .collect();
    format!(
        "-- open_rows {table}\nSELECT {columns} FROM \"{table}_partial\" \
         WHERE source_partition = ANY ($1) AND window_start = ANY ($2)",
        table = rollup.name,
        columns = columns.join(", "),
    )
}

fn stored_row(rollup: &Rollup, row: &Row) -> Result<StoredRow, DbError> {
    let labels_at = 2 + rollup.dimensions.len();
    let numbers_at = labels_at + rollup.labels.len();
    let sketches_at = numbers_at + rollup.numbers().count();
    let window: Timestamp = row.get(1);
    let sketch = |(at, measure): (usize, &Measure)| {
        let (kind, bytes) = (measure.sketch(), row.get::<_, Option<&[u8]>>(at));
        let read = kind.zip(bytes).map(|(kind, bytes)| Sketch::read(kind, bytes)).transpose();
        read.map_err(|source| DbError::Sketch {
            place: format!("{}_partial.{} of {window}", rollup.name, measure.name),
            source,
        })
    };
    Ok(StoredRow {
        window: Window { start: window },
        dimensions: (2..labels_at).map(|at| row.get(at)).collect(),
        labels: (labels_at..numbers_at).map(|at| row.get(at)).collect(),
        numbers: (numbers_at..sketches_at).map(|at| row.get(at)).collect(),
        sketches: (sketches_at..).zip(rollup.sketches()).map(sketch).collect::<Result<_, _>>()?,
    })
}
