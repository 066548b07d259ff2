//! `GET`, `POST` and `DELETE /api/replays`

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use common::{
    offset::{NextOffset, PartitionId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::{
    access::Acting,
    answer::{Depends, Panel},
    app::App,
    body::{NAME, Numbered, Told, time},
    failure::LoadError,
    parameters::{Checked, Given, Parameters},
    problem::{Problem, ProblemBody, Refusals, WriteRefusals},
    replay::{Asked, Part, Position, parts},
    snapshot::Snapshot,
    write::{Deed, Write},
};

pub(super) const REPLAYS: &str = include_str!("../../../sql/queries/replays.sql");
const REPLAY_POSITIONS: &str = include_str!("../../../sql/queries/replay_positions.sql");
const REPLAY_INSERT: &str = include_str!("../../../sql/queries/replay_insert.sql");
const REPLAY_CANCEL: &str = include_str!("../../../sql/queries/replay_cancel.sql");

/// What is to be counted again: from an offset, or from a window on. One of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReplay {
    /// The one behind `/api/stats`, or else the first that is served, where it is left out.
    stream: Option<String>,
    /// Windows with records at or after this offset are built again.
    #[schema(minimum = 0)]
    from_offset: Option<i64>,
    /// The windows from this event time on are built again, and those that have records after their first one.
    #[schema(value_type = Option<String>, format = DateTime)]
    from_window: Option<Timestamp>,
    /// Only windows with records before this offset.
    #[schema(minimum = 1)]
    to_offset: Option<i64>,
    /// All where it is left out.
    #[schema(min_items = 1)]
    partitions: Option<Vec<i32>>,
}

/// A request that the partitions' owners take up within a second or so.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestedReplay {
    replay: i64,
    stream: String,
    partitions: Vec<RequestedPart>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestedPart {
    #[schema(value_type = i32)]
    partition: PartitionId,
    #[schema(value_type = i64)]
    from_offset: NextOffset,
}

/// What became of a cancellation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelledReplay {
    replay: i64,
    /// Partitions that nobody had taken up.
    cancelled: i64,
    /// Partitions that had begun, and go on to their end.
    begun: i64,
}

/// Who wanted what counted again, and how far that is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayState {
    replay: i64,
    stream: String,
    request: String,
    requested_by: String,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// Partitions by what became of them.
    requested: i64,
    running: i64,
    done: i64,
    merged: i64,
    cancelled: i64,
    refused: i64,
    /// Records that the running ones have yet to read again.
    records_left: i64,
    /// Windows built again, and those that could not be.
    windows: i64,
    frozen: i64,
    /// Why partitions were merged or refused.
    detail: String,
}

/// The last replays, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replays {
    data: Vec<ReplayState>,
    count: usize,
}

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReplaysQuery {
    /// Only those of this stream.
    #[param(required = false, min_length = 1, max_length = 256)]
    stream: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    limit: i64,
}

impl Parameters for ReplaysQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        Ok(Self { stream: given.line("stream", NAME)?, limit: given.int("limit", 20, 1..=100)? })
    }
}

impl ReplayState {
    pub(super) fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            replay: row.try_get("id")?,
            stream: row.try_get("stream")?,
            request: row.try_get("request")?,
            requested_by: row.try_get("requested_by")?,
            requested_at: row.try_get("requested_at")?,
            requested: row.try_get("requested")?,
            running: row.try_get("running")?,
            done: row.try_get("done")?,
            merged: row.try_get("merged")?,
            cancelled: row.try_get("cancelled")?,
            refused: row.try_get("refused")?,
            records_left: row.try_get("records_left")?,
            windows: row.try_get("windows")?,
            frozen: row.try_get("frozen")?,
            detail: row.try_get("detail")?,
        })
    }
}

impl Panel for ReplaysQuery {
    type Body = Replays;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let rows = snapshot.rows(REPLAYS, &[&self.stream, &false, &self.limit]).await?;
        let data: Vec<ReplayState> = rows.iter().map(ReplayState::of).collect::<Result<_, _>>()?;
        Ok(Replays { count: data.len(), data })
    }
}

/// The last replays
#[utoipa::path(
    get,
    path = "/api/replays",
    tag = "streams",
    params(ReplaysQuery),
    responses((status = 200, body = Replays), Refusals),
)]
pub(super) async fn replays(
    State(app): State<App>,
    Checked(query): Checked<ReplaysQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(query, &headers).await
}

/// Has a part of a stream counted again, exactly, while its processors run
#[utoipa::path(
    post,
    path = "/api/replays",
    tag = "writes",
    request_body = NewReplay,
    responses(
        (status = 202, body = RequestedReplay),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such stream; `allowed` lists those there are"),
        WriteRefusals,
    ),
    security(("token" = [])),
)]
pub(super) async fn replay(
    State(app): State<App>,
    acting: Acting,
    Told(told): Told<NewReplay>,
) -> Result<(StatusCode, Json<RequestedReplay>), Problem> {
    let stream = app.catalog.named(told.stream.as_deref())?.name.clone();
    let from_window = told.from_window.map(|window| time("from_window", window)).transpose()?;
    let asked = Asked::new((told.from_offset, from_window), told.to_offset, told.partitions)?;
    let write = Write::begin(&app, acting).await?;
    let positions = positions(&write, &stream, from_window).await?;
    let parts = parts(&asked, &positions)?;
    let replay = request(&write, &stream, (&asked.to_string(), &parts), asked.to_offset()).await?;
    let deed = Deed {
        action: "replay.request",
        subject: format!("replay {replay}"),
        detail: format!("{stream} {asked}"),
    };
    write.commit(&deed).await?;
    Ok((StatusCode::ACCEPTED, Json(RequestedReplay { replay, stream, partitions: requested(&parts) })))
}

/// Takes back what no processor has taken up of a replay
#[utoipa::path(
    delete,
    path = "/api/replays/{id}",
    tag = "writes",
    params(("id" = i64, Path, minimum = 1, description = "The replay")),
    responses(
        (status = 200, body = CancelledReplay),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such replay"),
        WriteRefusals,
    ),
    security(("token" = [])),
)]
pub(super) async fn cancel(
    State(app): State<App>,
    acting: Acting,
    Numbered(id): Numbered,
) -> Result<Json<CancelledReplay>, Problem> {
    let write = Write::begin(&app, acting).await?;
    let row = write.row(REPLAY_CANCEL, &[&id]).await?;
    let row = row.ok_or_else(|| Problem::missing(format!("there is no replay {id}")))?;
    let cancelled = CancelledReplay { replay: id, cancelled: row.get(2), begun: row.get(3) };
    let deed = Deed {
        action: "replay.cancel",
        subject: format!("replay {id}"),
        detail: format!("{} cancelled, {} begun", cancelled.cancelled, cancelled.begun),
    };
    write.commit(&deed).await?;
    Ok(Json(cancelled))
}

/// Where each partition is, and where its windows from `window` on begin.
pub(super) async fn positions(
    write: &Write,
    stream: &str,
    window: Option<Timestamp>,
) -> Result<Vec<Position>, LoadError> {
    let rows = write.rows(REPLAY_POSITIONS, &[&stream, &window.unwrap_or(Timestamp::MAX)]).await?;
    let position = |row: &Row| Position {
        partition: PartitionId(row.get(0)),
        next: NextOffset(row.get(1)),
        head: row.get::<_, Option<i64>>(2).map(NextOffset),
    };
    Ok(rows.iter().map(position).collect())
}

/// Writes the rows that the owners look for, as `streampulse replay` does; returns the replay's number.
pub(super) async fn request(
    write: &Write,
    stream: &str,
    (words, parts): (&str, &[Part]),
    to: Option<NextOffset>,
) -> Result<i64, LoadError> {
    let partitions: Vec<i32> = parts.iter().map(|part| part.partition.0).collect();
    let offsets: Vec<i64> = parts.iter().map(|part| part.from.0).collect();
    let by = format!("token {}", write.by());
    let to = to.map(|to| to.0);
    let row = write.row(REPLAY_INSERT, &[&stream, &words, &by, &partitions, &offsets, &to]).await?;
    Ok(row.ok_or(LoadError::Internal)?.get(0))
}

pub(super) fn requested(parts: &[Part]) -> Vec<RequestedPart> {
    let part = |part: &Part| RequestedPart { partition: part.partition, from_offset: part.from };
    parts.iter().map(part).collect()
}
