//! What a process without an API tells those who watch over it: `/metrics`, `/healthz`, `/readyz`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use common::shutdown::Shutdown;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::net::TcpListener;

use crate::server::BindError;

/// Says why the process is not ready; empty when it is.
pub type Readiness = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// A bound address, not yet served.
#[derive(Debug)]
pub struct Monitor {
    listener: TcpListener,
}

impl Monitor {
    /// Takes the address.
    ///
    /// # Errors
    /// When the port is in use.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let listener = TcpListener::bind(address).await.map_err(|source| BindError { address, source })?;
        Ok(Self { listener })
    }

    /// Serves until shutdown.
    ///
    /// # Errors
    /// When accepting fails for good.
    pub async fn serve(
        self,
        metrics: PrometheusHandle,
        readiness: Readiness,
        shutdown: Shutdown,
    ) -> std::io::Result<()> {
        let router = Router::new()
            .route("/healthz", get(async || Json(json!({ "status": "ok" }))))
            .route("/readyz", get(async move || ready(&readiness())))
            .route(
                "/metrics",
                get(async move || {
                    metrics.run_upkeep();
                    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
                }),
            );
        axum::serve(self.listener, router).with_graceful_shutdown(async move { shutdown.wait().await }).await
    }
}

fn ready(reasons: &[String]) -> Response {
    if reasons.is_empty() {
        return Json(json!({ "status": "ready" })).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not ready", "reasons": reasons })))
        .into_response()
}
