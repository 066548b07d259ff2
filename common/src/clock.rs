//! The only place that reads the wall clock.

use std::{
    fmt::Debug,
    path::PathBuf,
    sync::atomic::{AtomicI64, Ordering},
};

use crate::time::Timestamp;

/// Where "now" comes from.
pub trait Clock: Send + Sync + Debug {
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
    }
}

/// The machine's wall clock, stepped by as many milliseconds as a file says: for tests that step the clock of a
/// running program and no other's.
#[derive(Debug)]
pub struct SteppedClock {
    file: PathBuf,
    /// What the file said last; it may be missing for a moment.
    step: AtomicI64,
}

impl SteppedClock {
    #[must_use]
    pub fn of(file: PathBuf) -> Self {
        Self { file, step: AtomicI64::new(0) }
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        let said = std::fs::read_to_string(&self.file).ok().and_then(|text| text.trim().parse().ok());
        if let Some(step) = said {
            self.step.store(step, Ordering::Relaxed);
        }
        SystemClock.now().plus_millis(self.step.load(Ordering::Relaxed))
    }
}

/// A clock that tests move by hand.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(AtomicI64::new(time.as_millis()))
    }

    pub fn set(&self, time: Timestamp) {
        self.0.store(time.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stepped_clock_follows_its_file_and_keeps_the_last_step() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("step");
        let clock = SteppedClock::of(file.clone());
        let ahead = || clock.now().as_millis() - SystemClock.now().as_millis();
        assert!((-1_000..=0).contains(&ahead()));
        std::fs::write(&file, "-3600000\n").unwrap();
        assert!((-3_601_000..=-3_600_000).contains(&ahead()));
        std::fs::remove_file(&file).unwrap();
        assert!((-3_601_000..=-3_600_000).contains(&ahead()));
    }
}
