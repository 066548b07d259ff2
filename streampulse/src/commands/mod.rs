//! One file per command.

mod api;
mod demo;
mod generate;
mod local;
mod migrate;
mod processor;
mod replay;
mod streams;
mod token;
mod verify;

use anyhow::Context;
use common::shutdown::Shutdown;

use crate::cli::{Command, StreamsCommand};

/// Carries out one command. An error before anything was started is bad input: exit code 2.
///
/// # Errors
/// What went wrong, in one line that says what to do.
pub async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Migrate(args) => migrate::run(&args).await,
        Command::Processor(args) => processor::run(&args).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Api(args) => api::run(&args).await,
        Command::Generate(args) => generate::run(*args).await,
        Command::Replay(args) => replay::run(*args).await,
        Command::Token(args) => token::run(args).await.map_err(Failure::Refused),
        Command::Verify(args) => verify::run(&args).await,
        Command::Streams(StreamsCommand::Check { files }) => streams::check(&files).map_err(Failure::Refused),
        Command::Kafka { port } => local::kafka(port).await,
        Command::MockBroker(args) => local::mock_broker(&args).await.map_err(Failure::Broken),
        Command::Streams(StreamsCommand::List) => streams::list().map_err(Failure::Refused),
    }
}

/// How a command ended badly.
#[derive(Debug)]
pub enum Failure {
    /// The input or surroundings are not as they must be; nothing was started. Exit code 2.
    Refused(anyhow::Error),
    /// It ran, and broke or found what it must report. Exit code 1.
    Broken(anyhow::Error),
}

/// A shutdown that Ctrl-C and SIGTERM trigger.
pub(crate) fn shutdown_on_signals() -> anyhow::Result<Shutdown> {
    use tokio::signal::unix::{SignalKind, signal};
    let shutdown = Shutdown::default();
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let triggered = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        triggered.trigger();
    });
    Ok(shutdown)
}

/// Who asks, for the audit: the account and the machine.
pub(crate) fn requester() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::current()).ok().flatten();
    let user = user.map_or_else(|| nix::unistd::Uid::current().to_string(), |user| user.name);
    format!("{user}@{}", host.trim())
}
