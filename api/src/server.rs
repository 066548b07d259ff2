//! Listening, accepting, and ending in good order.

use std::{io, net::SocketAddr, pin::pin, sync::Arc};

use axum::http::HeaderValue;
use common::shutdown::Shutdown;
use deadpool_postgres::Pool;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Duration, sleep},
};

use crate::{
    app::App,
    catalog::Catalog,
    clients::{Connections, Place},
    front::{Entrance, Front},
    settings::ApiSettings,
    watcher::Probe,
};

/// How often metrics fold what was recorded since.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// How often clients that have been quiet are forgotten.
const RATES_UPKEEP: Duration = Duration::from_secs(60);
/// Less than this hyper does not take.
const LEAST_HEAD_BYTES: usize = 8 << 10;
/// Pause after a failed accept, which mostly means too many open files.
const AFTER_ACCEPT_FAILURE: Duration = Duration::from_millis(50);

/// The address could not be listened on, mostly because another program does.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on port {port} of {host}: {source}", host = address.ip(), port = address.port())]
pub struct BindError {
    pub address: SocketAddr,
    pub source: io::Error,
}

/// The API could not start.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("{setting}: {problem}")]
    Settings { setting: &'static str, problem: String },
}

/// A bound address, not yet served.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    settings: ApiSettings,
    catalog: Arc<Catalog>,
}

/// Checks the settings and takes the address.
///
/// # Errors
/// [`BindError`] when the port is in use; [`ApiError::Settings`] names the setting that cannot be used.
pub async fn bind(settings: ApiSettings) -> Result<Bound, ApiError> {
    origins(&settings)?;
    let catalog = Catalog::new(settings.streams.clone(), &settings.downloads_stream).ok_or_else(|| {
        ApiError::Settings { setting: "STREAMS", problem: "expected at least one stream to serve".to_owned() }
    })?;
    let address = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(address).await.map_err(|source| BindError { address, source })?;
    let address = listener.local_addr().map_err(|source| BindError { address, source })?;
    Ok(Bound { listener, address, settings, catalog: Arc::new(catalog) })
}

/// Binds and serves until shutdown.
///
/// # Errors
/// As [`bind`].
pub async fn serve(settings: ApiSettings, pool: Pool, shutdown: Shutdown) -> Result<(), ApiError> {
    bind(settings).await?.serve(pool, shutdown).await
}

/// The origins whose pages may read answers.
pub(crate) fn origins(settings: &ApiSettings) -> Result<Vec<HeaderValue>, ApiError> {
    let refused = |origin: &str| ApiError::Settings {
        setting: "ALLOWED_ORIGINS",
        problem: format!("expected an origin such as http://localhost:3000, found '{origin}'"),
    };
    let origin = |origin: &String| {
        let url = url::Url::parse(origin).map_err(|_| refused(origin))?;
        // Compared byte by byte with what browsers send, so it must be written as they write it.
        if url.origin().is_tuple() && url.origin().ascii_serialization() == *origin {
            HeaderValue::from_str(origin).map_err(|_| refused(origin))
        } else {
            Err(refused(origin))
        }
    };
    settings.allowed_origins.iter().filter(|origin| *origin != "*").map(origin).collect()
}

impl Bound {
    /// Where it listens: the real port where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until shutdown; then event streams and WebSockets end, open requests are finished, for `drain_timeout`
    /// at most.
    ///
    /// # Errors
    /// [`ApiError::Settings`].
    pub async fn serve(self, pool: Pool, shutdown: Shutdown) -> Result<(), ApiError> {
        let Self { listener, address, settings, catalog } = self;
        let app = App::new(settings, catalog, pool.clone(), shutdown.clone());
        let entrance = Arc::new(Entrance::new(app.clone()).await?);
        let mut background = JoinSet::new();
        background.spawn({
            let (app, probe) = (app.clone(), Probe::new(pool));
            async move { app.watcher.run(|| probe.read(), app.shutdown.clone()).await }
        });
        background.spawn({
            let app = app.clone();
            async move { app.push_snapshots().await }
        });
        if let Some(metrics) = app.settings.metrics.clone() {
            background.spawn(async move {
                loop {
                    sleep(METRICS_UPKEEP).await;
                    metrics.run_upkeep();
                }
            });
        }
        background.spawn({
            let app = app.clone();
            async move {
                loop {
                    sleep(RATES_UPKEEP).await;
                    app.rates.forget_the_quiet();
                }
            }
        });
        tracing::info!(%address, "API listening");
        accept(&listener, &app, &entrance).await;
        background.abort_all();
        Ok(())
    }
}

async fn accept(listener: &TcpListener, app: &App, entrance: &Arc<Entrance>) {
    let clients = Connections::new(app.settings.max_connections_per_client, &app.settings.trusted_proxies);
    let permits = Arc::new(Semaphore::new(app.settings.max_connections));
    let mut connections = JoinSet::new();
    loop {
        // A permit first: who finds no place waits in the system's queue instead of being cut off.
        let accepted = tokio::select! {
            () = app.shutdown.wait() => break,
            accepted = async { (Arc::clone(&permits).acquire_owned().await, listener.accept().await) } => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            (Ok(permit), Ok((stream, peer))) => {
                let Some(place) = clients.admit(peer.ip()) else {
                    tracing::debug!(%peer, "connection closed: the client has as many as it may");
                    continue;
                };
                let seat = Seat(Arc::new((permit, place)));
                let front = Front { entrance: Arc::clone(entrance), peer, seat: seat.clone() };
                let connection = connection(stream, app, front);
                let shutdown = app.shutdown.clone();
                connections.spawn(async move {
                    if let Err(error) = until_done(connection, shutdown).await {
                        tracing::debug!(%error, "connection ended");
                    }
                    drop(seat);
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "connection not accepted");
                sleep(AFTER_ACCEPT_FAILURE).await;
            }
            (Err(_closed), Ok(_)) => break,
        }
    }
    // A WebSocket is no connection of ours any more, but a listener.
    let drain = async {
        tokio::join!(app.publisher.close(), async { while connections.join_next().await.is_some() {} })
    };
    if tokio::time::timeout(app.settings.drain_timeout.as_duration(), drain).await.is_err() {
        let listeners = app.publisher.subscribers();
        tracing::warn!(connections = connections.len(), listeners, "what was still open was cut off");
    }
    connections.shutdown().await;
}

/// What a connection takes of the limits on them, until the last clone is dropped: who takes the connection over must
/// hold it.
#[derive(Clone, Debug)]
pub(crate) struct Seat(#[expect(dead_code, reason = "held")] Arc<(OwnedSemaphorePermit, Place)>);

type Connection = http1::UpgradeableConnection<TokioIo<TcpStream>, Front>;

/// Serves a connection to its end; from shutdown on only the request that is being answered.
async fn until_done(connection: Connection, shutdown: Shutdown) -> hyper::Result<()> {
    let mut connection = pin!(connection);
    tokio::select! {
        result = connection.as_mut() => return result,
        () = shutdown.wait() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

fn connection(stream: TcpStream, app: &App, front: Front) -> Connection {
    // Answers are whole; waiting to fill packets only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(app.settings.header_read_timeout.as_duration())
        // Larger heads are answered 431.
        .max_buf_size(app.settings.max_head_bytes.max(LEAST_HEAD_BYTES))
        .serve_connection(TokioIo::new(stream), front)
        .with_upgrades()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let streams = schema::StreamDefinition::shipped().unwrap();
        let mut settings = ApiSettings { port: 0, ..ApiSettings::new(streams) };
        let first = bind(settings.clone()).await.unwrap();
        settings.port = first.address().port();
        match bind(settings).await.unwrap_err() {
            ApiError::Bind(error) => {
                assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
                assert!(error.to_string().contains(&format!("port {}", first.address().port())), "{error}");
            }
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn settings_that_cannot_work_are_named() {
        let streams = schema::StreamDefinition::shipped().unwrap();
        let settings = ApiSettings { port: 0, ..ApiSettings::new(streams) };
        let other = ApiSettings { streams: Vec::new(), ..settings.clone() };
        assert!(bind(other).await.unwrap_err().to_string().starts_with("STREAMS"));
        for origin in ["localhost:3000", "http://localhost:3000/", "http://LOCALHOST", ""] {
            let other = ApiSettings { allowed_origins: vec![origin.to_owned()], ..settings.clone() };
            let error = bind(other).await.unwrap_err().to_string();
            assert!(error.starts_with("ALLOWED_ORIGINS"), "{error}");
        }
    }
}
