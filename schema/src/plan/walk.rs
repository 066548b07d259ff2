//! One pass over a datum.

use super::{Plan, Reject, RejectCode, node::NodeId, reader::Reader};

/// A text of a dimension, label or condition longer than this is refused.
const LONGEST_TEXT: usize = 1_024;

/// What to do with the next value of the writer's schema.
#[derive(Debug)]
pub(crate) enum Step {
    Skip(NodeId),
    Read {
        slot: usize,
        kind: Kind,
    },
    /// A record some of whose fields are needed.
    Record(Vec<Step>),
    Union(Vec<Step>),
    Null,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Text,
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
    Text {
        at: u32,
        length: u32,
    },
    /// Index into the plan's texts.
    Symbol(u32),
}

impl Plan {
    /// Fills `slots` from `datum`, whose first byte is `offset` bytes into the payload.
    pub(crate) fn walk(&self, datum: &[u8], offset: usize, slots: &mut Vec<Slot>) -> Result<(), Reject> {
        slots.clear();
        slots.resize(self.slots, Slot::Null);
        let mut reader = Reader::new(datum);
        for step in &self.steps {
            self.step(step, &mut reader, offset, slots)?;
        }
        match reader.remaining() {
            0 => Ok(()),
            left => Err(Reject::new(RejectCode::TrailingBytes, format!("{left} bytes follow the datum"))),
        }
    }

    fn step(
        &self,
        step: &Step,
        reader: &mut Reader<'_>,
        offset: usize,
        slots: &mut [Slot],
    ) -> Result<(), Reject> {
        match step {
            Step::Skip(node) => self.nodes.skip(*node, reader, 0),
            Step::Read { slot, kind } => {
                slots[*slot] = read(*kind, reader, offset)?;
                Ok(())
            }
            Step::Record(steps) => steps.iter().try_for_each(|step| self.step(step, reader, offset, slots)),
            Step::Union(branches) => {
                let branch = reader.index(branches.len(), "union branch")?;
                self.step(&branches[branch], reader, offset, slots)
            }
            Step::Null => Ok(()),
        }
    }
}

fn read(kind: Kind, reader: &mut Reader<'_>, offset: usize) -> Result<Slot, Reject> {
    Ok(match kind {
        Kind::Boolean => Slot::Boolean(reader.boolean()?),
        Kind::Int => Slot::Int(reader.int()?),
        Kind::Long => Slot::Int(reader.long()?),
        Kind::Float => Slot::Float(f64::from(f32::from_le_bytes(reader.array()?))),
        Kind::Double => Slot::Float(f64::from_le_bytes(reader.array()?)),
        #[allow(clippy::cast_possible_truncation, reason = "a payload is below 4 GiB and symbols are few")]
        Kind::Enum { first, count } => Slot::Symbol((first + reader.index(count, "symbol")?) as u32),
        Kind::Text => {
            let length = reader.length()?;
            if length > LONGEST_TEXT {
                return Err(Reject::new(
                    RejectCode::Oversized,
                    format!("a text of {length} bytes, at most {LONGEST_TEXT} are kept"),
                ));
            }
            let at = offset + reader.position();
            let bytes = reader.take(length)?;
            // Postgres has no text with a NUL in it.
            if std::str::from_utf8(bytes).is_err() || bytes.contains(&0) {
                return Err(Reject::new(
                    RejectCode::InvalidText,
                    format!("the text at byte {at} is not valid UTF-8 without NUL"),
                ));
            }
            #[allow(clippy::cast_possible_truncation, reason = "a payload is below 4 GiB")]
            let slot = Slot::Text { at: at as u32, length: length as u32 };
            slot
        }
    })
}
