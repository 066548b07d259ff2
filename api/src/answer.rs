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
    response::Response,
};
use bytes::Bytes;
use common::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    cache::{Key, Origin, Version},
    failure::LoadError,
    freshness::Meta,
    kept::{Kept, Loaded},
    problem::Problem,
    progress::Seen,
    shortcuts::Shortcut,
    snapshot::Snapshot,
    stale,
};

/// Room for those of an answer from memory, so that they are not moved as they get more.
const HEADERS: usize = 24;

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

/// A panel as the cache knows it, where that takes nothing but how it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// [`Key::query`].
    pub(crate) text: Arc<str>,
    pub(crate) media_type: &'static str,
    pub(crate) depends: Depends<'static>,
}

/// An answer on its way to one client.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) provenance: Provenance,
    kept: Arc<Kept>,
    media_type: &'static str,
    /// From before the database went away.
    stale: bool,
}

impl Depends<'_> {
    /// Unless it is told by a name.
    fn lasting(self) -> Option<Depends<'static>> {
        match self {
            Self::Downloads => Some(Depends::Downloads),
            Self::Everything => Some(Depends::Everything),
            Self::Stream(_) => None,
        }
    }
}

impl Answer {
    pub(crate) fn version(&self) -> Version {
        self.kept.version
    }

    pub(crate) fn body(&self) -> Bytes {
        let body = &self.kept.loaded.body;
        let marked = if self.stale { stale::marked(body) } else { None };
        marked.unwrap_or_else(|| body.clone())
    }

    /// Where the next page begins, if there is one.
    pub(crate) fn next(&self) -> Option<&str> {
        self.kept.loaded.next.as_deref()
    }

    /// As [`Self::plain`], telling the layers around how it was come by.
    pub(crate) fn response(&self, request: &HeaderMap) -> Response {
        let mut response = self.plain(request);
        response.extensions_mut().insert(self.provenance);
        response
    }

    /// The whole answer, or 304 where the client has it.
    pub(crate) fn plain(&self, request: &HeaderMap) -> Response {
        let unchanged = request.get_all(header::IF_NONE_MATCH).iter().any(|tags| self.kept.is_listed(tags));
        let mut response = Response::default();
        let mut headers = HeaderMap::with_capacity(HEADERS);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if self.stale {
            stale::mark(&mut headers, self.kept.at.elapsed());
        }
        headers.extend(self.kept.etag.clone().map(|etag| (header::ETAG, etag)));
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
            *response.body_mut() = Body::from(self.body());
        }
        *response.headers_mut() = headers;
        response
    }
}

impl App {
    /// Answers `panel` from the cache, or 304 where the client has that answer.
    pub(crate) async fn respond<P: Panel>(&self, panel: P, request: &HeaderMap) -> Result<Response, Problem> {
        let asked = text(&panel);
        let question = panel.depends().lasting().map(|depends| Question {
            text: Arc::clone(&asked),
            media_type: panel.media_type(),
            depends,
        });
        let mut response = self.answer_or_last(panel, asked).await?.response(request);
        if let Some(question) = question {
            response.extensions_mut().insert(question);
        }
        Ok(response)
    }

    /// The answer to `panel` for what is committed now.
    pub(crate) async fn answer<P: Panel>(&self, panel: P) -> Result<Answer, LoadError> {
        let begun = Instant::now();
        let seen = self.watcher.current().await?;
        let version = self.version(panel.depends(), &seen);
        let media_type = panel.media_type();
        let key = Key { query: text(&panel), version };
        let app = self.clone();
        let (kept, origin) = self.cache.get(key, async move { app.load(panel).await }).await?;
        let provenance = Provenance { origin, took: begun.elapsed() };
        Ok(Answer { provenance, kept, media_type, stale: false })
    }

    /// As [`Self::answer`]; while the database is away, the last answer that there was to what was `asked`. That is
    /// the question as the client put it: `last=1h` stays the same while the panel becomes another hour.
    pub(crate) async fn answer_or_last<P: Panel>(
        &self,
        panel: P,
        asked: Arc<str>,
    ) -> Result<Answer, LoadError> {
        let begun = Instant::now();
        let media_type = panel.media_type();
        let failure = match self.answer(panel).await {
            Ok(answer) => {
                self.cache.keep_last(asked, Arc::clone(&answer.kept)).await;
                return Ok(answer);
            }
            Err(failure @ LoadError::Unavailable) => failure,
            Err(other) => return Err(other),
        };
        let kept = self.cache.last(&asked).await.ok_or(failure)?;
        let provenance = Provenance { origin: Origin::Stale, took: begun.elapsed() };
        Ok(Answer { provenance, kept, media_type, stale: true })
    }

    /// The answer to the question of `shortcut` for what is committed now, if it is in memory.
    pub(crate) async fn repeat(&self, shortcut: &Shortcut) -> Option<Answer> {
        let begun = Instant::now();
        let question = &shortcut.question;
        let seen = self.watcher.fresh()?.ok()?;
        let window = self.window();
        let kept = match shortcut.recent(&seen, window) {
            Some(kept) => kept,
            None => {
                let version = self.version(question.depends, &seen);
                let kept = self.cache.find(&Key { query: Arc::clone(&question.text), version }).await?;
                shortcut.note(seen, window, &kept);
                kept
            }
        };
        let provenance = Provenance { origin: Origin::Hit, took: begun.elapsed() };
        Some(Answer { provenance, kept, media_type: question.media_type, stale: false })
    }

    async fn load<P: Panel>(&self, panel: P) -> Result<Loaded, LoadError> {
        if let (Depends::Downloads, None) = (panel.depends(), self.catalog.downloads()) {
            return Err(LoadError::NotServed);
        }
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
                Depends::Downloads => {
                    self.catalog.downloads().is_some_and(|served| served.name == stream.name)
                }
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
            window: self.window(),
        }
    }

    /// Start of the current window.
    fn window(&self) -> Timestamp {
        self.catalog.smallest_window().window_of(self.settings.clock.now()).start
    }
}

/// Names a panel among all of them.
fn text<P: Panel>(panel: &P) -> Arc<str> {
    format!("{panel:?}").into()
}
