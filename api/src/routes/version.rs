//! `GET /version`

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// What is running.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Running {
    /// Always `streampulse`.
    name: &'static str,
    version: String,
    /// The version of the database's tables it was built for.
    schema_version: i32,
}

/// What is running
#[utoipa::path(get, path = "/version", tag = "service", responses((status = 200, body = Running)))]
pub(super) async fn version(State(app): State<App>) -> Json<Running> {
    Json(Running {
        name: "streampulse",
        version: app.settings.version.clone(),
        schema_version: common::db::SCHEMA_VERSION,
    })
}
