//! The conditions of measures, arranged by field: a text is looked up once, however many conditions ask for it.

use super::walk::Slot;
use crate::{Literal, Test};

/// Bit n stands for condition n of the plan.
pub(crate) type Conditions = u64;

/// Conditions of one event are kept in one [`Conditions`].
pub(super) const MOST_CONDITIONS: usize = Conditions::BITS as usize;

/// One condition, as the definition has it.
#[derive(Debug)]
pub(super) struct Condition {
    pub slot: usize,
    pub test: Test,
}

/// All conditions on one field.
#[derive(Debug)]
pub(crate) struct FieldConditions {
    slot: usize,
    /// Those that hold for each text that one of them names.
    named: Vec<(String, Conditions)>,
    /// Those that hold for any other text.
    unnamed: Conditions,
    null: Conditions,
    others: Vec<(Conditions, Test)>,
}

/// A field's value, as a test sees it.
#[derive(Clone, Copy, Debug)]
enum Scalar<'a> {
    Null,
    Boolean(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    /// Any that no literal equals.
    OtherText,
}

impl FieldConditions {
    /// One for each field that `conditions` are about.
    pub(super) fn arrange(conditions: &[Condition]) -> Vec<Self> {
        let mut slots: Vec<usize> = conditions.iter().map(|condition| condition.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        slots.into_iter().map(|slot| Self::of(slot, conditions)).collect()
    }

    fn of(slot: usize, conditions: &[Condition]) -> Self {
        let tests = || {
            let numbered = conditions.iter().enumerate().filter(move |(_, condition)| condition.slot == slot);
            numbered.map(|(bit, condition)| (1 << bit, &condition.test))
        };
        let all =
            |value: Scalar<'_>| tests().filter(|(_, test)| holds(test, value)).map(|(bit, _)| bit).sum();
        let mut texts: Vec<&str> = tests().flat_map(|(_, test)| texts(test)).collect();
        let mut seen = std::collections::HashSet::new();
        texts.retain(|text| seen.insert(*text));
        Self {
            slot,
            named: texts.into_iter().map(|text| (text.to_owned(), all(Scalar::Text(text)))).collect(),
            unnamed: all(Scalar::OtherText),
            null: all(Scalar::Null),
            others: tests().map(|(bit, test)| (bit, test.clone())).collect(),
        }
    }

    /// Those that hold for the field's value; `symbols` are the plan's texts.
    #[inline]
    pub fn met(&self, slots: &[Slot], payload: &[u8], symbols: &[String]) -> Conditions {
        let value = match slots[self.slot] {
            Slot::Null => return self.null,
            Slot::Text(range) => return self.of_text(range.of(payload)),
            Slot::Symbol(symbol) => return self.of_text(symbols[symbol as usize].as_bytes()),
            Slot::Boolean(value) => Scalar::Boolean(value),
            Slot::Int(value) => Scalar::Int(value),
            Slot::Float(value) => Scalar::Float(value),
        };
        self.others.iter().filter(|(_, test)| holds(test, value)).map(|(bit, _)| bit).sum()
    }

    #[inline]
    fn of_text(&self, text: &[u8]) -> Conditions {
        let named = self.named.iter().find(|(named, _)| named.as_bytes() == text);
        named.map_or(self.unnamed, |(_, conditions)| *conditions)
    }
}

fn texts(test: &Test) -> impl Iterator<Item = &str> {
    let literals = match test {
        Test::In(literals) | Test::NotIn(literals) => literals.as_slice(),
        Test::Below(_) | Test::AtLeast(_) | Test::IsNull(_) => &[],
    };
    literals.iter().filter_map(|literal| match literal {
        Literal::Text(text) => Some(text.as_str()),
        Literal::Bool(_) | Literal::Int(_) => None,
    })
}

/// A null meets only `IsNull(true)` and the negative tests.
fn holds(test: &Test, value: Scalar<'_>) -> bool {
    let equals = |literal: &Literal| match (literal, value) {
        (Literal::Text(expected), Scalar::Text(text)) => expected == text,
        (Literal::Int(expected), Scalar::Int(value)) => value == *expected,
        #[allow(clippy::cast_precision_loss, reason = "literals in definitions are small")]
        (Literal::Int(expected), Scalar::Float(value)) => value == *expected as f64,
        (Literal::Bool(expected), Scalar::Boolean(value)) => value == *expected,
        _ => false,
    };
    #[allow(clippy::cast_precision_loss, reason = "thresholds in definitions are small")]
    let number = match value {
        Scalar::Int(value) => Some(value as f64),
        Scalar::Float(value) => Some(value),
        _ => None,
    };
    match test {
        Test::In(literals) => literals.iter().any(equals),
        Test::NotIn(literals) => !literals.iter().any(equals),
        Test::Below(limit) => number.is_some_and(|value| value < *limit),
        Test::AtLeast(limit) => number.is_some_and(|value| value >= *limit),
        Test::IsNull(expected) => matches!(value, Scalar::Null) == *expected,
    }
}
