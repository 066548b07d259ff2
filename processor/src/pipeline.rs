//! The wiring: topic → stream threads → commit units → tables, and the leader over what is final.

use std::sync::Arc;

use common::{clock::Clock, db, shutdown::Shutdown};
use tokio::{runtime::Handle, sync::watch, task::JoinSet};

use crate::{
    leader::Leader,
    settings::ProcessorSettings,
    sink::{InstallError, Orders, check_stream, claim_group, read_hold, watch_orders},
    source::{ClientError, StreamThread, ThreadError, ThreadSettings, check_topic},
};

/// Something the processor needs is not as it should be; nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    #[error(transparent)]
    Install(#[from] InstallError),
    #[error(transparent)]
    Db(#[from] db::DbError),
    #[error(transparent)]
    Kafka(#[from] ClientError),
    #[error("{0}")]
    Settings(String),
}

/// A part of the processor ended before it was asked to; all others were stopped.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorError {
    #[error(transparent)]
    Thread(#[from] ThreadError),
    #[error("detection: {0}")]
    Leader(#[from] db::DbError),
    #[error("a part of the processor broke down: {0}")]
    Broken(String),
}

/// Looks at database, tables and topics before anything is started.
///
/// # Errors
/// The first thing that is not as it should be, in one line that says what to do.
pub async fn preflight(settings: &Arc<ProcessorSettings>) -> Result<(), PreflightError> {
    if settings.group.is_some() && settings.streams.len() > 1 {
        return Err(PreflightError::Settings(
            "KAFKA_GROUP_ID can be set for one stream only; run one processor per stream, or leave it out"
                .to_owned(),
        ));
    }
    let client = db::connect(&settings.pg, "streampulse-preflight").await?;
    for stream in &settings.streams {
        check_stream(&client, stream).await?;
        // Nothing is read until this is known, so who may not read it had better be told now.
        read_hold(&client, &stream.name).await?;
        let (settings, stream) = (Arc::clone(settings), Arc::clone(stream));
        let checked = tokio::task::spawn_blocking(move || check_topic(&settings.kafka, &stream.topic)).await;
        checked.map_err(|error| PreflightError::Settings(error.to_string()))??;
    }
    // Last, as it leaves a mark: who is refused for another reason has read nothing.
    for stream in &settings.streams {
        claim_group(&client, &stream.name, &group(settings, stream)).await?;
    }
    Ok(())
}

/// Reads all streams until shutdown; when one part fails, the others are flushed and stopped.
///
/// # Errors
/// The first part that failed, and why.
pub async fn run(
    settings: Arc<ProcessorSettings>,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
) -> Result<(), ProcessorError> {
    let mut parts: JoinSet<Result<(), ProcessorError>> = JoinSet::new();
    for definition in &settings.streams {
        let leader = Leader {
            settings: settings.pg.clone(),
            definition: Arc::clone(definition),
            clock: Arc::clone(&clock),
            shutdown: shutdown.clone(),
        };
        parts.spawn(async move { Ok(leader.run().await?) });
        let (given, orders) = watch::channel(Orders::default());
        let watching = watch_orders(Arc::clone(&settings), Arc::clone(definition), given, shutdown.clone());
        parts.spawn(async move {
            watching.await;
            Ok(())
        });
        for number in 0..settings.threads {
            let from = ThreadSettings {
                settings: Arc::clone(&settings),
                definition: Arc::clone(definition),
                group: group(&settings, definition),
                owner: format!("{}:{}:{number}", hostname(), std::process::id()),
                runtime: Handle::current(),
                clock: Arc::clone(&clock),
                shutdown: shutdown.clone(),
                orders: orders.clone(),
            };
            parts.spawn(stream_thread(from, number));
        }
    }
    let mut outcome = Ok(());
    while let Some(ended) = parts.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(ProcessorError::Broken(error.to_string())));
        // One part that ends early ends the process: a stream half read looks healthy from outside.
        shutdown.trigger();
        if outcome.is_ok() {
            outcome = ended;
        }
    }
    outcome
}

/// Runs a stream thread on an OS thread of its own: it blocks in poll.
async fn stream_thread(from: ThreadSettings, number: usize) -> Result<(), ProcessorError> {
    let (done, ended) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name(format!("stream-{number}"))
        .spawn(move || {
            let outcome = StreamThread::join(from).and_then(StreamThread::run);
            // The receiver is gone only when the process ends.
            let _ = done.send(outcome);
        })
        .map_err(|error| ProcessorError::Broken(format!("starting a thread: {error}")))?;
    match ended.await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(ProcessorError::Broken("a stream thread panicked".to_owned())),
    }
}

fn group(settings: &ProcessorSettings, definition: &schema::StreamDefinition) -> String {
    let chosen = settings.group.clone().or_else(|| definition.group.clone());
    chosen.unwrap_or_else(|| format!("streampulse-{}", definition.name))
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "host".to_owned(), |name| name.trim().to_owned())
}
