//! `GET /api/stats/devices`

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

const STATS_DEVICES: &str = include_str!("../../../sql/queries/stats_devices.sql");

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DevicesQuery {
    /// Minutes back from now; the open window counts.
    #[param(minimum = 1, maximum = 60, default = 5, required = false)]
    minutes: i64,
    /// Rows at most.
    #[param(minimum = 1, maximum = 20, default = 10, required = false)]
    limit: i64,
}

/// One kind of device, all versions of its system together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Device {
    device: String,
    total_downloads: i64,
    /// 0 to 1, three decimals.
    success_rate: Option<f64>,
    /// Mbit/s of successful downloads, one decimal; null without any.
    avg_speed: Option<f64>,
}

impl Default for DevicesQuery {
    fn default() -> Self {
        Self { minutes: 5, limit: 10 }
    }
}

impl Parameters for DevicesQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        let default = Self::default();
        Ok(Self {
            minutes: given.int("minutes", default.minutes, 1..=60)?,
            limit: given.int("limit", default.limit, 1..=20)?,
        })
    }
}

impl DevicesQuery {
    pub(crate) async fn body(&self, snapshot: &Snapshot) -> Result<Listed<Device>, LoadError> {
        let rows = snapshot.rows(STATS_DEVICES, &[&snapshot.back(self.minutes), &self.limit]).await?;
        let data = rows.iter().map(Device::of).collect::<Result<_, _>>()?;
        Ok(Listed::new(data, self.minutes))
    }
}

impl Device {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let (total, successful) = (row.try_get("total_downloads")?, row.try_get("successful_downloads")?);
        Ok(Self {
            device: row.try_get("device")?,
            total_downloads: total,
            success_rate: ratio(successful, total).map(|rate| rounded(rate, 3)),
            avg_speed: mean(row.try_get("speed_mbps_sum")?, SPEED_SCALE, successful)
                .map(|speed| rounded(speed, 1)),
        })
    }
}

impl Panel for DevicesQuery {
    type Body = Fresh<Listed<Device>>;

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        Ok(Fresh { body: self.body(snapshot).await?, meta: snapshot.meta() })
    }
}

/// Devices with the most downloads
#[utoipa::path(
    get,
    path = "/api/stats/devices",
    tag = "stats",
    params(DevicesQuery),
    responses((status = 200, body = Fresh<Listed<Device>>), NotServed, Refusals),
)]
pub(super) async fn devices(
    State(app): State<App>,
    Checked(query): Checked<DevicesQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(query, &headers).await
}
