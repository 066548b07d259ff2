//! `GET /ping`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The process is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ping {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the process is there, without a look at the database
#[utoipa::path(get, path = "/ping", tag = "service", responses((status = 200, body = Ping)))]
pub(super) async fn ping() -> Json<Ping> {
    Json(Ping { status: "ok" })
}
