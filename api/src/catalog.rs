//! The streams that are served.

use common::window::WindowSize;
use schema::{Rollup, StreamDefinition};

use crate::problem::Problem;

/// Definitions by name, and which of them is behind `/api/stats`.
#[derive(Debug)]
pub(crate) struct Catalog {
    streams: Vec<StreamDefinition>,
    downloads: usize,
}

impl Catalog {
    /// `None` when no stream is named `downloads`.
    pub(crate) fn new(streams: Vec<StreamDefinition>, downloads: &str) -> Option<Self> {
        let downloads = streams.iter().position(|stream| stream.name == downloads)?;
        Some(Self { streams, downloads })
    }

    pub(crate) fn streams(&self) -> &[StreamDefinition] {
        &self.streams
    }

    pub(crate) fn downloads(&self) -> &StreamDefinition {
        &self.streams[self.downloads]
    }

    pub(crate) fn stream(&self, name: &str) -> Option<&StreamDefinition> {
        self.streams.iter().find(|stream| stream.name == name)
    }

    /// The stream of this name, or the one behind `/api/stats` where none is named.
    pub(crate) fn named(&self, name: Option<&str>) -> Result<&StreamDefinition, Problem> {
        let Some(name) = name else { return Ok(self.downloads()) };
        let names = self.streams.iter().map(|stream| stream.name.as_str());
        self.stream(name).ok_or_else(|| Problem::unknown_name("stream", name, names))
    }

    pub(crate) fn rollup(&self, stream: &str, rollup: &str) -> Option<(&StreamDefinition, &Rollup)> {
        let stream = self.stream(stream)?;
        stream.rollups.iter().find(|candidate| candidate.name == rollup).map(|rollup| (stream, rollup))
    }

    /// The smallest window served: time-relative answers change at least that often.
    pub(crate) fn smallest_window(&self) -> WindowSize {
        let sizes = self.streams.iter().map(|stream| stream.window.size);
        sizes.min_by_key(|size| size.as_millis()).unwrap_or(self.downloads().window.size)
    }
}
