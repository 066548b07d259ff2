//! `GET /healthz`

use axum::{
    Json,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the process is alive
///
/// Asks nothing of the database: a restart brings no database back.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, body = Alive)))]
pub(super) async fn healthz() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(Alive { status: "ok" })).into_response()
}
