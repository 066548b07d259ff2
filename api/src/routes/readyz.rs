//! `GET /readyz`

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use common::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, failure::LoadError, freshness::Meta, progress::Seen};

/// Whether questions should be sent here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    status: ReadyState,
    /// What is not ready, and why; empty when ready.
    reasons: Vec<String>,
    /// How fresh each stream is, for those who watch. A stream that stands still does not make the API unready: its
    /// answers say how old they are. Empty when it could not be read.
    streams: Vec<StreamFreshness>,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) enum ReadyState {
    #[serde(rename = "ready")]
    Ready,
    #[serde(rename = "not ready")]
    NotReady,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamFreshness {
    stream: String,
    #[serde(flatten)]
    meta: Meta,
}

/// Whether the service should be asked
///
/// Not while the database cannot be read, and not once the process was asked to end.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "service",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness, description = "`reasons` says why")),
)]
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let readiness = if app.shutdown.requested() {
        Readiness::not(&app, "api: it was asked to end".to_owned())
    } else {
        Readiness::of(&app, app.watcher.current().await)
    };
    let ready = readiness.status == ReadyState::Ready;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, Json(readiness)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !ready {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

impl Readiness {
    fn of(app: &App, seen: Result<Arc<Seen>, LoadError>) -> Self {
        let seen = match seen {
            Ok(seen) => seen,
            Err(failure) => return Self::not(app, format!("database: {failure}")),
        };
        let now = app.settings.clock.now();
        let of = |stream: &schema::StreamDefinition| {
            let progress = seen.streams.get(&stream.name).cloned().unwrap_or_default();
            StreamFreshness { stream: stream.name.clone(), meta: Meta::of(&progress, &stream.window, now) }
        };
        let streams = app.catalog.streams().iter().map(of).collect();
        Self { status: ReadyState::Ready, reasons: Vec::new(), streams, timestamp: now }
    }

    fn not(app: &App, reason: String) -> Self {
        Self {
            status: ReadyState::NotReady,
            reasons: vec![reason],
            streams: Vec::new(),
            timestamp: app.settings.clock.now(),
        }
    }
}
