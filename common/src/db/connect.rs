use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Client, error::SqlState};

use super::{DbError, PgSettings, error::explain};

/// One connection of one's own; its background task ends when the client is dropped.
///
/// # Errors
/// [`DbError::Connect`] with the address, never the password; [`DbError::Settings`] when `PG_SSLROOTCERT` cannot be used.
pub async fn connect(settings: &PgSettings, application_name: &str) -> Result<Client, DbError> {
    let (client, connection) = settings
        .to_config(application_name)
        .connect(settings.tls.connector()?)
        .await
        .map_err(|source| connect_error(settings, source))?;
    tokio::spawn(async move {
        // The client's next call reports the same error where somebody can react to it.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "database connection ended");
        }
    });
    Ok(client)
}

/// A pool for readers. Connections are made when first needed.
///
/// # Errors
/// Never for an unreachable server; only when the pool itself cannot be built, or `PG_SSLROOTCERT` cannot be used.
pub fn pool(settings: &PgSettings, max_size: usize, application_name: &str) -> Result<Pool, DbError> {
    let manager = Manager::from_config(
        settings.to_reader_config(application_name),
        settings.tls.connector()?,
        ManagerConfig { recycling_method: RecyclingMethod::Verified },
    );
    Pool::builder(manager)
        .max_size(max_size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(Duration::from_secs(5)))
        .create_timeout(Some(Duration::from_secs(5)))
        .recycle_timeout(Some(Duration::from_secs(5)))
        .build()
        .map_err(|error| DbError::Settings(format!("database pool: {error}")))
}

fn connect_error(settings: &PgSettings, source: tokio_postgres::Error) -> DbError {
    let mut reason = explain(&source);
    // The server has an entry for this user and host, but for encrypted connections only.
    let unencrypted = source.as_db_error().is_some_and(|error| {
        *error.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
            && error.message().contains("no encryption")
    });
    if unencrypted {
        reason.push_str("; the server may ask for encryption: set PG_SSLMODE=require, or better verify-full");
    }
    DbError::Connect { target: settings.to_string(), reason, source }
}
