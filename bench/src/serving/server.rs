//! A server in a process of its own.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context;
use common::db::PgSettings;
use nix::{sys::signal::Signal, unistd::Pid};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::ask::Connection;
use crate::contender::processor::url;

const READY_LIMIT: Duration = Duration::from_secs(30);
const END_LIMIT: Duration = Duration::from_secs(60);
/// Between two tries to reach a server that starts.
const TRY: Duration = Duration::from_millis(20);

/// It dies with the handle.
pub struct Server {
    child: Child,
    pub port: u16,
}

/// How `streampulse api` is started.
pub struct Launch<'a> {
    pub program: PathBuf,
    pub pg: &'a PgSettings,
    pub max_connections: u32,
}

impl Server {
    /// `streampulse api` without limits for the one client that the bench is.
    pub async fn api(launch: &Launch<'_>) -> anyhow::Result<Self> {
        let port = free_port()?;
        let most = launch.max_connections.to_string();
        let child = Command::new(&launch.program)
            .env_clear()
            .env("DATABASE_URL", url(launch.pg))
            .env("LOG_LEVEL", "warn")
            .args(["api", "--api-port", &port.to_string(), "--reads-per-second", "0"])
            .args([
                "--max-connections",
                &most,
                "--max-connections-per-client",
                &most,
                "--max-subscribers",
                &most,
            ])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", launch.program.display()))?;
        let mut server = Self { child, port };
        server.ready().await?;
        Ok(server)
    }

    /// Ourselves, as a bare server of this file.
    pub async fn bare(body: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bare", "--body"])
            .arg(body)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line).await?;
        Ok(Self { port: line.trim().parse().context("the bare server did not start")?, child })
    }

    pub fn process(&self) -> anyhow::Result<u32> {
        self.child.id().context("the API ended by itself")
    }

    /// Asks it to end, and waits.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        nix::sys::signal::kill(Pid::from_raw(self.process()?.cast_signed()), Signal::SIGTERM)?;
        tokio::time::timeout(END_LIMIT, self.child.wait()).await.context("does not stop")??;
        Ok(())
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let answers = async {
            loop {
                if let Some(status) = self.child.try_wait()? {
                    anyhow::bail!("the API ended with {status}");
                }
                if let Ok(mut connection) = Connection::to(self.port).await
                    && connection.get("/health").await.is_ok()
                {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(TRY).await;
            }
        };
        tokio::time::timeout(READY_LIMIT, answers).await.context("the API does not answer")?
    }
}

/// Nobody has it now; it is not kept.
fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
