//! A stream's own tables: made once from its definition, and never used under another one.

use common::db::{DbError, check_schema_version, query};
use schema::StreamDefinition;
use tokio_postgres::Client;

/// The tables of a stream are missing, or were made for another definition.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("stream '{stream}' has no tables in this database; run `streampulse migrate`")]
    NotInstalled { stream: String },
    #[error(
        "stream '{stream}': its tables were made for another definition (fingerprint {stored}, this one has \
         {ours}); use the definition they were made for, or give the changed stream and its rollups new names"
    )]
    Changed { stream: String, stored: String, ours: String },
    #[error(
        "stream '{stream}' is read into this database by group '{stored}', and two groups would count everything \
         twice; set KAFKA_GROUP_ID={stored}, or stop its processors and run `streampulse migrate --move-to-group {ours}`"
    )]
    OtherGroup { stream: String, stored: String, ours: String },
}

const STORED: &str = "SELECT fingerprint FROM stream_definitions WHERE stream = $1";

/// Makes the tables of `definition`, in one transaction; does nothing if they were made for it already.
///
/// # Errors
/// [`InstallError::Changed`] when they were made for another definition; nothing is altered then.
pub async fn install_stream(client: &mut Client, definition: &StreamDefinition) -> Result<(), InstallError> {
    let transaction = client.transaction().await.map_err(query("opening the installation"))?;
    transaction
        .execute("SELECT pg_advisory_xact_lock(hashtextextended('install_stream', 0))", &[])
        .await
        .map_err(query("waiting for another installation"))?;
    if let Some(row) = transaction
        .query_opt(STORED, &[&definition.name])
        .await
        .map_err(query("reading the stored definition"))?
    {
        return compare(definition, row.get(0));
    }
    transaction
        .batch_execute(&schema::tables::create_sql(definition))
        .await
        .map_err(query("creating the tables of the stream"))?;
    transaction
        .execute(
            "INSERT INTO stream_definitions (stream, fingerprint, definition) VALUES ($1, $2, to_jsonb($3::text))",
            &[&definition.name, &definition.fingerprint(), &definition.source()],
        )
        .await
        .map_err(query("recording the definition"))?;
    transaction
        .execute(
            "INSERT INTO detector_progress (stream) VALUES ($1) ON CONFLICT DO NOTHING",
            &[&definition.name],
        )
        .await
        .map_err(query("recording the definition"))?;
    transaction.commit().await.map_err(query("committing the installation"))?;
    Ok(())
}

/// # Errors
/// When the database, its schema version or the tables of `definition` are not what this program needs.
pub async fn check_stream(client: &Client, definition: &StreamDefinition) -> Result<(), InstallError> {
    check_schema_version(client).await?;
    let stored = client
        .query_opt(STORED, &[&definition.name])
        .await
        .map_err(query("reading the stored definition"))?;
    match stored {
        Some(row) => compare(definition, row.get(0)),
        None => Err(InstallError::NotInstalled { stream: definition.name.clone() }),
    }
}

/// Makes `group` the one that reads the stream, if there is none yet.
///
/// # Errors
/// [`InstallError::OtherGroup`] when there is another.
pub async fn claim_group(client: &Client, stream: &str, group: &str) -> Result<(), InstallError> {
    client
        .execute(include_str!("../../../sql/queries/stream_group_take.sql"), &[&stream, &group])
        .await
        .map_err(query("taking the stream for our group"))?;
    let row = client
        .query_one(include_str!("../../../sql/queries/stream_group.sql"), &[&stream])
        .await
        .map_err(query("reading the stream's group"))?;
    let stored: String = row.get(0);
    if stored == group {
        return Ok(());
    }
    Err(InstallError::OtherGroup { stream: stream.to_owned(), stored, ours: group.to_owned() })
}

/// Gives the stream to another group, which goes on where the tables are.
///
/// # Errors
/// When the database does not answer.
pub async fn move_to_group(client: &Client, stream: &str, group: &str) -> Result<(), InstallError> {
    client
        .execute("UPDATE stream_definitions SET consumer_group = $2 WHERE stream = $1", &[&stream, &group])
        .await
        .map_err(query("moving the stream to another group"))?;
    Ok(())
}

fn compare(definition: &StreamDefinition, stored: String) -> Result<(), InstallError> {
    let ours = definition.fingerprint();
    if stored == ours {
        return Ok(());
    }
    Err(InstallError::Changed { stream: definition.name.clone(), stored, ours })
}
