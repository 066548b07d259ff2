//! From a request to its rows, all of one snapshot.

use std::sync::Arc;

use tokio_postgres::Row;

use super::{
    answer::{Columns, RollupAnswer, RollupMeta},
    column::{Column, Number, Value},
    cursor::Place,
    form::Form,
    merge,
    order::By,
    range::Range,
    request::Request,
    series::{self, Group, Steps},
    sketched::Asked,
    statement::{self, PLACE, ROWS, STEP},
};
use crate::{
    answer::{Depends, Panel},
    coverage::Coverage,
    failure::LoadError,
    freshness::Meta,
    kept::Loaded,
    snapshot::Snapshot,
};

/// A checked request, and how its answer is written.
#[derive(Clone, Debug)]
pub(crate) struct RollupQuery {
    pub(crate) request: Request,
    pub(crate) form: Form,
}

impl Panel for RollupQuery {
    type Body = RollupAnswer;

    fn depends(&self) -> Depends<'_> {
        Depends::Stream(&self.request.stream)
    }

    fn media_type(&self) -> &'static str {
        self.form.media_type()
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<RollupAnswer, LoadError> {
        let request = &self.request;
        let stream = snapshot.catalog.stream(&request.stream).ok_or(LoadError::Internal)?;
        let statement = statement::groups(request);
        let rows = snapshot.rows_once(&statement.sql, &statement.parameters()).await?;
        let mut groups = rows.iter().map(|row| group(request, row)).collect::<Result<Vec<_>, _>>()?;
        let page = usize::try_from(request.limit).map_err(|_| LoadError::Internal)?;
        let more = groups.len() > page;
        groups.truncate(page);

        let mut current = match request.range.step {
            Some(_) => counted(request, request.range, &groups, snapshot).await?,
            None => Steps::whole(&groups, request.range.span),
        };
        merge::fill(request, request.range, &keys(&groups), snapshot, &mut current).await?;
        let before = request.range.before();
        let previous = if request.compare {
            let mut previous = counted(request, before, &groups, snapshot).await?;
            merge::fill(request, before, &keys(&groups), snapshot, &mut previous).await?;
            Some(previous)
        } else {
            None
        };
        let begin = if request.compare { before.span.start } else { request.range.span.start };
        let coverage = Coverage::of(snapshot, stream).await?.with_gaps(snapshot, stream, begin).await?;
        let data = series::rows(request, &groups, (&current, previous.as_ref()), &coverage);

        let fresh = Meta::of(&snapshot.progress(&stream.name), &stream.window, snapshot.now);
        let last = groups.pop().filter(|_| more);
        let next = last.map(|group| request.cursor(group.place, group.keys, fresh.data_version).text());
        let first_page = request.after.as_ref().map_or(fresh.data_version, |cursor| cursor.version);
        Ok(RollupAnswer {
            stream: request.stream.clone(),
            rollup: request.rollup.clone(),
            columns: Columns {
                dimensions: request.dimensions.clone(),
                labels: request.labels.clone(),
                measures: request.columns.iter().map(|column| Arc::clone(column.name())).collect(),
            },
            compared: request.compare,
            count: data.len(),
            data,
            next,
            meta: RollupMeta {
                fresh,
                from: request.range.span.start,
                to: request.range.span.end,
                step_ms: request.range.step.map(common::window::WindowSize::as_millis),
                first_page_data_version: first_page,
            },
        })
    }

    fn render(&self, body: &RollupAnswer) -> Result<Loaded, LoadError> {
        let bytes = self.form.write(body)?;
        Ok(Loaded { body: bytes.into(), next: body.next.as_deref().map(Arc::from) })
    }
}

fn group(request: &Request, row: &Row) -> Result<Group, LoadError> {
    let counted: i64 = row.try_get(ROWS)?;
    Ok(Group {
        keys: texts(&request.dimensions, row)?,
        labels: texts(&request.labels, row)?,
        place: place(&request.order.by, row)?,
        values: if counted > 0 { Some(values(&request.columns, row)?) } else { None },
    })
}

fn place(by: &By, row: &Row) -> Result<Place, tokio_postgres::Error> {
    Ok(match by {
        By::Column(Column::Number(_)) => row.try_get::<_, Option<i64>>(PLACE)?.map(Place::Whole),
        By::Column(Column::Ratio { .. }) => {
            row.try_get::<_, Option<f64>>(PLACE)?.map(|number| Place::Real(number.to_bits()))
        }
        By::Dimension(_) => row.try_get::<_, Option<String>>(PLACE)?.map(Place::Text),
    }
    .unwrap_or(Place::Unknown))
}

/// The steps of `range` that have rows, of these groups.
async fn counted(
    request: &Request,
    range: Range,
    groups: &[Group],
    snapshot: &Snapshot,
) -> Result<Steps, LoadError> {
    let mut steps = Steps::default();
    if groups.is_empty() {
        return Ok(steps);
    }
    let statement = statement::steps(request, range, &keys(groups));
    for row in snapshot.rows_once(&statement.sql, &statement.parameters()).await? {
        let of_group = steps.0.entry(texts(&request.dimensions, &row)?).or_default();
        of_group.insert(row.try_get(STEP)?, values(&request.columns, &row)?);
    }
    Ok(steps)
}

fn keys(groups: &[Group]) -> Vec<Vec<String>> {
    groups.iter().map(|group| group.keys.clone()).collect()
}

pub(super) fn texts<'a, T: tokio_postgres::types::FromSql<'a>>(
    names: &[Arc<str>],
    row: &'a Row,
) -> Result<Vec<T>, tokio_postgres::Error> {
    names.iter().map(|name| row.try_get(&**name)).collect()
}

/// Sketches are not in the row yet, and stand as if nothing had been seen.
fn values(columns: &[Asked], row: &Row) -> Result<Vec<Value>, tokio_postgres::Error> {
    let mut units = Vec::new();
    for number in columns.iter().filter_map(Asked::counted).flat_map(Column::numbers) {
        units.push((number, row.try_get(&*number.name)?));
    }
    let of = |number: &Number| units.iter().find(|(known, _)| *known == number).and_then(|(_, units)| *units);
    let value = |asked: &Asked| asked.counted().map_or_else(|| asked.zero(), |column| column.value(of));
    Ok(columns.iter().map(value).collect())
}
