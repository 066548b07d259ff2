//! What a definition takes from an event, read from the generic value: slow, plain, and knowing nothing of plans.

use apache_avro::types::Value;
use common::sketch::{Seen, ValueHash};
use schema::RejectCode;

use super::{
    chosen::{Chosen, Dimension, Literal, Measure, Sketch, Test, When},
    support::{Taken, TakenRollup},
};

/// What an event takes in, or every reason there is to refuse it.
pub fn interpret(chosen: &Chosen, event: &Value) -> Result<Taken, Vec<RejectCode>> {
    let mut refused = Vec::new();
    for text in chosen.paths().into_iter().filter_map(|path| text_at(event, path)) {
        if text.len() > 1_024 {
            refused.push(RejectCode::Oversized);
        }
        if text.contains('\0') {
            refused.push(RejectCode::InvalidText);
        }
    }
    let time = time(chosen, event).unwrap_or_else(|code| {
        refused.push(code);
        0
    });
    let mut rollups = Vec::new();
    for rollup in &chosen.rollups {
        let measures = rollup.measures.iter().map(|measure| {
            units(measure, event).unwrap_or_else(|code| {
                refused.push(code);
                None
            })
        });
        let measures = measures.collect();
        let sketches = rollup.sketches.iter().map(|sketch| {
            seen(sketch, event).unwrap_or_else(|code| {
                refused.push(code);
                None
            })
        });
        rollups.push(TakenRollup {
            sketches: sketches.collect(),
            measures,
            dimensions: rollup.dimensions.iter().map(|dimension| key(dimension, event)).collect(),
            labels: rollup.labels.iter().map(|path| text_at(event, path).map(Into::into)).collect(),
        });
    }
    if refused.is_empty() { Ok(Taken { time, rollups }) } else { Err(refused) }
}

impl Chosen {
    fn paths(&self) -> Vec<&str> {
        let mut paths = vec![self.time.as_str()];
        for rollup in &self.rollups {
            paths.extend(rollup.dimensions.iter().map(|dimension| dimension.path.as_str()));
            paths.extend(rollup.labels.iter().map(String::as_str));
            for measure in &rollup.measures {
                paths.extend(measure.number.iter().map(|(_, path, _)| path.as_str()));
                paths.extend(measure.when.iter().map(|when| when.path.as_str()));
            }
            // Of what is only told apart nothing is kept, so it may be long.
            paths.extend(
                rollup.sketches.iter().flat_map(|sketch| &sketch.when).map(|when| when.path.as_str()),
            );
        }
        paths
    }
}

fn plain(value: &Value) -> &Value {
    match value {
        Value::Union(_, inner) => plain(inner),
        value => value,
    }
}

/// `Value::Null` for a null on the way as well.
fn at<'a>(event: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(event, |value, name| match plain(value) {
        Value::Record(fields) => plain(&fields.iter().find(|(field, _)| field == name).unwrap().1),
        Value::Null => &Value::Null,
        other => panic!("{path} leads into {other:?}"),
    })
}

fn text_at<'a>(event: &'a Value, path: &str) -> Option<std::borrow::Cow<'a, str>> {
    match at(event, path) {
        Value::String(text) | Value::Enum(_, text) => Some(text.into()),
        Value::Uuid(uuid) => Some(uuid.to_string().into()),
        _ => None,
    }
}

fn integer_at(event: &Value, path: &str) -> Option<i64> {
    match *at(event, path) {
        Value::Int(value) | Value::Date(value) | Value::TimeMillis(value) => Some(i64::from(value)),
        Value::Long(value)
        | Value::TimestampMillis(value)
        | Value::TimestampMicros(value)
        | Value::LocalTimestampMillis(value) => Some(value),
        _ => None,
    }
}

fn real_at(event: &Value, path: &str) -> Option<f64> {
    match *at(event, path) {
        Value::Float(value) => Some(f64::from(value)),
        Value::Double(value) => Some(value),
        _ => None,
    }
}

fn time(chosen: &Chosen, event: &Value) -> Result<i64, RejectCode> {
    let written = i128::from(integer_at(event, &chosen.time).ok_or(RejectCode::MissingValue)?);
    let millis = match chosen.unit {
        "s" => written * 1_000,
        "ms" => written,
        _ => written.div_euclid(1_000),
    };
    // The years 1 to 9999.
    if !(-62_135_596_800_000..=253_402_207_200_000).contains(&millis) {
        return Err(RejectCode::OutOfRange);
    }
    i64::try_from(millis).map_err(|_| RejectCode::OutOfRange)
}

fn key(dimension: &Dimension, event: &Value) -> String {
    let path = &dimension.path;
    let text = match at(event, path) {
        Value::Null => return dimension.null.clone(),
        Value::Boolean(value) => value.to_string(),
        _ => match integer_at(event, path) {
            Some(value) if !dimension.buckets.is_empty() => {
                let bucket = dimension.buckets.iter().find(|(below, _)| value < *below);
                return bucket.map_or(&dimension.other, |(_, name)| name).clone();
            }
            Some(value) => value.to_string(),
            None => text_at(event, path).unwrap().into_owned(),
        },
    };
    if dimension.allowed.is_empty() || dimension.allowed.contains(&text) {
        text
    } else {
        dimension.other.clone()
    }
}

fn units(measure: &Measure, event: &Value) -> Result<Option<i64>, RejectCode> {
    if measure.when.as_ref().is_some_and(|when| !holds(when, event)) {
        return Ok(None);
    }
    let Some((_, path, scale)) = &measure.number else { return Ok(Some(1)) };
    units_at(event, path, *scale)
}

fn seen(sketch: &Sketch, event: &Value) -> Result<Option<Seen>, RejectCode> {
    if sketch.when.as_ref().is_some_and(|when| !holds(when, event)) {
        return Ok(None);
    }
    if let Some(scale) = sketch.scale {
        return Ok(units_at(event, &sketch.path, scale)?.map(Seen::Number));
    }
    let hash = match at(event, &sketch.path) {
        Value::Bytes(bytes) | Value::Fixed(_, bytes) => Some(ValueHash::of_bytes(bytes)),
        Value::Boolean(value) => Some(ValueHash::of_boolean(*value)),
        _ => match (integer_at(event, &sketch.path), text_at(event, &sketch.path)) {
            (Some(value), _) => Some(ValueHash::of_integer(value)),
            (None, Some(text)) => Some(ValueHash::of_bytes(text.as_bytes())),
            (None, None) => None,
        },
    };
    Ok(hash.map(Seen::Hash))
}

fn units_at(event: &Value, path: &str, scale: i64) -> Result<Option<i64>, RejectCode> {
    let most = 1_i128 << 53;
    if let Some(value) = integer_at(event, path) {
        let units = i128::from(value) * i128::from(scale);
        return if units.abs() <= most { Ok(Some(units as i64)) } else { Err(RejectCode::OutOfRange) };
    }
    let Some(value) = real_at(event, path) else { return Ok(None) };
    let units = (value * scale as f64).round();
    if units.is_finite() && units.abs() <= most as f64 {
        Ok(Some(units as i64))
    } else {
        Err(RejectCode::OutOfRange)
    }
}

fn holds(when: &When, event: &Value) -> bool {
    let number = || integer_at(event, &when.path).map(|value| value as f64).or(real_at(event, &when.path));
    let equals = |literal: &Literal| match literal {
        Literal::Text(text) => text_at(event, &when.path).is_some_and(|found| found == *text),
        Literal::Int(value) => match integer_at(event, &when.path) {
            Some(found) => found == *value,
            None => real_at(event, &when.path).is_some_and(|found| found == *value as f64),
        },
        Literal::Bool(value) => *at(event, &when.path) == Value::Boolean(*value),
    };
    match &when.test {
        Test::In(literals) => literals.iter().any(equals),
        Test::NotIn(literals) => !literals.iter().any(equals),
        Test::Below(limit) => number().is_some_and(|value| value < *limit),
        Test::AtLeast(limit) => number().is_some_and(|value| value >= *limit),
        Test::IsNull(expected) => (*at(event, &when.path) == Value::Null) == *expected,
    }
}
