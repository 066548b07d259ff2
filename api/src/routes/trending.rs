//! `GET /api/stats/trending`

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::{
    answer::{Fresh, Listed, Panel},
    app::App,
    failure::LoadError,
    number::{ratio, rounded},
    parameters::{Checked, Given, Parameters},
    problem::{NotServed, Problem, Refusals},
    snapshot::Snapshot,
};

const STATS_TRENDING: &str = include_str!("../../../sql/queries/stats_trending.sql");

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrendingQuery {
    /// Minutes back from now; the open window counts.
    #[param(minimum = 1, maximum = 60, default = 5, required = false)]
    minutes: i64,
    /// Rows at most.
    #[param(minimum = 1, maximum = 20, default = 5, required = false)]
    limit: i64,
}

/// One piece of content.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trending {
    content_id: String,
    /// Its latest title.
    title: Option<String>,
    total_downloads: i64,
    successful_downloads: i64,
    failed_downloads: i64,
    /// 0 to 1, three decimals.
    success_rate: Option<f64>,
}

impl Default for TrendingQuery {
    fn default() -> Self {
        Self { minutes: 5, limit: 5 }
    }
}

impl Parameters for TrendingQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        let default = Self::default();
        Ok(Self {
            minutes: given.int("minutes", default.minutes, 1..=60)?,
            limit: given.int("limit", default.limit, 1..=20)?,
        })
    }
}

impl TrendingQuery {
    pub(crate) async fn body(&self, snapshot: &Snapshot) -> Result<Listed<Trending>, LoadError> {
        let rows = snapshot.rows(STATS_TRENDING, &[&snapshot.back(self.minutes), &self.limit]).await?;
        let data = rows.iter().map(Trending::of).collect::<Result<_, _>>()?;
        Ok(Listed::new(data, self.minutes))
    }
}

impl Trending {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let (total, successful) = (row.try_get("total_downloads")?, row.try_get("successful_downloads")?);
        Ok(Self {
            content_id: row.try_get("content_id")?,
            title: row.try_get("title")?,
            total_downloads: total,
            successful_downloads: successful,
            failed_downloads: row.try_get("failed_downloads")?,
            success_rate: ratio(successful, total).map(|rate| rounded(rate, 3)),
        })
    }
}

impl Panel for TrendingQuery {
    type Body = Fresh<Listed<Trending>>;

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        Ok(Fresh { body: self.body(snapshot).await?, meta: snapshot.meta() })
    }
}

/// Content with the most downloads
#[utoipa::path(
    get,
    path = "/api/stats/trending",
    tag = "stats",
    params(TrendingQuery),
    responses((status = 200, body = Fresh<Listed<Trending>>), NotServed, Refusals),
)]
pub(super) async fn trending(
    State(app): State<App>,
    Checked(query): Checked<TrendingQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(query, &headers).await
}
