//! `GET /api/stats/realtime`

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Fresh, Panel},
    app::App,
    failure::LoadError,
    number::{DURATION_SCALE, mean, ratio, rounded},
    parameters::{Checked, Given, Parameters},
    problem::{NotServed, Problem, Refusals},
    snapshot::Snapshot,
};

const STATS_REALTIME: &str = include_str!("../../../sql/queries/stats_realtime.sql");

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RealtimeQuery {
    /// Minutes back from now; the open window counts.
    #[param(minimum = 1, maximum = 60, default = 5, required = false)]
    minutes: i64,
}

/// Totals of all downloads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Realtime {
    total_downloads: i64,
    unique_content: i64,
    /// 0 to 1, three decimals; null without downloads.
    avg_success_rate: Option<f64>,
    /// Seconds a successful download took; null without any.
    avg_download_time: Option<f64>,
}

impl Default for RealtimeQuery {
    fn default() -> Self {
        Self { minutes: 5 }
    }
}

impl Parameters for RealtimeQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        Ok(Self { minutes: given.int("minutes", Self::default().minutes, 1..=60)? })
    }
}

impl RealtimeQuery {
    pub(crate) async fn body(&self, snapshot: &Snapshot) -> Result<Realtime, LoadError> {
        let row = snapshot.row(STATS_REALTIME, &[&snapshot.back(self.minutes)]).await?;
        let total: i64 = row.try_get("total_downloads")?;
        let successful: i64 = row.try_get("successful_downloads")?;
        Ok(Realtime {
            total_downloads: total,
            unique_content: row.try_get("unique_content")?,
            avg_success_rate: ratio(successful, total).map(|rate| rounded(rate, 3)),
            avg_download_time: mean(row.try_get("duration_seconds_sum")?, DURATION_SCALE, successful)
                .map(|seconds| rounded(seconds, 3)),
        })
    }
}

impl Panel for RealtimeQuery {
    type Body = Fresh<Realtime>;

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        Ok(Fresh { body: self.body(snapshot).await?, meta: snapshot.meta() })
    }
}

/// Totals over the last minutes
#[utoipa::path(
    get,
    path = "/api/stats/realtime",
    tag = "stats",
    params(RealtimeQuery),
    responses((status = 200, body = Fresh<Realtime>), NotServed, Refusals),
)]
pub(super) async fn realtime(
    State(app): State<App>,
    Checked(query): Checked<RealtimeQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(query, &headers).await
}
