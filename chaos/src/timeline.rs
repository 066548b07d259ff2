//! What was done when, for whoever has to understand a failure.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Timeline {
    began: Instant,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    at: Duration,
    committed: u64,
    what: String,
}

impl Timeline {
    pub fn begin() -> Self {
        Self { began: Instant::now(), entries: Vec::new() }
    }

    pub fn note(&mut self, committed: u64, what: impl Into<String>) {
        self.entries.push(Entry { at: self.began.elapsed(), committed, what: what.into() });
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|Entry { at, committed, what }| {
            format!("{:>8.3} s  {committed:>6} committed  {what}", at.as_secs_f64())
        })
    }
}
