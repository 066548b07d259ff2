//! Streams that operators have paused.

use common::db::{DbError, query};
use tokio_postgres::Client;

/// Who paused a stream, and why; `None` where it is to be read.
///
/// # Errors
/// When the database does not answer.
pub async fn read_hold(client: &Client, stream: &str) -> Result<Option<String>, DbError> {
    let row = client
        .query_opt(include_str!("../../../sql/queries/stream_hold.sql"), &[&stream])
        .await
        .map_err(query("reading whether the stream is paused"))?;
    Ok(row.map(|row| {
        let (by, reason): (String, String) = (row.get(0), row.get(1));
        if reason.is_empty() { format!("paused by {by}") } else { format!("paused by {by}: {reason}") }
    }))
}
