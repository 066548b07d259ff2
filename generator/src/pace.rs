use std::time::{Duration, Instant};

use common::shutdown::Shutdown;

/// A stop is seen after this long at most.
const LOOK: Duration = Duration::from_millis(50);

/// Spreads steps evenly over time.
#[derive(Debug)]
pub(crate) struct Pace {
    began: Instant,
    /// Steps per second; `None` goes as fast as it can.
    rate: Option<f64>,
}

impl Pace {
    pub fn new(rate: Option<f64>) -> Self {
        Self { began: Instant::now(), rate: rate.filter(|rate| *rate > 0.0) }
    }

    /// Waits until step `number` is due; false if asked to stop.
    #[allow(clippy::disallowed_methods, reason = "pacing is this thread's work")]
    pub fn wait(&self, number: u64, shutdown: &Shutdown) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "a pace need not be exact")]
        let after = self.rate.map_or(0.0, |rate| (number as f64 / rate).min(1e9));
        let due = self.began + Duration::from_secs_f64(after);
        while !shutdown.requested() {
            let left =
                if after > 0.0 { due.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(LOOK));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_not_taken_before_it_is_due_nor_after_a_stop() {
        let (pace, shutdown) = (Pace::new(Some(10.0)), Shutdown::default());
        assert!(pace.wait(2, &shutdown));
        assert!(pace.began.elapsed() >= Duration::from_millis(200));
        shutdown.trigger();
        assert!(!pace.wait(1_000_000, &shutdown));
        assert!(!Pace::new(None).wait(0, &shutdown));
    }
}
