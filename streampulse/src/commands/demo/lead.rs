//! The generator never gets further ahead of the processor than the embedded broker can hold.

use std::time::Duration;

use anyhow::Context;
use common::{
    db::{self, PgSettings},
    shutdown::Shutdown,
};
use generator::Lead;
use tokio::runtime::Handle;
use tokio_postgres::Client;

use crate::local::broker::LOG_BYTES;

/// How long the database may take to say how far the processor is.
const ANSWER: Duration = Duration::from_secs(10);

/// What is committed of `stream` decides; once `over`, nobody commits any more. To be used on a thread that may block.
pub(super) async fn lead(pg: &PgSettings, stream: String, over: Shutdown) -> anyhow::Result<Lead> {
    let client = db::connect(pg, "streampulse-demo").await?;
    let runtime = Handle::current();
    Ok(Lead::new(LOG_BYTES, move || {
        let looked = runtime.block_on(async {
            tokio::select! {
                () = over.wait() => anyhow::bail!("the processor has ended"),
                found = reached(&client, &stream) => found,
            }
        });
        looked.map_err(|error| format!("{error:#}"))
    }))
}

async fn reached(client: &Client, stream: &str) -> anyhow::Result<Vec<(i32, i64)>> {
    let sql = include_str!("../../../../sql/queries/progress_reached.sql");
    let rows = tokio::time::timeout(ANSWER, client.query(sql, &[&stream])).await;
    let rows = rows.context("the database does not answer")?.context("reading what is committed")?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
