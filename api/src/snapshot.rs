//! One read-only transaction: everything an answer is made of comes from the same moment.

use std::sync::Arc;

use common::{duration::Millis, time::Timestamp};
use deadpool_postgres::Pool;
use tokio_postgres::{
    Row, RowStream,
    types::{ToSql, Type},
};

use crate::{
    catalog::Catalog,
    failure::LoadError,
    freshness::Meta,
    progress::{self, Acknowledged, Seen, StreamProgress},
    transaction::Transaction,
};

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

#[derive(Debug)]
pub(crate) struct Snapshot {
    transaction: Transaction,
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
        let transaction = Transaction::begin(pool, BEGIN, statement_timeout).await?;
        let seen = progress::read(transaction.client()?, Acknowledged::default()).await?;
        Ok(Self { transaction, seen, now, catalog })
    }

    /// Ends the transaction and gives the connection back.
    pub(crate) async fn close(self) -> Result<(), LoadError> {
        self.transaction.commit().await
    }

    pub(crate) async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LoadError> {
        self.transaction.rows(sql, parameters).await
    }

    /// Of a statement made for one query.
    pub(crate) async fn rows_once(
        &self,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, LoadError> {
        self.transaction.rows_once(sql, parameters).await
    }

    /// The same one after another, for more than should be held at a time.
    pub(crate) async fn rows_streamed(
        &self,
        sql: &str,
        parameters: Vec<(&(dyn ToSql + Sync), Type)>,
    ) -> Result<RowStream, LoadError> {
        Ok(self.transaction.client()?.query_typed_raw(sql, parameters).await?)
    }

    pub(crate) async fn row(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, LoadError> {
        let client = self.transaction.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query_one(&statement, parameters).await?)
    }

    /// The time `minutes` before now.
    pub(crate) fn back(&self, minutes: i64) -> Timestamp {
        self.now.plus_millis(-minutes * 60_000)
    }

    /// Freshness of the main stream.
    pub(crate) fn meta(&self) -> Meta {
        let stream = self.catalog.main();
        Meta::of(&self.progress(&stream.name), &stream.window, self.now)
    }

    /// Progress of a stream, all zero before its first commit.
    pub(crate) fn progress(&self, stream: &str) -> StreamProgress {
        self.seen.streams.get(stream).cloned().unwrap_or_default()
    }
}
