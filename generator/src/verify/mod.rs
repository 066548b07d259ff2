//! Compares the tables with the truth, cell by cell, both ways.

mod compare;
mod read;
mod report;
mod stored;

use schema::StreamDefinition;
use tokio_postgres::Client;

use crate::truth::Truth;
use compare::{Found, compare};
use read::{read_dead_letters, read_late_events, read_tables};
pub use report::Report;

/// The comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("the truth is of stream '{truth}', the definition of '{definition}'")]
    OtherStream { truth: String, definition: String },
    #[error("reading {table}: {source}")]
    Query { table: String, source: tokio_postgres::Error },
}

/// # Errors
/// When a table cannot be read, or truth and definition are of different streams.
pub async fn verify(
    client: &Client,
    truth: &Truth,
    definition: &StreamDefinition,
) -> Result<Report, VerifyError> {
    if truth.stream != definition.name {
        return Err(VerifyError::OtherStream {
            truth: truth.stream.clone(),
            definition: definition.name.clone(),
        });
    }
    let found = Found {
        tables: read_tables(client, definition).await?,
        dead_letters: read_dead_letters(client, &truth.stream).await?,
        late_events: read_late_events(client, &truth.stream).await?,
    };
    Ok(compare(definition, truth, &found))
}
