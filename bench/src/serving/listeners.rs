//! Thousands who listen to the event stream and hear of new versions.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
};

use super::{
    ask::Connection,
    listener::{listen, subscribe},
    server::Server,
    tables::Tables,
};
use crate::{cli::ApiArgs, cost::resident_memory, figures::Figures};

const LIMIT: Duration = Duration::from_secs(60);

pub async fn run(tables: &Tables, args: &ApiArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let api = Server::api(&args.launch(tables)?).await?;
    // All that is made once is there before the listeners are.
    Connection::to(api.port).await?.get("/api/dashboard").await?;
    let before = resident_memory(api.process()?)?;
    let (heard_tx, mut heard_rx) = unbounded_channel();
    let mut listeners = JoinSet::new();
    for _ in 0..args.listeners {
        let stream = subscribe(api.port).await?;
        listeners.spawn(listen(stream, heard_tx.clone()));
    }
    // Theirs alone are left: when all have ended, nothing can be heard any more.
    drop(heard_tx);
    until_all_heard(&mut heard_rx, args.listeners, 0).await?;
    let what = format!("{} listeners", args.listeners);
    figures.mebibytes(format!("{what}: memory before"), before);
    figures.mebibytes(format!("{what}: memory with all"), resident_memory(api.process()?)?);
    let mut slowest = Duration::ZERO;
    for _ in 0..args.pushes {
        let version = tables.new_version().await?;
        let committed = Instant::now();
        until_all_heard(&mut heard_rx, args.listeners, version).await?;
        slowest = slowest.max(committed.elapsed());
    }
    figures.mebibytes(
        format!("{what}: memory after {} new versions", args.pushes),
        resident_memory(api.process()?)?,
    );
    figures.seconds(format!("{what}: commit → the last has heard, slowest of {}", args.pushes), slowest);
    listeners.shutdown().await;
    api.stop().await
}

/// Returns when as many as there are listeners have told of `version` or a later one. The next version is
/// only made when all know of the last.
async fn until_all_heard(
    heard: &mut UnboundedReceiver<i64>,
    listeners: u32,
    version: i64,
) -> anyhow::Result<()> {
    let mut missing = listeners;
    let all = async {
        while missing > 0 {
            let told = heard.recv().await.context("all event streams ended")?;
            missing -= u32::from(told >= version);
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(LIMIT, all).await {
        Ok(outcome) => outcome,
        Err(_) => anyhow::bail!("{missing} of {listeners} listeners have not heard of version {version}"),
    }
}
