//! `GET /metrics`

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{app::App, problem::Problem};

/// Metrics in Prometheus' text form
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "service",
    responses((status = 200, body = String, content_type = "text/plain")),
)]
pub(super) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let Some(recorded) = &app.settings.metrics else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "this process records no metrics"));
    };
    metrics::gauge!("api_event_streams").set(app.publisher.subscribers() as f64);
    metrics::gauge!("api_cache_bytes").set(app.cache.bytes() as f64);
    let counts = app.cache.counts();
    metrics::counter!("api_cache_hits_total").absolute(counts.hits);
    metrics::counter!("api_cache_misses_total").absolute(counts.misses);
    metrics::counter!("api_cache_loads_total").absolute(counts.loads);
    metrics::counter!("api_cache_load_failures_total").absolute(counts.failures);
    let text = recorded.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
