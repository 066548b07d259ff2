//! The needed values of one record, and what each rollup takes in of them.

use std::fmt::Write;

use common::{
    measure::to_units,
    sketch::{Seen, ValueHash},
    time::Timestamp,
};

use crate::{
    Plan, Reject, RejectCode, TimeUnit,
    plan::{Conditions, DimensionPlan, NumberPlan, RollupPlan, SketchInput, Slot},
};

/// The needed values of one record. Made once and filled again and again: no allocation per record.
#[derive(Debug, Default)]
pub struct Event {
    event_time: Timestamp,
    /// Number of the plan it was read with.
    pub(crate) schema: usize,
    /// Where the datum begins in the payload, behind its frame.
    pub(crate) datum: usize,
    pub(crate) slots: Vec<Slot>,
    conditions: Conditions,
    /// By number of the plan; [`ABSENT`] where the event has none.
    numbers: Vec<i64>,
    /// By number of the plan.
    hashes: Vec<Option<ValueHash>>,
    /// Integers that serve as keys, as text.
    scratch: String,
    scratch_ranges: Vec<(usize, usize, usize)>,
}

/// An [`Event`] together with the bytes its texts lie in.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'a> {
    pub(crate) event: &'a Event,
    pub(crate) payload: &'a [u8],
    pub(crate) plan: &'a Plan,
}

/// What one rollup takes in of an event. Texts are given as bytes; they are UTF-8 without NUL, as was checked when they
/// were read, and need not be checked again for each event.
#[derive(Clone, Copy, Debug)]
pub struct RollupView<'a> {
    view: EventView<'a>,
    rollup: &'a RollupPlan,
}

/// No number has that many units: see [`to_units`].
const ABSENT: i64 = i64::MIN;

impl Plan {
    /// Event time, conditions, numbers and integer keys, from the slots.
    pub(crate) fn finish(&self, payload: &[u8], event: &mut Event) -> Result<(), Reject> {
        event.event_time = match event.slots[self.event_time] {
            Slot::Int(value) => self.event_time(value)?,
            _ => return Err(Reject::new(RejectCode::MissingValue, "the event time is null")),
        };
        event.conditions = 0;
        for field in &self.conditions {
            event.conditions |= field.met(&event.slots, payload, &self.texts);
        }
        event.numbers.clear();
        for number in &self.numbers {
            // A number nobody takes in need not be one that can be kept.
            let taken = number.when.is_none_or(|conditions| conditions & event.conditions != 0);
            event.numbers.push(if taken { units(event.slots[number.slot], number)? } else { ABSENT });
        }
        if !self.hashes.is_empty() {
            self.hash(payload, event);
        }
        if !self.integer_keys.is_empty() {
            self.write_integers(event);
        }
        Ok(())
    }

    fn hash(&self, payload: &[u8], event: &mut Event) {
        event.hashes.clear();
        for hash in &self.hashes {
            let taken = hash.when.is_none_or(|conditions| conditions & event.conditions != 0);
            event.hashes.push(match event.slots[hash.slot] {
                _ if !taken => None,
                Slot::Text(range) => Some(ValueHash::of_bytes(range.of(payload))),
                Slot::Symbol(symbol) => Some(ValueHash::of_bytes(self.texts[symbol as usize].as_bytes())),
                Slot::Int(value) => Some(ValueHash::of_integer(value)),
                Slot::Boolean(value) => Some(ValueHash::of_boolean(value)),
                // Floats are refused with the definition.
                Slot::Null | Slot::Float(_) => None,
            });
        }
    }

    fn write_integers(&self, event: &mut Event) {
        event.scratch.clear();
        event.scratch_ranges.clear();
        for &slot in &self.integer_keys {
            if let Slot::Int(value) = event.slots[slot] {
                let start = event.scratch.len();
                // Writing to a String cannot fail.
                let _ = write!(event.scratch, "{value}");
                event.scratch_ranges.push((slot, start, event.scratch.len()));
            }
        }
    }

    fn event_time(&self, value: i64) -> Result<Timestamp, Reject> {
        let millis = match self.unit {
            TimeUnit::Seconds => value.checked_mul(1_000),
            TimeUnit::Millis => Some(value),
            TimeUnit::Micros => Some(value.div_euclid(1_000)),
        };
        millis
            .map(Timestamp::from_millis)
            .filter(|time| (Timestamp::MIN..=Timestamp::MAX).contains(time))
            .ok_or_else(|| {
                Reject::new(
                    RejectCode::OutOfRange,
                    format!("the event time {value} is outside the years 1 to 9999"),
                )
            })
    }
}

#[inline]
fn units(slot: Slot, number: &NumberPlan) -> Result<i64, Reject> {
    let units = match slot {
        Slot::Int(value) => value.checked_mul(number.scale).filter(|units| units.unsigned_abs() <= 1 << 53),
        Slot::Float(value) => to_units(value, number.scale),
        _ => return Ok(ABSENT),
    };
    units.ok_or_else(|| cannot_be_kept(slot, number.scale))
}

#[cold]
fn cannot_be_kept(slot: Slot, scale: i64) -> Reject {
    Reject::new(RejectCode::OutOfRange, format!("{slot:?} cannot be kept exactly in units of 1/{scale}"))
}

impl<'a> EventView<'a> {
    #[must_use]
    pub fn event_time(&self) -> Timestamp {
        self.event.event_time
    }

    /// What each rollup of the definition takes in, in its order.
    pub fn rollups(self) -> impl ExactSizeIterator<Item = RollupView<'a>> {
        self.plan.rollups.iter().map(move |rollup| RollupView { view: self, rollup })
    }

    fn text(&self, slot: Slot) -> &'a [u8] {
        match slot {
            Slot::Text(range) => range.of(self.payload),
            Slot::Symbol(symbol) => self.plan.texts[symbol as usize].as_bytes(),
            _ => &[],
        }
    }

    fn dimension(&self, plan: &'a DimensionPlan) -> &'a [u8] {
        let text = match self.event.slots[plan.slot] {
            Slot::Null => return plan.null.as_bytes(),
            Slot::Int(value) if !plan.buckets.is_empty() => return bucket(plan, value).as_bytes(),
            Slot::Int(_) => self.scratch(plan.slot),
            Slot::Boolean(true) => b"true",
            Slot::Boolean(false) => b"false",
            slot => self.text(slot),
        };
        let allowed =
            plan.allowed.is_empty() || plan.allowed.iter().any(|allowed| allowed.as_bytes() == text);
        if allowed { text } else { plan.other.as_bytes() }
    }

    fn scratch(&self, slot: usize) -> &'a [u8] {
        let range = self.event.scratch_ranges.iter().find(|(of, ..)| *of == slot);
        range.map_or(&[], |(_, start, end)| &self.event.scratch.as_bytes()[*start..*end])
    }
}

impl<'a> RollupView<'a> {
    /// The parts of the key, with the names for null, other and buckets applied.
    pub fn dimensions(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.rollup.dimensions.iter().map(move |plan| self.view.dimension(plan))
    }

    /// The texts of the labels, where the event has one.
    pub fn labels(self) -> impl ExactSizeIterator<Item = Option<&'a [u8]>> {
        self.rollup.labels.iter().map(move |&slot| match self.view.event.slots[slot] {
            Slot::Null => None,
            slot => Some(self.view.text(slot)),
        })
    }

    /// What the event adds to measure `number` of those that are numbers, in units; `None` if it adds nothing.
    #[inline]
    #[must_use]
    pub fn measure(self, number: usize) -> Option<i64> {
        let (event, measure) = (self.view.event, &self.rollup.measures[number]);
        if event.conditions & measure.needs != measure.needs {
            return None;
        }
        let Some(number) = measure.number else { return Some(1) };
        let units = event.numbers[number];
        (units != ABSENT).then_some(units)
    }

    /// How many measures of the rollup are numbers.
    #[must_use]
    pub fn measure_count(self) -> usize {
        self.rollup.measures.len()
    }

    /// What the event adds to measure `number` of those that are sketches; `None` if it adds nothing.
    #[inline]
    #[must_use]
    pub fn sketch(self, number: usize) -> Option<Seen> {
        let (event, sketch) = (self.view.event, &self.rollup.sketches[number]);
        if event.conditions & sketch.needs != sketch.needs {
            return None;
        }
        match sketch.input {
            SketchInput::Number(number) => {
                let units = event.numbers[number];
                (units != ABSENT).then_some(Seen::Number(units))
            }
            SketchInput::Hash(number) => event.hashes[number].map(Seen::Hash),
        }
    }

    /// How many measures of the rollup are sketches.
    #[must_use]
    pub fn sketch_count(self) -> usize {
        self.rollup.sketches.len()
    }
}

fn bucket(plan: &DimensionPlan, value: i64) -> &str {
    plan.buckets.iter().find(|bucket| value < bucket.below).map_or(&plan.other, |bucket| &bucket.name)
}
