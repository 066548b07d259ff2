use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Client, NoTls};

use super::{DbError, PgSettings, error::explain};

/// One connection of one's own; its background task ends when the client is dropped.
///
/// # Errors
/// [`DbError::Connect`] with the address, never the password.
pub async fn connect(settings: &PgSettings, application_name: &str) -> Result<Client, DbError> {
    let (client, connection) = settings
        .to_config(application_name)
        .connect(NoTls)
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
/// Never for an unreachable server; only when the pool itself cannot be built.
pub fn pool(settings: &PgSettings, max_size: usize, application_name: &str) -> Result<Pool, DbError> {
    let manager = Manager::from_config(
        settings.to_config(application_name),
        NoTls,
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
    DbError::Connect { target: settings.to_string(), reason: explain(&source), source }
}
