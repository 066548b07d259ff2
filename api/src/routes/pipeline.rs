//! `GET /api/pipeline`

use axum::{extract::State, http::HeaderMap, response::Response};
use common::{
    offset::{CommitSeq, NextOffset, OwnerEpoch, PartitionId},
    time::Timestamp,
};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use super::{
    control::StreamControl,
    replays::{REPLAYS, ReplayState},
};
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
const PIPELINE_GAPS: &str = include_str!("../../../sql/queries/pipeline_gaps.sql");
const PIPELINE_CONTROL: &str = include_str!("../../../sql/queries/pipeline_control.sql");
/// Gaps and unfinished replays shown of a stream, the latest of them.
const SHOWN: i64 = 20;
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
    /// The greatest of its partitions.
    lag_seconds: Option<f64>,
    /// How often partitions came to another owner.
    rebalances: i64,
    /// Who paused or resumed it last; null where nobody ever did.
    control: Option<StreamControl>,
    /// Offsets that were never counted, the latest 20.
    gaps: Vec<Gap>,
    /// Replays that have not ended, the latest 20.
    replays: Vec<ReplayState>,
    partitions: Vec<PartitionState>,
    meta: Meta,
}

/// Offsets `from_offset` to `to_offset`, without the last, that were skipped.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Gap {
    #[schema(value_type = i32)]
    partition: PartitionId,
    #[schema(value_type = i64)]
    from_offset: NextOffset,
    #[schema(value_type = i64)]
    to_offset: NextOffset,
    reason: String,
    recorded_by: String,
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
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
    /// 0 where everything was read when last looked at, else as `stream_time_lag_seconds`.
    lag_seconds: Option<f64>,
    idle: bool,
    owner: String,
    #[schema(value_type = i64)]
    owner_epoch: OwnerEpoch,
    /// How often it came to another owner.
    rebalances: i64,
    /// Where a replay under way has caught up with it; null where there is none.
    #[schema(value_type = Option<i64>)]
    replaying_until: Option<NextOffset>,
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
        let behind = stream_time.map(|time| rounded(now.since(time).max(0) as f64 / 1_000.0, 3));
        let lag = (high_watermark - next_offset).max(0);
        Ok(Self {
            partition: PartitionId(row.try_get("source_partition")?),
            topic_id: row.try_get("topic_id")?,
            next_offset: NextOffset(next_offset),
            high_watermark,
            lag,
            stream_time,
            stream_time_lag_seconds: behind,
            lag_seconds: if lag == 0 { Some(0.0) } else { behind },
            idle: row.try_get("idle")?,
            owner: row.try_get("owner")?,
            owner_epoch: OwnerEpoch(row.try_get("owner_epoch")?),
            rebalances: row.try_get("handovers")?,
            replaying_until: row.try_get::<_, Option<i64>>("rewinding_until")?.map(NextOffset),
            commit_seq: CommitSeq(row.try_get("commit_seq")?),
            updated_at: row.try_get("updated_at")?,
            dead_letters: row.try_get("dead_letters")?,
            late_events: row.try_get("late_events")?,
        })
    }
}

impl Gap {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            partition: PartitionId(row.try_get("source_partition")?),
            from_offset: NextOffset(row.try_get("from_offset")?),
            to_offset: NextOffset(row.try_get("to_offset")?),
            reason: row.try_get("reason")?,
            recorded_by: row.try_get("recorded_by")?,
            recorded_at: row.try_get("recorded_at")?,
        })
    }
}

/// What the rows about `stream` say.
fn about<T>(
    stream: &str,
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, tokio_postgres::Error>,
) -> Result<Vec<T>, LoadError> {
    let mut found = Vec::new();
    for row in rows {
        if row.try_get::<_, &str>("stream")? == stream {
            found.push(read(row)?);
        }
    }
    Ok(found)
}

impl Panel for PipelineQuery {
    type Body = Pipeline;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let rows = snapshot.rows(PIPELINE_PARTITIONS, &[&COUNTED_UP_TO]).await?;
        let gaps = snapshot.rows(PIPELINE_GAPS, &[&SHOWN]).await?;
        let controls = snapshot.rows(PIPELINE_CONTROL, &[]).await?;
        let mut data = Vec::new();
        for stream in snapshot.catalog.streams() {
            let partitions = about(&stream.name, &rows, |row| PartitionState::of(row, snapshot.now))?;
            let replays = snapshot.rows(REPLAYS, &[&Some(&stream.name), &true, &SHOWN]).await?;
            data.push(StreamState {
                stream: stream.name.clone(),
                topic: stream.topic.clone(),
                lag: partitions.iter().map(|partition| partition.lag).sum(),
                dead_letters: partitions.iter().map(|partition| partition.dead_letters).sum(),
                late_events: partitions.iter().map(|partition| partition.late_events).sum(),
                lag_seconds: partitions
                    .iter()
                    .filter_map(|partition| partition.lag_seconds)
                    .max_by(f64::total_cmp),
                rebalances: partitions.iter().map(|partition| partition.rebalances).sum(),
                control: about(&stream.name, &controls, StreamControl::of)?.pop(),
                gaps: about(&stream.name, &gaps, Gap::of)?,
                replays: about(&stream.name, &replays, ReplayState::of)?,
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
