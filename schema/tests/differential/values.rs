//! Random values of a schema, and an encoder of its own that cuts arrays and maps into blocks of all kinds.

use apache_avro::{Decimal, Duration, Uuid, types::Value};

use super::{
    dice::Dice,
    shape::{Id, Shape, Shapes},
};

/// Deeper than this only what must be there is made.
const DEEPEST: usize = 8;

pub const TEXTS: [&str; 10] =
    ["", "a", "ok", "größe", "12", "true", "S0", "unknown", "x'; --", "\u{1F600}\u{7f}"];
pub const LONGS: [i64; 14] = [
    0,
    1,
    -1,
    5,
    500,
    1_767_323_045_678,
    i32::MAX as i64,
    i32::MIN as i64,
    1 << 53,
    (1 << 53) + 1,
    -(1 << 53),
    i64::MAX,
    i64::MIN,
    1 << 40,
];
pub const DOUBLES: [f64; 13] = [
    0.0,
    -0.0,
    1.0,
    0.5,
    -2.25,
    0.1,
    4.999_999_5,
    1e-7,
    123_456.789,
    1e300,
    f64::NAN,
    f64::INFINITY,
    9_007_199_254_740_993.0,
];

pub fn value(shapes: &Shapes, id: Id, dice: &mut Dice<'_>, depth: usize) -> Value {
    match &shapes.list[id] {
        Shape::Null => Value::Null,
        Shape::Boolean => Value::Boolean(dice.one_in(2)),
        Shape::Int => Value::Int(int(dice)),
        Shape::Date => Value::Date(int(dice)),
        Shape::TimeMillis => Value::TimeMillis(int(dice)),
        Shape::Long => Value::Long(long(dice)),
        Shape::TimestampMillis => Value::TimestampMillis(long(dice)),
        Shape::TimestampMicros => Value::TimestampMicros(long(dice)),
        Shape::LocalTimestampMillis => Value::LocalTimestampMillis(long(dice)),
        #[allow(clippy::cast_possible_truncation)]
        Shape::Float => Value::Float(double(dice) as f32),
        Shape::Double => Value::Double(double(dice)),
        Shape::Bytes => Value::Bytes(bytes(dice, 20)),
        Shape::Decimal => Value::Decimal(Decimal::from([1, 2, 3])),
        Shape::String => Value::String(text(dice)),
        Shape::Uuid => Value::Uuid(uuid(dice)),
        Shape::Fixed(size) => Value::Fixed(*size, vec![7; *size]),
        Shape::FixedDecimal(_) => Value::Decimal(Decimal::from([1, 2])),
        Shape::FixedUuid => Value::Uuid(uuid(dice)),
        Shape::Duration => Value::Duration(Duration::from([3; 12])),
        Shape::Enum(symbols) => {
            let at = dice.below(symbols.len());
            Value::Enum(u32::try_from(at).unwrap(), symbols[at].clone())
        }
        Shape::Array(items) => {
            Value::Array((0..count(dice, depth)).map(|_| value(shapes, *items, dice, depth + 1)).collect())
        }
        Shape::Map(values) => {
            let values = (0..count(dice, depth))
                .map(|at| (format!("k{at}{}", text(dice)), value(shapes, *values, dice, depth + 1)));
            Value::Map(values.collect())
        }
        Shape::Union(branches) => {
            let mut at = dice.below(branches.len());
            if depth > DEEPEST {
                let null = branches.iter().position(|branch| matches!(shapes.list[*branch], Shape::Null));
                at = null.unwrap_or(at);
            }
            let value = value(shapes, branches[at], dice, depth + 1);
            Value::Union(u32::try_from(at).unwrap(), Box::new(value))
        }
        Shape::Record(fields) => Value::Record(
            fields
                .iter()
                .map(|(name, field)| (name.clone(), value(shapes, *field, dice, depth + 1)))
                .collect(),
        ),
    }
}

fn count(dice: &mut Dice<'_>, depth: usize) -> usize {
    if depth > DEEPEST { 0 } else { dice.below(4) }
}

fn int(dice: &mut Dice<'_>) -> i32 {
    match dice.below(3) {
        0 => i32::try_from(*dice.pick(&LONGS)).unwrap_or(7),
        1 => i32::try_from(dice.below(1_000)).unwrap(),
        _ => dice.roll().cast_signed(),
    }
}

fn long(dice: &mut Dice<'_>) -> i64 {
    match dice.below(4) {
        0 => *dice.pick(&LONGS),
        1 => 1_767_323_045_000 + i64::from(dice.roll() % 100_000),
        2 => i64::from(dice.roll() % 1_000),
        _ => dice.long(),
    }
}

fn double(dice: &mut Dice<'_>) -> f64 {
    match dice.below(3) {
        0 => *dice.pick(&DOUBLES),
        1 => f64::from(dice.roll() % 1_000_000) / 1e3,
        _ => f64::from_bits(dice.long().cast_unsigned()),
    }
}

fn bytes(dice: &mut Dice<'_>, most: usize) -> Vec<u8> {
    (0..dice.below(most)).map(|_| dice.roll().to_le_bytes()[0]).collect()
}

fn text(dice: &mut Dice<'_>) -> String {
    match dice.below(24) {
        21 => "y".repeat(1_024),
        22 => "z".repeat(1_025),
        23 => "nul\0".to_owned(),
        at if at < 16 => (*dice.pick(&TEXTS)).to_owned(),
        _ => String::from_utf8_lossy(&bytes(dice, 40)).replace('\0', "?"),
    }
}

fn uuid(dice: &mut Dice<'_>) -> Uuid {
    Uuid::from_u128(u128::from(dice.long().cast_unsigned()))
}

/// The Avro encoding written from the specification, with random cuts into blocks; a negative count is followed by
/// the block's size in bytes.
pub fn encode(shapes: &Shapes, id: Id, value: &Value, dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    match (&shapes.list[id], value) {
        (Shape::Union(branches), Value::Union(at, inner)) => {
            varint(i64::from(*at), out);
            encode(shapes, branches[*at as usize], inner, dice, out);
        }
        (Shape::Record(fields), Value::Record(values)) => {
            for ((_, field), (_, value)) in fields.iter().zip(values) {
                encode(shapes, *field, value, dice, out);
            }
        }
        (Shape::Array(items), Value::Array(values)) => {
            let encoded = values.iter().map(|value| {
                let mut item = Vec::new();
                encode(shapes, *items, value, dice, &mut item);
                item
            });
            let encoded: Vec<_> = encoded.collect();
            blocks(&encoded, dice, out);
        }
        (Shape::Map(of), Value::Map(values)) => {
            let encoded = values.iter().map(|(key, value)| {
                let mut item = Vec::new();
                sized(key.as_bytes(), &mut item);
                encode(shapes, *of, value, dice, &mut item);
                item
            });
            let encoded: Vec<_> = encoded.collect();
            blocks(&encoded, dice, out);
        }
        (shape, value) => scalar(shape, value, out),
    }
}

fn scalar(shape: &Shape, value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Boolean(value) => out.push(u8::from(*value)),
        Value::Int(value) | Value::Date(value) | Value::TimeMillis(value) => varint(i64::from(*value), out),
        Value::Long(value)
        | Value::TimestampMillis(value)
        | Value::TimestampMicros(value)
        | Value::LocalTimestampMillis(value) => varint(*value, out),
        Value::Float(value) => out.extend(value.to_le_bytes()),
        Value::Double(value) => out.extend(value.to_le_bytes()),
        Value::Bytes(bytes) => sized(bytes, out),
        Value::String(text) => sized(text.as_bytes(), out),
        Value::Fixed(_, bytes) => out.extend(bytes),
        Value::Enum(at, _) => varint(i64::from(*at), out),
        Value::Uuid(uuid) if matches!(shape, Shape::FixedUuid) => out.extend(uuid.as_bytes()),
        Value::Uuid(uuid) => sized(uuid.to_string().as_bytes(), out),
        Value::Duration(_) => out.extend([3; 12]),
        Value::Decimal(_) => match shape {
            Shape::FixedDecimal(size) => {
                out.extend(std::iter::repeat_n(0, size - 2));
                out.extend([1, 2]);
            }
            _ => sized(&[1, 2, 3], out),
        },
        other => panic!("{other:?} is not made here"),
    }
}

fn blocks(items: &[Vec<u8>], dice: &mut Dice<'_>, out: &mut Vec<u8>) {
    let mut rest = items;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(1 + dice.below(rest.len()));
        let bytes = block.concat();
        let count = i64::try_from(block.len()).unwrap();
        if dice.one_in(2) {
            varint(-count, out);
            varint(i64::try_from(bytes.len()).unwrap(), out);
        } else {
            varint(count, out);
        }
        out.extend(bytes);
        rest = after;
    }
    varint(0, out);
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    varint(i64::try_from(bytes.len()).unwrap(), out);
    out.extend(bytes);
}

fn varint(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest > 0x7f {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
