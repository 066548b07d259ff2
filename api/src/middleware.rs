//! What every request passes: an id, a clock, and headers that keep browsers safe.

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::{answer::Provenance, cache::Origin, problem};

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

/// Differs between processes, so that ids do.
static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Names one request in answers and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The client's own id where it is short and plain, else a new one.
    fn of(request: &Request) -> Self {
        let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
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

/// The outermost layer: whatever happens inside leaves as a proper answer.
pub(crate) async fn context(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = RequestId::of(&request);
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "other".to_owned(), |route| route.as_str().to_owned());
    request.extensions_mut().insert(id.clone());
    let mut response = problem::render(next.run(request).await, &id.0, &path);
    let took = begun.elapsed().as_secs_f64();
    let status = response.status();
    if status.is_server_error() {
        tracing::warn!(request_id = %id, %method, path, status = status.as_u16(), "request failed");
    } else {
        tracing::debug!(request_id = %id, %method, path, status = status.as_u16(), seconds = took, "request");
    }
    let labels = [("route", route), ("method", method.to_string()), ("status", status.as_u16().to_string())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels[..1]).record(took);
    let timing = timing(response.extensions().get(), took);
    let headers = response.headers_mut();
    for (name, value) in [(REQUEST_ID, id.0), (PROCESS_TIME, format!("{took:.6}")), (SERVER_TIMING, timing)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    let policy = if path.starts_with("/docs") { DOCS_POLICY } else { POLICY };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ] {
        headers.insert(name, value);
    }
    response
}

fn timing(provenance: Option<&Provenance>, took: f64) -> String {
    let total = took * 1_000.0;
    match provenance {
        None => format!("total;dur={total:.3}"),
        Some(Provenance { origin, took }) => {
            let origin = if *origin == Origin::Hit { "hit" } else { "miss" };
            let load = took.as_secs_f64() * 1_000.0;
            format!("cache;desc=\"{origin}\";dur={load:.3}, total;dur={total:.3}")
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(id: &str) -> Request {
        Request::builder().header(REQUEST_ID, id).body(Body::empty()).unwrap()
    }

    #[test]
    fn a_plain_id_is_kept_and_any_other_replaced() {
        assert_eq!(RequestId::of(&request("abc-1.2_3")).0, "abc-1.2_3");
        for id in ["", "with space", "quote\"", &"x".repeat(65)] {
            assert_ne!(RequestId::of(&request(id)).0, id);
        }
        assert_ne!(RequestId::of(&request("")), RequestId::of(&request("")));
    }
}
