//! Tumbling windows: half-open, aligned to the Unix epoch.

use std::fmt;

use crate::time::Timestamp;

const DAY_MILLIS: i64 = 86_400_000;

/// The length of a window in milliseconds; divides a day, so windows never cross midnight UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct WindowSize(i64);

/// The window that begins at `start` and covers `[start, start + size)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    pub start: Timestamp,
}

impl WindowSize {
    /// `None` unless `millis` is positive and divides a day.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Option<Self> {
        if millis > 0 && DAY_MILLIS % millis == 0 { Some(Self(millis)) } else { None }
    }

    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The one window that holds `time`.
    #[must_use]
    pub const fn window_of(self, time: Timestamp) -> Window {
        let millis = time.as_millis();
        Window { start: Timestamp::from_millis(millis - millis.rem_euclid(self.0)) }
    }
}

impl Window {
    /// The first instant after the window.
    #[must_use]
    pub const fn end(self, size: WindowSize) -> Timestamp {
        self.start.plus_millis(size.0)
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}..", self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_exactly_its_window() {
        for size in [1, 1_000, 60_000, 3_600_000, DAY_MILLIS] {
            let size = WindowSize::from_millis(size).unwrap();
            for millis in [-DAY_MILLIS - 1, -60_001, -60_000, -1, 0, 1, 59_999, 60_000, 86_399_999] {
                let time = Timestamp::from_millis(millis);
                let window = size.window_of(time);
                assert!(window.start <= time && time < window.end(size));
                assert_eq!(window.start.as_millis().rem_euclid(size.as_millis()), 0);
            }
        }
    }

    #[test]
    fn a_size_that_does_not_divide_a_day_is_refused() {
        for millis in [0, -1, 7, 7 * 60_000, 2 * DAY_MILLIS] {
            assert_eq!(WindowSize::from_millis(millis), None);
        }
    }
}
