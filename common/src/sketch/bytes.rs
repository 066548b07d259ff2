//! Numbers of variable length (LEB128), each in its one shortest form.

/// Bytes that are no sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SketchError {
    #[error("its form {0:#04x} is not one this program knows")]
    Form(u8),
    #[error("it ends too early")]
    Truncated,
    #[error("{0} bytes follow it")]
    Trailing(usize),
    #[error("it holds a number that is out of range")]
    OutOfRange,
    #[error("it could be written in fewer bytes")]
    NotShortest,
}

pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        #[allow(clippy::cast_possible_truncation, reason = "seven bits")]
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Foreign bytes, read from the front.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Of a sketch whose first byte is `form`.
    pub fn of(form: u8, bytes: &'a [u8]) -> Result<Self, SketchError> {
        let mut reader = Self(bytes);
        match reader.byte()? {
            found if found == form => Ok(reader),
            found => Err(SketchError::Form(found)),
        }
    }

    pub fn byte(&mut self) -> Result<u8, SketchError> {
        let (&first, rest) = self.0.split_first().ok_or(SketchError::Truncated)?;
        self.0 = rest;
        Ok(first)
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], SketchError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SketchError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn number(&mut self) -> Result<u64, SketchError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                return Err(SketchError::OutOfRange);
            }
            number |= low << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(SketchError::NotShortest) } else { Ok(number) };
            }
        }
        Err(SketchError::OutOfRange)
    }

    /// A number of at most `most`.
    pub fn at_most(&mut self, most: u64) -> Result<u64, SketchError> {
        let number = self.number()?;
        if number <= most { Ok(number) } else { Err(SketchError::OutOfRange) }
    }

    pub fn end(self) -> Result<(), SketchError> {
        if self.0.is_empty() { Ok(()) } else { Err(SketchError::Trailing(self.0.len())) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written_and_in_no_other_form() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::MAX - 1, u64::MAX] {
            let mut out = vec![7];
            put(&mut out, number);
            let mut reader = Reader::of(7, &out).unwrap();
            assert_eq!(reader.number(), Ok(number));
            assert_eq!(reader.end(), Ok(()));
            let mut longer = out.clone();
            *longer.last_mut().unwrap() |= 0x80;
            longer.push(0);
            assert!(Reader::of(7, &longer).unwrap().number().is_err(), "{number}");
            assert_eq!(
                Reader::of(7, &out[..out.len() - 1]).unwrap().number().unwrap_err(),
                SketchError::Truncated
            );
        }
        assert_eq!(Reader::of(7, &[8]).err(), Some(SketchError::Form(8)));
        let beyond = [7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(Reader::of(7, &beyond).unwrap().number(), Err(SketchError::OutOfRange));
    }
}
