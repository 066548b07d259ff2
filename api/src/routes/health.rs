//! `GET /health`

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use common::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// Whether answers can be given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: HealthState,
    /// The database was read just now.
    database: bool,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    version: String,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthState {
    Healthy,
    Unhealthy,
}

/// Whether the service can answer
#[utoipa::path(
    get,
    path = "/health",
    tag = "service",
    responses((status = 200, body = Health), (status = 503, body = Health, description = "The database is away")),
)]
pub(super) async fn health(State(app): State<App>) -> Response {
    let database = app.watcher.current().await.is_ok();
    let health = Health {
        status: if database { HealthState::Healthy } else { HealthState::Unhealthy },
        database,
        timestamp: app.settings.clock.now(),
        version: app.settings.version.clone(),
    };
    let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, Json(health)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !database {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
