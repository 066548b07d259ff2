//! `GET /api/stats/regions`

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::{
    answer::{Fresh, Listed, Panel},
    app::App,
    failure::LoadError,
    number::{SPEED_SCALE, mean, ratio, rounded},
    parameters::{Checked, Given, Parameters},
    problem::{NotServed, Problem, Refusals},
    snapshot::Snapshot,
};

const STATS_REGIONS: &str = include_str!("../../../sql/queries/stats_regions.sql");

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegionsQuery {
    /// Minutes back from now; the open window counts.
    #[param(minimum = 1, maximum = 60, default = 5, required = false)]
    minutes: i64,
}

/// One region with downloads; a region without any has no row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Region {
    region: String,
    downloads: i64,
    /// 0 to 1, three decimals.
    success_rate: Option<f64>,
    /// Mbit/s of successful downloads, one decimal; null without any.
    avg_speed: Option<f64>,
    health_status: HealthStatus,
}

/// By the share of successful downloads: healthy from 0.95, degraded from 0.90, critical below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthStatus {
    Healthy,
    Degraded,
    Critical,
}

impl HealthStatus {
    /// In whole numbers, so that exactly 95 of 100 is healthy.
    fn of(successful: i64, total: i64) -> Self {
        let share = |percent: i64| i128::from(successful) * 100 >= i128::from(total) * i128::from(percent);
        match (share(95), share(90)) {
            (true, _) => Self::Healthy,
            (false, true) => Self::Degraded,
            (false, false) => Self::Critical,
        }
    }
}

impl Default for RegionsQuery {
    fn default() -> Self {
        Self { minutes: 5 }
    }
}

impl Parameters for RegionsQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        Ok(Self { minutes: given.int("minutes", Self::default().minutes, 1..=60)? })
    }
}

impl RegionsQuery {
    pub(crate) async fn body(&self, snapshot: &Snapshot) -> Result<Listed<Region>, LoadError> {
        let rows = snapshot.rows(STATS_REGIONS, &[&snapshot.back(self.minutes)]).await?;
        let data = rows.iter().map(Region::of).collect::<Result<_, _>>()?;
        Ok(Listed::new(data, self.minutes))
    }
}

impl Region {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let (total, successful) = (row.try_get("total_downloads")?, row.try_get("successful_downloads")?);
        Ok(Self {
            region: row.try_get("region")?,
            downloads: total,
            success_rate: ratio(successful, total).map(|rate| rounded(rate, 3)),
            avg_speed: mean(row.try_get("speed_mbps_sum")?, SPEED_SCALE, successful)
                .map(|speed| rounded(speed, 1)),
            health_status: HealthStatus::of(successful, total),
        })
    }
}

impl Panel for RegionsQuery {
    type Body = Fresh<Listed<Region>>;

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        Ok(Fresh { body: self.body(snapshot).await?, meta: snapshot.meta() })
    }
}

/// Health of each region
#[utoipa::path(
    get,
    path = "/api/stats/regions",
    tag = "stats",
    params(RegionsQuery),
    responses((status = 200, body = Fresh<Listed<Region>>), NotServed, Refusals),
)]
pub(super) async fn regions(
    State(app): State<App>,
    Checked(query): Checked<RegionsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(query, &headers).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_turns_exactly_at_its_thresholds() {
        for (successful, total, status) in [
            (95, 100, HealthStatus::Healthy),
            (9_499, 10_000, HealthStatus::Degraded),
            (90, 100, HealthStatus::Degraded),
            (8_999, 10_000, HealthStatus::Critical),
            (0, 1, HealthStatus::Critical),
            (i64::MAX, i64::MAX, HealthStatus::Healthy),
        ] {
            assert_eq!(HealthStatus::of(successful, total), status, "{successful}/{total}");
        }
    }
}
