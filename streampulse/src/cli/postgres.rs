use std::path::PathBuf;

use clap::Args;
use common::db::{DbError, PgSettings, SslMode, Tls};

/// How to reach PostgreSQL.
#[derive(Clone, Args)]
#[command(next_help_heading = "PostgreSQL")]
pub struct PostgresArgs {
    /// All of the below in one, as postgres://user:password@host:port/database?sslmode=MODE&sslrootcert=FILE.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Host name or address of the server.
    #[arg(long, env = "PG_HOST", default_value = "localhost", value_name = "HOST")]
    pub pg_host: String,
    /// Port of the server.
    #[arg(long, env = "PG_PORT", default_value_t = 5432, value_name = "PORT")]
    pub pg_port: u16,
    /// Database that holds the tables; it must exist.
    #[arg(long, env = "PG_DATABASE", default_value = "streampulse", value_name = "NAME")]
    pub pg_database: String,
    /// Whom to log in as.
    #[arg(long, env = "PG_USER", default_value = "streampulse", value_name = "NAME")]
    pub pg_user: String,
    /// Its password; better in the variable, as flags can be seen in the list of processes.
    #[arg(long, env = "PG_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub pg_password: Option<String>,
    /// Encryption of the connection: disable, prefer, require, verify-ca or verify-full.
    #[arg(long, env = "PG_SSLMODE", default_value = "prefer", value_name = "MODE")]
    pub pg_sslmode: SslMode,
    /// PEM file of the authorities to believe with verify-ca and verify-full [default: the system's].
    #[arg(long, env = "PG_SSLROOTCERT", value_name = "FILE")]
    pub pg_sslrootcert: Option<PathBuf>,
}

impl PostgresArgs {
    /// # Errors
    /// When DATABASE_URL is no such URL.
    pub fn settings(&self) -> Result<PgSettings, DbError> {
        match &self.database_url {
            Some(url) => PgSettings::from_url(url),
            None => Ok(PgSettings {
                host: self.pg_host.clone(),
                port: self.pg_port,
                dbname: self.pg_database.clone(),
                user: self.pg_user.clone(),
                password: self.pg_password.clone(),
                tls: Tls { mode: self.pg_sslmode, root_cert: self.pg_sslrootcert.clone() },
            }),
        }
    }
}

impl std::fmt::Debug for PostgresArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresArgs").field("host", &self.pg_host).finish_non_exhaustive()
    }
}
