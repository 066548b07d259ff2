use std::time::{Duration, Instant};

/// How long a run is silent.
const SILENCE: Duration = Duration::from_secs(5);

/// Says once in a while how far a long run has come.
#[derive(Debug)]
pub(crate) struct Progress {
    planned: Option<u64>,
    sent: u64,
    /// When it last said something, and how much was sent then.
    said: (Instant, u64),
}

impl Progress {
    pub fn new(planned: Option<u64>) -> Self {
        Self { planned, sent: 0, said: (Instant::now(), 0) }
    }

    /// One more was sent.
    pub fn step(&mut self) {
        self.sent += 1;
        // Reading the clock costs as much as a tenth of an event.
        if self.sent.is_multiple_of(16) {
            self.look();
        }
    }

    fn look(&mut self) {
        let (at, sent) = self.said;
        let passed = at.elapsed();
        if passed >= SILENCE {
            #[allow(clippy::cast_precision_loss, reason = "a rate to read")]
            let per_second = ((self.sent - sent) as f64 / passed.as_secs_f64()).round();
            tracing::info!(sent = self.sent, of = self.planned, per_second, "sending");
            self.said = (Instant::now(), self.sent);
        }
    }
}
