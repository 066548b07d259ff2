//! One pass over a datum.

use super::{Plan, Reject, RejectCode, node::NodeId, reader::Reader};

/// A text of a dimension, label or condition longer than this is refused.
const LONGEST_TEXT: usize = 1_024;

/// What to do with the next value of the writer's schema. Records are no steps: their fields stand in a row.
#[derive(Debug)]
pub(crate) enum Step {
    Read {
        slot: usize,
        kind: Kind,
    },
    /// The steps of each branch.
    Union(Vec<Vec<Step>>),
    /// Passes a value nobody needs; the commonest have a step of their own.
    Skip(NodeId),
    SkipSized,
    SkipBytes(usize),
    SkipLong,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Text,
    /// Bytes as they are, or a text, to be told apart only.
    Bytes,
    Fixed(usize),
    /// Symbols stand in the plan's texts from here on.
    Enum {
        first: usize,
        count: usize,
    },
}

/// A needed value. Texts are ranges of the payload, so a slot borrows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Slot {
    #[default]
    Null,
    Boolean(bool),
    Int(i64),
    Float(f64),
    /// Of a field of bytes they need not be a text.
    Text(TextRange),
    /// Index into the plan's texts.
    Symbol(u32),
}

/// Where a text lies in the payload. One word: two halves written apart and read as one would stall the processor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TextRange(u64);

impl TextRange {
    /// A payload is below 4 GiB.
    const fn new(at: usize, length: usize) -> Self {
        Self((at as u64) << 32 | length as u64)
    }

    #[allow(clippy::cast_possible_truncation, reason = "the halves were put together from such numbers")]
    #[inline]
    pub fn of(self, payload: &[u8]) -> &[u8] {
        let (at, length) = ((self.0 >> 32) as usize, (self.0 & 0xffff_ffff) as usize);
        payload.get(at..at + length).unwrap_or_default()
    }
}

impl Plan {
    /// Fills `slots` from `datum`, whose first byte is `offset` bytes into the payload.
    pub(crate) fn walk(&self, datum: &[u8], offset: usize, slots: &mut Vec<Slot>) -> Result<(), Reject> {
        slots.clear();
        slots.resize(self.slots, Slot::Null);
        let mut reader = Reader::new(datum);
        self.steps(&self.steps, &mut reader, offset, slots)?;
        match reader.remaining() {
            0 => Ok(()),
            left => Err(Reject::new(RejectCode::TrailingBytes, format!("{left} bytes follow the datum"))),
        }
    }

    fn steps(
        &self,
        steps: &[Step],
        reader: &mut Reader<'_>,
        offset: usize,
        slots: &mut [Slot],
    ) -> Result<(), Reject> {
        for step in steps {
            match step {
                Step::Read { slot, kind } => slots[*slot] = read(*kind, reader, offset)?,
                Step::Union(branches) => {
                    let branch = reader.index(branches.len(), "union branch")?;
                    self.steps(&branches[branch], reader, offset, slots)?;
                }
                Step::Skip(node) => self.nodes.skip(*node, reader, 0)?,
                Step::SkipSized => {
                    reader.sized()?;
                }
                Step::SkipBytes(size) => {
                    reader.take(*size)?;
                }
                Step::SkipLong => {
                    reader.long()?;
                }
            }
        }
        Ok(())
    }
}

#[inline]
fn read(kind: Kind, reader: &mut Reader<'_>, offset: usize) -> Result<Slot, Reject> {
    Ok(match kind {
        Kind::Boolean => Slot::Boolean(reader.boolean()?),
        Kind::Int => Slot::Int(reader.int()?),
        Kind::Long => Slot::Int(reader.long()?),
        Kind::Float => Slot::Float(f64::from(f32::from_le_bytes(reader.array()?))),
        Kind::Double => Slot::Float(f64::from_le_bytes(reader.array()?)),
        #[allow(clippy::cast_possible_truncation, reason = "a payload is below 4 GiB and symbols are few")]
        Kind::Enum { first, count } => Slot::Symbol((first + reader.index(count, "symbol")?) as u32),
        Kind::Text => text(reader, offset)?,
        Kind::Bytes => {
            let bytes = reader.sized()?;
            Slot::Text(TextRange::new(offset + reader.position() - bytes.len(), bytes.len()))
        }
        Kind::Fixed(size) => {
            reader.take(size)?;
            Slot::Text(TextRange::new(offset + reader.position() - size, size))
        }
    })
}

#[inline]
fn text(reader: &mut Reader<'_>, offset: usize) -> Result<Slot, Reject> {
    let bytes = reader.sized()?;
    let at = offset + reader.position() - bytes.len();
    if bytes.len() > LONGEST_TEXT || !(is_plain(bytes) || is_text(bytes)) {
        return Err(refused(bytes, at));
    }
    Ok(Slot::Text(TextRange::new(at, bytes.len())))
}

/// ASCII without NUL, eight at a time.
fn is_plain(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const ONES: u64 = 0x0101_0101_0101_0101;
    // Taking one from each byte sets the high bit of those that are 0.
    let of_word = |word: u64| (word | word.wrapping_sub(ONES)) & HIGH == 0;
    let (words, rest) = bytes.as_chunks::<8>();
    match (bytes.last_chunk::<8>(), bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // The last word may overlap the one before it.
        (Some(last), ..) => {
            words.iter().all(|word| of_word(u64::from_le_bytes(*word))) && of_word(u64::from_le_bytes(*last))
        }
        (None, Some(first), Some(last)) => {
            of_word(u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)))
        }
        _ => rest.iter().all(|byte| byte.wrapping_sub(1) < 0x7f),
    }
}

/// Postgres has no text with a NUL in it.
fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0)
}

#[cold]
fn refused(bytes: &[u8], at: usize) -> Reject {
    if bytes.len() > LONGEST_TEXT {
        return Reject::new(
            RejectCode::Oversized,
            format!("a text of {} bytes, at most {LONGEST_TEXT} are kept", bytes.len()),
        );
    }
    Reject::new(RejectCode::InvalidText, format!("the text at byte {at} is not valid UTF-8 without NUL"))
}
