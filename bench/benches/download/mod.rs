//! Download events without a producer.

/// The window all of them are in begins here, in milliseconds since 1970.
pub const START: i64 = 1_767_323_040_000;

const REGIONS: [&str; 8] =
    ["us-east", "us-west", "eu-west", "eu-central", "ap-south", "ap-northeast", "sa-east", "af-south"];

/// Download event `number` of so many contents, written by hand.
pub fn event(number: usize, keys: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let key = number.wrapping_mul(2_654_435_761) % keys;
    text(&mut bytes, &format!("00000001-{number:012x}"));
    long(&mut bytes, START + i64::try_from(number % 60_000).unwrap());
    text(&mut bytes, &format!("content-{key:06}"));
    text(&mut bytes, &format!("Title of content {key}"));
    text(&mut bytes, "movie");
    bytes.extend_from_slice(&4.125_f64.to_le_bytes());
    text(&mut bytes, &format!("user-{:06}", number % 250_000));
    text(&mut bytes, REGIONS[number % 8]);
    text(&mut bytes, "Android Phone");
    text(&mut bytes, ["Android 14", "Android 15", "Android 16"][number % 3]);
    text(&mut bytes, if number.is_multiple_of(50) { "failed" } else { "success" });
    bytes.extend_from_slice(&321.5_f64.to_le_bytes());
    bytes.extend_from_slice(&88.25_f64.to_le_bytes());
    long(&mut bytes, 0);
    bytes
}

pub fn long(bytes: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        bytes.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    bytes.push(u8::try_from(rest).unwrap());
}

pub fn text(bytes: &mut Vec<u8>, text: &str) {
    long(bytes, i64::try_from(text.len()).unwrap());
    bytes.extend_from_slice(text.as_bytes());
}
