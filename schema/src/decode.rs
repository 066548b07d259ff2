//! From a record's bytes to what each rollup takes in.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use common::{measure::to_units, time::Timestamp};

use crate::{
    FileSchemas, Plan, PlanError, Reject, RejectCode, SchemaSource, SourceError, StreamDefinition, Test,
    TimeUnit, WireFormat,
    definition::Literal,
    framing::{self, SchemaKey},
    plan::{DimensionPlan, Slot},
};

/// A record could not be decoded.
#[derive(Debug)]
pub enum DecodeError {
    /// It never can be.
    Reject(Reject),
    /// Its schema could not be asked for; read it again later.
    Source(SourceError),
}

impl From<Reject> for DecodeError {
    fn from(reject: Reject) -> Self {
        Self::Reject(reject)
    }
}

/// The needed values of one record. Made once and filled again and again: no allocation per record.
#[derive(Debug, Default)]
pub struct Event {
    event_time: Timestamp,
    schema: usize,
    slots: Vec<Slot>,
    conditions: u64,
    numbers: Vec<Option<i64>>,
    /// Integers that serve as keys, as text.
    scratch: String,
    scratch_ranges: Vec<(usize, usize, usize)>,
}

/// Reads the records of one stream, whichever of its schemas they were written with.
#[derive(Debug)]
pub struct Decoder {
    definition: Arc<StreamDefinition>,
    source: Box<dyn SchemaSource>,
    plans: Vec<Plan>,
    /// The plan of each schema met, or why there can be none.
    known: HashMap<SchemaKey, Result<usize, Reject>>,
}

/// An [`Event`] together with the bytes its texts lie in.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'a> {
    event: &'a Event,
    payload: &'a [u8],
    plan: &'a Plan,
}

const DEFAULT_PLAN: usize = 0;

impl Decoder {
    /// Knows the definition's own schemas only.
    ///
    /// # Errors
    /// When the definition does not fit its schema.
    pub fn for_definition(definition: Arc<StreamDefinition>) -> Result<Self, PlanError> {
        let own = FileSchemas::default().with(&definition.schema);
        let source =
            definition.writer_schemas.iter().fold(own, |source, (id, schema)| source.with_id(*id, schema));
        Self::new(definition, Box::new(source))
    }

    /// # Errors
    /// When the definition does not fit its own schema.
    pub fn new(definition: Arc<StreamDefinition>, source: Box<dyn SchemaSource>) -> Result<Self, PlanError> {
        let plan = Plan::compile(&definition, &definition.schema)?;
        Ok(Self { definition, source, plans: vec![plan], known: HashMap::new() })
    }

    /// Fills `event` from `payload`. What `event` held before does not matter, nor what it holds after an error.
    ///
    /// # Errors
    /// [`DecodeError::Reject`] for bytes that are not such a record, [`DecodeError::Source`] when its schema
    /// cannot be asked for.
    pub fn decode(&mut self, payload: &[u8], event: &mut Event) -> Result<(), DecodeError> {
        if u32::try_from(payload.len()).is_err() {
            return Err(Reject::new(RejectCode::Oversized, "a record of 4 GiB or more").into());
        }
        let (key, datum) = framing::split(self.definition.wire, payload)?;
        let (schema, datum) = match self.plan_for(key)? {
            Some(schema) => (schema, datum),
            // What looks like a frame is one only if its schema is known.
            None if self.definition.wire == WireFormat::Auto => (DEFAULT_PLAN, payload),
            None => {
                return Err(Reject::new(
                    RejectCode::UnknownSchema,
                    format!("no schema is known for {key:?}"),
                )
                .into());
            }
        };
        event.schema = schema;
        let plan = &self.plans[schema];
        plan.walk(datum, payload.len() - datum.len(), &mut event.slots)?;
        plan.finish(payload, event)?;
        Ok(())
    }

    /// What was decoded from `payload` into `event`.
    #[must_use]
    pub fn view<'a>(&'a self, event: &'a Event, payload: &'a [u8]) -> EventView<'a> {
        EventView { event, payload, plan: &self.plans[event.schema] }
    }

    fn plan_for(&mut self, key: SchemaKey) -> Result<Option<usize>, DecodeError> {
        if key == SchemaKey::Default {
            return Ok(Some(DEFAULT_PLAN));
        }
        if let Some(known) = self.known.get(&key) {
            return known.clone().map(Some).map_err(DecodeError::Reject);
        }
        let schema = match key {
            SchemaKey::Default => None,
            SchemaKey::Id(id) => self.source.by_id(id).map_err(DecodeError::Source)?,
            SchemaKey::Fingerprint(fingerprint) => {
                self.source.by_fingerprint(fingerprint).map_err(DecodeError::Source)?
            }
        };
        let Some(schema) = schema else { return Ok(None) };
        let plan = match Plan::compile(&self.definition, &schema) {
            Ok(plan) => {
                self.plans.push(plan);
                Ok(self.plans.len() - 1)
            }
            Err(error) => Err(Reject::new(
                RejectCode::UnknownSchema,
                format!("the schema of {key:?} does not fit the definition: {error}"),
            )),
        };
        self.known.insert(key, plan.clone());
        Ok(Some(plan?))
    }
}

impl Plan {
    /// Event time, conditions, numbers and integer keys, from the slots.
    fn finish(&self, payload: &[u8], event: &mut Event) -> Result<(), Reject> {
        event.event_time = match event.slots[self.event_time] {
            Slot::Int(value) => self.event_time(value)?,
            _ => return Err(Reject::new(RejectCode::MissingValue, "the event time is null")),
        };
        event.conditions = 0;
        for (bit, condition) in self.conditions.iter().enumerate() {
            if self.holds(&condition.test, event.slots[condition.slot], payload) {
                event.conditions |= 1 << bit;
            }
        }
        event.numbers.clear();
        for number in &self.numbers {
            // A number nobody takes in need not be one that can be kept.
            let taken = number.when.is_none_or(|conditions| conditions & event.conditions != 0);
            event.numbers.push(if taken { units(event.slots[number.slot], number.scale)? } else { None });
        }
        event.scratch.clear();
        event.scratch_ranges.clear();
        for dimension in self.rollups.iter().flat_map(|rollup| &rollup.dimensions) {
            if let Slot::Int(value) = event.slots[dimension.slot]
                && dimension.buckets.is_empty()
            {
                let start = event.scratch.len();
                // Writing to a String cannot fail.
                let _ = write!(event.scratch, "{value}");
                event.scratch_ranges.push((dimension.slot, start, event.scratch.len()));
            }
        }
        Ok(())
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

    fn holds(&self, test: &Test, slot: Slot, payload: &[u8]) -> bool {
        let equals = |literal: &Literal| match (literal, slot) {
            (Literal::Text(text), Slot::Text { at, length }) => {
                payload[at as usize..(at + length) as usize] == *text.as_bytes()
            }
            (Literal::Text(text), Slot::Symbol(symbol)) => self.texts[symbol as usize] == *text,
            (Literal::Int(expected), Slot::Int(value)) => value == *expected,
            #[allow(clippy::cast_precision_loss, reason = "literals in definitions are small")]
            (Literal::Int(expected), Slot::Float(value)) => value == *expected as f64,
            (Literal::Bool(expected), Slot::Boolean(value)) => value == *expected,
            _ => false,
        };
        #[allow(clippy::cast_precision_loss, reason = "thresholds in definitions are small")]
        let number = match slot {
            Slot::Int(value) => Some(value as f64),
            Slot::Float(value) => Some(value),
            _ => None,
        };
        match test {
            Test::In(literals) => literals.iter().any(equals),
            Test::NotIn(literals) => !literals.iter().any(equals),
            Test::Below(limit) => number.is_some_and(|value| value < *limit),
            Test::AtLeast(limit) => number.is_some_and(|value| value >= *limit),
            Test::IsNull(expected) => (slot == Slot::Null) == *expected,
        }
    }
}

fn units(slot: Slot, scale: i64) -> Result<Option<i64>, Reject> {
    let units = match slot {
        Slot::Int(value) => value.checked_mul(scale).filter(|units| units.unsigned_abs() <= 1 << 53),
        Slot::Float(value) => to_units(value, scale),
        _ => return Ok(None),
    };
    let refused = || {
        Reject::new(RejectCode::OutOfRange, format!("{slot:?} cannot be kept exactly in units of 1/{scale}"))
    };
    units.map(Some).ok_or_else(refused)
}

impl<'a> EventView<'a> {
    #[must_use]
    pub fn event_time(&self) -> Timestamp {
        self.event.event_time
    }

    /// Part `dimension` of the key in `rollup`, with the names for null, other and buckets applied.
    #[must_use]
    pub fn dimension(&self, rollup: usize, dimension: usize) -> &'a str {
        let plan = &self.plan.rollups[rollup].dimensions[dimension];
        let text = match self.event.slots[plan.slot] {
            Slot::Null => return &plan.null,
            Slot::Int(value) if !plan.buckets.is_empty() => return bucket(plan, value),
            Slot::Int(_) => self.scratch(plan.slot),
            Slot::Boolean(true) => "true",
            Slot::Boolean(false) => "false",
            Slot::Float(_) => "",
            slot => self.text(slot),
        };
        let allowed = plan.allowed.is_empty() || plan.allowed.iter().any(|allowed| allowed == text);
        if allowed { text } else { &plan.other }
    }

    /// The text of a label, if the event has one.
    #[must_use]
    pub fn label(&self, rollup: usize, label: usize) -> Option<&'a str> {
        match self.event.slots[self.plan.rollups[rollup].labels[label]] {
            Slot::Null => None,
            slot => Some(self.text(slot)),
        }
    }

    /// What the event adds to `measure` of `rollup`, in units; `None` if it adds nothing.
    #[must_use]
    pub fn numeric(&self, rollup: usize, measure: usize) -> Option<i64> {
        let plan = &self.plan.rollups[rollup].measures[measure];
        if plan.condition.is_some_and(|bit| self.event.conditions & (1 << bit) == 0) {
            return None;
        }
        plan.number.map_or(Some(1), |number| self.event.numbers[number])
    }

    fn text(&self, slot: Slot) -> &'a str {
        match slot {
            // Checked to be UTF-8 when it was read.
            Slot::Text { at, length } => {
                let bytes = self.payload.get(at as usize..(at + length) as usize).unwrap_or_default();
                std::str::from_utf8(bytes).unwrap_or_default()
            }
            Slot::Symbol(symbol) => &self.plan.texts[symbol as usize],
            _ => "",
        }
    }

    fn scratch(&self, slot: usize) -> &'a str {
        let range = self.event.scratch_ranges.iter().find(|(of, ..)| *of == slot);
        range.map_or("", |(_, start, end)| &self.event.scratch[*start..*end])
    }
}

fn bucket(plan: &DimensionPlan, value: i64) -> &str {
    plan.buckets.iter().find(|bucket| value < bucket.below).map_or(&plan.other, |bucket| &bucket.name)
}
