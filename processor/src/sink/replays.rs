//! Replays that operators asked for and owners have yet to take up.

use common::{
    db::{self, DbError, PgSettings, query},
    offset::{NextOffset, PartitionId, ReplayId},
};
use tokio_postgres::Client;

use crate::window::Target;

/// One partition of a requested replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayRequest {
    pub replay: ReplayId,
    pub partition: PartitionId,
    pub target: Target,
}

/// # Errors
/// When the database does not answer.
pub(super) async fn requested_replays(client: &Client, stream: &str) -> Result<Vec<ReplayRequest>, DbError> {
    let rows = client
        .query(include_str!("../../../sql/queries/replay_requested.sql"), &[&stream])
        .await
        .map_err(query("reading requested replays"))?;
    let request = |row: &tokio_postgres::Row| {
        let from = NextOffset(row.get(2));
        ReplayRequest {
            replay: ReplayId(row.get(0)),
            partition: PartitionId(row.get(1)),
            target: match row.get::<_, Option<i64>>(3) {
                Some(to) => Target::Between { from, to: NextOffset(to) },
                None => Target::From(from),
            },
        }
    };
    Ok(rows.iter().map(request).collect())
}

/// Notes why a replay cannot be carried out.
///
/// # Errors
/// When the database does not answer.
pub async fn refuse_replay(
    settings: &PgSettings,
    request: &ReplayRequest,
    reason: &str,
) -> Result<(), DbError> {
    db::connect(settings, "streampulse-replay")
        .await?
        .execute(
            include_str!("../../../sql/queries/replay_refuse.sql"),
            &[&request.replay.0, &request.partition.0, &reason],
        )
        .await
        .map(|_| ())
        .map_err(query("refusing a replay"))
}
