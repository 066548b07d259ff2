//! What is known about a span of time: whether a number in it can be believed, and what no number means.

use common::time::Timestamp;
use schema::{StreamDefinition, WindowSpec};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{failure::LoadError, freshness::complete_through, snapshot::Snapshot};

const STATS_COVERED_SINCE: &str = include_str!("../../sql/queries/stats_covered_since.sql");
const STREAM_GAPS: &str = include_str!("../../sql/queries/stream_gaps.sql");

/// What a span's numbers are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = WindowState)]
pub(crate) enum Known {
    /// Events were counted, and the numbers will not change.
    Counted,
    /// No event came, and none will.
    Zero,
    /// Can still grow.
    Open,
    /// Should be known by the clock, but the pipeline has not come there, or had not begun.
    Missing,
    /// Records that may belong here were skipped and never counted; the numbers are of the others.
    Gap,
}

/// Half-open, of whole windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

/// How far a stream is known.
#[derive(Clone, Debug)]
pub(crate) struct Coverage {
    pub(crate) now: Timestamp,
    /// The first window anything was counted in.
    pub(crate) since: Option<Timestamp>,
    pub(crate) complete_through: Option<Timestamp>,
    /// Milliseconds after its end within which a live pipeline passes a window: its grace, and the time a silent
    /// partition holds it back.
    pub(crate) patience: i64,
    /// Windows that skipped records may belong to.
    pub(crate) gaps: Vec<Span>,
}

impl Span {
    fn meets(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl Coverage {
    /// Of a stream, without its gaps.
    pub(crate) async fn of(snapshot: &Snapshot, stream: &StreamDefinition) -> Result<Self, LoadError> {
        Ok(Self {
            now: snapshot.now,
            since: snapshot.row(STATS_COVERED_SINCE, &[&stream.name]).await?.try_get("covered_since")?,
            complete_through: complete_through(
                &snapshot.progress(&stream.name),
                &stream.window,
                snapshot.now,
            ),
            patience: Self::patience(&stream.window),
            gaps: Vec::new(),
        })
    }

    /// With the gaps that windows from `begin` on can have.
    pub(crate) async fn with_gaps(
        self,
        snapshot: &Snapshot,
        stream: &StreamDefinition,
        begin: Timestamp,
    ) -> Result<Self, LoadError> {
        // Records before a gap may be this much newer than others after it.
        let disorder = stream.window.grace.as_millis() + stream.window.max_future.as_millis();
        let rows = snapshot.rows(STREAM_GAPS, &[&stream.name, &begin.plus_millis(-disorder)]).await?;
        let gap = |row: &tokio_postgres::Row| {
            let around = (row.try_get("newest_before")?, row.try_get("first_after")?);
            Ok(skipped(&stream.window, around, row.try_get("recorded_at")?))
        };
        let gaps = rows.iter().map(gap).collect::<Result<_, tokio_postgres::Error>>()?;
        Ok(Self { gaps, ..self })
    }

    pub(crate) fn patience(window: &WindowSpec) -> i64 {
        window.grace.as_millis() + window.idle_timeout.as_millis()
    }

    /// What is known about `span`, given whether anything was counted in it.
    pub(crate) fn known(&self, span: Span, counted: bool) -> Known {
        if self.gaps.iter().any(|gap| gap.meets(span)) {
            return Known::Gap;
        }
        let passed = self.complete_through.is_some_and(|complete| span.end <= complete);
        match (counted, passed) {
            (true, true) => Known::Counted,
            (true, false) => Known::Open,
            (false, true) if self.since.is_some_and(|since| since <= span.start) => Known::Zero,
            (false, false) if self.now < span.end.plus_millis(self.patience) => Known::Open,
            (false, _) => Known::Missing,
        }
    }
}

/// The windows that skipped records may belong to: from the oldest that still took events when the newest window
/// before the gap was begun, to the first begun after it, or to when the gap was noticed.
fn skipped(
    window: &WindowSpec,
    (before, after): (Option<Timestamp>, Option<Timestamp>),
    noticed: Timestamp,
) -> Span {
    let last = after.unwrap_or_else(|| window.size.window_of(noticed).start);
    let newest = before.unwrap_or(last);
    let start = window.size.window_of(newest.plus_millis(-window.grace.as_millis())).start;
    Span { start, end: last.max(newest).plus_millis(window.size.as_millis()) }
}

#[cfg(test)]
mod tests {
    use common::{duration::Millis, window::WindowSize};

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-01T{text}:00Z").parse().unwrap()
    }

    fn span(start: &str, end: &str) -> Span {
        Span { start: at(start), end: at(end) }
    }

    fn coverage() -> Coverage {
        Coverage {
            now: at("12:10"),
            since: Some(at("12:00")),
            complete_through: Some(at("12:08")),
            patience: 40_000,
            gaps: vec![span("12:03", "12:05")],
        }
    }

    #[test]
    fn each_span_is_told_for_what_it_is() {
        for (start, end, counted, known) in [
            ("12:00", "12:01", true, Known::Counted),
            ("12:01", "12:02", false, Known::Zero),
            ("12:08", "12:09", false, Known::Missing), // due at 12:09:40
            ("12:08", "12:09", true, Known::Open),
            ("12:09", "12:10", false, Known::Open),
            ("12:10", "12:11", false, Known::Open),
            ("11:58", "11:59", false, Known::Missing),
            // A span that begins before the first event is not known as a whole.
            ("11:55", "12:02", false, Known::Missing),
            ("11:55", "12:02", true, Known::Counted),
            ("12:05", "12:10", true, Known::Open),
        ] {
            assert_eq!(coverage().known(span(start, end), counted), known, "{start} {end} {counted}");
        }
    }

    #[test]
    fn a_gap_is_told_wherever_it_is_met_and_nowhere_else() {
        for (start, end, met) in [
            ("12:02", "12:03", false),
            ("12:02", "12:04", true),
            ("12:04", "12:05", true),
            ("12:05", "12:06", false),
            ("12:00", "13:00", true),
        ] {
            for counted in [true, false] {
                let known = coverage().known(span(start, end), counted);
                assert_eq!(known == Known::Gap, met, "{start} {end}");
            }
        }
    }

    #[test]
    fn skipped_records_may_belong_to_windows_within_grace_and_up_to_the_first_one_after() {
        let window = WindowSpec {
            size: WindowSize::from_millis(60_000).unwrap(),
            grace: Millis::new(30_000),
            max_future: Millis::new(60_000),
            idle_timeout: Millis::new(10_000),
        };
        for (before, after, from, to) in [
            (Some("12:03"), Some("12:09"), "12:02", "12:10"),
            (Some("12:03"), Some("12:03"), "12:02", "12:04"),
            (Some("12:03"), None, "12:02", "12:31"), // noticed at 12:30
            (None, Some("12:09"), "12:08", "12:10"),
            (None, None, "12:29", "12:31"),
        ] {
            let found = skipped(&window, (before.map(at), after.map(at)), at("12:30"));
            assert_eq!(found, span(from, to), "{before:?} {after:?}");
        }
        let without_grace = WindowSpec { grace: Millis::new(0), ..window };
        assert_eq!(
            skipped(&without_grace, (Some(at("12:03")), Some(at("12:04"))), at("12:30")),
            span("12:03", "12:05")
        );
    }

    #[test]
    fn before_anything_is_complete_nothing_is_zero() {
        let coverage = Coverage { complete_through: None, since: None, ..coverage() };
        assert_eq!(coverage.known(span("12:06", "12:07"), false), Known::Missing);
        assert_eq!(coverage.known(span("12:06", "12:07"), true), Known::Open);
    }
}
