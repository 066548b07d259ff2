//! `GET /api/dashboard`

use axum::{extract::State, http::HeaderMap, response::Response};
use futures::try_join;
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
        let (stats, trending) = (RealtimeQuery::default(), TrendingQuery::default());
        let (regions, devices) = (RegionsQuery::default(), DevicesQuery::default());
        let (timeseries, alerts) = (TimeseriesQuery::default(), AlertsQuery::default());
        // All are asked before the first is answered: one wait instead of six.
        let (stats, trending, regions, devices, timeseries, alerts) = try_join!(
            stats.body(snapshot),
            trending.body(snapshot),
            regions.body(snapshot),
            devices.body(snapshot),
            timeseries.body(snapshot),
            alerts.body(snapshot),
        )?;
        let body = Dashboard { stats, trending, regions, devices, timeseries, alerts };
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
