//! Taking partitions over: raise the epoch, read where to go on, read the open windows, in one transaction.

use std::collections::{BTreeMap, VecDeque};

use common::{
    db::{self, DbError, PgSettings, query},
    offset::{CommitSeq, NextOffset, Offset, OwnerEpoch, PartitionId},
    time::Timestamp,
};
use schema::StreamDefinition;
use tokio_postgres::{Client, Transaction};

use super::{open_windows::read_open_windows, rewind};
use crate::window::{Rewind, StoredRow, WindowSpan};

/// Which partitions to take over, and where one that was never read begins.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    pub partitions: Vec<(PartitionId, NextOffset)>,
    pub topic_id: String,
    /// Host, process and thread, for people who look.
    pub owner: String,
}

/// One partition as its new owner finds it.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub partition: PartitionId,
    pub next: NextOffset,
    /// The topic's id when the partition was first read; empty where the broker gave none.
    pub topic_id: String,
    pub epoch: OwnerEpoch,
    pub commit_seq: CommitSeq,
    pub stream_time: Option<Timestamp>,
    /// The rows of windows that are still open, per rollup in the definition's order.
    pub open_rows: Vec<Vec<StoredRow>>,
    pub open_spans: Vec<WindowSpan>,
    /// A rewind under way.
    pub rewind: Option<Rewind>,
    /// Records at or after `next` that were ahead of the clock before a rewind, ascending. That decision stays.
    pub futures: VecDeque<Offset>,
}

/// The partitions of the stream that were ever started.
///
/// # Errors
/// When the database does not answer.
pub async fn started_partitions(settings: &PgSettings, stream: &str) -> Result<Vec<PartitionId>, DbError> {
    let client = db::connect(settings, "streampulse-claim").await?;
    let rows = client
        .query(include_str!("../../../sql/queries/progress_known.sql"), &[&stream])
        .await
        .map_err(query("reading progress"))?;
    Ok(rows.iter().map(|row| PartitionId(row.get(0))).collect())
}

/// Notes where each partition of a stream begins that was never started. Where another was faster, its word stays.
///
/// # Errors
/// When the database does not answer.
pub async fn seed(
    settings: &PgSettings,
    stream: &str,
    starts: &[(PartitionId, NextOffset)],
) -> Result<(), DbError> {
    let client = db::connect(settings, "streampulse-claim").await?;
    let partitions: Vec<i32> = starts.iter().map(|(partition, _)| partition.0).collect();
    let offsets: Vec<i64> = starts.iter().map(|(_, start)| start.0).collect();
    client
        .execute(include_str!("../../../sql/queries/progress_seed.sql"), &[&stream, &partitions, &offsets])
        .await
        .map(|_| ())
        .map_err(query("noting where partitions begin"))
}

/// Makes us the owner: from here on a former owner's commits match no row.
///
/// Waits for the former owner's open transaction. Nothing is changed when it fails.
///
/// # Errors
/// When the database does not answer or refuses.
pub async fn claim(
    settings: &PgSettings,
    definition: &StreamDefinition,
    request: &ClaimRequest,
) -> Result<Vec<Claimed>, DbError> {
    let mut client: Client = db::connect(settings, "streampulse-claim").await?;
    let transaction = client.transaction().await.map_err(query("opening the claim"))?;
    let partitions: Vec<i32> = request.partitions.iter().map(|(partition, _)| partition.0).collect();
    let starts: Vec<i64> = request.partitions.iter().map(|(_, start)| start.0).collect();
    let rows = transaction
        .query(
            include_str!("../../../sql/queries/progress_claim.sql"),
            &[&definition.name, &partitions, &starts, &request.topic_id, &request.owner],
        )
        .await
        .map_err(query("claiming partitions"))?;
    let (mut rewinds, mut futures) = rewound(&transaction, &definition.name, &partitions).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        let partition = PartitionId(row.get(0));
        claimed.push(Claimed {
            partition,
            next: NextOffset(row.get(1)),
            topic_id: row.get(5),
            epoch: OwnerEpoch(row.get(2)),
            commit_seq: CommitSeq(row.get(4)),
            stream_time: row.get(3),
            open_rows: Vec::new(),
            open_spans: Vec::new(),
            rewind: rewinds.remove(&partition),
            futures: futures.remove(&partition).unwrap_or_default(),
        });
    }
    read_open_windows(&transaction, definition, &mut claimed).await?;
    transaction.commit().await.map_err(query("committing the claim"))?;
    Ok(claimed)
}

/// Moves a partition we own forward without counting `[claimed.next, to)`, and records that gap.
///
/// # Errors
/// When the database does not answer, or the partition has another owner by now.
pub async fn skip_to(
    settings: &PgSettings,
    stream: &str,
    claimed: &Claimed,
    to: NextOffset,
    reason: &str,
) -> Result<(), DbError> {
    let client = db::connect(settings, "streampulse-claim").await?;
    client
        .execute(
            include_str!("../../../sql/queries/progress_skip.sql"),
            &[&stream, &claimed.partition.0, &claimed.epoch.0, &claimed.next.0, &to.0, &reason],
        )
        .await
        .map(|_| ())
        .map_err(query("recording a gap"))
}

/// The rewinds under way and the records that stay ahead of the clock, by partition.
async fn rewound(
    transaction: &Transaction<'_>,
    stream: &str,
    partitions: &[i32],
) -> Result<(BTreeMap<PartitionId, Rewind>, BTreeMap<PartitionId, VecDeque<Offset>>), DbError> {
    let rewinds = transaction
        .query(include_str!("../../../sql/queries/rewind_ongoing.sql"), &[&stream, &partitions])
        .await
        .map_err(query("reading rewinds under way"))?;
    let mut futures: BTreeMap<PartitionId, VecDeque<Offset>> = BTreeMap::new();
    let rows = transaction
        .query(include_str!("../../../sql/queries/rewind_futures.sql"), &[&stream, &partitions])
        .await
        .map_err(query("reading records ahead of the clock"))?;
    for row in &rows {
        futures.entry(PartitionId(row.get(0))).or_default().push_back(Offset(row.get(1)));
    }
    Ok((rewinds.iter().map(rewind::stored).collect(), futures))
}
