//! `GET /api/stream/events`

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use futures::{Stream, StreamExt, stream};

use crate::{
    app::App,
    parameters::{Checked, Given, Parameters},
    problem::{Problem, Refusals},
    push::{Listening, Subscription},
};

/// Sent first, so that a browser tries again soon after a restart.
const GREETING: Bytes = Bytes::from_static(b"retry: 1000\n\n");
const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

impl Parameters for Listening {
    fn read(given: &mut Given) -> Result<Self, Problem> {
        let interval = given.int("interval_ms", 0, 0..=60_000)?;
        Ok(Self {
            resume: given.text("last_event_id")?,
            deltas: given.bool("deltas", false)?,
            interval: Duration::from_millis(interval.unsigned_abs()),
        })
    }
}

/// Snapshots of the dashboard, pushed when the data changes
///
/// Server-sent events. `snapshot` carries the same JSON as `/api/dashboard`; its id names all that it was rendered
/// from. A reader that is slow gets the latest one only. One that comes back with the id of the newest one in
/// `Last-Event-ID` gets `current` instead, and then the next one. `problem` tells that the database is away; the next
/// snapshot tells that it is back. With `deltas=true`, `patch` may come instead of a snapshot:
/// `{"base": …, "patch": […]}`, where `patch` (RFC 6902) makes the snapshot with this event's id from the one before,
/// whose id is `base`.
#[utoipa::path(
    get,
    path = "/api/stream/events",
    tag = "push",
    params(
        ("last_event_id" = Option<String>, Query, description = "As the header, for clients that cannot set one"),
        ("deltas" = Option<bool>, Query, description = "Patches where they are smaller. Default: false"),
        ("interval_ms" = Option<i64>, Query, minimum = 0, maximum = 60_000,
            description = "Least time between two messages; the newest is told then. Default: 0"),
    ),
    responses((status = 200, body = String, content_type = "text/event-stream"), Refusals),
)]
pub(super) async fn events(
    State(app): State<App>,
    Checked(listening): Checked<Listening>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let header = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let listening = Listening { resume: header.or(listening.resume), ..listening };
    let subscription = app.listen(listening)?;
    let mut response = Response::new(Body::from_stream(body(subscription, &app)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies such as nginx would hold events back otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl App {
    /// A place among those who are told.
    pub(super) fn listen(&self, listening: Listening) -> Result<Subscription, Problem> {
        self.publisher
            .subscribe(listening)
            .ok_or_else(|| Problem::unavailable("as many event streams are open as are allowed"))
    }
}

/// Every event until shutdown.
fn body(subscription: Subscription, app: &App) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let (shutdown, silence) = (app.shutdown.clone(), app.settings.keep_alive.as_duration());
    let events = stream::unfold((subscription, shutdown), move |(mut subscription, shutdown)| async move {
        let event = tokio::select! {
            biased;
            () = shutdown.wait() => return None,
            event = subscription.next() => event?.server_sent,
            () = tokio::time::sleep(silence) => KEEP_ALIVE,
        };
        Some((Ok(event), (subscription, shutdown)))
    });
    stream::iter([Ok(GREETING)]).chain(events)
}
