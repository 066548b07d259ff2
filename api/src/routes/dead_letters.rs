//! `GET /api/dead-letters`

use axum::{extract::State, http::HeaderMap, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    offset::{Offset, PartitionId},
    time::Timestamp,
};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::{
    answer::{Depends, Panel},
    app::App,
    body::NAME,
    failure::LoadError,
    parameters::{Checked, Given, Parameters},
    problem::{Problem, ProblemBody, Refusals},
    snapshot::Snapshot,
};

const DEAD_LETTERS: &str = include_str!("../../../sql/queries/dead_letters.sql");
/// As many as are kept of a record.
const MOST_BYTES: i64 = 4_096;

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLettersQuery {
    /// The one behind `/api/stats`, or else the first that is served, where it is left out.
    #[param(required = false, min_length = 1, max_length = 256)]
    stream: Option<String>,
    #[param(minimum = 0, maximum = 2_147_483_647, value_type = Option<i32>)]
    partition: Option<i64>,
    /// Only records with this reason.
    #[param(required = false, min_length = 1, max_length = 256)]
    reason: Option<String>,
    /// `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9]+:[0-9]+$")]
    after: Option<Place>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    limit: i64,
    /// Bytes of each record at most.
    #[param(minimum = 0, maximum = 4_096, default = 1_024, required = false)]
    bytes: i64,
}

/// The records of one stream.
#[derive(Debug)]
struct DeadLettersOf {
    stream: String,
    query: DeadLettersQuery,
}

/// Where a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    partition: PartitionId,
    offset: Offset,
}

/// Records that could not be counted, by partition and offset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    stream: String,
    data: Vec<DeadLetter>,
    count: usize,
    /// Give this as `after` for the next page; null on the last one.
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    #[schema(value_type = i32)]
    partition: PartitionId,
    #[schema(value_type = i64)]
    offset: Offset,
    topic: String,
    /// One of a closed set, see docs/architecture.md.
    reason: String,
    detail: String,
    /// The first bytes of the record.
    #[schema(content_encoding = "base64")]
    payload_base64: String,
    /// Bytes the record had.
    payload_size: i64,
    /// `payload_base64` is not all of it.
    truncated: bool,
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
}

impl Parameters for DeadLettersQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        let after = given.line("after", NAME)?.map(|text| {
            Place::parse(&text)
                .ok_or_else(|| Problem::parameter("after", "the 'next' of a page, such as 3:120000", &text))
        });
        Ok(Self {
            stream: given.line("stream", NAME)?,
            partition: given.optional_int("partition", 0..=i64::from(i32::MAX))?,
            reason: given.line("reason", NAME)?,
            after: after.transpose()?,
            limit: given.int("limit", 50, 1..=200)?,
            bytes: given.int("bytes", 1_024, 0..=MOST_BYTES)?,
        })
    }
}

impl Place {
    /// Before everything.
    const START: Self = Self { partition: PartitionId(-1), offset: Offset(-1) };

    fn parse(text: &str) -> Option<Self> {
        let (partition, offset) = text.split_once(':')?;
        let place =
            Self { partition: PartitionId(partition.parse().ok()?), offset: Offset(offset.parse().ok()?) };
        (place.partition.0 >= 0 && place.offset.0 >= 0).then_some(place)
    }
}

impl DeadLetter {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let payload: &[u8] = row.try_get("payload")?;
        let payload_size: i64 = row.try_get("payload_size")?;
        Ok(Self {
            partition: PartitionId(row.try_get("source_partition")?),
            offset: Offset(row.try_get("source_offset")?),
            topic: row.try_get("topic")?,
            reason: row.try_get("reason")?,
            detail: row.try_get("detail")?,
            payload_base64: STANDARD.encode(payload),
            payload_size,
            truncated: usize::try_from(payload_size).is_ok_and(|size| size > payload.len()),
            recorded_at: row.try_get("recorded_at")?,
        })
    }
}

impl Panel for DeadLettersOf {
    type Body = DeadLetters;

    fn depends(&self) -> Depends<'_> {
        Depends::Stream(&self.stream)
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        // Within i32 and i32 by the checks above.
        let partition = self.query.partition.and_then(|partition| i32::try_from(partition).ok());
        let bytes = i32::try_from(self.query.bytes).unwrap_or_default();
        let after = self.query.after.unwrap_or(Place::START);
        // One more than asked for tells whether there is another page.
        let rows = snapshot
            .rows(
                DEAD_LETTERS,
                &[
                    &self.stream,
                    &partition,
                    &self.query.reason,
                    &after.partition.0,
                    &after.offset.0,
                    &(self.query.limit + 1),
                    &bytes,
                ],
            )
            .await?;
        let limit = usize::try_from(self.query.limit).unwrap_or_default();
        let data: Vec<DeadLetter> = rows.iter().take(limit).map(DeadLetter::of).collect::<Result<_, _>>()?;
        let last = data.last().filter(|_| rows.len() > limit);
        let next = last.map(|last| format!("{}:{}", last.partition, last.offset));
        Ok(DeadLetters { stream: self.stream.clone(), count: data.len(), data, next })
    }
}

/// Records that could not be counted, and why
#[utoipa::path(
    get,
    path = "/api/dead-letters",
    tag = "streams",
    params(DeadLettersQuery),
    responses(
        (status = 200, body = DeadLetters),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "There is no such stream; `allowed` lists those there are"),
        Refusals,
    ),
)]
pub(super) async fn dead_letters(
    State(app): State<App>,
    Checked(query): Checked<DeadLettersQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stream = app.catalog.named(query.stream.as_deref())?.name.clone();
    app.respond(DeadLettersOf { stream, query }, &headers).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_given_and_nothing_else_is() {
        assert_eq!(
            Place::parse("3:120000"),
            Some(Place { partition: PartitionId(3), offset: Offset(120_000) })
        );
        for text in ["", "3", "3:", ":3", "-1:0", "0:-1", "2147483648:0", "0:9223372036854775808", "a:b"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
