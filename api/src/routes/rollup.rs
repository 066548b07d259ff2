//! `GET /api/streams/{stream}/{rollup}`

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use schema::{Derived, Measure, Rollup};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use super::streams::kind;
use crate::{
    answer::{Depends, Fresh, Listed, Panel},
    app::App,
    failure::LoadError,
    freshness::Meta,
    parameters::{Checked, Given, Parameters},
    problem::{Problem, Refusals},
    snapshot::Snapshot,
};

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TopParameters {
    /// Minutes back from now; the open window counts.
    #[param(minimum = 1, maximum = 1440, default = 5, required = false)]
    minutes: i64,
    /// Rows at most.
    #[param(minimum = 1, maximum = 100, default = 10, required = false)]
    limit: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct TopQuery {
    stream: String,
    rollup: String,
    parameters: TopParameters,
}

/// The rows with the highest first measure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Top {
    stream: String,
    rollup: String,
    /// Dimensions, labels, measures in natural units, and derived columns, by name.
    #[serde(flatten)]
    rows: Listed<BTreeMap<String, Cell>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Cell {
    Text(String),
    Whole(i64),
    Real(f64),
    /// No value was seen.
    Unknown,
}

impl Parameters for TopParameters {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        Ok(Self { minutes: given.int("minutes", 5, 1..=1_440)?, limit: given.int("limit", 10, 1..=100)? })
    }
}

impl Panel for TopQuery {
    type Body = Fresh<Top>;

    fn depends(&self) -> Depends<'_> {
        Depends::Stream(&self.stream)
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let (stream, rollup) =
            snapshot.catalog.rollup(&self.stream, &self.rollup).ok_or(LoadError::Internal)?;
        let TopParameters { minutes, limit } = self.parameters;
        let rows = snapshot.rows(&sql(rollup), &[&snapshot.back(minutes), &limit]).await?;
        let data = rows.iter().map(|row| object(rollup, row)).collect::<Result<_, _>>()?;
        Ok(Fresh {
            body: Top {
                stream: stream.name.clone(),
                rollup: rollup.name.clone(),
                rows: Listed::new(data, minutes),
            },
            meta: Meta::of(&snapshot.progress(&stream.name), &stream.window, snapshot.now),
        })
    }
}

/// Sums over the windows that begin after $1, $2 rows. All names come from a checked definition, never from a request.
fn sql(rollup: &Rollup) -> String {
    let dimensions: Vec<String> = rollup.dimensions.iter().map(|d| quoted(&d.name)).collect();
    let mut columns = dimensions.clone();
    columns.extend(rollup.labels.iter().map(|label| {
        let name = quoted(&label.name);
        format!(
            "(array_agg({name} ORDER BY window_start DESC, source_partition DESC) \
             FILTER (WHERE {name} IS NOT NULL))[1] AS {name}"
        )
    }));
    let measures: Vec<String> = numbers(rollup)
        .map(|(measure, function)| {
            let name = quoted(&measure.name);
            format!("{function}({name})::bigint AS {name}")
        })
        .collect();
    let first =
        numbers(rollup).next().map(|(measure, _)| format!("{} DESC NULLS LAST", quoted(&measure.name)));
    let order: Vec<String> = first.into_iter().chain(dimensions.iter().cloned()).collect();
    columns.extend(measures);
    let group = if dimensions.is_empty() { "()".to_owned() } else { dimensions.join(", ") };
    let order = if order.is_empty() { "1".to_owned() } else { order.join(", ") };
    format!(
        "-- rollup_top\nSELECT {}\nFROM {}\nWHERE window_start > $1\nGROUP BY {group}\nORDER BY {order}\nLIMIT $2",
        columns.join(", "),
        quoted(&format!("{}_partial", rollup.name)),
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The measures that are plain numbers, with the SQL function that merges them.
fn numbers(rollup: &Rollup) -> impl Iterator<Item = (&Measure, &'static str)> {
    rollup.measures.iter().filter_map(|measure| {
        let kind = kind(&measure.kind)?;
        Some((measure, if kind == "count" { "sum" } else { kind }))
    })
}

fn object(rollup: &Rollup, row: &Row) -> Result<BTreeMap<String, Cell>, tokio_postgres::Error> {
    let mut object = BTreeMap::new();
    let texts = rollup.dimensions.iter().map(|d| &d.name).chain(rollup.labels.iter().map(|l| &l.name));
    for name in texts {
        let text: Option<String> = row.try_get(name.as_str())?;
        object.insert(name.clone(), text.map_or(Cell::Unknown, Cell::Text));
    }
    for (measure, _) in numbers(rollup) {
        object.insert(measure.name.clone(), natural(row.try_get(measure.name.as_str())?, measure.scale()));
    }
    for derived in &rollup.derived {
        let quotient = quotient(derived, &object);
        object.insert(derived.name.clone(), quotient);
    }
    Ok(object)
}

fn natural(units: Option<i64>, scale: i64) -> Cell {
    match units {
        Some(units) if scale == 1 => Cell::Whole(units),
        Some(units) => Cell::Real(units as f64 / scale as f64),
        None => Cell::Unknown,
    }
}

fn quotient(derived: &Derived, object: &BTreeMap<String, Cell>) -> Cell {
    let of = |name: &str| match object.get(name) {
        Some(Cell::Whole(number)) => Some(*number as f64),
        Some(Cell::Real(number)) => Some(*number),
        _ => None,
    };
    let [dividend, divisor] = &derived.ratio;
    match (of(dividend), of(divisor)) {
        (Some(dividend), Some(divisor)) if divisor != 0.0 => Cell::Real(dividend / divisor),
        _ => Cell::Unknown,
    }
}

/// Top rows of any rollup, by its first measure
#[utoipa::path(
    get,
    path = "/api/streams/{stream}/{rollup}",
    tag = "streams",
    params(
        ("stream" = String, Path, description = "A stream's name, as in `/api/streams`"),
        ("rollup" = String, Path, description = "One of its rollups"),
        TopParameters,
    ),
    responses(
        (status = 200, body = Fresh<Top>),
        (status = 404, body = crate::problem::ProblemBody, content_type = "application/problem+json",
            description = "No such stream or rollup; `allowed` lists those there are"),
        Refusals,
    ),
)]
pub(super) async fn rollup(
    State(app): State<App>,
    Path((stream, rollup)): Path<(String, String)>,
    Checked(parameters): Checked<TopParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(definition) = app.catalog.stream(&stream) else {
        let names = app.catalog.streams().iter().map(|stream| stream.name.as_str());
        return Err(Problem::unknown_name("stream", &stream, names));
    };
    if app.catalog.rollup(&stream, &rollup).is_none() {
        let names = definition.rollups.iter().map(|rollup| rollup.name.as_str());
        return Err(Problem::unknown_name("rollup", &rollup, names));
    }
    app.respond(TopQuery { stream, rollup, parameters }, &headers).await
}

#[cfg(test)]
mod tests {
    use schema::StreamDefinition;

    use super::*;

    #[test]
    fn the_statement_is_made_of_the_definition_and_binds_the_rest() {
        let streams = StreamDefinition::shipped().unwrap();
        let stream = streams.iter().find(|stream| stream.name == "content-downloads").unwrap();
        assert_eq!(
            sql(&stream.rollups[0]),
            "-- rollup_top\n\
             SELECT \"content_id\", (array_agg(\"title\" ORDER BY window_start DESC, source_partition DESC) \
             FILTER (WHERE \"title\" IS NOT NULL))[1] AS \"title\", \
             sum(\"download_count\")::bigint AS \"download_count\", \
             sum(\"successful_downloads\")::bigint AS \"successful_downloads\", \
             sum(\"failed_downloads\")::bigint AS \"failed_downloads\", \
             sum(\"total_size_gb\")::bigint AS \"total_size_gb\"\n\
             FROM \"content_stats_partial\"\nWHERE window_start > $1\nGROUP BY \"content_id\"\n\
             ORDER BY \"download_count\" DESC NULLS LAST, \"content_id\"\nLIMIT $2"
        );
    }

    #[test]
    fn units_become_natural_and_nothing_divided_by_nothing_is_null() {
        assert_eq!(natural(Some(2_500_000), 1_000_000), Cell::Real(2.5));
        assert_eq!(natural(Some(7), 1), Cell::Whole(7));
        assert_eq!(natural(None, 1), Cell::Unknown);
        let derived = Derived { name: "rate".to_owned(), ratio: ["good".to_owned(), "total".to_owned()] };
        let row = |good, total| {
            BTreeMap::from([("good".to_owned(), Cell::Whole(good)), ("total".to_owned(), Cell::Whole(total))])
        };
        assert_eq!(quotient(&derived, &row(3, 4)), Cell::Real(0.75));
        assert_eq!(quotient(&derived, &row(0, 0)), Cell::Unknown);
    }
}
