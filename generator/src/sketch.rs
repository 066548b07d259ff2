//! Sketches as their papers describe them: slow, plain, and apart from the engine's.
//!
//! A cell of the truth holds a sketch as `entry:number` with blanks between: how many values each bucket has, or the
//! rank of each register.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::truth::Cell;

/// Buckets and counts, or registers and ranks.
pub(crate) type Entries = BTreeMap<i64, i64>;

/// A DDSketch whose buckets are 64 to the power of two: numbers below 128 have their own, those below 256 share with
/// one other, and so on.
pub(crate) fn bucket_of(units: i64) -> i64 {
    let (size, mut powers, mut width) = (units.abs(), 0, 1);
    while size / width >= 128 {
        width *= 2;
        powers += 1;
    }
    (powers * 64 + size / width) * units.signum()
}

/// HyperLogLog with 2^12 registers: the register is the first 12 bits, its rank the place of the first 1 after them.
pub(crate) fn register_of(hash: u64) -> (i64, i64) {
    let bits = format!("{hash:064b}");
    let register = bits[..12].bytes().fold(0, |number, bit| number * 2 + i64::from(bit - b'0'));
    let rank = bits[12..].find('1').unwrap_or(52) + 1;
    (register, i64::try_from(rank).unwrap_or(i64::MAX))
}

/// XXH64 with seed 0, by its specification (xxHash's `doc/xxhash_spec.md`).
pub(crate) fn xxh64(input: &[u8]) -> u64 {
    const P1: u64 = 0x9E37_79B1_85EB_CA87;
    const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
    const P3: u64 = 0x1656_67B1_9E37_79F9;
    const P4: u64 = 0x85EB_CA77_C2B2_AE63;
    const P5: u64 = 0x27D4_EB2F_1656_67C5;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let round =
        |lane: u64, input: u64| lane.wrapping_add(input.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1);
    let mut rest = input;
    let mut hash = P5;
    if input.len() >= 32 {
        let mut lanes = [P1.wrapping_add(P2), P2, 0, 0_u64.wrapping_sub(P1)];
        while rest.len() >= 32 {
            for (place, lane) in lanes.iter_mut().enumerate() {
                *lane = round(*lane, number(&rest[place * 8..][..8]));
            }
            rest = &rest[32..];
        }
        hash = [1, 7, 12, 18]
            .iter()
            .zip(lanes)
            .fold(0_u64, |hash, (turn, lane)| hash.wrapping_add(lane.rotate_left(*turn)));
        for lane in lanes {
            hash = (hash ^ round(0, lane)).wrapping_mul(P1).wrapping_add(P4);
        }
    }
    hash = hash.wrapping_add(input.len() as u64);
    while rest.len() >= 8 {
        hash = (hash ^ round(0, number(&rest[..8]))).rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
        rest = &rest[8..];
    }
    if rest.len() >= 4 {
        hash = (hash ^ number(&rest[..4]).wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
        rest = &rest[4..];
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(P2);
    hash = (hash ^ hash >> 29).wrapping_mul(P3);
    hash ^ hash >> 32
}

/// Null for none.
pub(crate) fn cell(entries: &Entries) -> Cell {
    if entries.is_empty() {
        return Cell::Null;
    }
    let mut text = String::new();
    for (entry, number) in entries {
        let blank = if text.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{blank}{entry}:{number}");
    }
    Cell::Text(text)
}

/// What [`cell`] was made of; `None` for anything else.
pub(crate) fn entries(cell: &Cell) -> Option<Entries> {
    match cell {
        Cell::Null => Some(Entries::new()),
        Cell::Text(text) => text
            .split(' ')
            .map(|pair| {
                let (entry, number) = pair.split_once(':')?;
                Some((entry.parse().ok()?, number.parse().ok()?))
            })
            .collect(),
        Cell::Number(_) => None,
    }
}

/// Where two sketches differ first, as whole ones are long; `None` for other cells.
pub(crate) fn difference(expected: &Cell, found: &Cell) -> Option<String> {
    let (Cell::Text(_), Cell::Text(_)) = (expected, found) else { return None };
    let (expected, found) = (entries(expected)?, entries(found)?);
    let all: BTreeSet<&i64> = expected.keys().chain(found.keys()).collect();
    let differing: Vec<_> = all.into_iter().filter(|entry| expected.get(entry) != found.get(entry)).collect();
    let number = |entries: &Entries| entries.get(*differing.first()?).copied();
    let (wanted, there) = (number(&expected).unwrap_or(0), number(&found).unwrap_or(0));
    let entry = differing.first()?;
    Some(format!("{} entries differ, first {entry}: expected {wanted}, found {there}", differing.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_first_entry_and_how_many_there_are() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let found = difference(&text("1:2 5:1 9:4"), &text("1:2 6:1 9:3"));
        assert_eq!(found.as_deref(), Some("3 entries differ, first 5: expected 1, found 0"));
        assert_eq!(difference(&text("1:2"), &text("no sketch: expected a rank")), None);
        assert_eq!(difference(&text("1:2"), &Cell::Null), None);
    }

    /// Of xxHash's own implementation.
    #[test]
    fn the_hash_is_xxh64_whatever_the_length() {
        let text = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ!";
        for (length, hash) in [
            (0, 0xef46_db37_51d8_e999),
            (1, 0xd24e_c4f1_a98c_6e5b),
            (3, 0x44bc_2cf5_ad77_0999),
            (26, 0xcfe1_f278_fa89_835c),
        ] {
            assert_eq!(xxh64(&text[..length]), hash, "{length}");
        }
        assert_eq!(
            xxh64(b"12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            0xe04a_477f_19ee_145d
        );
    }

    #[test]
    fn buckets_are_64_to_the_power_of_two() {
        let buckets = [0, 1, -1, 127, 128, 129, 130, 255, 256, -256, 1 << 53].map(bucket_of);
        assert_eq!(buckets, [0, 1, -1, 127, 128, 128, 129, 191, 192, -192, 3_072]);
    }

    #[test]
    fn registers_are_bits_of_the_hash() {
        assert_eq!(register_of(u64::MAX), (4_095, 1));
        assert_eq!(register_of(0), (0, 53));
        assert_eq!(register_of(1 << 52 | 1), (1, 52));
    }

    #[test]
    fn a_cell_is_read_as_it_was_written() {
        for entries_of in [Entries::new(), Entries::from([(-3, 1), (0, 2), (3_072, 40)])] {
            assert_eq!(entries(&cell(&entries_of)), Some(entries_of));
        }
        for text in ["", "1", "1:", "a:1", "1:1  2:2"] {
            assert_eq!(entries(&Cell::Text(text.to_owned())), None, "{text}");
        }
    }
}
