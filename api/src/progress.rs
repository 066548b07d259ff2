//! What the pipeline has committed, in one small reading.

use std::collections::BTreeMap;

use common::{offset::DataVersion, time::Timestamp};
use deadpool_postgres::Client;
use tokio_postgres::Row;

use crate::failure::LoadError;

const PROGRESS_WATCH: &str = include_str!("../../sql/queries/progress_watch.sql");
const ALERTS_WATCH: &str = include_str!("../../sql/queries/alerts_watch.sql");
const ALERTS_ACKNOWLEDGED: &str = include_str!("../../sql/queries/alerts_acknowledged.sql");

/// One stream's progress, over all its partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct StreamProgress {
    pub(crate) data_version: DataVersion,
    /// Sum of owner epochs: a rewind raises it before anything is counted again.
    pub(crate) epochs: i64,
    pub(crate) all_idle: bool,
    /// Least stream time of the partitions that are not idle.
    pub(crate) slowest: Option<Timestamp>,
    /// A partition that is not idle has seen no event yet.
    pub(crate) unknown: bool,
}

/// Changes whenever any table that answers come from does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    pub(crate) streams: BTreeMap<String, StreamProgress>,
    pub(crate) alerts: AlertsMark,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct AlertsMark {
    newest_id: i64,
    /// The last entry of the audit: every write through the API makes one.
    newest_write: i64,
    detection_epoch: i64,
    detected_through: Option<Timestamp>,
    refold_from: Option<Timestamp>,
    acknowledged: Acknowledged,
}

/// People acknowledge alerts; no commit of the pipeline tells of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Acknowledged {
    count: i64,
    latest: Option<Timestamp>,
}

/// Reads progress. Within a transaction it is of that transaction's snapshot. `acknowledged` is taken as given,
/// because counting it costs a scan.
pub(crate) async fn read(client: &Client, acknowledged: Acknowledged) -> Result<Seen, LoadError> {
    let (progress, alerts) =
        futures::try_join!(client.prepare_cached(PROGRESS_WATCH), client.prepare_cached(ALERTS_WATCH))?;
    let (rows, marks) = futures::try_join!(client.query(&progress, &[]), client.query_one(&alerts, &[]))?;
    Ok(Seen {
        streams: rows.iter().map(stream).collect::<Result<_, _>>()?,
        alerts: AlertsMark {
            newest_id: marks.try_get("newest_id")?,
            newest_write: marks.try_get("newest_write")?,
            detection_epoch: marks.try_get("detection_epoch")?,
            detected_through: marks.try_get("detected_through")?,
            refold_from: marks.try_get("refold_from")?,
            acknowledged,
        },
    })
}

pub(crate) async fn read_acknowledged(client: &Client) -> Result<Acknowledged, LoadError> {
    let statement = client.prepare_cached(ALERTS_ACKNOWLEDGED).await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok(Acknowledged { count: row.try_get("acknowledged")?, latest: row.try_get("latest")? })
}

fn stream(row: &Row) -> Result<(String, StreamProgress), tokio_postgres::Error> {
    Ok((
        row.try_get("stream")?,
        StreamProgress {
            data_version: DataVersion(row.try_get("data_version")?),
            epochs: row.try_get("epochs")?,
            all_idle: row.try_get("all_idle")?,
            slowest: row.try_get("slowest")?,
            unknown: row.try_get("unknown")?,
        },
    ))
}
