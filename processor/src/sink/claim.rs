//! Taking partitions over: raise the epoch, read where to go on, read the open windows, in one transaction.

use std::collections::{BTreeMap, VecDeque};

use common::{
    db::{self, DbError, PgSettings, query},
    offset::{CommitSeq, NextOffset, Offset, OwnerEpoch, PartitionId},
    sketch::Sketch,
    time::Timestamp,
    window::Window,
};
use schema::{Measure, Rollup, StreamDefinition};
use tokio_postgres::{Client, Transaction};

use super::rewind;
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
        let mut one = Claimed {
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
        };
        let wanted = Wanted::of(definition, &one);
        (one.open_rows, one.open_spans) = open_windows(&transaction, definition, partition, &wanted).await?;
        claimed.push(one);
    }
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

async fn open_windows(
    transaction: &Transaction<'_>,
    definition: &StreamDefinition,
    partition: PartitionId,
    wanted: &Wanted,
) -> Result<(Vec<Vec<StoredRow>>, Vec<WindowSpan>), DbError> {
    let mut rollups = Vec::with_capacity(definition.rollups.len());
    for rollup in &definition.rollups {
        let rows = transaction
            .query(
                &open_rows_sql(rollup),
                &[&partition.0, &wanted.after, &wanted.and_after, &wanted.or_one_of],
            )
            .await
            .map_err(query("reading open windows"))?;
        rollups.push(rows.iter().map(|row| stored_row(rollup, row)).collect::<Result<_, _>>()?);
    }
    let spans = transaction
        .query(
            include_str!("../../../sql/queries/window_span_open.sql"),
            &[&definition.name, &partition.0, &wanted.after, &wanted.and_after, &wanted.or_one_of],
        )
        .await
        .map_err(query("reading window spans"))?;
    let spans = spans.iter().map(rewind::span).collect();
    Ok((rollups, spans))
}

fn open_rows_sql(rollup: &Rollup) -> String {
    let columns: Vec<String> = ["window_start"]
        .into_iter()
        .chain(rollup.dimensions.iter().map(|dimension| dimension.name.as_str()))
        .chain(rollup.labels.iter().map(|label| label.name.as_str()))
        .chain(rollup.numbers().map(|measure| measure.name.as_str()))
        .chain(rollup.sketches().map(|measure| measure.name.as_str()))
        .map(|name| format!("\"{name}\""))
        .collect();
    format!(
        "-- open_rows {table}\nSELECT {columns} FROM \"{table}_partial\" WHERE source_partition = $1 AND window_start > $2 \
         AND (window_start > $3 OR window_start = ANY ($4))",
        table = rollup.name,
        columns = columns.join(", "),
    )
}

fn stored_row(rollup: &Rollup, row: &tokio_postgres::Row) -> Result<StoredRow, DbError> {
    let labels_at = 1 + rollup.dimensions.len();
    let numbers_at = labels_at + rollup.labels.len();
    let sketches_at = numbers_at + rollup.numbers().count();
    let window: Timestamp = row.get(0);
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
        dimensions: (1..labels_at).map(|at| row.get(at)).collect(),
        labels: (labels_at..numbers_at).map(|at| row.get(at)).collect(),
        numbers: (numbers_at..sketches_at).map(|at| row.get(at)).collect(),
        sketches: (sketches_at..).zip(rollup.sketches()).map(sketch).collect::<Result<_, _>>()?,
    })
}
