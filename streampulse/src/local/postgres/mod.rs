//! A private Postgres: made from the installed binaries, on 127.0.0.1, with a password nobody else knows.

mod binaries;
mod cluster;
mod options;

use std::{fmt, time::Duration};

use common::db::{DbError, PgSettings, Tls};
use nix::sys::signal::Signal;

use self::cluster::Cluster;
pub use self::options::PostgresOptions;
use super::{LocalError, child::Running, free_port::free_ports};

const SUPERUSER: &str = "streampulse";
const DATABASE: &str = "streampulse";
const APPLICATION: &str = "streampulse-local";
const READY_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const PORT_TRIES: u32 = 5;

/// A running Postgres of our own. It ends with this process, however this process ends.
///
/// Dropping it stops it at once and removes its files if this made them; [`PrivatePostgres::stop`] does so
/// in order and reports what failed.
pub struct PrivatePostgres {
    // Before the files: fields are dropped in this order and the server writes until it is gone.
    server: Running,
    cluster: Cluster,
    port: u16,
}

impl PrivatePostgres {
    /// Makes the files if needed, starts the server on a free port and waits until it answers.
    ///
    /// # Errors
    /// When Postgres is not installed, the folder cannot be used, or the server does not come up within a minute.
    pub async fn start(options: &PostgresOptions) -> Result<Self, LocalError> {
        let cluster = Cluster::prepare(options).await?;
        let (server, port) = start_on_a_free_port(&cluster).await?;
        let started = Self { server, cluster, port };
        started.create_unless_there(DATABASE).await?;
        Ok(started)
    }

    /// How to reach its database `streampulse` as its superuser.
    #[must_use]
    pub fn settings(&self) -> PgSettings {
        settings(&self.cluster, self.port, DATABASE)
    }

    /// The same as `postgres://user:password@127.0.0.1:port/streampulse?sslmode=disable`. Holds the password.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "postgres://{SUPERUSER}:{}@127.0.0.1:{}/{DATABASE}?sslmode=disable",
            self.cluster.password, self.port
        )
    }

    /// The process id of the server.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.server.id()
    }

    /// Makes an empty database and tells how to reach it.
    ///
    /// # Errors
    /// When it exists already or the server cannot be reached.
    pub async fn create_database(&self, name: &str) -> Result<PgSettings, LocalError> {
        let client =
            common::db::connect(&settings(&self.cluster, self.port, "postgres"), APPLICATION).await?;
        let quoted = name.replace('"', "\"\"");
        client
            .batch_execute(&format!("CREATE DATABASE \"{quoted}\""))
            .await
            .map_err(|source| DbError::Query { what: "cannot make a database", source })?;
        Ok(settings(&self.cluster, self.port, name))
    }

    /// Stops in order (clients are cut off, everything is on disk) and starts again on the same port.
    ///
    /// # Errors
    /// When it does not stop or does not come back.
    pub async fn restart_fast(&mut self) -> Result<(), LocalError> {
        self.restart(Signal::SIGINT).await
    }

    /// Breaks off as in a crash and starts again on the same port: the server recovers from its log.
    ///
    /// # Errors
    /// When it does not stop or does not come back.
    pub async fn restart_immediate(&mut self) -> Result<(), LocalError> {
        self.restart(Signal::SIGQUIT).await
    }

    /// Stops in order, then removes the files if this made them.
    ///
    /// # Errors
    /// When the server cannot be stopped or the files cannot be removed.
    pub async fn stop(mut self) -> Result<(), LocalError> {
        self.server.stop(Signal::SIGINT, STOP_LIMIT).await?;
        self.cluster.remove()
    }

    /// Stops in order and leaves the files as they are, for [`Self::start_again`].
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn halt(&mut self) -> Result<(), LocalError> {
        self.server.stop(Signal::SIGINT, STOP_LIMIT).await
    }

    async fn restart(&mut self, signal: Signal) -> Result<(), LocalError> {
        self.server.stop(signal, STOP_LIMIT).await?;
        self.start_again().await
    }

    /// Starts the server that [`Self::halt`] stopped, on the same port.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn start_again(&mut self) -> Result<(), LocalError> {
        self.server = self.cluster.launch(self.port)?;
        wait_until_ready(&mut self.server, &self.cluster, self.port).await
    }

    async fn create_unless_there(&self, name: &str) -> Result<(), LocalError> {
        let client =
            common::db::connect(&settings(&self.cluster, self.port, "postgres"), APPLICATION).await?;
        let there = client
            .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name])
            .await
            .map_err(|source| DbError::Query { what: "cannot make a database", source })?
            .is_some();
        if !there {
            self.create_database(name).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for PrivatePostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivatePostgres")
            .field("settings", &self.settings())
            .field("process_id", &self.process_id())
            .finish_non_exhaustive()
    }
}

async fn start_on_a_free_port(cluster: &Cluster) -> Result<(Running, u16), LocalError> {
    let mut tries = 1;
    loop {
        let [port] = free_ports()?;
        let mut server = cluster.launch(port)?;
        match wait_until_ready(&mut server, cluster, port).await {
            Ok(()) => return Ok((server, port)),
            Err(LocalError::Failed { last_words, .. })
                if tries < PORT_TRIES && last_words.contains("could not create any TCP/IP sockets") =>
            {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn wait_until_ready(server: &mut Running, cluster: &Cluster, port: u16) -> Result<(), LocalError> {
    let settings = settings(cluster, port, "postgres");
    let knock = async || common::db::connect(&settings, APPLICATION).await.map(drop);
    server.until_ready("the private PostgreSQL", READY_LIMIT, knock).await
}

fn settings(cluster: &Cluster, port: u16, dbname: &str) -> PgSettings {
    PgSettings {
        host: "127.0.0.1".to_owned(),
        port,
        dbname: dbname.to_owned(),
        user: SUPERUSER.to_owned(),
        password: Some(cluster.password.clone()),
        tls: Tls::disabled(),
    }
}
