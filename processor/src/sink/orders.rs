//! Looks for what operators want of a stream, on behalf of all of its threads: replays, and whether it is paused.

use std::{sync::Arc, time::Duration};

use common::{
    db::{self, DbError, PgSettings, Reaction},
    shutdown::Shutdown,
};
use schema::StreamDefinition;
use tokio::sync::watch;
use tokio_postgres::Client;

use crate::{
    settings::ProcessorSettings,
    sink::{ReplayRequest, read_hold, replays::requested_replays},
};

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What operators want.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Waiting for the owners of their partitions.
    pub replays: Vec<ReplayRequest>,
    /// Nothing is read before this is known to be so: a paused stream stays paused when its processors start again.
    pub reading: bool,
}

/// Publishes the orders until shutdown. A database that is away is asked again; that is the threads' news.
pub async fn watch_orders(
    settings: Arc<ProcessorSettings>,
    definition: Arc<StreamDefinition>,
    orders: watch::Sender<Orders>,
    shutdown: Shutdown,
) {
    let part = format!("stream {}", definition.name);
    let paused = metrics::gauge!("stream_paused", "stream" => definition.name.clone());
    let mut connected: Option<Client> = None;
    while !shutdown.requested() {
        match look(&settings.pg, &definition.name, &mut connected).await {
            Ok((replays, hold)) => {
                paused.set(if hold.is_some() { 1.0 } else { 0.0 });
                let found = Orders { replays, reading: hold.is_none() };
                match hold {
                    Some(hold) => settings.health.blocked(&part, hold),
                    None => settings.health.well(&part),
                }
                orders.send_if_modified(|known| {
                    let news = *known != found;
                    if known.reading != found.reading {
                        tracing::info!(stream = %definition.name, reading = found.reading, "orders");
                    }
                    *known = found;
                    news
                });
            }
            Err(error) => {
                if error.reaction() == Reaction::Fatal {
                    settings.health.blocked(&part, error.to_string());
                }
                tracing::debug!(%error, "looking for orders");
                connected = None;
            }
        }
        tokio::select! {
            () = shutdown.wait() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look(
    settings: &PgSettings,
    stream: &str,
    connected: &mut Option<Client>,
) -> Result<(Vec<ReplayRequest>, Option<String>), DbError> {
    let client = match connected {
        Some(client) => client,
        None => connected.insert(db::connect(settings, "streampulse-orders").await?),
    };
    Ok((requested_replays(client, stream).await?, read_hold(client, stream).await?))
}
