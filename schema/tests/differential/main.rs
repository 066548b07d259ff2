//! Random schemas, events and definitions: what a plan takes from the bytes is what the generic value holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation
)]

mod chosen;
mod dice;
mod interpreter;
mod shape;
#[path = "../support/mod.rs"]
mod support;
mod values;

use std::sync::Arc;

use apache_avro::{Schema, types::Value};
use chosen::Chosen;
use common::sketch::Seen;
use dice::Dice;
use interpreter::interpret;
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use schema::{Decoder, Reject, RejectCode};
use shape::Shapes;
use support::{Taken, taken};

#[derive(Debug)]
struct Case {
    shapes: Shapes,
    schema: Schema,
    chosen: Chosen,
    decoder: Decoder,
}

impl Case {
    fn new(dice: &mut Dice<'_>) -> Self {
        let (shapes, json) = shape::schema(dice);
        let json = json.to_string();
        let schema = Schema::parse_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
        let chosen = chosen::definition(&shapes, dice);
        let toml = chosen.toml();
        let definition =
            support::load(&toml, &json).unwrap_or_else(|error| panic!("{error}\n{toml}\n{json}"));
        let decoder = support::decoder(&Arc::new(definition));
        Self { shapes, schema, chosen, decoder }
    }

    fn value(&self, dice: &mut Dice<'_>) -> Value {
        values::value(&self.shapes, 0, dice, 0)
    }

    fn write(&self, value: &Value) -> Vec<u8> {
        support::write(&self.schema, value.clone())
    }

    fn take(&mut self, payload: &[u8]) -> Result<Taken, Reject> {
        let event = support::decode(&mut self.decoder, payload)?;
        Ok(taken(&self.decoder.view(&event, payload)))
    }

    /// Both ways agree on `payload`, which holds `value`.
    fn agree(&mut self, value: &Value, payload: &[u8]) {
        let expected = interpret(&self.chosen, value);
        match (self.take(payload), expected) {
            (Ok(taken), Ok(expected)) => assert_eq!(taken, expected),
            (Err(reject), Err(codes)) => assert!(codes.contains(&reject.code), "{reject:?} of {codes:?}"),
            (taken, expected) => panic!("plan {taken:?}\nvalue {expected:?}"),
        }
    }
}

/// PROPTEST_CASES sets how many cases there are; 256 without it.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/differential/regressions.txt",
        ))),
        ..ProptestConfig::default()
    }
}

fn rolls() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..1_200)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn plan_and_value_agree(rolls in rolls()) {
        let mut dice = Dice::new(&rolls);
        let mut case = Case::new(&mut dice);
        for _ in 0..8 {
            let value = case.value(&mut dice);
            let payload = case.write(&value);
            case.agree(&value, &payload);
        }
    }

    #[test]
    fn blocks_may_be_cut_and_sized_at_will(rolls in rolls()) {
        let mut dice = Dice::new(&rolls);
        let mut case = Case::new(&mut dice);
        for _ in 0..8 {
            let value = case.value(&mut dice);
            let mut payload = Vec::new();
            values::encode(&case.shapes, 0, &value, &mut dice, &mut payload);
            case.agree(&value, &payload);
        }
    }

    #[test]
    fn nothing_may_be_missing_or_follow(rolls in rolls(), extra in prop::collection::vec(any::<u8>(), 1..9)) {
        let mut dice = Dice::new(&rolls);
        let mut case = Case::new(&mut dice);
        let value = case.value(&mut dice);
        let mut payload = case.write(&value);
        let whole = interpret(&case.chosen, &value);
        for length in 0..payload.len() {
            prop_assert!(case.take(&payload[..length]).is_err(), "{length} of {} bytes", payload.len());
        }
        payload.extend(extra);
        let code = case.take(&payload).unwrap_err().code;
        let text_refused = [RejectCode::InvalidText, RejectCode::Oversized];
        match whole {
            Err(codes) if codes.iter().any(|code| text_refused.contains(code)) => {
                prop_assert!(text_refused.contains(&code));
            }
            _ => prop_assert_eq!(code, RejectCode::TrailingBytes),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        rolls in rolls(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
        garbage in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut dice = Dice::new(&rolls);
        let mut case = Case::new(&mut dice);
        let value = case.value(&mut dice);
        let mut payload = case.write(&value);
        for (at, byte) in changes {
            if !payload.is_empty() {
                let at = at.index(payload.len());
                payload[at] = byte;
            }
            // Whether it can be read or not: what is read can be looked at.
            let _ = case.take(&payload);
        }
        let _ = case.take(&garbage);
    }
}

/// The cases say something: enough events are taken, refused and looked at.
#[test]
fn cases_are_not_empty() {
    let (mut taken, mut refused, mut labels, mut numbers, mut left_out, mut nested) = (0, 0, 0, 0, 0, 0);
    let (mut hashes, mut sizes) = (0, 0);
    let mut state = 1_u32;
    for _ in 0..200 {
        let rolls: Vec<u32> = (0..600)
            .map(|_| {
                // xorshift32
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state
            })
            .collect();
        let mut dice = Dice::new(&rolls);
        let case = Case::new(&mut dice);
        nested +=
            usize::from(case.chosen.rollups.iter().any(|rollup| rollup.dimensions[0].path.contains('.')));
        for _ in 0..8 {
            match interpret(&case.chosen, &case.value(&mut dice)) {
                Err(_) => refused += 1,
                Ok(event) => {
                    taken += 1;
                    for rollup in event.rollups {
                        labels += rollup.labels.iter().flatten().filter(|text| !text.is_empty()).count();
                        numbers += rollup.measures.iter().flatten().filter(|units| **units > 1).count();
                        hashes +=
                            rollup.sketches.iter().filter(|seen| matches!(seen, Some(Seen::Hash(_)))).count();
                        sizes += rollup
                            .sketches
                            .iter()
                            .filter(|seen| matches!(seen, Some(Seen::Number(_))))
                            .count();
                        left_out += rollup.measures.iter().filter(|units| units.is_none()).count();
                    }
                }
            }
        }
    }
    assert!(taken > 400 && refused > 200, "{taken} taken, {refused} refused");
    assert!(hashes > 200 && sizes > 200, "{hashes} hashes, {sizes} sizes");
    assert!(nested > 30, "{nested} with nested paths");
    assert!(
        labels > 200 && numbers > 200 && left_out > 200,
        "{labels} labels, {numbers} numbers, {left_out} left out"
    );
}
