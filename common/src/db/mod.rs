//! PostgreSQL: settings, connections, migrations, and what an error asks us to do.

mod connect;
mod error;
mod migrate;
mod roles;
mod settings;
mod tls;

pub use connect::{connect, pool};
pub use error::{DbError, Reaction, query, reaction};
pub use migrate::{SCHEMA_VERSION, check_schema_version, migrate};
pub use roles::{Roles, grant_roles};
pub use settings::PgSettings;
pub use tls::{SslMode, Tls};
