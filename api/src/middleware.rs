//! What every request passes: an id, a clock, and headers that keep browsers safe.

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};

use crate::{answer::Provenance, app::App, cache::Origin, meters, problem};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const PROCESS_TIME: HeaderName = HeaderName::from_static("x-process-time");
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; \
     frame-ancestors 'none'",
);
/// The API browser sets styles and images from within its scripts.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
     base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
);
/// What every answer tells browsers.
const SAFETY: [(HeaderName, HeaderValue); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// Differs between processes, so that ids do.
static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Names one request in answers and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The client's own id where it is short and plain, else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let plain = |id: &&str| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        match given.filter(plain) {
            Some(id) => Self(id.to_owned()),
            None => Self(format!("{:016x}-{:x}", *PROCESS, REQUESTS.fetch_add(1, Ordering::Relaxed))),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One request, from its arrival on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    begun: Instant,
}

impl Passage {
    pub(crate) fn begin() -> Self {
        Self { begun: Instant::now() }
    }

    /// Gives an answer the headers that every answer has; returns how long it took.
    pub(crate) fn seal(
        self,
        response: &mut Response,
        id: &RequestId,
        provenance: Option<Provenance>,
    ) -> Duration {
        let took = self.begun.elapsed();
        let headers = response.headers_mut();
        for (name, value) in [
            (REQUEST_ID, id.0.clone()),
            (PROCESS_TIME, Seconds(took).to_string()),
            (SERVER_TIMING, timing(provenance, took)),
        ] {
            headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
        }
        for (name, value) in SAFETY {
            headers.insert(name, value);
        }
        took
    }
}

/// The outermost layer: whatever happens inside leaves as a proper answer.
pub(crate) async fn context(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let passage = Passage::begin();
    let id = RequestId::of(request.headers());
    let uri = request.uri().clone();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("other", MatchedPath::as_str);
    request.extensions_mut().insert(id.clone());
    let mut response = problem::render(next.run(request).await, &id.0, uri.path());
    if let Some(question) = response.extensions_mut().remove() {
        app.shortcuts.remember(&uri, route, question);
    }
    let provenance = response.extensions_mut().remove();
    let took = passage.seal(&mut response, &id, provenance);
    if uri.path().starts_with("/docs") {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
    }
    let status = response.status();
    if status.is_server_error() {
        let path = uri.path();
        tracing::warn!(request_id = %id, %method, path, status = status.as_u16(), "request failed");
    } else {
        log(&id, (&method, uri.path()), status, took);
    }
    meters::count(route, &method, status, took);
    response
}

/// Notes a request that went well.
pub(crate) fn log(id: &RequestId, (method, path): (&Method, &str), status: StatusCode, took: Duration) {
    let seconds = took.as_secs_f64();
    tracing::debug!(request_id = %id, %method, path, status = status.as_u16(), seconds, "request");
}

fn timing(provenance: Option<Provenance>, took: Duration) -> String {
    let total = Milliseconds(took);
    match provenance {
        None => format!("total;dur={total}"),
        Some(Provenance { origin, took }) => {
            let origin = match origin {
                Origin::Hit => "hit",
                Origin::Miss => "miss",
                Origin::Stale => "stale",
            };
            format!("cache;desc=\"{origin}\";dur={}, total;dur={total}", Milliseconds(took))
        }
    }
}

/// To a microsecond. Whole numbers are written several times as fast as fractions.
struct Seconds(Duration);
/// To a microsecond.
struct Milliseconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0.as_millis(), self.0.subsec_micros() % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(given: &str) -> String {
        let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(given).unwrap())]);
        RequestId::of(&headers).0
    }

    #[test]
    fn a_plain_id_is_kept_and_any_other_replaced() {
        assert_eq!(id("abc-1.2_3"), "abc-1.2_3");
        for other in ["", "with space", "quote\"", &"x".repeat(65)] {
            assert_ne!(id(other), other);
        }
        assert_ne!(id(""), id(""));
    }

    #[test]
    fn times_are_told_to_a_microsecond() {
        let took = Duration::new(2, 3_004_567);
        assert_eq!(Seconds(took).to_string(), "2.003004");
        assert_eq!(timing(None, took), "total;dur=2003.004");
        let provenance = Provenance { origin: Origin::Hit, took: Duration::from_micros(7) };
        assert_eq!(timing(Some(provenance), took), "cache;desc=\"hit\";dur=0.007, total;dur=2003.004");
    }
}
