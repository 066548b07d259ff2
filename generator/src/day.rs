//! The shape of a day: most traffic in the evening, least before dawn.

use std::f64::consts::TAU;

const DAY: f64 = 86_400_000.0;
/// Local hour of the peak.
const PEAK_HOUR: f64 = 20.0;

/// A sine over the day, 1 on average.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day {
    swing: f64,
    /// UTC time of the peak in milliseconds.
    peak: f64,
}

impl Day {
    /// `ratio`: traffic of the busiest moment over that of the quietest; 1 is flat. `zone`: hours ahead of UTC.
    #[allow(clippy::cast_precision_loss, reason = "hours of a zone")]
    pub fn new(ratio: f64, zone: i64) -> Self {
        let ratio = ratio.max(1.0);
        Self { swing: (ratio - 1.0) / (ratio + 1.0), peak: (PEAK_HOUR - zone as f64) * 3_600_000.0 }
    }

    /// The day of several parts together, each with its share of the traffic. Shares sum to 1. A sum of sines of one
    /// period is such a sine again.
    pub fn mixed(parts: impl Iterator<Item = (f64, Self)>) -> Self {
        let (mut x, mut y) = (0.0, 0.0);
        for (share, day) in parts {
            let angle = day.peak / DAY * TAU;
            x += share * day.swing * angle.cos();
            y += share * day.swing * angle.sin();
        }
        Self { swing: f64::hypot(x, y), peak: y.atan2(x) / TAU * DAY }
    }

    /// Traffic at `time` (milliseconds since 1970) as a multiple of the average.
    pub fn level(self, time: f64) -> f64 {
        1.0 + self.swing * ((time - self.peak) / DAY * TAU).cos()
    }

    /// Integral of [`Self::level`].
    fn passed(self, time: f64) -> f64 {
        time + self.swing * DAY / TAU * ((time - self.peak) / DAY * TAU).sin()
    }
}

/// Event times from `from` to `to`, ascending, dense where the day is busy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    day: Day,
    from: i64,
    to: i64,
    events: u64,
    number: u64,
    last: f64,
}

impl Spread {
    /// `events` times, evenly over the traffic of the shape.
    #[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    pub fn new(day: Day, from: i64, to: i64, events: u64) -> Self {
        Self { day, from, to, events, number: 0, last: from as f64 }
    }
}

impl Iterator for Spread {
    type Item = i64;

    #[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    #[allow(clippy::cast_possible_truncation, reason = "between from and to")]
    fn next(&mut self) -> Option<i64> {
        if self.number == self.events {
            return None;
        }
        self.number += 1;
        let (from, to) = (self.from as f64, self.to as f64);
        let share = self.number as f64 / self.events as f64;
        let target = self.day.passed(from) + share * (self.day.passed(to) - self.day.passed(from));
        // Newton's steps from the last time; the level has no zero, so they converge.
        let mut time = self.last;
        for _ in 0..8 {
            let step = (target - self.day.passed(time)) / self.day.level(time);
            time = (time + step).clamp(from, to);
            if step.abs() < 0.5 {
                break;
            }
        }
        self.last = time.max(self.last);
        Some((self.last as i64).clamp(self.from, self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ascend_end_at_the_end_and_follow_the_day() {
        let days = 2 * 86_400_000;
        let times: Vec<i64> = Spread::new(Day::new(6.0, 0), 0, days, 20_000).collect();
        assert_eq!(times.len(), 20_000);
        assert!(times.is_sorted());
        assert!(days - times[19_999] < 2, "{}", times[19_999]);
        let in_hour =
            |hour: i64| times.iter().filter(|time| (*time % 86_400_000) / 3_600_000 == hour).count();
        let (busy, quiet) = (in_hour(20), in_hour(8));
        assert!((5 * quiet..7 * quiet).contains(&busy), "{busy} and {quiet}");
    }

    #[test]
    fn a_ratio_of_one_spreads_evenly() {
        let times: Vec<i64> = Spread::new(Day::new(1.0, 0), 1_000, 2_000, 10).collect();
        assert_eq!(times, [1_100, 1_200, 1_300, 1_400, 1_500, 1_600, 1_700, 1_800, 1_900, 2_000]);
    }

    #[test]
    fn a_mixed_day_is_the_sum_of_its_parts() {
        let (east, west) = (Day::new(6.0, 9), Day::new(3.0, -8));
        let both = Day::mixed([(0.3, east), (0.7, west)].into_iter());
        for hour in 0..24 {
            let time = f64::from(hour) * 3_600_000.0;
            let sum = 0.3 * east.level(time) + 0.7 * west.level(time);
            assert!((both.level(time) - sum).abs() < 1e-9, "{hour}");
        }
    }

    #[test]
    fn a_sparse_spread_still_ascends() {
        let times: Vec<i64> = Spread::new(Day::new(6.0, 0), 0, 30 * 86_400_000, 7).collect();
        assert!(times.is_sorted());
        assert_eq!(times.len(), 7);
    }
}
