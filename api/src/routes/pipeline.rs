//! `GET /api/pipeline`

use axum::{extract::State, http::HeaderMap, response::Response};
use common::{
    offset::{CommitSeq, NextOffset, OwnerEpoch, PartitionId},
    time::Timestamp,
};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::{
    answer::{Depends, Panel},
    app::App,
    failure::LoadError,
    freshness::Meta,
    number::rounded,
    parameters::{Checked, NoParameters},
    problem::{Problem, Refusals},
    snapshot::Snapshot,
};

const PIPELINE_PARTITIONS: &str = include_str!("../../../sql/queries/pipeline_partitions.sql");
/// Counting stops here, so that a flood of dead letters does not make this answer slow.
const COUNTED_UP_TO: i64 = 10_000;

#[derive(Clone, Copy, Debug)]
pub(crate) struct PipelineQuery;

/// How far each stream's partitions are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pipeline {
    data: Vec<StreamState>,
    count: usize,
    /// `dead_letters` and `late_events` of a partition are counted up to this number.
    counted_up_to: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamState {
    stream: String,
    topic: String,
    /// Records not yet read, over all partitions.
    lag: i64,
    dead_letters: i64,
    late_events: i64,
    partitions: Vec<PartitionState>,
    meta: Meta,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartitionState {
    #[schema(value_type = i32)]
    partition: PartitionId,
    /// The broker's id of the topic; empty where it has none.
    topic_id: String,
    /// The first offset not yet counted.
    #[schema(value_type = i64)]
    next_offset: NextOffset,
    /// End of the log when last looked at.
    high_watermark: i64,
    /// Records not yet read when last looked at.
    lag: i64,
    /// Highest event time seen; null before the first event.
    #[schema(value_type = Option<String>, format = DateTime)]
    stream_time: Option<Timestamp>,
    /// How far `stream_time` is behind the clock.
    stream_time_lag_seconds: Option<f64>,
    idle: bool,
    owner: String,
    #[schema(value_type = i64)]
    owner_epoch: OwnerEpoch,
    #[schema(value_type = i64)]
    commit_seq: CommitSeq,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    dead_letters: i64,
    late_events: i64,
}

impl PartitionState {
    fn of(row: &Row, now: Timestamp) -> Result<Self, tokio_postgres::Error> {
        let (next_offset, high_watermark): (i64, i64) =
            (row.try_get("next_offset")?, row.try_get("high_watermark")?);
        let stream_time: Option<Timestamp> = row.try_get("stream_time")?;
        Ok(Self {
            partition: PartitionId(row.try_get("source_partition")?),
            topic_id: row.try_get("topic_id")?,
            next_offset: NextOffset(next_offset),
            high_watermark,
            lag: (high_watermark - next_offset).max(0),
            stream_time,
            stream_time_lag_seconds: stream_time
                .map(|time| rounded(now.since(time).max(0) as f64 / 1_000.0, 3)),
            idle: row.try_get("idle")?,
            owner: row.try_get("owner")?,
            owner_epoch: OwnerEpoch(row.try_get("owner_epoch")?),
            commit_seq: CommitSeq(row.try_get("commit_seq")?),
            updated_at: row.try_get("updated_at")?,
            dead_letters: row.try_get("dead_letters")?,
            late_events: row.try_get("late_events")?,
        })
    }
}

impl Panel for PipelineQuery {
    type Body = Pipeline;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let rows = snapshot.rows(PIPELINE_PARTITIONS, &[&COUNTED_UP_TO]).await?;
        let mut data = Vec::new();
        for stream in snapshot.catalog.streams() {
            let mut partitions = Vec::new();
            for row in &rows {
                if row.try_get::<_, &str>("stream")? == stream.name {
                    partitions.push(PartitionState::of(row, snapshot.now)?);
                }
            }
            data.push(StreamState {
                stream: stream.name.clone(),
                topic: stream.topic.clone(),
                lag: partitions.iter().map(|partition| partition.lag).sum(),
                dead_letters: partitions.iter().map(|partition| partition.dead_letters).sum(),
                late_events: partitions.iter().map(|partition| partition.late_events).sum(),
                partitions,
                meta: Meta::of(&snapshot.progress(&stream.name), &stream.window, snapshot.now),
            });
        }
        Ok(Pipeline { count: data.len(), data, counted_up_to: COUNTED_UP_TO })
    }
}

/// How far each partition is
#[utoipa::path(
    get,
    path = "/api/pipeline",
    tag = "streams",
    responses((status = 200, body = Pipeline), Refusals),
)]
pub(super) async fn pipeline(
    State(app): State<App>,
    Checked(NoParameters): Checked<NoParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(PipelineQuery, &headers).await
}
