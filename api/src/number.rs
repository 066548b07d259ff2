//! From exact integer sums to the numbers people read.

/// Units per Mbit/s in which the tables keep speeds.
pub(crate) const SPEED_SCALE: i64 = 1_000_000;
/// Units per second in which the tables keep durations.
pub(crate) const DURATION_SCALE: i64 = 1_000_000;

/// `dividend / divisor`, or none where there is nothing to divide by.
pub(crate) fn ratio(dividend: i64, divisor: i64) -> Option<f64> {
    (divisor != 0).then(|| dividend as f64 / divisor as f64)
}

/// The mean of `count` values whose sum is kept in units of `1 / scale`.
pub(crate) fn mean(sum: Option<i64>, scale: i64, count: i64) -> Option<f64> {
    ratio(sum?, count).map(|units| units / scale as f64)
}

/// Rounded to `decimals` places, halves away from zero.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_divided_by_nothing_is_unknown_not_zero() {
        assert_eq!(ratio(0, 0), None);
        assert_eq!(mean(None, 1_000_000, 5), None);
        assert_eq!(mean(Some(0), 1_000_000, 0), None);
    }

    #[test]
    fn a_mean_is_in_natural_units() {
        assert_eq!(mean(Some(5_000_000), 1_000_000, 2), Some(2.5));
        assert_eq!(rounded(2.0 / 3.0, 3), 0.667);
        assert_eq!(rounded(25.05, 1), 25.1);
    }
}
