//! Sketches as they lie in the tables, read by code that knows nothing of the engine's.

use std::collections::BTreeMap;

use common::sketch::SketchKind;

use crate::sketch::Entries;

/// Adds what a column holds to `merged`: counts are added, of ranks the higher one stays. `Err` says what was expected.
pub(super) fn merge(kind: SketchKind, bytes: &[u8], merged: &mut Entries) -> Result<(), &'static str> {
    let found = match kind {
        SketchKind::Quantiles => buckets(bytes)?,
        SketchKind::Distinct => registers(bytes)?,
    };
    for (entry, number) in found {
        let known = merged.entry(entry).or_default();
        *known = if kind == SketchKind::Quantiles { *known + number } else { number.max(*known) };
    }
    Ok(())
}

/// 0x11, how many, then for each the buckets passed over since the one before (the lowest is -3,072) and its count.
fn buckets(bytes: &[u8]) -> Result<Entries, &'static str> {
    let rest = &mut bytes.strip_prefix(&[0x11]).ok_or("buckets in form 0x11")?;
    let (count, mut next, mut found) = (number(rest)?, -3_072, Entries::new());
    for _ in 0..count {
        let bucket = next + number(rest)?;
        found.insert(bucket, number(rest)?);
        next = bucket + 1;
    }
    if rest.is_empty() { Ok(found) } else { Err("nothing after the last bucket") }
}

/// 0x21; then 0, how many, and for each the registers passed over since the one before and its rank; or 1 and 4,096
/// ranks of six bits, the lowest bits first.
fn registers(bytes: &[u8]) -> Result<Entries, &'static str> {
    if let Some(ranks) = bytes.strip_prefix(&[0x21, 1]) {
        let bit = |at: usize| i64::from(ranks[at / 8] >> (at % 8) & 1);
        if ranks.len() != 4_096 * 6 / 8 {
            return Err("4,096 ranks");
        }
        let rank = |register: usize| (0..6).map(|place| bit(register * 6 + place) << place).sum();
        let ranks: BTreeMap<i64, i64> = (0_i64..).zip((0..4_096).map(rank)).collect();
        return Ok(ranks.into_iter().filter(|(_, rank)| *rank > 0).collect());
    }
    let rest = &mut bytes.strip_prefix(&[0x21, 0]).ok_or("registers in form 0x21")?;
    let (count, mut next, mut found) = (number(rest)?, 0, Entries::new());
    for _ in 0..count {
        let register = next + number(rest)?;
        let (rank, after) = rest.split_first().ok_or("a rank")?;
        found.insert(register, i64::from(*rank));
        *rest = after;
        next = register + 1;
    }
    if rest.is_empty() { Ok(found) } else { Err("nothing after the last register") }
}

/// Seven bits a byte, the lowest first; the highest bit of a byte says that there is another.
fn number(rest: &mut &[u8]) -> Result<i64, &'static str> {
    let length = rest.iter().position(|byte| *byte < 0x80).ok_or("a whole number")? + 1;
    let (bytes, after) = rest.split_at(length);
    *rest = after;
    let number = bytes
        .iter()
        .rev()
        .try_fold(0_i64, |number, byte| number.checked_mul(128)?.checked_add(i64::from(byte & 0x7f)));
    number.ok_or("a number of 63 bits")
}

#[cfg(test)]
mod tests {
    use common::sketch::{Seen, Sketch, ValueHash};

    use super::*;
    use crate::sketch::{bucket_of, register_of, xxh64};

    /// Engine and truth, each by its own code, over the same values.
    #[test]
    fn the_engines_sketches_are_read_as_what_is_counted_here() {
        for count in [0_i64, 1, 5, 300, 900, 2_000, 20_000] {
            let mut quantiles = Sketch::of_nothing(SketchKind::Quantiles);
            let mut distinct = Sketch::of_nothing(SketchKind::Distinct);
            let (mut buckets, mut registers) = (Entries::new(), Entries::new());
            for number in 0..count {
                let units = (number * 7_919 % 1_000 - 300) * number * number;
                quantiles.add(Seen::Number(units));
                *buckets.entry(bucket_of(units)).or_default() += 1;
                let text = format!("{:width$}", number * 31, width = (number % 70) as usize);
                distinct.add(Seen::Hash(ValueHash::of_bytes(text.as_bytes())));
                let (register, rank) = register_of(xxh64(text.as_bytes()));
                let known = registers.entry(register).or_default();
                *known = rank.max(*known);
            }
            for (kind, sketch, expected) in
                [(SketchKind::Quantiles, quantiles, buckets), (SketchKind::Distinct, distinct, registers)]
            {
                let (mut bytes, mut found) = (Vec::new(), Entries::new());
                sketch.write(&mut bytes);
                merge(kind, &bytes, &mut found).unwrap();
                assert_eq!(found, expected, "{count}");
            }
        }
    }

    #[test]
    fn partitions_are_added_and_other_bytes_are_told() {
        let mut merged = Entries::new();
        for _ in 0..2 {
            merge(SketchKind::Quantiles, &[0x11, 1, 0x80, 0x18, 5], &mut merged).unwrap();
        }
        assert_eq!(merged, [(0, 10)].into());
        let mut merged = Entries::new();
        for bytes in [[0x21, 0, 1, 3, 9], [0x21, 0, 1, 3, 4]] {
            merge(SketchKind::Distinct, &bytes, &mut merged).unwrap();
        }
        assert_eq!(merged, [(3, 9)].into());
        for bytes in
            [&[][..], &[0x11], &[0x11, 1, 0], &[0x11, 0, 0], &[0x11, 0xff], &[0x21, 1, 0], &[0x21, 0, 1, 0]]
        {
            for kind in [SketchKind::Quantiles, SketchKind::Distinct] {
                assert!(merge(kind, bytes, &mut merged).is_err(), "{bytes:x?}");
            }
        }
    }
}
