//! One rendered snapshot per version of the data, shared by everyone who listens.
//!
//! `event` is what is told, in every form it is sent in; `publisher` holds the latest one and the listeners' places.

mod event;
mod publisher;

use std::time::{Duration, Instant};

pub(crate) use event::EventId;
pub(crate) use publisher::{Listening, Publisher, Subscription};

use crate::{
    answer::Depends, app::App, cache::Version, failure::LoadError, problem::Problem,
    routes::dashboard::DashboardQuery,
};

/// What listeners were told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Snapshot(Version),
    Problem(LoadError),
}

/// Telling one listener takes a few hundredths of a millisecond; this is several times that.
const FOR_EACH: Duration = Duration::from_micros(100);

/// Until the next push, at least `least`. However many listen and however long rendering `took`, both leave most of the
/// time to others.
fn pause(least: Duration, took: Duration, listeners: usize) -> Duration {
    let telling = FOR_EACH * u32::try_from(listeners).unwrap_or(u32::MAX);
    least.max(took * 3).max(telling)
}

impl App {
    /// Renders and publishes while anyone listens, until shutdown.
    pub(crate) async fn push_snapshots(&self) {
        let mut told = Told::Nothing;
        while !self.shutdown.requested() {
            tokio::select! {
                () = self.shutdown.wait() => return,
                () = self.publisher.listened() => {}
            }
            if self.publisher.is_stale() {
                told = Told::Nothing;
            }
            let begin = Instant::now();
            let next = self.push(told).await;
            let pause = if next == told {
                Duration::ZERO
            } else {
                let least = self.settings.push_interval.as_duration();
                pause(least, begin.elapsed(), self.publisher.subscribers())
            };
            told = next;
            tokio::select! {
                () = self.shutdown.wait() => return,
                // At most one event per interval, and none before something was read again.
                _ = async { tokio::join!(tokio::time::sleep(pause), self.watcher.next()) } => {}
            }
        }
    }

    /// Publishes what is new since `told`.
    async fn push(&self, told: Told) -> Told {
        let current = match self.watcher.current().await {
            Ok(seen) => Told::Snapshot(self.version(Depends::Everything, &seen)),
            Err(failure) => Told::Problem(failure),
        };
        if current == told {
            return told;
        }
        match self.answer(DashboardQuery).await {
            Ok(answer) => {
                self.publisher.snapshot(EventId::of(&answer.version()), answer.body());
                Told::Snapshot(answer.version())
            }
            Err(failure) if told == Told::Problem(failure) => told,
            Err(failure) => {
                let problem = Problem::from(failure).json("", "/api/stream/events");
                self.publisher.problem(&problem);
                Told::Problem(failure)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_come_as_often_as_they_are_cheap() {
        let millis = Duration::from_millis;
        assert_eq!(pause(millis(20), millis(2), 1), millis(20));
        assert_eq!(pause(millis(20), millis(30), 1), millis(90));
        assert_eq!(pause(millis(20), millis(2), 5_000), millis(500));
    }
}
