//! Avro's binary encoding, written by hand into a buffer that is used again.

/// Bytes of one datum.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    pub bytes: Vec<u8>,
}

impl Encoder {
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    pub fn long(&mut self, value: i64) {
        #[allow(clippy::cast_sign_loss, reason = "zig-zag")]
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        while rest >= 0x80 {
            #[allow(clippy::cast_possible_truncation, reason = "the lowest 7 bits")]
            self.bytes.push((rest as u8 & 0x7f) | 0x80);
            rest >>= 7;
        }
        #[allow(clippy::cast_possible_truncation, reason = "below 0x80")]
        self.bytes.push(rest as u8);
    }

    pub fn text(&mut self, text: &str) {
        self.long(i64::try_from(text.len()).unwrap_or(i64::MAX));
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// `units` over `scale` as a double: the nearest one to the decimal that is meant.
    pub fn decimal(&mut self, units: i64, scale: f64) {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        let value = units as f64 / scale;
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A union of null and string.
    pub fn optional_text(&mut self, text: Option<&str>) {
        self.long(i64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// A union of null and long.
    pub fn optional_long(&mut self, value: Option<i64>) {
        self.long(i64::from(value.is_some()));
        if let Some(value) = value {
            self.long(value);
        }
    }
}
