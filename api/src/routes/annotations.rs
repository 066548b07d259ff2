//! `GET` and `POST /api/annotations`

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::{
    access::Acting,
    answer::{Depends, Panel},
    app::App,
    body::{SENTENCE, Told, line, time},
    failure::LoadError,
    parameters::{Checked, Given, Parameters},
    problem::{Problem, Refusals, WriteRefusals},
    snapshot::Snapshot,
    write::{Deed, Write},
};

const ANNOTATIONS: &str = include_str!("../../../sql/queries/annotations.sql");
const ANNOTATION_INSERT: &str = include_str!("../../../sql/queries/annotation_insert.sql");

/// A note at a point in time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAnnotation {
    /// Now where it is left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    #[schema(min_length = 1, max_length = 500)]
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Annotation {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    text: String,
    /// The name of the token.
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Notes, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Annotations {
    data: Vec<Annotation>,
    count: usize,
}

#[derive(Clone, Copy, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AnnotationsQuery {
    /// Notes at times from so many minutes ago on.
    #[param(minimum = 1, maximum = 44_640, default = 1_440, required = false)]
    minutes: i64,
    /// Rows at most.
    #[param(minimum = 1, maximum = 500, default = 100, required = false)]
    limit: i64,
}

impl Parameters for AnnotationsQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        Ok(Self {
            minutes: given.int("minutes", 1_440, 1..=44_640)?,
            limit: given.int("limit", 100, 1..=500)?,
        })
    }
}

impl Annotation {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            at: row.try_get("at")?,
            text: row.try_get("text")?,
            created_by: row.try_get("created_by")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Panel for AnnotationsQuery {
    type Body = Annotations;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let rows = snapshot.rows(ANNOTATIONS, &[&snapshot.back(self.minutes), &self.limit]).await?;
        let data: Vec<Annotation> = rows.iter().map(Annotation::of).collect::<Result<_, _>>()?;
        Ok(Annotations { count: data.len(), data })
    }
}

/// What people noted
#[utoipa::path(
    get,
    path = "/api/annotations",
    tag = "stats",
    params(AnnotationsQuery),
    responses((status = 200, body = Annotations), Refusals),
)]
pub(super) async fn annotations(
    State(app): State<App>,
    Checked(query): Checked<AnnotationsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(query, &headers).await
}

/// Notes something at a point in time
#[utoipa::path(
    post,
    path = "/api/annotations",
    tag = "writes",
    request_body = NewAnnotation,
    responses((status = 201, body = Annotation), WriteRefusals),
    security(("token" = [])),
)]
pub(super) async fn annotate(
    State(app): State<App>,
    acting: Acting,
    Told(told): Told<NewAnnotation>,
) -> Result<(StatusCode, Json<Annotation>), Problem> {
    let text = line("text", &told.text, SENTENCE)?;
    let at = time("at", told.at.unwrap_or_else(|| app.settings.clock.now()))?;
    let write = Write::begin(&app, acting).await?;
    let row = write.row(ANNOTATION_INSERT, &[&at, &text, &write.by()]).await?.ok_or(LoadError::Internal)?;
    let annotation = Annotation::of(&row).map_err(LoadError::from)?;
    let deed = Deed {
        action: "annotation.create",
        subject: format!("annotation {}", annotation.id),
        detail: format!("{at} {text}"),
    };
    write.commit(&deed).await?;
    Ok((StatusCode::CREATED, Json(annotation)))
}
