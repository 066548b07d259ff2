//! Why an answer could not be loaded. The database's own words are logged, never sent.

use common::db::{Reaction, reaction};
use tokio_postgres::error::SqlState;

/// Clonable, because everyone who waits for the same load gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    #[error("the database cannot be reached or is too busy")]
    Unavailable,
    #[error("the database took longer than it may; ask for a shorter range, or again later")]
    TooLong,
    #[error("the tables of this stream do not exist yet")]
    NotInstalled,
    #[error(
        "this API does not serve the downloads that is about; start it with --stream content-downloads as well"
    )]
    NotServed,
    #[error("the answer could not be computed")]
    Internal,
}

impl From<tokio_postgres::Error> for LoadError {
    fn from(error: tokio_postgres::Error) -> Self {
        let failure = match error.code() {
            Some(&SqlState::UNDEFINED_TABLE) => Self::NotInstalled,
            Some(&SqlState::QUERY_CANCELED) => Self::TooLong,
            _ if reaction(&error) == Reaction::Retry => Self::Unavailable,
            _ => Self::Internal,
        };
        tracing::debug!(error = &error as &dyn std::error::Error, ?failure, "query failed");
        failure
    }
}

impl From<deadpool_postgres::PoolError> for LoadError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        tracing::debug!(error = &error as &dyn std::error::Error, "no database connection");
        Self::Unavailable
    }
}
