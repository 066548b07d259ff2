//! Finds each needed field once and names it by a slot; equal paths, conditions and numbers are shared.

use apache_avro::Schema;
use std::collections::BTreeMap;

use common::sketch::SketchKind;

use super::{
    Plan, PlanError,
    condition::{Condition, Conditions, FieldConditions, MOST_CONDITIONS},
    node::{Node, NodeId, Nodes},
    walk::{Kind, Step},
};
use crate::{Bucket, Literal, Measure, Rollup, StreamDefinition, Test, When};

/// A number in units of its resolution.
#[derive(Debug)]
pub(crate) struct NumberPlan {
    pub slot: usize,
    pub scale: i64,
    /// The conditions of the measures that take it in; `None` if one of them has none.
    pub when: Option<Conditions>,
}

/// A value of which only its hash is needed.
#[derive(Debug)]
pub(crate) struct HashPlan {
    pub slot: usize,
    /// As of a number.
    pub when: Option<Conditions>,
}

#[derive(Debug)]
pub(crate) struct RollupPlan {
    pub dimensions: Vec<DimensionPlan>,
    pub labels: Vec<usize>,
    /// Those that are numbers.
    pub measures: Vec<MeasurePlan>,
    pub sketches: Vec<SketchPlan>,
}

#[derive(Debug)]
pub(crate) struct DimensionPlan {
    pub slot: usize,
    pub null: String,
    pub allowed: Vec<String>,
    pub buckets: Vec<Bucket>,
    pub other: String,
}

/// `number: None` counts.
#[derive(Debug)]
pub(crate) struct MeasurePlan {
    /// It takes in only what meets all of these.
    pub needs: Conditions,
    pub number: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct SketchPlan {
    pub needs: Conditions,
    pub input: SketchInput,
}

/// By number of the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SketchInput {
    Number(usize),
    Hash(usize),
}

/// The needed paths as a tree; a leaf has a slot.
#[derive(Debug, Default)]
struct Needed {
    slot: Option<usize>,
    /// Somebody needs more of it than to tell it apart.
    kept: bool,
    fields: BTreeMap<String, Needed>,
}

pub(super) struct Compiler {
    nodes: Nodes,
    root: NodeId,
    needed: Needed,
    slots: usize,
    conditions: Vec<Condition>,
    numbers: Vec<NumberPlan>,
    hashes: Vec<HashPlan>,
    texts: Vec<String>,
}

impl Compiler {
    pub fn new(nodes: Nodes, root: NodeId) -> Result<Self, PlanError> {
        if !matches!(nodes.get(root), Node::Record(_)) {
            return Err(PlanError::NoRecord);
        }
        Ok(Self {
            nodes,
            root,
            needed: Needed::default(),
            slots: 0,
            conditions: Vec::new(),
            numbers: Vec::new(),
            hashes: Vec::new(),
            texts: Vec::new(),
        })
    }

    pub fn compile(mut self, definition: &StreamDefinition, schema: Schema) -> Result<Plan, PlanError> {
        let event_time = self.slot("event_time.path", &definition.event_time.path, Wanted::Integer)?;
        let rollups =
            definition.rollups.iter().map(|rollup| self.rollup(rollup)).collect::<Result<Vec<_>, _>>()?;
        let needed = std::mem::take(&mut self.needed);
        let mut steps = Vec::new();
        self.steps(self.root, &needed, &mut steps);
        let mut integers = Vec::new();
        slots_of_integers(&steps, &mut integers);
        let keys = rollups.iter().flat_map(|rollup| &rollup.dimensions);
        let keys = keys.filter(|key| key.buckets.is_empty() && integers.contains(&key.slot));
        let mut integer_keys: Vec<usize> = keys.map(|key| key.slot).collect();
        integer_keys.sort_unstable();
        integer_keys.dedup();
        Ok(Plan {
            schema,
            nodes: self.nodes,
            steps,
            slots: self.slots,
            event_time,
            unit: definition.event_time.unit,
            conditions: FieldConditions::arrange(&self.conditions),
            numbers: self.numbers,
            hashes: self.hashes,
            rollups,
            integer_keys,
            texts: self.texts,
        })
    }

    fn rollup(&mut self, rollup: &Rollup) -> Result<RollupPlan, PlanError> {
        let key = |kind: &str, name: &str| format!("rollup.{}.{kind}.{name}", rollup.name);
        let mut dimensions = Vec::new();
        for dimension in &rollup.dimensions {
            let wanted = if dimension.buckets.is_empty() { Wanted::Key } else { Wanted::Integer };
            dimensions.push(DimensionPlan {
                slot: self.slot(&key("dimensions", &dimension.name), &dimension.path, wanted)?,
                null: dimension.null.clone(),
                allowed: dimension.allowed.clone(),
                buckets: dimension.buckets.clone(),
                other: dimension.other.clone(),
            });
        }
        let mut labels = Vec::new();
        for label in &rollup.labels {
            labels.push(self.slot(&key("labels", &label.name), &label.path, Wanted::Text)?);
        }
        let mut measures = Vec::new();
        for measure in rollup.numbers() {
            measures.push(self.measure(&key("measures", &measure.name), measure)?);
        }
        let mut sketches = Vec::new();
        for measure in rollup.sketches() {
            sketches.extend(self.sketch(&key("measures", &measure.name), measure)?);
        }
        Ok(RollupPlan { dimensions, labels, measures, sketches })
    }

    fn sketch(&mut self, key: &str, measure: &Measure) -> Result<Option<SketchPlan>, PlanError> {
        let condition = match &measure.when {
            Some(when) => Some(self.condition(&format!("{key}.when"), when)?),
            None => None,
        };
        let (Some(kind), Some(path)) = (measure.sketch(), measure.path()) else { return Ok(None) };
        let input = match kind {
            SketchKind::Quantiles => {
                let slot = self.slot(key, path, Wanted::Number)?;
                SketchInput::Number(self.number(slot, measure.scale(), condition))
            }
            SketchKind::Distinct => {
                let slot = self.slot(key, path, Wanted::Value)?;
                SketchInput::Hash(self.hash(slot, condition))
            }
        };
        Ok(Some(SketchPlan { needs: condition.map_or(0, |bit| 1 << bit), input }))
    }

    fn hash(&mut self, slot: usize, condition: Option<usize>) -> usize {
        let when = condition.map(|bit| 1 << bit);
        match self.hashes.iter().position(|known| known.slot == slot) {
            Some(at) => {
                let known = &mut self.hashes[at];
                known.when = known.when.zip(when).map(|(known, when)| known | when);
                at
            }
            None => {
                self.hashes.push(HashPlan { slot, when });
                self.hashes.len() - 1
            }
        }
    }

    fn measure(&mut self, key: &str, measure: &Measure) -> Result<MeasurePlan, PlanError> {
        let condition = match &measure.when {
            Some(when) => Some(self.condition(&format!("{key}.when"), when)?),
            None => None,
        };
        let number = match measure.path() {
            Some(path) => {
                let slot = self.slot(key, path, Wanted::Number)?;
                Some(self.number(slot, measure.scale(), condition))
            }
            None => None,
        };
        Ok(MeasurePlan { needs: condition.map_or(0, |bit| 1 << bit), number })
    }

    fn number(&mut self, slot: usize, scale: i64, condition: Option<usize>) -> usize {
        let when = condition.map(|bit| 1 << bit);
        match self.numbers.iter().position(|known| (known.slot, known.scale) == (slot, scale)) {
            Some(at) => {
                let known = &mut self.numbers[at];
                known.when = known.when.zip(when).map(|(known, when)| known | when);
                at
            }
            None => {
                self.numbers.push(NumberPlan { slot, scale, when });
                self.numbers.len() - 1
            }
        }
    }

    fn condition(&mut self, key: &str, when: &When) -> Result<usize, PlanError> {
        let wanted = match &when.test {
            Test::In(literals) | Test::NotIn(literals) => literals_type(literals)
                .map_err(|problem| PlanError::Condition { key: key.to_owned(), problem })?,
            Test::Below(_) | Test::AtLeast(_) => Wanted::Number,
            Test::IsNull(_) => Wanted::Anything,
        };
        let slot = self.slot(key, &when.path, wanted)?;
        let known = self.conditions.iter().position(|known| known.slot == slot && known.test == when.test);
        if let Some(at) = known {
            return Ok(at);
        }
        if self.conditions.len() == MOST_CONDITIONS {
            return Err(PlanError::TooMany {
                key: key.to_owned(),
                what: "conditions",
                most: MOST_CONDITIONS,
            });
        }
        self.conditions.push(Condition { slot, test: when.test.clone() });
        Ok(self.conditions.len() - 1)
    }

    /// The slot of the field at `path`, checked to be what is wanted there.
    fn slot(&mut self, key: &str, path: &str, wanted: Wanted) -> Result<usize, PlanError> {
        let mut node = self.root;
        let mut needed = &mut self.needed;
        let mut at = String::new();
        for name in path.split('.') {
            let record = record_of(&self.nodes, node).ok_or_else(|| PlanError::UnknownPath {
                key: key.to_owned(),
                path: path.to_owned(),
                at: at.clone(),
                known: "no fields, it is not a record".to_owned(),
            })?;
            let Some((_, field)) = record.iter().find(|(field, _)| field == name) else {
                return Err(PlanError::UnknownPath {
                    key: key.to_owned(),
                    path: path.to_owned(),
                    at: if at.is_empty() { "the top".to_owned() } else { at },
                    known: record.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>().join(", "),
                });
            };
            node = *field;
            needed = needed.fields.entry(name.to_owned()).or_default();
            at = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        }
        if !wanted.fits(&self.nodes, node) {
            return Err(PlanError::Type {
                key: key.to_owned(),
                path: path.to_owned(),
                found: describe(&self.nodes, node),
                expected: wanted.name(),
            });
        }
        needed.kept |= wanted != Wanted::Value;
        let slots = &mut self.slots;
        Ok(*needed.slot.get_or_insert_with(|| {
            *slots += 1;
            *slots - 1
        }))
    }

    /// How to pass one value of the writer's schema, reading what is needed in it.
    fn steps(&mut self, id: NodeId, needed: &Needed, steps: &mut Vec<Step>) {
        if needed.slot.is_none() && needed.fields.is_empty() {
            return self.skip(id, steps);
        }
        match self.nodes.get(id).clone() {
            Node::Union(branches) => {
                let branches = branches.into_iter().map(|branch| {
                    let mut steps = Vec::new();
                    self.steps(branch, needed, &mut steps);
                    steps
                });
                steps.push(Step::Union(branches.collect()));
            }
            Node::Record(fields) => {
                let unneeded = Needed::default();
                for (name, field) in &fields {
                    self.steps(*field, needed.fields.get(name).unwrap_or(&unneeded), steps);
                }
            }
            node => match (needed.slot, self.kind(&node)) {
                // A text of which nothing is kept need not be short.
                (Some(slot), Some(Kind::Text)) if !needed.kept => {
                    steps.push(Step::Read { slot, kind: Kind::Bytes });
                }
                (Some(slot), Some(kind)) => steps.push(Step::Read { slot, kind }),
                // A branch of a union that holds no scalar leaves the slot null.
                _ => self.skip(id, steps),
            },
        }
    }

    fn skip(&self, id: NodeId, steps: &mut Vec<Step>) {
        if !self.nodes.is_empty(id) {
            steps.push(match self.nodes.get(id) {
                Node::Bytes | Node::String => Step::SkipSized,
                Node::Fixed(size) => Step::SkipBytes(*size),
                Node::Float => Step::SkipBytes(4),
                Node::Double => Step::SkipBytes(8),
                Node::Long => Step::SkipLong,
                // Unions hold no unions, so this ends.
                Node::Union(branches) => Step::Union(
                    branches
                        .iter()
                        .map(|branch| {
                            let mut steps = Vec::new();
                            self.skip(*branch, &mut steps);
                            steps
                        })
                        .collect(),
                ),
                _ => Step::Skip(id),
            });
        }
    }

    fn kind(&mut self, node: &Node) -> Option<Kind> {
        Some(match node {
            Node::Boolean => Kind::Boolean,
            Node::Int => Kind::Int,
            Node::Long => Kind::Long,
            Node::Float => Kind::Float,
            Node::Double => Kind::Double,
            Node::String => Kind::Text,
            Node::Bytes => Kind::Bytes,
            Node::Fixed(size) => Kind::Fixed(*size),
            Node::Enum(symbols) => {
                let first = self.texts.len();
                self.texts.extend(symbols.iter().cloned());
                Kind::Enum { first, count: symbols.len() }
            }
            _ => return None,
        })
    }
}

/// What a definition needs a field to be. Null beside it is always allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Text,
    Integer,
    Number,
    Boolean,
    /// Text, integer or boolean.
    Key,
    /// What can be told apart exactly.
    Value,
    Anything,
}

impl Wanted {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "a string or enum",
            Self::Integer => "an int or long",
            Self::Number => "an int, long, float or double",
            Self::Boolean => "a boolean",
            Self::Key => "a string, enum, int, long or boolean",
            Self::Value => "a string, enum, int, long, boolean, bytes or fixed",
            Self::Anything => "a scalar",
        }
    }

    fn fits(self, nodes: &Nodes, id: NodeId) -> bool {
        match nodes.get(id) {
            Node::Union(branches) => {
                let mut others = branches.iter().filter(|branch| !matches!(nodes.get(**branch), Node::Null));
                others.clone().next().is_some() && others.all(|branch| self.fits(nodes, *branch))
            }
            Node::String | Node::Enum(_) => {
                matches!(self, Self::Text | Self::Key | Self::Value | Self::Anything)
            }
            Node::Int | Node::Long => {
                matches!(self, Self::Integer | Self::Number | Self::Key | Self::Value | Self::Anything)
            }
            Node::Float | Node::Double => matches!(self, Self::Number | Self::Anything),
            Node::Boolean => matches!(self, Self::Boolean | Self::Key | Self::Value | Self::Anything),
            Node::Bytes | Node::Fixed(_) => self == Self::Value,
            _ => false,
        }
    }
}

/// What a field must be to be compared with these.
fn literals_type(literals: &[Literal]) -> Result<Wanted, &'static str> {
    let wanted = |literal: &Literal| match literal {
        Literal::Text(_) => Wanted::Text,
        Literal::Int(_) => Wanted::Number,
        Literal::Bool(_) => Wanted::Boolean,
    };
    let first = literals.first().map(wanted).ok_or("expected at least one value to compare with")?;
    if literals.iter().any(|literal| wanted(literal) != first) {
        return Err("expected values of one type to compare with");
    }
    Ok(first)
}

fn slots_of_integers(steps: &[Step], slots: &mut Vec<usize>) {
    for step in steps {
        match step {
            Step::Read { slot, kind: Kind::Int | Kind::Long } => slots.push(*slot),
            Step::Union(branches) => branches.iter().for_each(|steps| slots_of_integers(steps, slots)),
            _ => {}
        }
    }
}

/// The fields of a record, or of the one record in a union.
fn record_of(nodes: &Nodes, id: NodeId) -> Option<&[(String, NodeId)]> {
    match nodes.get(id) {
        Node::Record(fields) => Some(fields),
        Node::Union(branches) => {
            let mut others = branches.iter().filter(|branch| !matches!(nodes.get(**branch), Node::Null));
            match (others.next(), others.next()) {
                (Some(only), None) => record_of(nodes, *only),
                _ => None,
            }
        }
        _ => None,
    }
}

fn describe(nodes: &Nodes, id: NodeId) -> String {
    match nodes.get(id) {
        Node::Null => "null".to_owned(),
        Node::Boolean => "a boolean".to_owned(),
        Node::Int => "an int".to_owned(),
        Node::Long => "a long".to_owned(),
        Node::Float => "a float".to_owned(),
        Node::Double => "a double".to_owned(),
        Node::Bytes => "bytes".to_owned(),
        Node::String => "a string".to_owned(),
        Node::Fixed(_) => "a fixed".to_owned(),
        Node::Enum(_) => "an enum".to_owned(),
        Node::Array(_) => "an array".to_owned(),
        Node::Map(_) => "a map".to_owned(),
        Node::Record(_) => "a record".to_owned(),
        Node::Union(branches) => {
            format!(
                "a union of {}",
                branches.iter().map(|id| describe(nodes, *id)).collect::<Vec<_>>().join(", ")
            )
        }
    }
}
