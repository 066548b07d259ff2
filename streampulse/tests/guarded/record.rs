//! One event as bytes.

/// A record that the shipped definition counts, as its schema says.
pub fn good_record() -> Vec<u8> {
    let mut record = Vec::new();
    let text = |record: &mut Vec<u8>, text: &str| {
        // A length below 64 is one byte, zigzag.
        record.push(u8::try_from(text.len() * 2).unwrap());
        record.extend_from_slice(text.as_bytes());
    };
    text(&mut record, "event-1");
    let mut time = 1_767_323_045_000_u64 << 1;
    while time >= 0x80 {
        record.push((time & 0x7f) as u8 | 0x80);
        time >>= 7;
    }
    record.push(time as u8);
    for words in ["content-1", "Title", "movie"] {
        text(&mut record, words);
    }
    record.extend(1.5_f64.to_le_bytes());
    for words in ["user-1", "eu-west", "phone", "17"] {
        text(&mut record, words);
    }
    text(&mut record, "success");
    record.extend(3.25_f64.to_le_bytes());
    record.extend(80.0_f64.to_le_bytes());
    // The union's first branch: null.
    record.push(0);
    record
}
