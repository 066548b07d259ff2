//! What the processor and the API may do in the database, where they do not log in as the tables' owner.

use tokio_postgres::{Client, error::SqlState};

use super::DbError;

/// Whether the roles have their rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roles {
    Granted,
    /// The server's words: we may not make roles, or grant rights on what is not ours.
    NotAllowed(String),
}

/// Makes the roles `streampulse_processor` and `streampulse_api` where they are missing, and gives them exactly the
/// rights that they need on the tables there are now. Run again after tables were added.
///
/// # Errors
/// When the database does not answer. That we may not is no error: one user for everything works as well.
pub async fn grant_roles(client: &Client) -> Result<Roles, DbError> {
    for sql in [
        include_str!("../../../sql/queries/roles_create.sql"),
        include_str!("../../../sql/queries/roles_grant.sql"),
    ] {
        let Err(source) = client.batch_execute(sql).await else { continue };
        let refused = source.as_db_error().map(|error| error.message().to_owned());
        // Only the second has a transaction of its own to end.
        client
            .batch_execute("ROLLBACK")
            .await
            .map_err(|source| DbError::Query { what: "granting roles their rights", source })?;
        return match refused {
            Some(words) if source.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                Ok(Roles::NotAllowed(words))
            }
            _ => Err(DbError::Query { what: "granting roles their rights", source }),
        };
    }
    Ok(Roles::Granted)
}
