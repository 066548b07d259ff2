//! One write: a transaction that ends with its own entry in the audit.

use deadpool_postgres::{Client, Object};
use tokio_postgres::{Row, types::ToSql};

use crate::{access::Acting, app::App, failure::LoadError};

const STATEMENT_TIMEOUT: &str = include_str!("../../sql/queries/statement_timeout.sql");
const AUDIT_LOCK: &str = include_str!("../../sql/queries/audit_lock.sql");
const AUDIT_INSERT: &str = include_str!("../../sql/queries/audit_insert.sql");

/// Dropped without [`Self::commit`] it gives up its connection, and with it all it did.
#[derive(Debug)]
pub(crate) struct Write {
    client: Option<Client>,
    acting: Acting,
}

/// What was done, to what.
#[derive(Debug)]
pub(crate) struct Deed {
    pub(crate) action: &'static str,
    pub(crate) subject: String,
    pub(crate) detail: String,
}

impl Write {
    pub(crate) async fn begin(app: &App, acting: Acting) -> Result<Self, LoadError> {
        let write = Self { client: Some(app.pool.get().await?), acting };
        let client = write.client()?;
        client.batch_execute("BEGIN").await?;
        let millis = app.settings.statement_timeout.as_millis().to_string();
        client.execute(&client.prepare_cached(STATEMENT_TIMEOUT).await?, &[&millis]).await?;
        Ok(write)
    }

    /// The name of the token behind it.
    pub(crate) fn by(&self) -> &str {
        self.acting.name()
    }

    pub(crate) async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LoadError> {
        let client = self.client()?;
        Ok(client.query(&client.prepare_cached(sql).await?, parameters).await?)
    }

    pub(crate) async fn row(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, LoadError> {
        Ok(self.rows(sql, parameters).await?.into_iter().next())
    }

    /// The only way to keep what was done: with who did it.
    pub(crate) async fn commit(mut self, deed: &Deed) -> Result<(), LoadError> {
        // Entries get their numbers in the order of commits, so that the greatest one tells whether anything is new.
        self.rows(AUDIT_LOCK, &[]).await?;
        let (token, request) = (self.acting.name(), self.acting.request_id.to_string());
        self.rows(AUDIT_INSERT, &[&token, &deed.action, &deed.subject, &request, &deed.detail]).await?;
        self.client()?.batch_execute("COMMIT").await?;
        tracing::info!(token, action = deed.action, subject = deed.subject, request_id = request, "written");
        drop(self.client.take());
        Ok(())
    }

    fn client(&self) -> Result<&Client, LoadError> {
        self.client.as_ref().ok_or(LoadError::Internal)
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
