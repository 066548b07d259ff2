//! `GET /api/dashboard`

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    alerts::{Alerts, AlertsQuery},
    devices::{Device, DevicesQuery},
    realtime::{Realtime, RealtimeQuery},
    regions::{Region, RegionsQuery},
    timeseries::{Timeseries, TimeseriesQuery},
    trending::{Trending, TrendingQuery},
};
use crate::{
    answer::{Depends, Fresh, Listed, Panel},
    app::App,
    failure::LoadError,
    parameters::{Checked, NoParameters},
    problem::{Problem, Refusals},
    snapshot::Snapshot,
};

/// Every panel with its defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DashboardQuery;

/// All panels of the dashboard, of the same moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dashboard {
    stats: Realtime,
    trending: Listed<Trending>,
    regions: Listed<Region>,
    devices: Listed<Device>,
    timeseries: Timeseries,
    alerts: Alerts,
}

impl Panel for DashboardQuery {
    type Body = Fresh<Dashboard>;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let body = Dashboard {
            stats: RealtimeQuery::default().body(snapshot).await?,
            trending: TrendingQuery::default().body(snapshot).await?,
            regions: RegionsQuery::default().body(snapshot).await?,
            devices: DevicesQuery::default().body(snapshot).await?,
            timeseries: TimeseriesQuery::default().body(snapshot).await?,
            alerts: AlertsQuery::default().body(snapshot).await?,
        };
        Ok(Fresh { body, meta: snapshot.downloads_meta() })
    }
}

/// All panels from one snapshot
#[utoipa::path(
    get,
    path = "/api/dashboard",
    tag = "stats",
    responses((status = 200, body = Fresh<Dashboard>), Refusals),
)]
pub(super) async fn dashboard(
    State(app): State<App>,
    Checked(NoParameters): Checked<NoParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(DashboardQuery, &headers).await
}
