//! `GET /api/stats/alerts`

use axum::{extract::State, http::HeaderMap, response::Response};
use common::time::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, schema::Type},
};

use crate::{
    answer::{Depends, Fresh, Panel},
    app::App,
    failure::LoadError,
    parameters::{Checked, Given, Parameters},
    problem::{Problem, Refusals},
    snapshot::Snapshot,
};

const STATS_ALERTS: &str = include_str!("../../../sql/queries/stats_alerts.sql");
const STATS_ALERTS_OPEN: &str = include_str!("../../../sql/queries/stats_alerts_open.sql");
const SEVERITIES: [&str; 3] = ["CRITICAL", "WARNING", "INFO"];

#[derive(Clone, Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsQuery {
    /// Rows at most.
    #[param(minimum = 1, maximum = 50, default = 10, required = false)]
    limit: i64,
    /// In any case; all where it is left out.
    #[param(schema_with = severities)]
    severity: Option<&'static str>,
    /// Those acknowledged, or those not.
    #[param(default = false, required = false)]
    acknowledged: bool,
}

/// The newest alerts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alerts {
    data: Vec<Alert>,
    count: usize,
    /// Of all severities, without those that are silenced.
    unacknowledged_count: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alert {
    id: i64,
    alert_type: String,
    /// `CRITICAL`, `WARNING` or `INFO`.
    severity: String,
    message: String,
    region: Option<String>,
    metric_name: String,
    metric_value: f64,
    threshold_value: f64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Somebody does not want to hear of it; see `/api/silences`.
    silenced: bool,
}

fn severities() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(SEVERITIES)).build()
}

impl Default for AlertsQuery {
    fn default() -> Self {
        Self { limit: 10, severity: None, acknowledged: false }
    }
}

impl Parameters for AlertsQuery {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        let default = Self::default();
        Ok(Self {
            limit: given.int("limit", default.limit, 1..=50)?,
            severity: given.choice("severity", &SEVERITIES)?,
            acknowledged: given.bool("acknowledged", default.acknowledged)?,
        })
    }
}

impl AlertsQuery {
    pub(crate) async fn body(&self, snapshot: &Snapshot) -> Result<Alerts, LoadError> {
        let rows = snapshot.rows(STATS_ALERTS, &[&self.limit, &self.acknowledged, &self.severity]).await?;
        let data: Vec<Alert> = rows.iter().map(Alert::of).collect::<Result<_, _>>()?;
        let open = snapshot.row(STATS_ALERTS_OPEN, &[]).await?;
        Ok(Alerts { count: data.len(), data, unacknowledged_count: open.try_get("unacknowledged")? })
    }
}

impl Alert {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            alert_type: row.try_get("alert_type")?,
            severity: row.try_get("severity")?,
            message: row.try_get("message")?,
            region: row.try_get("region")?,
            metric_name: row.try_get("metric_name")?,
            metric_value: row.try_get("metric_value")?,
            threshold_value: row.try_get("threshold_value")?,
            created_at: row.try_get("created_at")?,
            silenced: row.try_get("silenced")?,
        })
    }
}

impl Panel for AlertsQuery {
    type Body = Fresh<Alerts>;

    fn depends(&self) -> Depends<'_> {
        Depends::Everything
    }

    async fn load(&self, snapshot: &Snapshot) -> Result<Self::Body, LoadError> {
        Ok(Fresh { body: self.body(snapshot).await?, meta: snapshot.meta() })
    }
}

/// The newest alerts
#[utoipa::path(
    get,
    path = "/api/stats/alerts",
    tag = "stats",
    params(AlertsQuery),
    responses((status = 200, body = Fresh<Alerts>), Refusals),
)]
pub(super) async fn alerts(
    State(app): State<App>,
    Checked(query): Checked<AlertsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.respond(query, &headers).await
}
