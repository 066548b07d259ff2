//! `GET`, `POST` and `DELETE /api/silences`

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
    body::{NAME, Numbered, SENTENCE, Told, line},
    failure::LoadError,
    parameters::{Checked, NoParameters},
    problem::{Problem, ProblemBody, Refusals, WriteRefusals},
    snapshot::Snapshot,
    write::{Deed, Write},
};

const SILENCES: &str = include_str!("../../../sql/queries/silences.sql");
const SILENCE_INSERT: &str = include_str!("../../../sql/queries/silence_insert.sql");
const SILENCE_END: &str = include_str!("../../../sql/queries/silence_end.sql");
/// A silence that is forgotten should not last for ever.
const LONGEST_MILLIS: i64 = 366 * 86_400_000;

/// Which alerts nobody wants to hear of, and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSilence {
    /// The one behind `/api/stats`, or else the first that is served, where it is left out.
    stream: Option<String>,
    /// An `alert_type` of that stream.
    #[schema(max_length = 256)]
    rule: String,
    /// The alerts' dimension key, joined by `/`; with a `*` at the end all that begin so; all where it is left out.
    #[schema(min_length = 1, max_length = 256)]
    dimension: Option<String>,
    /// At most 366 days from now.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// Alerts that it covers are kept, marked, and not counted as unacknowledged.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Silence {
    id: i64,
    stream: String,
    rule: String,
    dimension: Option<String>,
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// The name of the token.
    created_by: String,
    /// When it was ended before its time.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

/// The silences in effect.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Silences {
    data: Vec<Silence>,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct SilencesQuery;

impl Silence {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            stream: row.try_get("stream")?,
            rule: row.try_get("rule")?,
            dimension: row.try_get("dimension")?,
            reason: row.try_get("reason")?,
            starts_at: row.try_get("starts_at")?,
            until: row.try_get("until")?,
            created_by: row.try_get("created_by")?,
            ended_at: row.try_get("ended_at")?,
        })
    }
}

impl Panel for SilencesQuery {
    type Body = Silences;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let rows = snapshot.rows(SILENCES, &[]).await?;
        let data: Vec<Silence> = rows.iter().map(Silence::of).collect::<Result<_, _>>()?;
        Ok(Silences { count: data.len(), data })
    }
}

/// What is silenced now
#[utoipa::path(get, path = "/api/silences", tag = "stats", responses((status = 200, body = Silences), Refusals))]
pub(super) async fn silences(
    State(app): State<App>,
    Checked(NoParameters): Checked<NoParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(SilencesQuery, &headers).await
}

/// Silences alerts of a rule for a while
#[utoipa::path(
    post,
    path = "/api/silences",
    tag = "writes",
    request_body = NewSilence,
    responses(
        (status = 201, body = Silence),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such stream; `allowed` lists those there are"),
        WriteRefusals,
    ),
    security(("token" = [])),
)]
pub(super) async fn silence(
    State(app): State<App>,
    acting: Acting,
    Told(told): Told<NewSilence>,
) -> Result<(StatusCode, Json<Silence>), Problem> {
    let NewSilence { stream, rule, dimension, until, reason } = told;
    let stream = app.catalog.named(stream.as_deref())?;
    let rules = stream.alerts.iter().map(|rule| rule.kind.as_str());
    if !rules.clone().any(|known| known == rule) {
        return Err(Problem::one_of("rule", &rule, rules));
    }
    let dimension = dimension.map(|dimension| line("dimension", &dimension, NAME)).transpose()?;
    let reason = reason.map_or_else(|| Ok(String::new()), |reason| line("reason", &reason, SENTENCE))?;
    let now = app.settings.clock.now();
    if until <= now || until > now.plus_millis(LONGEST_MILLIS) {
        return Err(not_ahead(until));
    }
    let write = Write::begin(&app, acting).await?;
    let row = write
        .row(SILENCE_INSERT, &[&stream.name, &rule, &dimension, &reason, &until, &write.by()])
        .await?
        .ok_or_else(|| not_ahead(until))?;
    let silence = Silence::of(&row).map_err(LoadError::from)?;
    let deed = Deed {
        action: "silence.create",
        subject: format!("silence {}", silence.id),
        detail: format!("{} {rule} {} until {until}", stream.name, dimension.as_deref().unwrap_or("*")),
    };
    write.commit(&deed).await?;
    Ok((StatusCode::CREATED, Json(silence)))
}

fn not_ahead(until: Timestamp) -> Problem {
    Problem::parameter("until", "a time within the next 366 days", &until.to_string())
}

/// Ends a silence before its time
#[utoipa::path(
    delete,
    path = "/api/silences/{id}",
    tag = "writes",
    params(("id" = i64, Path, minimum = 1, description = "The silence")),
    responses(
        (status = 200, body = Silence),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such silence"),
        WriteRefusals,
    ),
    security(("token" = [])),
)]
pub(super) async fn unsilence(
    State(app): State<App>,
    acting: Acting,
    Numbered(id): Numbered,
) -> Result<Json<Silence>, Problem> {
    let write = Write::begin(&app, acting).await?;
    let row = write.row(SILENCE_END, &[&id, &write.by()]).await?;
    let row = row.ok_or_else(|| Problem::missing(format!("there is no silence {id}")))?;
    let silence = Silence::of(&row).map_err(LoadError::from)?;
    let (action, subject) = ("silence.end", format!("silence {id}"));
    write.commit(&Deed { action, subject, detail: String::new() }).await?;
    Ok(Json(silence))
}
