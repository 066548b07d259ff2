//! One read-only transaction: everything an answer is made of comes from the same moment.

use std::sync::Arc;

use common::{duration::Millis, time::Timestamp};
use deadpool_postgres::{Client, Object, Pool};
use tokio_postgres::{
    Row, RowStream,
    types::{ToSql, Type},
};

use crate::{
    catalog::Catalog,
    failure::LoadError,
    freshness::Meta,
    progress::{self, Acknowledged, Seen, StreamProgress},
};

const STATEMENT_TIMEOUT: &str = include_str!("../../sql/queries/statement_timeout.sql");

/// Dropped without [`Self::close`] it gives up its connection, so that none returns to the pool in a transaction.
#[derive(Debug)]
pub(crate) struct Snapshot {
    client: Option<Client>,
    seen: Seen,
    pub(crate) now: Timestamp,
    pub(crate) catalog: Arc<Catalog>,
}

impl Snapshot {
    pub(crate) async fn open(
        pool: &Pool,
        catalog: Arc<Catalog>,
        now: Timestamp,
        statement_timeout: Millis,
    ) -> Result<Self, LoadError> {
        let mut snapshot = Self { client: Some(pool.get().await?), seen: Seen::default(), now, catalog };
        let client = snapshot.client()?;
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let millis = statement_timeout.as_millis().to_string();
        client.execute(&client.prepare_cached(STATEMENT_TIMEOUT).await?, &[&millis]).await?;
        let seen = progress::read(client, Acknowledged::default()).await?;
        snapshot.seen = seen;
        Ok(snapshot)
    }

    /// Ends the transaction and gives the connection back.
    pub(crate) async fn close(mut self) -> Result<(), LoadError> {
        self.client()?.batch_execute("COMMIT").await?;
        drop(self.client.take());
        Ok(())
    }

    pub(crate) async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LoadError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, parameters).await?)
    }

    /// Of a statement made for one query: it is not kept prepared, as there are as many of them as queries.
    pub(crate) async fn rows_once(
        &self,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, LoadError> {
        Ok(self.client()?.query_typed(sql, parameters).await?)
    }

    /// The same one after another, for more than should be held at a time.
    pub(crate) async fn rows_streamed(
        &self,
        sql: &str,
        parameters: Vec<(&(dyn ToSql + Sync), Type)>,
    ) -> Result<RowStream, LoadError> {
        Ok(self.client()?.query_typed_raw(sql, parameters).await?)
    }

    pub(crate) async fn row(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, LoadError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query_one(&statement, parameters).await?)
    }

    /// The time `minutes` before now.
    pub(crate) fn back(&self, minutes: i64) -> Timestamp {
        self.now.plus_millis(-minutes * 60_000)
    }

    /// Freshness of the stream behind `/api/stats`.
    pub(crate) fn downloads_meta(&self) -> Meta {
        let stream = self.catalog.downloads();
        Meta::of(&self.progress(&stream.name), &stream.window, self.now)
    }

    /// Progress of a stream, all zero before its first commit.
    pub(crate) fn progress(&self, stream: &str) -> StreamProgress {
        self.seen.streams.get(stream).cloned().unwrap_or_default()
    }

    fn client(&self) -> Result<&Client, LoadError> {
        self.client.as_ref().ok_or(LoadError::Internal)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
