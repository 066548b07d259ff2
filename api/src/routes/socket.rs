//! `GET /api/stream/ws`

use std::time::Duration;

use axum::{
    Extension,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use tokio::time::{MissedTickBehavior, interval, timeout};
use url::Url;

use crate::{
    app::App,
    parameters::Checked,
    problem::{Problem, Refusals},
    push::{Listening, Subscription},
    server::Seat,
    settings::ApiSettings,
};

/// Clients have nothing to say but pongs and farewells.
const MOST_RECEIVED_BYTES: usize = 1 << 10;
/// Pings without an answer, after which a client counts as gone.
const MOST_UNANSWERED: u32 = 2;
/// How long a client may take to answer a farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// The same over a WebSocket
///
/// Text messages `{"type": "snapshot", "id": …, "data": {…}}`, `{"type": "problem", "data": {…}}`,
/// `{"type": "current", "id": …}`, and with `deltas=true` `{"type": "patch", "id": …, "base": …, "patch": […]}`, as
/// told at `/api/stream/events`. Whatever the client sends is ignored. Pings keep it open; a client that answers none
/// is cut off. Closed with 1001 when the service ends. Browsers let a page of any origin ask, so pages of origins that
/// are neither this service's own nor allowed by its settings get 403.
#[utoipa::path(
    get,
    path = "/api/stream/ws",
    tag = "push",
    params(
        ("last_event_id" = Option<String>, Query, description = "The id of the newest snapshot that the client has"),
        ("deltas" = Option<bool>, Query, description = "Patches where they are smaller. Default: false"),
        ("interval_ms" = Option<i64>, Query, minimum = 0, maximum = 60_000,
            description = "Least time between two messages; the newest is told then. Default: 0"),
    ),
    responses(
        (status = 101, description = "Messages follow"),
        (status = 400, body = crate::problem::ProblemBody, content_type = "application/problem+json",
            description = "No request for a WebSocket"),
        (status = 403, body = crate::problem::ProblemBody, content_type = "application/problem+json",
            description = "Pages of this origin may not ask"),
        (status = 426, body = crate::problem::ProblemBody, content_type = "application/problem+json",
            description = "The connection cannot become a WebSocket"),
        Refusals,
    ),
)]
pub(super) async fn socket(
    State(app): State<App>,
    Extension(seat): Extension<Seat>,
    Checked(listening): Checked<Listening>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    if let Some(origin) = headers.get(header::ORIGIN)
        && !welcome(origin, headers.get(header::HOST), &app.settings)
    {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "pages of this origin may not listen; ALLOWED_ORIGINS lists those that may",
        ));
    }
    let mut subscription = app.listen(listening)?;
    let upgrade = upgrade
        .max_message_size(MOST_RECEIVED_BYTES)
        .max_frame_size(MOST_RECEIVED_BYTES)
        // Each message is sent at once; what cannot be sent is not kept beside the one that waits.
        .write_buffer_size(0);
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let code = tell(&mut socket, &mut subscription, &app).await;
        let _ = timeout(FAREWELL, close(socket, code)).await;
        // Only now: the service ends when nobody holds a place any more.
        drop((subscription, seat));
    }))
}

/// Whether pages of `origin` may listen: those of the host that was asked, and those the settings name.
fn welcome(origin: &HeaderValue, host: Option<&HeaderValue>, settings: &ApiSettings) -> bool {
    if settings.allowed_origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin) {
        return true;
    }
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let Some(origin) = text(origin).and_then(|origin| Url::parse(&origin).ok()) else { return false };
    // A proxy may speak TLS for us, so the scheme is taken from the page's side.
    let own = host.and_then(text).and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    origin.origin().is_tuple() && own.is_some_and(|own| own.origin() == origin.origin())
}

/// Tells until the client goes, or must go: then the code to close with.
async fn tell(socket: &mut WebSocket, subscription: &mut Subscription, app: &App) -> Option<u16> {
    let silence = app.settings.keep_alive.as_duration();
    let mut pings = interval(silence);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.tick().await;
    let mut unanswered = 0;
    loop {
        let message = tokio::select! {
            biased;
            () = app.shutdown.wait() => return Some(close_code::AWAY),
            received = socket.recv() => match received {
                None | Some(Ok(Message::Close(_))) => return None,
                // Larger than it may be, or no WebSocket message at all.
                Some(Err(_)) => return Some(close_code::POLICY),
                Some(Ok(_)) => {
                    unanswered = 0;
                    continue;
                }
            },
            _ = pings.tick() => {
                if unanswered == MOST_UNANSWERED {
                    return Some(close_code::POLICY);
                }
                unanswered += 1;
                Message::Ping("".into())
            }
            told = subscription.next() => match told {
                Some(told) => Message::Text(told.frame),
                None => return Some(close_code::AWAY),
            },
        };
        tokio::select! {
            () = app.shutdown.wait() => return Some(close_code::AWAY),
            // A client that takes nothing must not keep its place for ever.
            sent = timeout(silence * MOST_UNANSWERED, socket.send(message)) => {
                sent.ok()?.ok()?;
            }
        }
    }
}

/// Says farewell, unless the client did, and waits until the client has heard it.
async fn close(mut socket: WebSocket, code: Option<u16>) {
    if let Some(code) = code {
        let farewell = Message::Close(Some(CloseFrame { code, reason: "".into() }));
        if socket.send(farewell).await.is_err() {
            return;
        }
    }
    while let Some(Ok(_)) = socket.recv().await {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_own_host_and_of_allowed_origins_are_welcome() {
        let streams = schema::StreamDefinition::shipped().unwrap();
        let settings = ApiSettings {
            allowed_origins: vec!["https://dash.example".to_owned()],
            ..ApiSettings::new(streams)
        };
        let asked = |origin: &'static str, host: Option<&'static str>, settings: &ApiSettings| {
            welcome(&HeaderValue::from_static(origin), host.map(HeaderValue::from_static).as_ref(), settings)
        };
        for (origin, host, expected) in [
            ("https://dash.example", Some("stats.example"), true),
            ("https://dash.example", None, true),
            ("http://stats.example:8000", Some("stats.example:8000"), true),
            ("http://STATS.example", Some("stats.example:80"), true),
            ("https://stats.example", Some("stats.example"), true),
            ("http://[::1]:8000", Some("[::1]:8000"), true),
            ("http://dash.example", Some("stats.example"), false),
            ("http://stats.example:8001", Some("stats.example:8000"), false),
            ("http://stats.example", None, false),
            ("https://stats.example.evil.example", Some("stats.example"), false),
            ("https://evil.example", Some("x@evil.example:1"), false),
            ("null", Some("null"), false),
            ("file://", Some(""), false),
            ("", Some(""), false),
        ] {
            assert_eq!(asked(origin, host, &settings), expected, "{origin} {host:?}");
        }
        let open = ApiSettings { allowed_origins: vec!["*".to_owned()], ..settings };
        assert!(asked("https://evil.example", Some("stats.example"), &open));
    }
}
