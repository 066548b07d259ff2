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

/// All panels of the dashboard, of the same moment. Where downloads are not served there are the alerts alone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dashboard {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stats: Option<Realtime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trending: Option<Listed<Trending>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    regions: Option<Listed<Region>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    devices: Option<Listed<Device>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    timeseries: Option<Timeseries>,
    alerts: Alerts,
}

impl Dashboard {
    async fn load(snapshot: &Snapshot) -> Result<Self, LoadError> {
        let alerts = AlertsQuery::default();
        if snapshot.catalog.downloads().is_none() {
            let alerts = alerts.body(snapshot).await?;
            return Ok(Self {
                stats: None,
                trending: None,
                regions: None,
                devices: None,
                timeseries: None,
                alerts,
            });
        }
        let (stats, trending) = (RealtimeQuery::default(), TrendingQuery::default());
        let (regions, devices) = (RegionsQuery::default(), DevicesQuery::default());
        let timeseries = TimeseriesQuery::default();
        // All are asked before the first is answered: one wait instead of six.
        let (stats, trending, regions, devices, timeseries, alerts) = try_join!(
            stats.body(snapshot),
            trending.body(snapshot),
            regions.body(snapshot),
            devices.body(snapshot),
            timeseries.body(snapshot),
            alerts.body(snapshot),
        )?;
        Ok(Self {
            stats: Some(stats),
            trending: Some(trending),
            regions: Some(regions),
            devices: Some(devices),
            timeseries: Some(timeseries),
            alerts,
        })
    }
}

impl Panel for DashboardQuery {
    type Body = Fresh<Dashboard>;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        let body = Dashboard::load(snapshot).await?;
        Ok(Fresh { body, meta: snapshot.meta() })
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
