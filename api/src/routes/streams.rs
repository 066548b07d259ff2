//! `GET /api/streams`

use axum::{extract::State, http::HeaderMap, response::Response};
use schema::{MeasureKind, Rollup, StreamDefinition};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Depends, Panel},
    app::App,
    failure::LoadError,
    freshness::Meta,
    parameters::{Checked, NoParameters},
    problem::{Problem, Refusals},
    snapshot::Snapshot,
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamsQuery;

/// Every stream that is served.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Streams {
    data: Vec<Stream>,
    count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stream {
    stream: String,
    topic: String,
    window_seconds: f64,
    grace_seconds: f64,
    /// What `step` may be for its rollups.
    #[schema(value_type = Vec<String>)]
    steps: Vec<&'static str>,
    rollups: Vec<RollupColumns>,
    meta: Meta,
}

/// What the rows of `/api/streams/{stream}/{rollup}` hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RollupColumns {
    rollup: String,
    dimensions: Vec<String>,
    labels: Vec<String>,
    measures: Vec<MeasureColumn>,
    derived: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasureColumn {
    name: String,
    /// `count`, `sum`, `min`, `max`, `quantiles` or `distinct`.
    kind: &'static str,
    /// What it is called in `measures` and in rows: its name, or a name for each of its quantiles. Rows can be ordered
    /// by any but the last two kinds.
    asked_as: Vec<String>,
}

impl Stream {
    fn of(stream: &StreamDefinition, snapshot: &Snapshot) -> Self {
        Self {
            stream: stream.name.clone(),
            topic: stream.topic.clone(),
            window_seconds: stream.window.size.as_millis() as f64 / 1_000.0,
            grace_seconds: stream.window.grace.as_millis() as f64 / 1_000.0,
            steps: crate::query::steps(stream.window.size).map(|(name, _)| name).collect(),
            rollups: stream.rollups.iter().map(RollupColumns::of).collect(),
            meta: Meta::of(&snapshot.progress(&stream.name), &stream.window, snapshot.now),
        }
    }
}

impl RollupColumns {
    fn of(rollup: &Rollup) -> Self {
        let measures = rollup.measures.iter().map(|measure| MeasureColumn {
            name: measure.name.clone(),
            kind: kind(&measure.kind),
            asked_as: measure.asked_as(),
        });
        Self {
            rollup: rollup.name.clone(),
            dimensions: rollup.dimensions.iter().map(|dimension| dimension.name.clone()).collect(),
            labels: rollup.labels.iter().map(|label| label.name.clone()).collect(),
            measures: measures.collect(),
            derived: rollup.derived.iter().map(|derived| derived.name.clone()).collect(),
        }
    }
}

fn kind(measure: &MeasureKind) -> &'static str {
    match measure {
        MeasureKind::Count => "count",
        MeasureKind::Sum { .. } => "sum",
        MeasureKind::Min { .. } => "min",
        MeasureKind::Max { .. } => "max",
        MeasureKind::Quantiles { .. } => "quantiles",
        MeasureKind::Distinct { .. } => "distinct",
    }
}

impl Panel for StreamsQuery {
    type Body = Streams;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let data: Vec<Stream> =
            snapshot.catalog.streams().iter().map(|stream| Stream::of(stream, snapshot)).collect();
        Ok(Streams { count: data.len(), data })
    }
}

/// The streams and what is kept of them
#[utoipa::path(
    get,
    path = "/api/streams",
    tag = "streams",
    responses((status = 200, body = Streams), Refusals),
)]
pub(super) async fn streams(
    State(app): State<App>,
    Checked(NoParameters): Checked<NoParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(StreamsQuery, &headers).await
}
