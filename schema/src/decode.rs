//! From a record's bytes to what each rollup takes in.

use std::{collections::HashMap, sync::Arc};

use apache_avro::reader::datum::GenericDatumReader;

use crate::{
    Event, EventView, FileSchemas, Plan, PlanError, Reject, RejectCode, SchemaSource, SourceError,
    StreamDefinition, WireFormat,
    framing::{self, SchemaKey},
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

/// Reads the records of one stream, whichever of its schemas they were written with.
#[derive(Debug)]
pub struct Decoder {
    definition: Arc<StreamDefinition>,
    source: Box<dyn SchemaSource>,
    plans: Vec<Plan>,
    /// The plan of each schema met, or why there can be none.
    known: HashMap<SchemaKey, Result<usize, Reject>>,
    /// The schema of the record before, which is nearly always that of the next one.
    last: (SchemaKey, usize),
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
        Ok(Self {
            definition,
            source,
            plans: vec![plan],
            known: HashMap::new(),
            last: (SchemaKey::Default, DEFAULT_PLAN),
        })
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
        event.datum = payload.len() - datum.len();
        plan.walk(datum, event.datum, &mut event.slots)?;
        plan.finish(payload, event)?;
        Ok(())
    }

    /// What was decoded from `payload` into `event`.
    #[must_use]
    pub fn view<'a>(&'a self, event: &'a Event, payload: &'a [u8]) -> EventView<'a> {
        EventView { event, payload, plan: &self.plans[event.schema] }
    }

    /// All of the record that was decoded from `payload` into `event`, as JSON, by the names of its schema; `None` where
    /// JSON, or a database that keeps it, has no words for it: NaN, an infinity, a NUL in a text.
    ///
    /// It costs a hundred times what [`Self::decode`] does, and must come after it: that has checked every length and
    /// depth.
    #[must_use]
    pub fn json(&self, event: &Event, payload: &[u8]) -> Option<String> {
        let mut datum = payload.get(event.datum..)?;
        let reader = GenericDatumReader::builder(&self.plans[event.schema].schema).build().ok()?;
        let value = reader.read_value(&mut datum).ok()?;
        let json = serde_json::Value::try_from(value).ok()?.to_string();
        (!json.contains("\\u0000")).then_some(json)
    }

    fn plan_for(&mut self, key: SchemaKey) -> Result<Option<usize>, DecodeError> {
        if key == self.last.0 {
            return Ok(Some(self.last.1));
        }
        let plan = self.look_up(key)?;
        if let Some(plan) = plan {
            self.last = (key, plan);
        }
        Ok(plan)
    }

    fn look_up(&mut self, key: SchemaKey) -> Result<Option<usize>, DecodeError> {
        if let Some(known) = self.known.get(&key) {
            return known.clone().map(Some).map_err(DecodeError::Reject);
        }
        let schema = match key {
            SchemaKey::Default => return Ok(Some(DEFAULT_PLAN)),
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
