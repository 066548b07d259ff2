//! One write: a transaction that ends with its own entry in the audit.

use tokio_postgres::{Row, types::ToSql};

use crate::{access::Acting, app::App, failure::LoadError, transaction::Transaction};

const AUDIT_LOCK: &str = include_str!("../../sql/queries/audit_lock.sql");
const AUDIT_INSERT: &str = include_str!("../../sql/queries/audit_insert.sql");

/// Dropped without [`Self::commit`] nothing of it is done.
#[derive(Debug)]
pub(crate) struct Write {
    transaction: Transaction,
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
        let transaction = Transaction::begin(&app.pool, "BEGIN", app.settings.statement_timeout).await?;
        Ok(Self { transaction, acting })
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
        self.transaction.rows(sql, parameters).await
    }

    pub(crate) async fn row(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, LoadError> {
        Ok(self.rows(sql, parameters).await?.into_iter().next())
    }

    /// The only way to keep what was done: with who did it.
    pub(crate) async fn commit(self, deed: &Deed) -> Result<(), LoadError> {
        // Entries get their numbers in the order of commits, so that the greatest one tells whether anything is new.
        self.rows(AUDIT_LOCK, &[]).await?;
        let (token, request) = (self.acting.name(), self.acting.request_id.to_string());
        self.rows(AUDIT_INSERT, &[&token, &deed.action, &deed.subject, &request, &deed.detail]).await?;
        self.transaction.commit().await?;
        tracing::info!(token, action = deed.action, subject = deed.subject, request_id = request, "written");
        Ok(())
    }
}
