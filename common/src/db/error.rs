use tokio_postgres::{Error, error::SqlState};

use crate::sketch::SketchError;

/// What went wrong with the database, in one line for an operator.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("{0}")]
    Settings(String),
    #[error("cannot connect to PostgreSQL at {target}: {reason}")]
    Connect { target: String, reason: String, source: Error },
    #[error("{what}: {}", explain(source))]
    Query { what: &'static str, source: Error },
    /// Something else than this program has written there, or a newer version of it.
    #[error("{place} holds no sketch that can be read: {source}")]
    Sketch { place: String, source: SketchError },
    #[error("no connection became free: {0}")]
    Pool(#[from] deadpool_postgres::PoolError),
    #[error("migration failed: {0}")]
    Migrate(#[from] refinery::Error),
    #[error(
        "the database has schema version {found}, this program needs {needed}; run `streampulse migrate`"
    )]
    SchemaVersion { found: i32, needed: i32 },
}

/// What the caller should do about an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaction {
    /// Passing: connect again if need be, and send the same transaction again.
    Retry,
    /// Will not go away by itself.
    Fatal,
}

impl DbError {
    #[must_use]
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Connect { source, .. } | Self::Query { source, .. } => reaction(source),
            Self::Pool(deadpool_postgres::PoolError::Backend(source)) => reaction(source),
            Self::Pool(_) => Reaction::Retry,
            Self::Settings(_) | Self::Sketch { .. } | Self::Migrate(_) | Self::SchemaVersion { .. } => {
                Reaction::Fatal
            }
        }
    }
}

/// Says what was being done when the database refused: `.map_err(query("reading progress"))`.
pub fn query(what: &'static str) -> impl Fn(Error) -> DbError {
    move |source| DbError::Query { what, source }
}

/// Deadlocks, serialization failures and everything about connections are worth another try; nothing else is.
#[must_use]
pub fn reaction(error: &Error) -> Reaction {
    let Some(state) = error.code() else {
        // Without an SQLSTATE it is either the connection or our own misuse of the client.
        return if error.is_closed() || is_io(error) { Reaction::Retry } else { Reaction::Fatal };
    };
    let passing = [
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ];
    if passing.contains(state) || state.code().starts_with("08") { Reaction::Retry } else { Reaction::Fatal }
}

fn is_io(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    // Connecting within the time limit failed: the client reports it without a cause.
    error.to_string().contains("timed out") || error.to_string().contains("error connecting")
}

/// The server's own words where there are any, else the client's with their cause.
pub(super) fn explain(error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        let detail = db.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{} [{}]{detail}", db.message(), db.code().code());
    }
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
