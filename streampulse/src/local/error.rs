use std::{io, time::Duration};

/// Why a local server is not there. Every message is one line and says what to do where something can be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// A program this needs is not installed.
    #[error("{what} not found (looked in {looked_in}): install package {package}")]
    Missing { what: String, looked_in: String, package: &'static str },
    /// The operating system refused something.
    #[error("{action}: {source}")]
    Io { action: String, source: io::Error },
    /// A directory, account or setting cannot be used as it is.
    #[error("{0}")]
    Unusable(String),
    /// A program ran and failed; `last_words` is the end of what it printed.
    #[error("{what} failed ({status}): {last_words}")]
    Failed { what: String, status: String, last_words: String },
    /// The server did not become ready, or did not stop, within the limit.
    #[error("{what} within {limit:?}: {last_words}")]
    Deadline { what: String, limit: Duration, last_words: String },
    /// The database refused.
    #[error(transparent)]
    Database(#[from] common::db::DbError),
    /// The broker refused.
    #[error("{action}: {reason}")]
    Broker { action: String, reason: String },
}

impl LocalError {
    pub(super) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
