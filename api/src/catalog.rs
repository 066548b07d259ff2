//! The streams that are served.

use common::window::WindowSize;
use schema::{Rollup, StreamDefinition};

use crate::problem::Problem;

/// Definitions by name, and which of them is behind `/api/stats`.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// At least one.
    streams: Vec<StreamDefinition>,
    downloads: Option<usize>,
}

impl Catalog {
    /// `None` when there is no stream.
    pub(crate) fn new(streams: Vec<StreamDefinition>, downloads: &str) -> Option<Self> {
        let downloads = streams.iter().position(|stream| stream.name == downloads);
        (!streams.is_empty()).then_some(Self { streams, downloads })
    }

    pub(crate) fn streams(&self) -> &[StreamDefinition] {
        &self.streams
    }

    /// The stream behind `/api/stats`, where it is served.
    pub(crate) fn downloads(&self) -> Option<&StreamDefinition> {
        self.downloads.map(|at| &self.streams[at])
    }

    /// Who names no stream means this one: the one behind `/api/stats`, or else the first.
    pub(crate) fn main(&self) -> &StreamDefinition {
        &self.streams[self.downloads.unwrap_or(0)]
    }

    pub(crate) fn stream(&self, name: &str) -> Option<&StreamDefinition> {
        self.streams.iter().find(|stream| stream.name == name)
    }

    /// The stream of this name, or the main one where none is named.
    pub(crate) fn named(&self, name: Option<&str>) -> Result<&StreamDefinition, Problem> {
        let Some(name) = name else { return Ok(self.main()) };
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
        sizes.min_by_key(|size| size.as_millis()).unwrap_or(self.main().window.size)
    }
}
