//! Quantiles with a relative error of at most 1 %: a DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable
//! quantile sketch with relative-error guarantees", VLDB 2019) over whole numbers.
//!
//! Values are counted in buckets whose widths grow with them: 64 of equal width between a power of two and the next, so
//! that half a bucket is at most 1/128 of the values in it. The paper's logarithm is interpolated linearly, as its
//! authors' own libraries do to be fast; here the reason is that a number's bits give its bucket on every machine.
//! Up to 2^53 there are 3,072 buckets on either side of zero, so none are ever thrown together, which would make the
//! outcome depend on the order of the values.

use super::bytes::{Reader, SketchError, put};

/// First byte of the written form; another layout gets another one.
const FORM: u8 = 0x11;
/// 64 buckets between powers of two.
const BITS: u32 = 6;
/// As many units as measures can have, see [`crate::measure::to_units`].
const LARGEST: i64 = 1 << 53;
const HIGHEST_BUCKET: i16 = bucket_of(LARGEST);

/// Which share of the values lies at or below a quantile, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

impl Percent {
    /// `None` above 100.
    #[must_use]
    pub const fn new(percent: u8) -> Option<Self> {
        if percent <= 100 { Some(Self(percent)) } else { None }
    }
}

/// How many values fell into each bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// Ascending. Apart from the counts, as they are searched for every value.
    buckets: Vec<i16>,
    /// None is 0.
    counts: Vec<u64>,
}

impl Quantiles {
    /// Takes in a value, in units; beyond 2^53 as 2^53.
    #[inline]
    pub fn add(&mut self, units: i64) {
        self.add_to(bucket_of(units), 1);
    }

    fn add_to(&mut self, bucket: i16, count: u64) {
        match self.buckets.binary_search(&bucket) {
            Ok(at) => self.counts[at] = self.counts[at].saturating_add(count),
            Err(at) => {
                self.buckets.insert(at, bucket);
                self.counts.insert(at, count);
            }
        }
    }

    /// Afterwards this is what it would be had it seen the other's values as well.
    pub fn merge(&mut self, other: &Self) {
        for (&bucket, &count) in other.buckets.iter().zip(&other.counts) {
            self.add_to(bucket, count);
        }
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The value of rank `floor(percent / 100 * (count - 1))` among all in order, in units, within 1 %; exact below 128
    /// units. `None` where there is no value.
    #[must_use]
    pub fn quantile(&self, percent: Percent) -> Option<i64> {
        let rank = u128::from(self.count().checked_sub(1)?) * u128::from(percent.0) / 100;
        let mut seen = 0_u128;
        let mut entries = self.buckets.iter().zip(&self.counts);
        let (bucket, _) = entries.find(|(_, count)| {
            seen += u128::from(**count);
            seen > rank
        })?;
        Some(middle_of(*bucket))
    }

    /// Appends its bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(FORM);
        put(out, self.buckets.len() as u64);
        let mut from = -HIGHEST_BUCKET;
        for (&bucket, &count) in self.buckets.iter().zip(&self.counts) {
            put(out, u64::from(bucket.abs_diff(from)));
            put(out, count);
            from = bucket + 1;
        }
    }

    /// # Errors
    /// [`SketchError`] for bytes that [`Self::write`] does not write.
    pub fn read(bytes: &[u8]) -> Result<Self, SketchError> {
        let mut reader = Reader::of(FORM, bytes)?;
        let entries = reader.number()?;
        let mut sketch = Self::default();
        let (mut from, mut total) = (-HIGHEST_BUCKET, 0_u64);
        // As long as there are bytes: what is announced may be anything.
        for _ in 0..entries {
            let gap = reader.at_most(u64::from(HIGHEST_BUCKET.abs_diff(from)))?;
            let bucket = i16::try_from(gap).ok().and_then(|gap| from.checked_add(gap));
            let bucket = bucket.filter(|bucket| *bucket <= HIGHEST_BUCKET).ok_or(SketchError::OutOfRange)?;
            let count = reader.number()?;
            total = total.checked_add(count).filter(|_| count > 0).ok_or(SketchError::OutOfRange)?;
            sketch.buckets.push(bucket);
            sketch.counts.push(count);
            from = bucket + 1;
        }
        reader.end()?;
        Ok(sketch)
    }
}

/// Below 128 each number has its own.
#[allow(clippy::cast_possible_truncation, reason = "at most 3,072")]
const fn bucket_of(units: i64) -> i16 {
    let size = if units.unsigned_abs() > LARGEST.unsigned_abs() {
        LARGEST.unsigned_abs()
    } else {
        units.unsigned_abs()
    };
    let shift = (u64::BITS - size.leading_zeros()).saturating_sub(BITS + 1);
    let bucket = (shift << BITS) as i16 + (size >> shift) as i16;
    if units < 0 { -bucket } else { bucket }
}

const fn middle_of(bucket: i16) -> i64 {
    let size = bucket.unsigned_abs() as i64;
    let shift = (size >> BITS) - 1;
    if shift <= 0 {
        return bucket as i64;
    }
    let lowest = (size - (shift << BITS)) << shift;
    let middle = lowest + ((1 << shift) - 1) / 2;
    if bucket < 0 { -middle } else { middle }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[i64]) -> Quantiles {
        let mut sketch = Quantiles::default();
        values.iter().for_each(|value| sketch.add(*value));
        sketch
    }

    fn written(sketch: &Quantiles) -> Vec<u8> {
        let mut out = Vec::new();
        sketch.write(&mut out);
        out
    }

    /// Of every size, as sums and sizes are.
    fn value() -> impl Strategy<Value = i64> {
        (0_u32..54, any::<i64>()).prop_map(|(bits, value)| value % (1 << bits).max(1))
    }

    #[test]
    fn every_power_of_two_has_64_buckets_and_small_numbers_their_own() {
        for units in -128..=128 {
            assert_eq!(middle_of(bucket_of(units)), units);
        }
        assert_eq!((bucket_of(128), bucket_of(129), bucket_of(130)), (128, 128, 129));
        assert_eq!(bucket_of(256) - bucket_of(128), 64);
        assert_eq!((bucket_of(LARGEST), HIGHEST_BUCKET), (3_072, 3_072));
        assert_eq!((bucket_of(i64::MAX), bucket_of(i64::MIN)), (3_072, -3_072));
    }

    #[test]
    fn buckets_follow_one_another_and_their_middles_are_near_all_that_is_in_them() {
        let mut last = bucket_of(0);
        for power in 0..53 {
            for step in 0..256_i64 {
                let units = (1_i64 << power) + (((1_i128 << power) * i128::from(step)) >> 8) as i64;
                let bucket = bucket_of(units);
                assert!((last..=last + 1).contains(&bucket), "{units}");
                assert!((middle_of(bucket) - units).abs() * 128 <= units, "{units}");
                last = bucket;
            }
        }
    }

    #[test]
    fn of_nothing_there_is_no_quantile_and_of_one_value_every_quantile_is_that() {
        let percent = |percent| Percent::new(percent).unwrap();
        assert_eq!(of(&[]).quantile(percent(50)), None);
        for share in 0..=100 {
            assert_eq!(of(&[-77]).quantile(percent(share)), Some(-77));
        }
        assert_eq!(of(&[1, 2, 3, 4]).quantile(percent(50)), Some(2));
        assert_eq!(Percent::new(101), None);
    }

    /// What is stored must be read by every later version.
    #[test]
    fn the_written_form_is_this() {
        assert_eq!(written(&of(&[])), [0x11, 0]);
        // Buckets -3 and 0 (twice): 3,069 above the lowest, then 2 passed over.
        assert_eq!(written(&of(&[0, -3, 0])), [0x11, 2, 0xfd, 0x17, 1, 2, 2]);
    }

    #[test]
    fn foreign_bytes_are_refused_for_what_is_wrong_with_them() {
        use SketchError::{Form, NotShortest, OutOfRange, Trailing, Truncated};
        for (bytes, error) in [
            (&[][..], Truncated),
            (&[0x21, 0], Form(0x21)),
            (&[0x11], Truncated),
            (&[0x11, 0, 0], Trailing(1)),
            (&[0x11, 0x80, 0], NotShortest),
            (&[0x11, 1, 0], Truncated),
            (&[0x11, 1, 0, 0], OutOfRange),
            (&[0x11, 1, 0x81, 0x30, 1], OutOfRange),
            (&[0x11, 2, 0x80, 0x30, 1, 0, 1], OutOfRange),
            (&[0x11, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 1], Truncated),
        ] {
            assert_eq!(Quantiles::read(bytes), Err(error), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn quantiles_are_within_one_percent(values in prop::collection::vec(value(), 1..400), percent in 0_u8..=100) {
            let found = of(&values).quantile(Percent::new(percent).unwrap()).unwrap();
            let mut sorted = values;
            sorted.sort_unstable();
            let exact = sorted[(sorted.len() - 1) * usize::from(percent) / 100];
            prop_assert!((found - exact).unsigned_abs() * 100 <= exact.unsigned_abs(), "{found} for {exact}");
        }

        #[test]
        fn neither_order_nor_the_way_it_was_spread_matters(
            values in prop::collection::vec(value(), 0..300), cuts in prop::collection::vec(0_usize..5, 300)
        ) {
            let whole = of(&values);
            let mut backwards = values.clone();
            backwards.reverse();
            prop_assert_eq!(written(&of(&backwards)), written(&whole));
            let mut parts = vec![Quantiles::default(); 5];
            for (value, part) in values.iter().zip(&cuts) {
                parts[*part].add(*value);
            }
            let mut merged = Quantiles::default();
            parts.iter().rev().for_each(|part| merged.merge(part));
            prop_assert_eq!(merged.count(), values.len() as u64);
            prop_assert_eq!(merged, whole);
        }

        #[test]
        fn it_is_read_as_it_was_written_and_goes_on_from_there(
            values in prop::collection::vec(value(), 0..300), more in prop::collection::vec(value(), 0..30)
        ) {
            let sketch = of(&values);
            let mut read = Quantiles::read(&written(&sketch)).unwrap();
            prop_assert_eq!(&read, &sketch);
            more.iter().for_each(|value| read.add(*value));
            prop_assert_eq!(written(&read), written(&of(&[values, more].concat())));
        }

        #[test]
        fn whatever_is_read_is_what_would_be_written(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let bytes = [&[0x11], &bytes[..]].concat();
            if let Ok(sketch) = Quantiles::read(&bytes) {
                prop_assert_eq!(written(&sketch), bytes);
            }
        }

        #[test]
        fn a_changed_byte_is_refused_or_another_sketch(
            values in prop::collection::vec(value(), 1..100), at in any::<prop::sample::Index>(), byte in any::<u8>()
        ) {
            let mut bytes = written(&of(&values));
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(sketch) = Quantiles::read(&bytes) {
                prop_assert_eq!(written(&sketch), bytes);
            }
        }
    }
}
