//! A full unit that has to wait for the one in flight.

use std::time::{Duration, Instant};

/// Who waits so long stops fetching. For less it is not worth what stopping and beginning again cost the client; a full
/// unit of rows that are all new takes PostgreSQL two seconds.
const PAUSE_AFTER: Duration = Duration::from_secs(5);

/// Since when it waits, if it does.
#[derive(Debug, Default)]
pub(super) struct Backpressure(Option<Instant>);

impl Backpressure {
    pub fn note(&mut self, is_full: bool, now: Instant) {
        self.0 = is_full.then(|| self.0.unwrap_or(now));
    }

    /// Nothing more may be taken in.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub fn is_long(&self, now: Instant) -> bool {
        self.0.is_some_and(|since| now.duration_since(since) >= PAUSE_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetching_stops_only_where_the_wait_is_long() {
        let begin = Instant::now();
        let at = |millis| begin + Duration::from_millis(millis);
        let mut pressure = Backpressure::default();
        pressure.note(true, at(0));
        pressure.note(true, at(4_000));
        assert!(pressure.is_on() && !pressure.is_long(at(4_999)) && pressure.is_long(at(5_000)));
        pressure.note(false, at(5_100));
        assert!(!pressure.is_on() && !pressure.is_long(at(20_000)));
        pressure.note(true, at(20_000));
        assert!(!pressure.is_long(at(24_999)));
    }
}
