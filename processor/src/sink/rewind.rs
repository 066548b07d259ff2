//! Going back: what is to be counted again is taken out of the tables and the partition set back, in one transaction.

use std::collections::BTreeMap;

use common::{
    db::{self, DbError, PgSettings, query},
    offset::{NextOffset, Offset, OwnerEpoch, PartitionId, ReplayId},
    time::Timestamp,
    window::Window,
};
use schema::StreamDefinition;
use tokio_postgres::{Client, Row, Transaction};

use crate::window::{Head, HeadGone, Position, Rewind, RewindPlan, Target, WindowSpan, plan};

/// A partition could not be set back; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RewindError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    HeadGone(#[from] HeadGone),
    #[error("partition {0} was claimed by another owner")]
    Fenced(PartitionId),
    /// The request was cancelled, or taken up already.
    #[error("replay {0} does not wait to be taken up any more")]
    NotRequested(ReplayId),
}

/// One partition to be set back by its owner.
#[derive(Clone, Debug)]
pub struct RewindRequest {
    pub partition: PartitionId,
    pub epoch: OwnerEpoch,
    pub target: Target,
    /// The first offset the log still holds.
    pub low: NextOffset,
    pub cause: Cause,
}

/// Who asked for it.
#[derive(Clone, Debug)]
pub enum Cause {
    Replay(ReplayId),
    /// The group's offset was reset with Kafka's own tools, found by this owner.
    OffsetReset {
        found_by: String,
    },
}

/// Sets a partition back. It has to be claimed again afterwards: its epoch was raised, which fences our own commits
/// that may be under way as well.
///
/// # Errors
/// [`RewindError`]; nothing is changed then.
pub async fn rewind(
    settings: &PgSettings,
    definition: &StreamDefinition,
    request: &RewindRequest,
) -> Result<RewindPlan, RewindError> {
    let stream = &definition.name;
    let partition = request.partition.0;
    let mut client = db::connect(settings, "streampulse-rewind").await?;
    let transaction = client.transaction().await.map_err(query("opening a rewind"))?;
    let found = transaction
        .query_opt(
            include_str!("../../../sql/queries/rewind_position.sql"),
            &[stream, &partition, &request.epoch.0],
        )
        .await
        .map_err(query("locking progress"))?;
    let found = found.ok_or(RewindError::Fenced(request.partition))?;
    let position = position(&transaction, definition, request, &found).await?;
    let plan = plan(&position, request.target)?;

    let removed = forget(&transaction, definition, request.partition, &plan.rewind).await?;
    transaction
        .execute(
            include_str!("../../../sql/queries/rewind_move.sql"),
            &[stream, &partition, &plan.start.0, &plan.stream_time],
        )
        .await
        .map_err(query("setting progress back"))?;
    let replay = begin(&transaction, stream, request, &plan, removed).await?;
    store(&transaction, stream, request.partition, (&plan, replay)).await?;
    if let Some(first) = plan.rewind.rebuilt.keys().next() {
        transaction
            .execute(include_str!("../../../sql/queries/detector_mark_revised.sql"), &[stream, &first.start])
            .await
            .map_err(query("marking revised windows"))?;
    }
    transaction.commit().await.map_err(query("committing a rewind"))?;
    tracing::info!(
        stream = %stream, partition, replay = %replay, to = %plan.rewind.to, start = %plan.start,
        until = %plan.rewind.until, windows = plan.rewind.rebuilt.len(), frozen = plan.rewind.frozen.len(),
        rows_removed = removed, "partition set back"
    );
    Ok(plan)
}

/// Reads what a plan needs, without changing anything.
///
/// # Errors
/// When the database does not answer.
pub async fn read_position(
    client: &Client,
    definition: &StreamDefinition,
    partition: PartitionId,
    low: NextOffset,
) -> Result<Option<Position>, DbError> {
    let rows = client
        .query(
            "SELECT next_offset, stream_time FROM partition_progress WHERE stream = $1 AND source_partition = $2",
            &[&definition.name, &partition.0],
        )
        .await
        .map_err(query("reading progress"))?;
    let Some(row) = rows.first() else { return Ok(None) };
    let spans = client
        .query(
            include_str!("../../../sql/queries/rewind_spans.sql"),
            &[&definition.name, &partition.0, &0_i64],
        )
        .await
        .map_err(query("reading window spans"))?;
    let ongoing = client
        .query(
            include_str!("../../../sql/queries/rewind_ongoing.sql"),
            &[&definition.name, &vec![partition.0]],
        )
        .await
        .map_err(query("reading the rewind under way"))?;
    Ok(Some(Position {
        next: NextOffset(row.get(0)),
        stream_time: row.get(1),
        low,
        spans: spans.iter().map(span).collect(),
        ongoing: ongoing.first().map(|row| stored(row).1),
    }))
}

async fn position(
    transaction: &Transaction<'_>,
    definition: &StreamDefinition,
    request: &RewindRequest,
    found: &Row,
) -> Result<Position, DbError> {
    let ongoing = transaction
        .query(
            include_str!("../../../sql/queries/rewind_ongoing.sql"),
            &[&definition.name, &vec![request.partition.0]],
        )
        .await
        .map_err(query("reading the rewind under way"))?;
    let ongoing = ongoing.first().map(|row| stored(row).1);
    let lowest = request.target.reaches(ongoing.as_ref());
    let spans = transaction
        .query(
            include_str!("../../../sql/queries/rewind_spans.sql"),
            &[&definition.name, &request.partition.0, &lowest.0],
        )
        .await
        .map_err(query("reading window spans"))?;
    Ok(Position {
        next: NextOffset(found.get(0)),
        stream_time: found.get(1),
        low: request.low,
        spans: spans.iter().map(span).collect(),
        ongoing,
    })
}

/// Takes out what will be counted again; returns the number of rollup rows.
async fn forget(
    transaction: &Transaction<'_>,
    definition: &StreamDefinition,
    partition: PartitionId,
    rewind: &Rewind,
) -> Result<u64, DbError> {
    let windows: Vec<Timestamp> = rewind.rebuilt.keys().map(|window| window.start).collect();
    let mut removed = 0;
    for rollup in &definition.rollups {
        // The name was checked with the definition.
        let delete = format!(
            "-- rewind_forget_rows\nDELETE FROM \"{}_partial\" WHERE source_partition = $1 AND window_start = ANY ($2)",
            rollup.name
        );
        removed +=
            transaction.execute(&delete, &[&partition.0, &windows]).await.map_err(query("removing rows"))?;
    }
    transaction
        .execute(
            include_str!("../../../sql/queries/rewind_forget_spans.sql"),
            &[&definition.name, &partition.0, &windows],
        )
        .await
        .map_err(query("removing window spans"))?;
    for sql in [
        include_str!("../../../sql/queries/rewind_forget_late.sql"),
        include_str!("../../../sql/queries/rewind_forget_dead.sql"),
    ] {
        transaction
            .execute(sql, &[&definition.name, &partition.0, &rewind.to.0])
            .await
            .map_err(query("removing late and dead records"))?;
    }
    Ok(removed)
}

/// Writes the audit row; the request must still wait.
async fn begin(
    transaction: &Transaction<'_>,
    stream: &str,
    request: &RewindRequest,
    plan: &RewindPlan,
    removed: u64,
) -> Result<ReplayId, RewindError> {
    let partition = request.partition.0;
    let replay = match &request.cause {
        Cause::Replay(id) => *id,
        Cause::OffsetReset { found_by } => {
            let (Target::From(from) | Target::Between { from, .. }) = request.target;
            let row = transaction
                .query_one(
                    include_str!("../../../sql/queries/replay_record.sql"),
                    &[&stream, &partition, &"reset of the group's offset", found_by, &from.0],
                )
                .await
                .map_err(query("recording the reset"))?;
            ReplayId(row.get(0))
        }
    };
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let row = transaction
        .query_one(
            include_str!("../../../sql/queries/replay_begin.sql"),
            &[
                &replay.0,
                &partition,
                &plan.start.0,
                &plan.rewind.until.0,
                &count(plan.rewind.rebuilt.len()),
                &count(plan.rewind.frozen.len()),
                &i64::try_from(removed).unwrap_or(i64::MAX),
            ],
        )
        .await
        .map_err(query("taking up the replay"))?;
    if row.get::<_, i64>(0) == 0 {
        return Err(RewindError::NotRequested(replay));
    }
    Ok(replay)
}

async fn store(
    transaction: &Transaction<'_>,
    stream: &str,
    partition: PartitionId,
    (plan, replay): (&RewindPlan, ReplayId),
) -> Result<(), DbError> {
    let rewind = &plan.rewind;
    let windows = |heads: &BTreeMap<Window, Head>| -> Vec<Timestamp> {
        heads.keys().map(|window| window.start).collect()
    };
    let offsets = |heads: &BTreeMap<Window, Head>| -> Vec<i64> {
        heads.values().map(|head| head.first_offset.0).collect()
    };
    let times = |heads: &BTreeMap<Window, Head>| -> Vec<Option<Timestamp>> {
        heads.values().map(|head| head.stream_time).collect()
    };
    transaction
        .execute(
            include_str!("../../../sql/queries/rewind_store.sql"),
            &[
                &stream,
                &partition.0,
                &rewind.to.0,
                &rewind.came_from.0,
                &rewind.stream_time_before,
                &rewind.until.0,
                &windows(&rewind.rebuilt),
                &offsets(&rewind.rebuilt),
                &times(&rewind.rebuilt),
                &windows(&rewind.frozen),
                &offsets(&rewind.frozen),
                &times(&rewind.frozen),
                &replay.0,
            ],
        )
        .await
        .map_err(query("storing the rewind"))?;
    // Nothing to read again: it has ended already.
    if rewind.is_done(plan.start) {
        transaction
            .execute(include_str!("../../../sql/queries/rewind_end.sql"), &[&stream, &vec![partition.0]])
            .await
            .map_err(query("ending the rewind"))?;
    }
    Ok(())
}

/// A row of `rewind_ongoing`.
pub(super) fn stored(row: &Row) -> (PartitionId, Rewind) {
    let heads = |at: usize| {
        let windows: Vec<Timestamp> = row.get(at);
        let offsets: Vec<i64> = row.get(at + 1);
        let times: Vec<Option<Timestamp>> = row.get(at + 2);
        let heads = offsets
            .into_iter()
            .zip(times)
            .map(|(offset, stream_time)| Head { first_offset: Offset(offset), stream_time });
        windows.into_iter().map(|start| Window { start }).zip(heads).collect()
    };
    let rewind = Rewind {
        to: NextOffset(row.get(1)),
        came_from: NextOffset(row.get(2)),
        stream_time_before: row.get(3),
        until: NextOffset(row.get(4)),
        rebuilt: heads(5),
        frozen: heads(8),
    };
    (PartitionId(row.get(0)), rewind)
}

pub(super) fn span(row: &Row) -> WindowSpan {
    WindowSpan {
        window: Window { start: row.get(0) },
        first_offset: Offset(row.get(1)),
        last_offset: Offset(row.get(2)),
        stream_time_at_first: row.get(3),
    }
}
