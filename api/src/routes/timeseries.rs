//! `GET /api/stats/timeseries`

use std::collections::BTreeMap;

use axum::{extract::State, http::HeaderMap, response::Response};
use common::time::Timestamp;
use schema::WindowSpec;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Fresh, Panel},
    app::App,
    coverage::{Coverage, Known, Span},
    failure::LoadError,
    number::{ratio, rounded},
    parameters::{Checked, Given, Parameters},
    problem::{NotServed, Problem, Refusals},
    snapshot::Snapshot,
};

const STATS_TIMESERIES: &str = include_str!("../../../sql/queries/stats_timeseries.sql");

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimeseriesQuery {
    /// Minutes back from now; the open window counts.
    #[param(minimum = 5, maximum = 1440, default = 60, required = false)]
    minutes: i64,
}

/// Every window of the range, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timeseries {
    data: Vec<Point>,
    count: usize,
    /// Begin of the first window.
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    /// End of the last window.
    #[schema(value_type = String, format = DateTime)]
    end_time: Timestamp,
}

/// One window.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Point {
    #[schema(value_type = String, format = DateTime)]
    window_start: Timestamp,
    /// 0 only where that is known; null where nothing is known (yet).
    total_downloads: Option<i64>,
    /// 0 to 1, three decimals; null without downloads.
    success_rate: Option<f64>,
    state: PointState,
}

/// What a point's numbers are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PointState {
    /// Will not change.
    Final,
    /// Can still grow.
    Open,
    /// Should be final by the clock, but the pipeline has not come there, or had not begun.
    Missing,
}

impl From<Known> for PointState {
    fn from(known: Known) -> Self {
        match known {
            Known::Counted | Known::Zero => Self::Final,
            Known::Open => Self::Open,
            Known::Missing | Known::Gap => Self::Missing,
        }
    }
}

impl Default for TimeseriesQuery {
    fn default() -> Self {
        Self { minutes: 60 }
    }
}

impl Parameters for TimeseriesQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        Ok(Self { minutes: given.int("minutes", Self::default().minutes, 5..=1_440)? })
    }
}

impl TimeseriesQuery {
    pub(crate) async fn body(&self, snapshot: &Snapshot) -> Result<Timeseries, LoadError> {
        let stream = snapshot.catalog.main();
        let from = snapshot.back(self.minutes);
        let mut counted = BTreeMap::new();
        for row in snapshot.rows(STATS_TIMESERIES, &[&from]).await? {
            let counts: (i64, i64) = (row.try_get("total_downloads")?, row.try_get("successful_downloads")?);
            counted.insert(row.try_get("window_start")?, counts);
        }
        let coverage = Coverage::of(snapshot, stream).await?;
        Ok(points(from, &counted, &stream.window, &coverage))
    }
}

/// Every window that begins after `from`, up to the one of now or the last counted.
fn points(
    from: Timestamp,
    counted: &BTreeMap<Timestamp, (i64, i64)>,
    window: &WindowSpec,
    coverage: &Coverage,
) -> Timeseries {
    let size = window.size.as_millis();
    let first = window.size.window_of(from).start.plus_millis(size);
    let newest = counted.last_key_value().map(|(start, _)| *start);
    let last = window.size.window_of(coverage.now).start.max(newest.unwrap_or(first));
    let starts = std::iter::successors(Some(first), |start| Some(start.plus_millis(size)));
    let data: Vec<Point> = starts
        .take_while(|start| *start <= last)
        .map(|start| {
            point(Span { start, end: start.plus_millis(size) }, counted.get(&start).copied(), coverage)
        })
        .collect();
    Timeseries { count: data.len(), data, start_time: first, end_time: last.plus_millis(size) }
}

fn point(span: Span, counts: Option<(i64, i64)>, coverage: &Coverage) -> Point {
    let known = coverage.known(span, counts.is_some());
    let counts = counts.or((known == Known::Zero).then_some((0, 0)));
    Point {
        window_start: span.start,
        total_downloads: counts.map(|(total, _)| total),
        success_rate: counts.and_then(|(total, good)| ratio(good, total)).map(|rate| rounded(rate, 3)),
        state: known.into(),
    }
}

impl Panel for TimeseriesQuery {
    type Body = Fresh<Timeseries>;

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        Ok(Fresh { body: self.body(snapshot).await?, meta: snapshot.meta() })
    }
}

/// Downloads per window
#[utoipa::path(
    get,
    path = "/api/stats/timeseries",
    tag = "stats",
    params(TimeseriesQuery),
    responses((status = 200, body = Fresh<Timeseries>), NotServed, Refusals),
)]
pub(super) async fn timeseries(
    State(app): State<App>,
    Checked(query): Checked<TimeseriesQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(query, &headers).await
}

#[cfg(test)]
mod tests {
    use common::{duration::Millis, window::WindowSize};

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-01T{text}Z").parse().unwrap()
    }

    fn window() -> WindowSpec {
        WindowSpec {
            size: WindowSize::from_millis(60_000).unwrap(),
            grace: Millis::new(30_000),
            max_future: Millis::new(60_000),
            idle_timeout: Millis::new(10_000),
        }
    }

    /// Nothing was counted and nothing is complete.
    fn unknown(now: &str) -> Coverage {
        let patience = Coverage::patience(&window());
        Coverage { now: at(now), since: None, complete_through: None, patience, gaps: Vec::new() }
    }

    #[test]
    fn zero_missing_and_not_yet_are_told_apart() {
        let counted = BTreeMap::from([(at("12:01:00"), (4, 3)), (at("12:04:00"), (2, 2))]);
        let coverage = Coverage {
            since: Some(at("12:01:00")),
            complete_through: Some(at("12:03:00")),
            ..unknown("12:05:15")
        };
        let series = points(at("11:59:15"), &counted, &window(), &coverage);
        let seen: Vec<_> = series.data.iter().map(|p| (p.total_downloads, p.success_rate, p.state)).collect();
        assert_eq!(
            seen,
            [
                (None, None, PointState::Missing),        // 12:00, before the first event
                (Some(4), Some(0.75), PointState::Final), // 12:01
                (Some(0), None, PointState::Final),       // 12:02, known to be empty
                (None, None, PointState::Missing),        // 12:03, due at 12:04:40
                (Some(2), Some(1.0), PointState::Open),   // 12:04
                (None, None, PointState::Open),           // 12:05, now
            ]
        );
        assert_eq!((series.start_time, series.end_time, series.count), (at("12:00:00"), at("12:06:00"), 6));
    }

    #[test]
    fn sixty_minutes_are_sixty_windows_with_the_open_one() {
        let series = points(at("11:00:30"), &BTreeMap::new(), &window(), &unknown("12:00:30"));
        assert_eq!((series.count, series.start_time), (60, at("11:01:00")));
        assert_eq!(series.data[59].window_start, at("12:00:00"));
    }

    #[test]
    fn a_window_that_begins_exactly_minutes_ago_is_outside() {
        let series = points(at("11:55:00"), &BTreeMap::new(), &window(), &unknown("12:00:00"));
        assert_eq!((series.count, series.start_time), (5, at("11:56:00")));
    }
}
