//! A connection within a transaction.

use common::duration::Millis;
use deadpool_postgres::{Client, Object, Pool};
use futures::try_join;
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

use crate::failure::LoadError;

const STATEMENT_TIMEOUT: &str = include_str!("../../sql/queries/statement_timeout.sql");

/// Dropped without [`Self::commit`] it gives up its connection, and with it all it did: none returns to the pool in a
/// transaction.
#[derive(Debug)]
pub(crate) struct Transaction(Option<Client>);

impl Transaction {
    /// `begin` is the statement that begins it; each further one may take `statement_timeout`.
    pub(crate) async fn begin(
        pool: &Pool,
        begin: &'static str,
        statement_timeout: Millis,
    ) -> Result<Self, LoadError> {
        let transaction = Self(Some(pool.get().await?));
        let client = transaction.client()?;
        let millis = statement_timeout.as_millis().to_string();
        let limit = async {
            client.execute(&client.prepare_cached(STATEMENT_TIMEOUT).await?, &[&millis]).await?;
            Ok(())
        };
        // Sent together, in this order.
        try_join!(async { Ok::<_, LoadError>(client.batch_execute(begin).await?) }, limit)?;
        Ok(transaction)
    }

    pub(crate) async fn commit(mut self) -> Result<(), LoadError> {
        self.client()?.batch_execute("COMMIT").await?;
        drop(self.0.take());
        Ok(())
    }

    pub(crate) async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LoadError> {
        let client = self.client()?;
        Ok(client.query(&client.prepare_cached(sql).await?, parameters).await?)
    }

    /// Of a statement made for one query: it is not kept prepared, as there are as many of them as queries.
    pub(crate) async fn rows_once(
        &self,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, LoadError> {
        Ok(self.client()?.query_typed(sql, parameters).await?)
    }

    pub(crate) fn client(&self) -> Result<&Client, LoadError> {
        self.0.as_ref().ok_or(LoadError::Internal)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}
