//! Numbers that can be added in any order and give the same result.
//!
//! A sum of floating-point numbers depends on the order of addition, and so on batches, restarts and the
//! number of processors. Sums, minima and maxima are therefore kept as whole numbers of a resolution.

/// Above this many units a `f64` no longer holds every whole number.
const LARGEST_UNITS: f64 = 9_007_199_254_740_992.0;

/// The whole number of `1/scale` units nearest to `value`, halves away from zero.
///
/// `None` when the value is not finite or lies beyond 2^53 units.
#[must_use]
pub fn to_units(value: f64, scale: i64) -> Option<i64> {
    #[allow(clippy::cast_precision_loss, reason = "scales are powers of ten up to 1e12")]
    let units = value * scale as f64;
    // False for what is not a number.
    let is_kept = units.abs() <= LARGEST_UNITS;
    // Rounded by hand: `round` is a call on processors as old as the ones we build for.
    #[allow(clippy::cast_possible_truncation, reason = "not used where it is out of bounds")]
    let whole = units as i64;
    #[allow(clippy::cast_precision_loss, reason = "exact below 2^53, and so is the difference")]
    let rest = units - whole as f64;
    is_kept.then_some(whole.wrapping_add(i64::from(rest >= 0.5) - i64::from(rest <= -0.5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_the_nearest_unit() {
        assert_eq!(to_units(1.234_567_8, 1_000_000), Some(1_234_568));
        assert_eq!(to_units(-0.000_000_4, 1_000_000), Some(0));
        assert_eq!(to_units(5.0, 1), Some(5));
    }

    #[test]
    fn agrees_with_round_at_the_edges() {
        let edges = [0.0, 0.5, 1.5, 2.5, 0.499_999_999_999_999_94, 4_503_599_627_370_495.5, LARGEST_UNITS];
        for edge in edges {
            for value in [edge, edge.next_down(), edge.next_up(), -edge, -edge.next_down(), -edge.next_up()] {
                #[allow(clippy::cast_possible_truncation, reason = "bounded in the same line")]
                let expected = (value.round().abs() <= LARGEST_UNITS).then_some(value.round() as i64);
                assert_eq!(to_units(value, 1), expected, "{value}");
            }
        }
    }

    #[test]
    fn refuses_what_it_cannot_hold_exactly() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e16] {
            assert_eq!(to_units(value, 1_000_000), None);
        }
    }
}
