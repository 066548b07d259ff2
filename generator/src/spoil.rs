use rand::RngExt;

use crate::weighted::Random;

/// Turns a good record into one of the kinds of bad ones, and says which reason it must be given.
pub(crate) fn spoil(bytes: &mut Vec<u8>, random: &mut Random) -> Option<&'static str> {
    match random.random_range(0..4) {
        0 => {
            let keep = random.random_range(1..bytes.len());
            bytes.truncate(keep);
            // Cut anywhere: which check finds it depends on where.
            None
        }
        1 => {
            bytes.extend_from_slice(b"??");
            Some("trailing_bytes")
        }
        2 => {
            bytes.clear();
            Some("truncated")
        }
        _ => {
            bytes.clear();
            bytes.extend_from_slice(b"{\"not\": \"avro\"}");
            None
        }
    }
}
