//! Sketches of many rows to the values of one.
//!
//! They come in the order of the answer's rows, so that one merged sketch per measure is all that is held at a time,
//! whatever the number of groups, steps and rows. How many rows are read is bounded by the statement's time.

use std::{pin::pin, sync::Arc};

use common::{
    sketch::{Sketch, SketchKind},
    time::Timestamp,
};
use futures::TryStreamExt;
use tokio_postgres::Row;

use super::{
    load::texts,
    range::Range,
    request::Request,
    series::Steps,
    sketched::Asked,
    statement::{self, STEP},
};
use crate::{failure::LoadError, snapshot::Snapshot};

/// Writes what is asked of sketches into the steps that have rows.
pub(super) async fn fill(
    request: &Request,
    range: Range,
    groups: &[Vec<String>],
    snapshot: &Snapshot,
    steps: &mut Steps,
) -> Result<(), LoadError> {
    let measures = measures(&request.columns);
    if measures.is_empty() || groups.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = measures.iter().map(|(name, _)| &**name).collect();
    let statement = statement::sketches(request, range, groups, &names);
    let mut rows = pin!(snapshot.rows_streamed(&statement.sql, statement.parameters()).await?);
    let mut merging: Option<Merging> = None;
    while let Some(row) = rows.try_next().await? {
        let (keys, step): (Vec<String>, Timestamp) = (texts(&request.dimensions, &row)?, row.try_get(STEP)?);
        let mut current = match merging.take() {
            Some(current) if current.keys == keys && current.step == step => current,
            done => {
                done.into_iter().for_each(|done| done.write(&request.columns, &measures, steps));
                let sketches = measures.iter().map(|(_, kind)| Sketch::of_nothing(*kind)).collect();
                Merging { keys, step, sketches }
            }
        };
        current.add(&measures, &row)?;
        merging = Some(current);
    }
    merging.into_iter().for_each(|done| done.write(&request.columns, &measures, steps));
    Ok(())
}

/// The measures to be merged, each once.
fn measures(columns: &[Asked]) -> Vec<(Arc<str>, SketchKind)> {
    let mut measures = Vec::new();
    for sketched in columns.iter().filter_map(Asked::sketched) {
        let measure = (Arc::clone(&sketched.measure), sketched.kind());
        if !measures.contains(&measure) {
            measures.push(measure);
        }
    }
    measures
}

/// One row of the answer.
struct Merging {
    keys: Vec<String>,
    step: Timestamp,
    /// In the order of the measures.
    sketches: Vec<Sketch>,
}

impl Merging {
    fn add(&mut self, measures: &[(Arc<str>, SketchKind)], row: &Row) -> Result<(), LoadError> {
        for ((name, kind), merged) in measures.iter().zip(&mut self.sketches) {
            let Some(bytes) = row.try_get::<_, Option<&[u8]>>(&**name)? else { continue };
            let sketch = Sketch::read(*kind, bytes).map_err(|error| {
                tracing::error!(%error, column = %name, keys = ?self.keys, "a stored sketch cannot be read");
                LoadError::Internal
            })?;
            merged.merge(&sketch);
        }
        Ok(())
    }

    fn write(&self, columns: &[Asked], measures: &[(Arc<str>, SketchKind)], steps: &mut Steps) {
        let Some(values) = steps.get_mut(&self.keys, self.step) else { return };
        for (value, column) in values.iter_mut().zip(columns) {
            let Some(sketched) = column.sketched() else { continue };
            let merged = measures.iter().zip(&self.sketches).find(|((name, _), _)| *name == sketched.measure);
            if let Some((_, sketch)) = merged {
                *value = sketched.value(sketch);
            }
        }
    }
}
