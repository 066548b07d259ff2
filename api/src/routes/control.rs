//! `POST /api/streams/{stream}/pause` and `/resume`

use axum::{
    Json,
    extract::{Path, State},
};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::{
    access::Acting,
    app::App,
    body::{SENTENCE, Told, line},
    failure::LoadError,
    problem::{Problem, ProblemBody, WriteRefusals},
    write::{Deed, Write},
};

const STREAM_CONTROL_SET: &str = include_str!("../../../sql/queries/stream_control_set.sql");

/// Why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// Whether a stream is read, and who said so.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamControl {
    stream: String,
    paused: bool,
    reason: String,
    /// The name of the token.
    changed_by: String,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

/// Pauses a stream: its processors stop reading within a second or so, keep their partitions, and commit what they have
#[utoipa::path(
    post,
    path = "/api/streams/{stream}/pause",
    tag = "writes",
    params(("stream" = String, Path, description = "A stream's name")),
    request_body = Option<Reason>,
    responses(
        (status = 200, body = StreamControl),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such stream; `allowed` lists those there are"),
        WriteRefusals,
    ),
    security(("token" = [])),
)]
pub(super) async fn pause(
    State(app): State<App>,
    acting: Acting,
    Path(stream): Path<String>,
    Told(told): Told<Option<Reason>>,
) -> Result<Json<StreamControl>, Problem> {
    set(&app, acting, (&stream, true), told.unwrap_or_default()).await
}

/// Lets a paused stream go on where it was
#[utoipa::path(
    post,
    path = "/api/streams/{stream}/resume",
    tag = "writes",
    params(("stream" = String, Path, description = "A stream's name")),
    request_body = Option<Reason>,
    responses(
        (status = 200, body = StreamControl),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such stream; `allowed` lists those there are"),
        WriteRefusals,
    ),
    security(("token" = [])),
)]
pub(super) async fn resume(
    State(app): State<App>,
    acting: Acting,
    Path(stream): Path<String>,
    Told(told): Told<Option<Reason>>,
) -> Result<Json<StreamControl>, Problem> {
    set(&app, acting, (&stream, false), told.unwrap_or_default()).await
}

impl StreamControl {
    pub(super) fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            stream: row.try_get("stream")?,
            paused: row.try_get("paused")?,
            reason: row.try_get("reason")?,
            changed_by: row.try_get("changed_by")?,
            changed_at: row.try_get("changed_at")?,
        })
    }
}

async fn set(
    app: &App,
    acting: Acting,
    (stream, paused): (&str, bool),
    told: Reason,
) -> Result<Json<StreamControl>, Problem> {
    let stream = app.catalog.named(Some(stream))?;
    let reason = told.reason.map_or_else(|| Ok(String::new()), |reason| line("reason", &reason, SENTENCE))?;
    let write = Write::begin(app, acting).await?;
    let row = write
        .row(STREAM_CONTROL_SET, &[&stream.name, &paused, &reason, &write.by()])
        .await?
        .ok_or(LoadError::Internal)?;
    let control = StreamControl::of(&row).map_err(LoadError::from)?;
    let deed = Deed {
        action: if paused { "stream.pause" } else { "stream.resume" },
        subject: format!("stream {}", stream.name),
        detail: reason,
    };
    write.commit(&deed).await?;
    Ok(Json(control))
}
