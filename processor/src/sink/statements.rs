//! The statements of one commit unit, prepared once per connection.

use common::db::DbError;
use schema::{Rollup, StreamDefinition};
use tokio_postgres::{Client, Statement};

/// All that [`super::Writer`] sends. The number of statements a commit makes does not depend on its size.
#[derive(Debug)]
pub(super) struct Statements {
    pub lock: Statement,
    pub advance: Statement,
    pub rollups: Vec<Statement>,
    pub span: Statement,
    pub dead_letters: Statement,
    pub late_events: Statement,
    pub samples: Statement,
    pub mark_revised: Statement,
}

impl Statements {
    pub async fn prepare(client: &Client, definition: &StreamDefinition) -> Result<Self, DbError> {
        let prepare = async |sql: &str| {
            client
                .prepare(sql)
                .await
                .map_err(|source| DbError::Query { what: "preparing statements", source })
        };
        let mut rollups = Vec::with_capacity(definition.rollups.len());
        for rollup in &definition.rollups {
            rollups.push(prepare(&upsert_sql(rollup)).await?);
        }
        Ok(Self {
            lock: prepare(include_str!("../../../sql/queries/progress_lock.sql")).await?,
            advance: prepare(include_str!("../../../sql/queries/progress_advance.sql")).await?,
            rollups,
            span: prepare(include_str!("../../../sql/queries/window_span_upsert.sql")).await?,
            dead_letters: prepare(include_str!("../../../sql/queries/dead_letters_insert.sql")).await?,
            late_events: prepare(include_str!("../../../sql/queries/late_events_insert.sql")).await?,
            samples: prepare(include_str!("../../../sql/queries/event_samples_upsert.sql")).await?,
            mark_revised: prepare(include_str!("../../../sql/queries/detector_mark_revised.sql")).await?,
        })
    }
}

/// Absolute values replace what is stored: each row has one writer. Names were validated with the definition.
fn upsert_sql(rollup: &Rollup) -> String {
    let dimensions = rollup.dimensions.iter().map(|dimension| dimension.name.as_str());
    let labels: Vec<&str> = rollup.labels.iter().map(|label| label.name.as_str()).collect();
    let numbers: Vec<&str> = rollup.numbers().map(|measure| measure.name.as_str()).collect();
    let sketches: Vec<&str> = rollup.sketches().map(|measure| measure.name.as_str()).collect();
    let key: Vec<&str> = ["window_start"].into_iter().chain(dimensions).chain(["source_partition"]).collect();
    let columns: Vec<&str> = [key.clone(), labels.clone(), numbers.clone(), sketches.clone()].concat();

    let type_of = |at: usize| match at {
        0 => "timestamptz",
        _ if at + 1 < key.len() => "text",
        _ if at + 1 == key.len() => "integer",
        _ if at < key.len() + labels.len() => "text",
        _ if at < columns.len() - sketches.len() => "bigint",
        _ => "bytea",
    };
    let arrays: Vec<String> =
        (0..columns.len()).map(|at| format!("${}::{}[]", at + 1, type_of(at))).collect();
    let values = labels.iter().chain(&numbers).chain(&sketches);
    let updates: Vec<String> = values.map(|name| format!("\"{name}\" = EXCLUDED.\"{name}\"")).collect();
    format!(
        "-- rollup_upsert {table}\nINSERT INTO \"{table}_partial\" ({columns})\nSELECT * FROM unnest({arrays})\n\
         ON CONFLICT ({key}) DO UPDATE SET {updates}",
        table = rollup.name,
        columns = quoted(&columns),
        arrays = arrays.join(", "),
        key = quoted(&key),
        updates = updates.join(", "),
    )
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
