//! How many different values there were, to about 1.6 %: HyperLogLog (Flajolet et al. 2007) with 4,096 registers and
//! hashes of 64 bits, and the estimator of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
//! (arXiv:1702.01284, algorithm 6), which needs no tables of corrections and holds from 0 on.

use twox_hash::XxHash64;

use super::bytes::{Reader, SketchError, put};

/// First byte of the written forms; another layout, or another hash, gets another one.
const FORM: u8 = 0x21;
const SPARSE: u8 = 0;
const DENSE: u8 = 1;

const BITS: u32 = 12;
const REGISTERS: usize = 1 << BITS;
/// The rest of a hash can be all zeros.
const HIGHEST_RANK: u8 = (u64::BITS - BITS + 1) as u8;
/// With more registers than this in use all of them are kept. How many are depends on the values alone.
const MOST_SPARSE: usize = 1_024;
const RANK_BITS: u32 = 6;
const DENSE_BYTES: usize = REGISTERS * RANK_BITS as usize / 8;

/// XXH64 of a value. Rows that were written with it are stored: it must never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueHash(u64);

impl ValueHash {
    /// Of a text's UTF-8, a fixed or bytes.
    #[inline]
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(XxHash64::oneshot(0, bytes))
    }

    /// Of its eight bytes, the lowest first. With a seed of its own, so that no text is taken for it.
    #[inline]
    #[must_use]
    pub fn of_integer(value: i64) -> Self {
        Self(XxHash64::oneshot(1, &value.to_le_bytes()))
    }

    #[inline]
    #[must_use]
    pub fn of_boolean(value: bool) -> Self {
        Self(XxHash64::oneshot(2, &[u8::from(value)]))
    }
}

/// For each of 4,096 parts of the hashes the longest run of zeros seen in one, plus one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distinct {
    registers: Registers,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Registers {
    /// Register and rank of those in use, ascending; at most [`MOST_SPARSE`].
    Sparse(Vec<(u16, u8)>),
    Dense(Box<[u8; REGISTERS]>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self { registers: Registers::Sparse(Vec::new()) }
    }
}

impl Distinct {
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "12 bits, and at most 53")]
    pub fn add(&mut self, ValueHash(hash): ValueHash) {
        let register = (hash >> (u64::BITS - BITS)) as u16;
        // The bit set ends the run where the rest is all zeros.
        let rest = (hash << BITS) | 1 << (BITS - 1);
        self.raise(register, rest.leading_zeros() as u8 + 1);
    }

    fn raise(&mut self, register: u16, rank: u8) {
        match &mut self.registers {
            Registers::Dense(ranks) => {
                let known = &mut ranks[usize::from(register)];
                *known = (*known).max(rank);
            }
            Registers::Sparse(used) => {
                match used.binary_search_by_key(&register, |(register, _)| *register) {
                    Ok(at) => used[at].1 = used[at].1.max(rank),
                    Err(at) if used.len() < MOST_SPARSE => used.insert(at, (register, rank)),
                    Err(_) => {
                        let mut ranks = Box::new([0; REGISTERS]);
                        for (register, rank) in used.iter().chain([&(register, rank)]) {
                            ranks[usize::from(*register)] = *rank;
                        }
                        self.registers = Registers::Dense(ranks);
                    }
                }
            }
        }
    }

    /// Afterwards this is what it would be had it seen the other's values as well.
    pub fn merge(&mut self, other: &Self) {
        other.used().for_each(|(register, rank)| self.raise(register, rank));
    }

    /// Registers in use, ascending, with their ranks.
    #[allow(clippy::cast_possible_truncation, reason = "there are 4,096")]
    fn used(&self) -> impl Iterator<Item = (u16, u8)> {
        let (sparse, dense) = match &self.registers {
            Registers::Sparse(used) => (used.as_slice(), &[][..]),
            Registers::Dense(ranks) => (&[][..], ranks.as_slice()),
        };
        let dense = dense.iter().enumerate().filter(|(_, rank)| **rank > 0);
        sparse.iter().copied().chain(dense.map(|(register, rank)| (register as u16, *rank)))
    }

    /// How many different values were seen, to the nearest whole number.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; `as` saturates"
    )]
    pub fn estimate(&self) -> u64 {
        let mut of_rank = [0.0_f64; HIGHEST_RANK as usize + 1];
        of_rank[0] = REGISTERS as f64;
        for (_, rank) in self.used() {
            of_rank[usize::from(rank)] += 1.0;
            of_rank[0] -= 1.0;
        }
        let registers = REGISTERS as f64;
        let highest = usize::from(HIGHEST_RANK);
        let mut sum = registers * tau(1.0 - of_rank[highest] / registers);
        for rank in (1..highest).rev() {
            sum = 0.5 * (sum + of_rank[rank]);
        }
        sum += registers * sigma(of_rank[0] / registers);
        (registers * registers / (2.0 * std::f64::consts::LN_2) / sum).round() as u64
    }

    /// Appends its bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(FORM);
        match &self.registers {
            Registers::Sparse(used) => {
                out.push(SPARSE);
                put(out, used.len() as u64);
                let mut from = 0;
                for &(register, rank) in used {
                    put(out, u64::from(register - from));
                    out.push(rank);
                    from = register + 1;
                }
            }
            Registers::Dense(ranks) => {
                out.push(DENSE);
                for four in ranks.as_chunks::<4>().0 {
                    let bits = four.iter().rev().fold(0, |bits, rank| bits << RANK_BITS | u32::from(*rank));
                    out.extend_from_slice(&bits.to_le_bytes()[..3]);
                }
            }
        }
    }

    /// # Errors
    /// [`SketchError`] for bytes that [`Self::write`] does not write.
    pub fn read(bytes: &[u8]) -> Result<Self, SketchError> {
        let mut reader = Reader::of(FORM, bytes)?;
        let registers = match reader.byte()? {
            SPARSE => Registers::Sparse(sparse(&mut reader)?),
            DENSE => Registers::Dense(dense(reader.take(DENSE_BYTES)?)?),
            form => return Err(SketchError::Form(form)),
        };
        reader.end()?;
        Ok(Self { registers })
    }
}

fn sparse(reader: &mut Reader<'_>) -> Result<Vec<(u16, u8)>, SketchError> {
    let count = reader.at_most(MOST_SPARSE as u64)?;
    let mut used = Vec::new();
    let mut from = 0;
    for _ in 0..count {
        let register = from + reader.at_most(REGISTERS as u64)?;
        let rank = reader.byte()?;
        if !(1..=HIGHEST_RANK).contains(&rank) {
            return Err(SketchError::OutOfRange);
        }
        let number = u16::try_from(register).ok().filter(|number| usize::from(*number) < REGISTERS);
        used.push((number.ok_or(SketchError::OutOfRange)?, rank));
        from = register + 1;
    }
    Ok(used)
}

#[allow(clippy::cast_possible_truncation, reason = "six bits")]
fn dense(bytes: &[u8]) -> Result<Box<[u8; REGISTERS]>, SketchError> {
    let mut ranks = Box::new([0; REGISTERS]);
    for (four, &[low, middle, high]) in ranks.as_chunks_mut::<4>().0.iter_mut().zip(bytes.as_chunks::<3>().0)
    {
        let bits = u32::from_le_bytes([low, middle, high, 0]);
        for (place, rank) in (0..).zip(four) {
            *rank = (bits >> (place * RANK_BITS) & 0x3f) as u8;
        }
    }
    if ranks.iter().any(|rank| *rank > HIGHEST_RANK) {
        return Err(SketchError::OutOfRange);
    }
    if ranks.iter().filter(|rank| **rank > 0).count() <= MOST_SPARSE {
        return Err(SketchError::NotShortest);
    }
    Ok(ranks)
}

/// Corrects for the registers that no value has met. Infinite for 1: then the estimate is 0.
fn sigma(mut share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, share);
    loop {
        share *= share;
        let before = sum;
        sum += share * weight;
        weight += weight;
        if sum <= before {
            return sum;
        }
    }
}

/// Corrects for the registers whose rank can grow no more.
fn tau(mut share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - share);
    loop {
        share = share.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - share) * (1.0 - share) * weight;
        if sum >= before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Distinct {
        let mut sketch = Distinct::default();
        values.into_iter().for_each(|value| sketch.add(ValueHash::of_bytes(value.to_string().as_bytes())));
        sketch
    }

    fn written(sketch: &Distinct) -> Vec<u8> {
        let mut out = Vec::new();
        sketch.write(&mut out);
        out
    }

    /// The values of xxHash's own specification and test suite.
    #[test]
    fn the_hash_is_xxh64() {
        assert_eq!(ValueHash::of_bytes(b""), ValueHash(0xef46_db37_51d8_e999));
        assert_eq!(ValueHash::of_bytes(b"a"), ValueHash(0xd24e_c4f1_a98c_6e5b));
        assert_eq!(ValueHash::of_bytes(b"abc"), ValueHash(0x44bc_2cf5_ad77_0999));
        assert_ne!(ValueHash::of_bytes(&5_i64.to_le_bytes()), ValueHash::of_integer(5));
        assert_ne!(ValueHash::of_bytes(&[1]), ValueHash::of_boolean(true));
    }

    #[test]
    fn a_run_of_zeros_ends_with_the_hash() {
        let ranks = [u64::MAX, 1 << 51, 1 << 50, 1, 0].map(|hash| {
            let mut sketch = Distinct::default();
            sketch.add(ValueHash(hash));
            sketch.used().next().unwrap()
        });
        assert_eq!(ranks, [(4_095, 1), (0, 1), (0, 2), (0, 52), (0, 53)]);
    }

    /// Standard error 1.04 / sqrt(4,096) = 1.6 %; here within four of them, and the mean of many within three of its own.
    #[test]
    fn the_estimate_is_near_whatever_the_number() {
        for (count, rounds) in
            [(0, 1), (1, 50), (7, 50), (100, 50), (1_000, 40), (5_000, 40), (20_000, 30), (200_000, 8)]
        {
            let mut errors = 0.0;
            for round in 0..rounds {
                let found = of((0..count).map(|value| value + round * 1_000_000)).estimate();
                let error = (found as f64 - count as f64) / count.max(1) as f64;
                assert!(error.abs() <= 0.065, "{found} for {count}");
                errors += error;
            }
            let mean = errors / rounds as f64;
            assert!(
                mean.abs() * (rounds as f64).sqrt() <= 3.0 * 0.01625,
                "{mean} for {count} in {rounds} rounds"
            );
        }
    }

    #[test]
    fn the_estimate_does_not_end_with_the_registers() {
        let full = Distinct { registers: Registers::Dense(Box::new([HIGHEST_RANK; REGISTERS])) };
        assert_eq!(full.estimate(), u64::MAX);
        let all = Distinct { registers: Registers::Dense(Box::new([HIGHEST_RANK - 1; REGISTERS])) };
        assert!(all.estimate() > 1 << 60);
    }

    /// What is stored must be read by every later version.
    #[test]
    fn the_written_forms_are_these() {
        assert_eq!(written(&Distinct::default()), [0x21, 0, 0]);
        let mut sketch = Distinct::default();
        for (register, rank) in [(300, 53), (0, 2), (0, 1), (1, 9)] {
            sketch.raise(register, rank);
        }
        assert_eq!(written(&sketch), [0x21, 0, 3, 0, 2, 0, 9, 0xaa, 2, 53]);
        for register in 0..4_096 {
            sketch.raise(register, 1);
        }
        let bytes = written(&sketch);
        assert_eq!((bytes.len(), &bytes[..6]), (2 + 3_072, &[0x21, 1, 0x42, 0x12, 0x04, 0x41][..]));
    }

    #[test]
    fn foreign_bytes_are_refused_for_what_is_wrong_with_them() {
        use SketchError::{Form, NotShortest, OutOfRange, Trailing, Truncated};
        let dense = |byte: u8| [&[0x21, 1][..], &[byte; 3_072]].concat();
        let (empty, beyond) = (dense(0), dense(0xff));
        let long = [&dense(0x41)[..], &[0]].concat();
        for (bytes, error) in [
            (&[][..], Truncated),
            (&[0x11, 0], Form(0x11)),
            (&[0x21], Truncated),
            (&[0x21, 2], Form(2)),
            (&[0x21, 0, 0, 0], Trailing(1)),
            (&[0x21, 0, 1, 0], Truncated),
            (&[0x21, 0, 1, 0, 0], OutOfRange),
            (&[0x21, 0, 1, 0, 54], OutOfRange),
            (&[0x21, 0, 1, 0x80, 0x20, 1], OutOfRange),
            (&[0x21, 0, 2, 0xff, 0x1f, 1, 0, 1], OutOfRange),
            (&[0x21, 0, 0x81, 8], OutOfRange),
            (&empty[..100], Truncated),
            (&empty, NotShortest),
            (&beyond, OutOfRange),
            (&long, Trailing(1)),
        ] {
            assert_eq!(Distinct::read(bytes), Err(error), "{:x?}", &bytes[..bytes.len().min(8)]);
        }
    }

    #[test]
    fn where_all_registers_begin_to_be_kept_depends_on_the_values_alone() {
        let values: Vec<u64> = (0..3_000).collect();
        let sparse = of(0..900);
        assert!(matches!(sparse.registers, Registers::Sparse(_)));
        let (mut ahead, mut behind) = (of(0..900), of(900..3_000));
        assert!(matches!(behind.registers, Registers::Dense(_)));
        behind.merge(&ahead);
        ahead.merge(&of(900..3_000));
        let backwards = of(values.iter().rev().copied());
        for merged in [behind, ahead, backwards] {
            assert_eq!(written(&merged), written(&of(values.iter().copied())));
        }
    }

    proptest! {
        #[test]
        fn neither_order_nor_repetition_nor_the_way_it_was_spread_matters(
            values in prop::collection::vec(0_u64..2_500, 0..4_000), cut in any::<prop::sample::Index>()
        ) {
            let whole = of(values.iter().copied());
            let (first, second) = values.split_at(cut.index(values.len() + 1));
            let (mut merged, other) = (of(second.iter().copied()), of(first.iter().rev().copied()));
            merged.merge(&other);
            merged.merge(&other);
            prop_assert_eq!(written(&merged), written(&whole));
            prop_assert_eq!(merged, whole);
        }

        #[test]
        fn it_is_read_as_it_was_written_and_goes_on_from_there(count in 0_u64..4_000, more in 0_u64..500) {
            let sketch = of(0..count);
            let mut read = Distinct::read(&written(&sketch)).unwrap();
            prop_assert_eq!(&read, &sketch);
            read.merge(&of(count..count + more));
            prop_assert_eq!(written(&read), written(&of(0..count + more)));
        }

        #[test]
        fn whatever_is_read_is_what_would_be_written(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let bytes = [&[0x21, 0], &bytes[..]].concat();
            if let Ok(sketch) = Distinct::read(&bytes) {
                prop_assert_eq!(written(&sketch), bytes);
            }
        }

        #[test]
        fn a_changed_byte_is_refused_or_another_sketch(
            count in 1_u64..3_000, at in any::<prop::sample::Index>(), byte in any::<u8>()
        ) {
            let mut bytes = written(&of(0..count));
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(sketch) = Distinct::read(&bytes) {
                prop_assert_eq!(written(&sketch), bytes);
            }
        }
    }
}
