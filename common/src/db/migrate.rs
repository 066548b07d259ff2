use tokio_postgres::{Client, error::SqlState};

use super::{DbError, PgSettings, connect};

mod embedded {
    refinery::embed_migrations!("../sql/migrations");
}

/// The schema version this program was built for: the highest number in `sql/migrations`.
pub const SCHEMA_VERSION: i32 = 3;

/// Brings the shared tables to [`SCHEMA_VERSION`]; does nothing when they are there already.
///
/// # Errors
/// When the server cannot be reached or a migration fails; a failed one leaves nothing behind.
pub async fn migrate(settings: &PgSettings) -> Result<(), DbError> {
    let mut client = connect(settings, "streampulse-migrate").await?;
    embedded::migrations::runner().run_async(&mut client).await?;
    Ok(())
}

/// # Errors
/// [`DbError::SchemaVersion`] when the tables were made for another version, or were never made.
pub async fn check_schema_version(client: &Client) -> Result<(), DbError> {
    let found = match client.query_one("SELECT max(version) FROM refinery_schema_history", &[]).await {
        Ok(row) => row.get::<_, Option<i32>>(0).unwrap_or(0),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => 0,
        Err(source) => return Err(DbError::Query { what: "reading the schema version", source }),
    };
    if found == SCHEMA_VERSION {
        Ok(())
    } else {
        Err(DbError::SchemaVersion { found, needed: SCHEMA_VERSION })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_version_is_that_of_the_newest_migration() {
        let newest = embedded::migrations::runner().get_migrations().iter().map(|m| m.version()).max();
        assert_eq!(newest, Some(SCHEMA_VERSION));
    }
}
