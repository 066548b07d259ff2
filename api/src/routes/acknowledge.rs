//! `POST /api/alerts/{id}/acknowledge` and `/unacknowledge`

use axum::{Json, extract::State};
use common::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::Acting,
    app::App,
    body::Numbered,
    problem::{Problem, ProblemBody, WriteRefusals},
    write::{Deed, Write},
};

const ALERT_ACKNOWLEDGE: &str = include_str!("../../../sql/queries/alert_acknowledge.sql");

/// Whether somebody has seen to an alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acknowledgement {
    id: i64,
    acknowledged: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    acknowledged_at: Option<Timestamp>,
    /// The name of the token.
    acknowledged_by: Option<String>,
}

/// Somebody sees to an alert
#[utoipa::path(
    post,
    path = "/api/alerts/{id}/acknowledge",
    tag = "writes",
    params(("id" = i64, Path, minimum = 1, description = "The alert")),
    responses(
        (status = 200, body = Acknowledgement, description = "It is acknowledged; by whom it was first, where it was"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such alert"),
        WriteRefusals,
    ),
    security(("token" = [])),
)]
pub(super) async fn acknowledge(
    State(app): State<App>,
    acting: Acting,
    Numbered(id): Numbered,
) -> Result<Json<Acknowledgement>, Problem> {
    set(&app, acting, id, true).await
}

/// Takes an acknowledgement back
#[utoipa::path(
    post,
    path = "/api/alerts/{id}/unacknowledge",
    tag = "writes",
    params(("id" = i64, Path, minimum = 1, description = "The alert")),
    responses(
        (status = 200, body = Acknowledgement),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such alert"),
        WriteRefusals,
    ),
    security(("token" = [])),
)]
pub(super) async fn unacknowledge(
    State(app): State<App>,
    acting: Acting,
    Numbered(id): Numbered,
) -> Result<Json<Acknowledgement>, Problem> {
    set(&app, acting, id, false).await
}

async fn set(
    app: &App,
    acting: Acting,
    id: i64,
    acknowledged: bool,
) -> Result<Json<Acknowledgement>, Problem> {
    let write = Write::begin(app, acting).await?;
    let row = write.row(ALERT_ACKNOWLEDGE, &[&id, &acknowledged, &write.by()]).await?;
    let row = row.ok_or_else(|| Problem::missing(format!("there is no alert {id}")))?;
    let (stream, rule, dimension): (String, String, String) = (row.get(4), row.get(5), row.get(6));
    let window: Timestamp = row.get(7);
    let deed = Deed {
        action: if acknowledged { "alert.acknowledge" } else { "alert.unacknowledge" },
        subject: format!("alert {id}"),
        // An alert may be withdrawn later; the audit still tells which one it was.
        detail: format!("{stream} {rule} {dimension} {window}"),
    };
    write.commit(&deed).await?;
    Ok(Json(Acknowledgement {
        id: row.get(0),
        acknowledged: row.get(1),
        acknowledged_at: row.get(2),
        acknowledged_by: row.get(3),
    }))
}
