//! Looks for replays that operators asked for, on behalf of all threads of a stream.

use std::{sync::Arc, time::Duration};

use common::{
    db::{self, DbError, PgSettings},
    shutdown::Shutdown,
};
use schema::StreamDefinition;
use tokio::sync::watch;
use tokio_postgres::Client;

use crate::sink::{ReplayRequest, requested_replays};

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Publishes the requested replays until shutdown. A database that is away is asked again; that is the threads' news.
pub(crate) async fn watch_replays(
    settings: PgSettings,
    definition: Arc<StreamDefinition>,
    requested: watch::Sender<Vec<ReplayRequest>>,
    shutdown: Shutdown,
) {
    let mut connected: Option<Client> = None;
    while !shutdown.requested() {
        match look(&settings, &definition.name, &mut connected).await {
            Ok(found) => {
                requested.send_if_modified(|known| {
                    let news = *known != found;
                    *known = found;
                    news
                });
            }
            Err(error) => {
                tracing::debug!(%error, "looking for replays");
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
) -> Result<Vec<ReplayRequest>, DbError> {
    let client = match connected {
        Some(client) => client,
        None => connected.insert(db::connect(settings, "streampulse-replays").await?),
    };
    requested_replays(client, stream).await
}
