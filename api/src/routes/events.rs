//! `GET /api/stream/events`

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};

use crate::{
    app::App,
    parameters::{Checked, NoParameters},
    problem::{Problem, Refusals},
};

/// Snapshots of the dashboard, pushed when the data changes
///
/// Server-sent events. `snapshot` carries the same JSON as `/api/dashboard`, with the data version as event id; a
/// reader that is slow gets the latest one only. `problem` tells that the database is away; the next snapshot tells
/// that it is back.
#[utoipa::path(
    get,
    path = "/api/stream/events",
    tag = "push",
    responses((status = 200, body = String, content_type = "text/event-stream"), Refusals),
)]
pub(super) async fn events(
    State(app): State<App>,
    Checked(NoParameters): Checked<NoParameters>,
) -> Result<Response, Problem> {
    let subscription = app
        .publisher
        .subscribe()
        .ok_or_else(|| Problem::unavailable("as many event streams are open as are allowed"))?;
    let mut response = Response::new(Body::from_stream(subscription.into_body(&app)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies such as nginx would hold events back otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
