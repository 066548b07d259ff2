//! Avro's binary encoding, length-checked. No input can make it panic, allocate or run long.

use super::{Reject, RejectCode};

/// A position in a datum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[cold]
    fn truncated(&self, wanted: &str) -> Reject {
        Reject::new(
            RejectCode::Truncated,
            format!("the datum ends at byte {} within {wanted}", self.bytes.len()),
        )
    }

    #[inline]
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Reject> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else { return Err(self.truncated("a value")) };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Reject> {
        let Some(taken) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) else {
            return Err(self.truncated("a value"));
        };
        self.at += N;
        Ok(*taken)
    }

    /// A zig-zag variable-length integer, 10 bytes at most.
    #[inline]
    pub fn long(&mut self) -> Result<i64, Reject> {
        match self.bytes.get(self.at) {
            // Most are lengths and choices.
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(i64::from(byte >> 1) ^ -i64::from(byte & 1))
            }
            _ => self.longer(),
        }
    }

    fn longer(&mut self) -> Result<i64, Reject> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.bytes.get(self.at) else { return Err(self.truncated("an integer")) };
            self.at += 1;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                #[allow(clippy::cast_possible_wrap, reason = "zig-zag")]
                return Ok(((value >> 1) as i64) ^ -((value & 1) as i64));
            }
        }
        Err(self.overlong())
    }

    #[cold]
    fn overlong(&self) -> Reject {
        Reject::new(
            RejectCode::BadInteger,
            format!("the integer before byte {} is longer than 64 bits", self.at),
        )
    }

    pub fn int(&mut self) -> Result<i64, Reject> {
        let value = self.long()?;
        if i32::try_from(value).is_ok() {
            return Ok(value);
        }
        Err(Reject::new(RejectCode::BadInteger, format!("{value} does not fit an Avro int")))
    }

    pub fn boolean(&mut self) -> Result<bool, Reject> {
        match self.array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(Reject::new(RejectCode::BadBoolean, format!("expected 0 or 1, found {other}"))),
        }
    }

    /// The length in front of a string, bytes or block; within what is left.
    #[inline]
    pub fn length(&mut self) -> Result<usize, Reject> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.remaining() => Ok(length),
            _ => Err(self.bad_length(length)),
        }
    }

    #[cold]
    fn bad_length(&self, length: i64) -> Reject {
        if length < 0 {
            return Reject::new(RejectCode::BadLength, format!("a length of {length} is announced"));
        }
        Reject::new(
            RejectCode::Truncated,
            format!("a length of {length} is announced where {} bytes are left", self.remaining()),
        )
    }

    /// Bytes behind their length.
    #[inline]
    pub fn sized(&mut self) -> Result<&'a [u8], Reject> {
        let length = self.length()?;
        self.take(length)
    }

    /// A number that chooses one of `count`.
    #[inline]
    pub fn index(&mut self, count: usize, of: &str) -> Result<usize, Reject> {
        let index = self.long()?;
        usize::try_from(index)
            .ok()
            .filter(|index| *index < count)
            .ok_or_else(|| Reject::new(RejectCode::BadIndex, format!("{of} {index} of {count} was chosen")))
    }
}
