//! From a query to a response: through the cache, with an `ETag`.

use std::{
    fmt::Debug,
    future::Future,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    cache::{Key, Loaded, Origin, Version},
    failure::LoadError,
    freshness::Meta,
    problem::Problem,
    progress::Seen,
    snapshot::Snapshot,
};

/// A question that can be answered from one snapshot. Its `Debug` form, defaults filled in, is its cache key.
pub(crate) trait Panel: Debug + Send + Sync + 'static {
    type Body: Serialize + Send;

    /// What the answer changes with.
    fn depends(&self) -> Depends<'_> {
        Depends::Downloads
    }

    fn load(&self, snapshot: &Snapshot) -> impl Future<Output = Result<Self::Body, LoadError>> + Send;

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    /// Writes the answer as its media type says.
    fn render(&self, body: &Self::Body) -> Result<Loaded, LoadError> {
        let body = serde_json::to_vec(body).map_err(|_| LoadError::Internal)?;
        Ok(Loaded { body: body.into(), next: None })
    }
}

/// What must stay the same for an answer to stay right.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Depends<'a> {
    /// The stream behind `/api/stats`.
    Downloads,
    Stream(&'a str),
    /// All streams, and alerts.
    Everything,
}

/// An answer with how fresh it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Fresh<T> {
    #[serde(flatten)]
    pub(crate) body: T,
    pub(crate) meta: Meta,
}

/// Rows of a top list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    pub(crate) data: Vec<T>,
    pub(crate) count: usize,
    pub(crate) window_minutes: i64,
}

impl<T> Listed<T> {
    pub(crate) fn new(data: Vec<T>, window_minutes: i64) -> Self {
        Self { count: data.len(), data, window_minutes }
    }
}

/// How an answer was come by, for `Server-Timing`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Provenance {
    pub(crate) origin: Origin,
    pub(crate) took: Duration,
}

/// The rendered answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    pub(crate) version: Version,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<Arc<str>>,
    media_type: &'static str,
    etag: String,
    provenance: Provenance,
}

impl Answer {
    /// The whole answer, or 304 where the client has it.
    pub(crate) fn response(self, request: &HeaderMap) -> Response {
        let unchanged = request.get_all(header::IF_NONE_MATCH).iter().any(|tags| lists(tags, &self.etag));
        let mut response = if unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(Body::from(self.body));
            let media_type = HeaderValue::from_static(self.media_type);
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
            response
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        response.extensions_mut().insert(self.provenance);
        response
    }
}

impl App {
    /// Answers `panel` from the cache, or 304 where the client has that answer.
    pub(crate) async fn respond<P: Panel>(&self, panel: P, request: &HeaderMap) -> Result<Response, Problem> {
        Ok(self.answer(panel).await?.response(request))
    }

    /// The answer to `panel` for what is committed now.
    pub(crate) async fn answer<P: Panel>(&self, panel: P) -> Result<Answer, LoadError> {
        let begun = Instant::now();
        let seen = self.watcher.current().await?;
        let version = self.version(panel.depends(), &seen);
        let media_type = panel.media_type();
        let key = Key { query: format!("{panel:?}"), version };
        let etag = etag(&key);
        let app = self.clone();
        let (Loaded { body, next }, origin) =
            self.cache.get(key, async move { app.load(panel).await }).await?;
        let provenance = Provenance { origin, took: begun.elapsed() };
        Ok(Answer { body, version, next, media_type, etag, provenance })
    }

    async fn load<P: Panel>(&self, panel: P) -> Result<Loaded, LoadError> {
        let begun = Instant::now();
        let result = async {
            let snapshot = Snapshot::open(
                &self.pool,
                Arc::clone(&self.catalog),
                self.settings.clock.now(),
                self.settings.statement_timeout,
            )
            .await?;
            let body = panel.load(&snapshot).await?;
            snapshot.close().await?;
            panel.render(&body)
        }
        .await;
        metrics::histogram!("api_load_duration_seconds").record(begun.elapsed().as_secs_f64());
        if let Err(failure) = &result {
            tracing::warn!(query = ?panel, reason = %failure, "answer not loaded");
        }
        result
    }

    /// The version of the data that an answer with these dependencies is about.
    pub(crate) fn version(&self, depends: Depends<'_>, seen: &Seen) -> Version {
        let now = self.settings.clock.now();
        let mut state = DefaultHasher::new();
        let mut data_version = 0;
        for stream in self.catalog.streams() {
            let depended = match depends {
                Depends::Downloads => stream.name == self.catalog.downloads().name,
                Depends::Stream(name) => stream.name == name,
                Depends::Everything => true,
            };
            if let (true, Some(progress)) = (depended, seen.streams.get(&stream.name)) {
                data_version += progress.data_version.0;
                progress.hash(&mut state);
                // Wall time makes windows final when every partition is idle.
                crate::freshness::complete_through(progress, &stream.window, now).hash(&mut state);
            }
        }
        if let Depends::Everything = depends {
            seen.alerts.hash(&mut state);
        }
        Version {
            data_version: common::offset::DataVersion(data_version),
            state: state.finish(),
            window: self.catalog.smallest_window().window_of(now).start,
        }
    }
}

/// Weak: `as_of` and `lag_seconds` may differ between two answers about the same data.
fn etag(key: &Key) -> String {
    let mut hash = DefaultHasher::new();
    key.hash(&mut hash);
    format!("W/\"{}-{:016x}\"", key.version.data_version, hash.finish())
}

/// Whether an `If-None-Match` lists this tag, by weak comparison.
fn lists(tags: &HeaderValue, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.to_str()
        .is_ok_and(|tags| tags.trim() == "*" || tags.split(',').any(|tag| opaque(tag) == opaque(etag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list_whether_weak_or_strong() {
        let etag = "W/\"7-00ff\"";
        for (tags, found) in [
            ("W/\"7-00ff\"", true),
            ("\"7-00ff\"", true),
            ("\"x\", W/\"7-00ff\"", true),
            ("*", true),
            ("\"7-00fe\"", false),
            ("", false),
        ] {
            assert_eq!(lists(&HeaderValue::from_static(tags), etag), found, "{tags}");
        }
    }
}
