//! `POST /api/dead-letters/redrive`

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use common::offset::{NextOffset, PartitionId};
use schema::{DecodeError, Decoder, Event, StreamDefinition};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::ToSchema;

use super::replays::{RequestedPart, request, requested};
use crate::{
    access::Acting,
    app::App,
    body::{NAME, Told, line},
    failure::LoadError,
    problem::{Problem, ProblemBody, WriteRefusals},
    replay::Part,
    write::{Deed, Write},
};

const DEAD_LETTERS_CHOSEN: &str = include_str!("../../../sql/queries/dead_letters_chosen.sql");
/// Records read at once.
const PAGE: i64 = 250;
/// Records looked at before giving up on finding one that would be counted now.
const MOST: usize = 20_000;
/// Offsets one request may name.
const MOST_OFFSETS: usize = 1_000;

/// Which dead letters to send through again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redrive {
    /// The one behind `/api/stats`, or else the first that is served, where it is left out.
    stream: Option<String>,
    #[schema(minimum = 0)]
    partition: Option<i32>,
    #[schema(min_length = 1, max_length = 256)]
    reason: Option<String>,
    /// These only, of `partition`.
    #[schema(min_items = 1, max_items = 1000)]
    offsets: Option<Vec<i64>>,
}

/// A replay from the first of the chosen records that would be counted now, in each partition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Redriven {
    replay: i64,
    stream: String,
    partitions: Vec<RequestedPart>,
    /// Records that were decoded again to find them.
    examined: usize,
    /// False where there were too many to look at all; ask again with a partition or a reason.
    complete: bool,
}

/// Which rows are chosen.
struct Chosen {
    partition: Option<i32>,
    reason: Option<String>,
    offsets: Option<Vec<i64>>,
}

/// What was found among them.
#[derive(Debug, Default)]
struct Found {
    parts: Vec<Part>,
    examined: usize,
    complete: bool,
}

impl Chosen {
    fn of(told: Redrive) -> Result<Self, Problem> {
        let Redrive { partition, reason, offsets, .. } = told;
        if let Some(partition) = partition.filter(|partition| *partition < 0) {
            return Err(Problem::parameter("partition", "a whole number from 0 on", &partition.to_string()));
        }
        if let Some(offsets) = &offsets
            && (partition.is_none() || offsets.is_empty() || offsets.len() > MOST_OFFSETS)
        {
            let expected = format!("1 to {MOST_OFFSETS} offsets of one 'partition'");
            return Err(Problem::parameter("offsets", &expected, &format!("{} offsets", offsets.len())));
        }
        let reason = reason.map(|reason| line("reason", &reason, NAME)).transpose()?;
        if reason.as_deref() == Some("future") {
            let expected = "another than future: what was ahead of the clock then stays a dead letter";
            return Err(Problem::parameter("reason", expected, "future"));
        }
        Ok(Self { partition, reason, offsets })
    }

    /// The first record of each partition that would be counted now.
    async fn find(&self, write: &Write, definition: &StreamDefinition) -> Result<Found, Problem> {
        let mut decoder = Decoder::for_definition(Arc::new(definition.clone())).map_err(|error| {
            tracing::error!(%error, stream = definition.name, "no decoder for a stream that is served");
            LoadError::Internal
        })?;
        let mut found = Found { complete: true, ..Found::default() };
        let mut after = (-1_i32, -1_i64);
        while found.examined < MOST {
            let (stream, page) = (&definition.name, PAGE);
            let rows = write
                .rows(
                    DEAD_LETTERS_CHOSEN,
                    &[stream, &self.partition, &self.reason, &self.offsets, &after.0, &after.1, &page],
                )
                .await?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = (last.get(0), last.get(1));
            for row in &rows {
                found.examined += 1;
                if may_count(&mut decoder, row)? {
                    let (partition, from) = (PartitionId(row.get(0)), NextOffset(row.get(1)));
                    found.parts.push(Part { partition, from });
                    // The replay takes all that follow in this partition.
                    after = (partition.0, i64::MAX);
                    break;
                }
            }
        }
        found.complete = false;
        Ok(found)
    }
}

/// Would this record be counted now? Of one that was not kept whole that cannot be told, so it may.
fn may_count(decoder: &mut Decoder, row: &Row) -> Result<bool, LoadError> {
    let (payload, size): (&[u8], i64) = (row.get(2), row.get(3));
    if usize::try_from(size).is_ok_and(|size| size > payload.len()) {
        return Ok(true);
    }
    match decoder.decode(payload, &mut Event::default()) {
        Ok(()) => Ok(true),
        Err(DecodeError::Reject(_)) => Ok(false),
        Err(DecodeError::Source(error)) => {
            tracing::warn!(%error, "schemas cannot be had");
            Err(LoadError::Unavailable)
        }
    }
}

/// Sends dead letters through again, by counting their partitions again from the first that would be counted now
///
/// The record is read from the log again in its place among the others, so it is counted once, and the tables are those
/// of a run from scratch.
#[utoipa::path(
    post,
    path = "/api/dead-letters/redrive",
    tag = "writes",
    request_body = Redrive,
    responses(
        (status = 202, body = Redriven),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "No dead letter is chosen, or there is no such stream"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "None of the chosen would be counted by the definition that is served"),
        WriteRefusals,
    ),
    security(("token" = ["admin"])),
)]
pub(super) async fn redrive(
    State(app): State<App>,
    acting: Acting,
    Told(told): Told<Redrive>,
) -> Result<(StatusCode, Json<Redriven>), Problem> {
    let definition = app.catalog.named(told.stream.as_deref())?;
    let chosen = Chosen::of(told)?;
    let write = Write::begin(&app, acting).await?;
    let Found { parts, examined, complete } = chosen.find(&write, definition).await?;
    if examined == 0 {
        return Err(Problem::missing("no dead letter is chosen by this; see GET /api/dead-letters"));
    }
    if parts.is_empty() {
        let detail = format!(
            "of {examined} dead letters none would be counted now; the definition still refuses them"
        );
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let list: Vec<String> = parts.iter().map(|part| format!("{}:{}", part.partition, part.from)).collect();
    let words = format!("redrive of dead letters from {}", list.join(" "));
    let replay = request(&write, &definition.name, (&words, &parts), None).await?;
    let deed = Deed {
        action: "dead_letters.redrive",
        subject: format!("replay {replay}"),
        detail: format!("{} {}", definition.name, list.join(" ")),
    };
    write.commit(&deed).await?;
    let redriven = Redriven {
        replay,
        stream: definition.name.clone(),
        partitions: requested(&parts),
        examined,
        complete,
    };
    Ok((StatusCode::ACCEPTED, Json(redriven)))
}
