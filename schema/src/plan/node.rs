//! The writer's schema as a flat table, and how to pass over what is not needed.

use std::collections::HashMap;

use apache_avro::{
    Schema,
    schema::{DecimalSchema, InnerDecimalSchema, Name, Namespace, UuidSchema},
};

use super::{PlanError, Reject, RejectCode, reader::Reader};

/// Nested data deeper than this is refused; only a recursive schema can have it.
const DEEPEST: usize = 64;

/// Index into [`Nodes`]. Recursive schemas refer back to an earlier index.
pub(crate) type NodeId = usize;

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    /// Bytes and strings: a length and that many bytes.
    Bytes,
    String,
    Fixed(usize),
    Enum(Vec<String>),
    Array(NodeId),
    Map(NodeId),
    Union(Vec<NodeId>),
    Record(Vec<(String, NodeId)>),
}

#[derive(Debug, Default)]
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    named: HashMap<String, NodeId>,
    /// Values that take no bytes, for each node. Passing them one by one could take for ever: records that hold
    /// such a record twice, which holds another twice, and so on.
    empty: Vec<bool>,
}

impl Nodes {
    pub fn get(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The nodes of a whole schema, and its root.
    pub fn of(schema: &Schema) -> Result<(Self, NodeId), PlanError> {
        let mut nodes = Self::default();
        let root = nodes.add(schema, None)?;
        nodes.find_empty();
        Ok((nodes, root))
    }

    pub fn is_empty(&self, id: NodeId) -> bool {
        self.empty[id]
    }

    fn find_empty(&mut self) {
        self.empty = vec![false; self.nodes.len()];
        loop {
            let mut found = false;
            for (id, node) in self.nodes.iter().enumerate() {
                let empty = match node {
                    Node::Null | Node::Fixed(0) => true,
                    Node::Record(fields) => fields.iter().all(|(_, field)| self.empty[*field]),
                    _ => false,
                };
                found |= empty && !self.empty[id];
                self.empty[id] = empty;
            }
            if !found {
                return;
            }
        }
    }

    fn add(&mut self, schema: &Schema, namespace: Option<&str>) -> Result<NodeId, PlanError> {
        let node = match schema {
            Schema::Null => Node::Null,
            Schema::Boolean => Node::Boolean,
            Schema::Int | Schema::Date | Schema::TimeMillis => Node::Int,
            Schema::Long
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos => Node::Long,
            Schema::Float => Node::Float,
            Schema::Double => Node::Double,
            Schema::String | Schema::Uuid(UuidSchema::String) => Node::String,
            Schema::Array(array) => Node::Array(self.add(&array.items, namespace)?),
            Schema::Map(map) => Node::Map(self.add(&map.types, namespace)?),
            Schema::Union(union) => {
                let branches = union.variants().iter().map(|branch| self.add(branch, namespace));
                Node::Union(branches.collect::<Result<_, _>>()?)
            }
            Schema::Record(record) => {
                let (id, inner) = self.reserve(&record.name, namespace);
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    fields.push((field.name.clone(), self.add(&field.schema, inner.as_deref())?));
                }
                self.nodes[id] = Node::Record(fields);
                return Ok(id);
            }
            Schema::Enum(symbols) => {
                let (id, _) = self.reserve(&symbols.name, namespace);
                self.nodes[id] = Node::Enum(symbols.symbols.clone());
                return Ok(id);
            }
            Schema::Fixed(fixed)
            | Schema::Duration(fixed)
            | Schema::Uuid(UuidSchema::Fixed(fixed))
            | Schema::Decimal(DecimalSchema { inner: InnerDecimalSchema::Fixed(fixed), .. }) => {
                let (id, _) = self.reserve(&fixed.name, namespace);
                self.nodes[id] = Node::Fixed(fixed.size);
                return Ok(id);
            }
            Schema::Ref { name } => {
                let full = full_name(name, namespace).0;
                return self.named.get(&full).copied().ok_or(PlanError::UnknownName(full));
            }
            Schema::Bytes
            | Schema::BigDecimal
            | Schema::Decimal(DecimalSchema { inner: InnerDecimalSchema::Bytes, .. })
            | Schema::Uuid(UuidSchema::Bytes) => Node::Bytes,
        };
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// A place for a named type, known by name before its fields are read, as they may refer back to it.
    fn reserve(&mut self, name: &Name, namespace: Option<&str>) -> (NodeId, Namespaced) {
        let (full, inner) = full_name(name, namespace);
        let id = self.nodes.len();
        self.nodes.push(Node::Null);
        self.named.insert(full, id);
        (id, inner)
    }

    /// Moves `reader` past one value.
    pub fn skip(&self, id: NodeId, reader: &mut Reader<'_>, depth: usize) -> Result<(), Reject> {
        if self.empty[id] {
            return Ok(());
        }
        if depth > DEEPEST {
            return Err(Reject::new(RejectCode::TooDeep, format!("nested deeper than {DEEPEST}")));
        }
        match self.get(id) {
            Node::Null => {}
            Node::Boolean => {
                reader.boolean()?;
            }
            Node::Int => {
                reader.int()?;
            }
            Node::Long => {
                reader.long()?;
            }
            Node::Float => {
                reader.array::<4>()?;
            }
            Node::Double => {
                reader.array::<8>()?;
            }
            Node::Bytes | Node::String => {
                reader.sized()?;
            }
            Node::Fixed(size) => {
                reader.take(*size)?;
            }
            Node::Enum(symbols) => {
                reader.index(symbols.len(), "symbol")?;
            }
            Node::Union(branches) => {
                let branch = reader.index(branches.len(), "union branch")?;
                self.skip(branches[branch], reader, depth + 1)?;
            }
            Node::Record(fields) => {
                for (_, field) in fields {
                    self.skip(*field, reader, depth + 1)?;
                }
            }
            Node::Array(items) => {
                skip_blocks(reader, |reader| self.skip(*items, reader, depth + 1))?;
            }
            Node::Map(values) => skip_blocks(reader, |reader| {
                reader.sized()?;
                self.skip(*values, reader, depth + 1)
            })?,
        }
        Ok(())
    }
}

/// Arrays and maps: blocks of counted items until an empty one.
fn skip_blocks<'a>(
    reader: &mut Reader<'a>,
    mut skip_item: impl FnMut(&mut Reader<'a>) -> Result<(), Reject>,
) -> Result<(), Reject> {
    loop {
        let count = reader.long()?;
        if count == 0 {
            return Ok(());
        }
        if count < 0 {
            // Followed by the block's size in bytes, so it need not be looked into.
            reader.sized()?;
            continue;
        }
        for _ in 0..count {
            let before = reader.position();
            skip_item(reader)?;
            if reader.position() == before {
                // Items of no bytes: the announced count costs nothing to write and must cost nothing to read.
                break;
            }
        }
    }
}

type Namespaced = Option<String>;

/// The name with its namespace, and the namespace its members inherit.
fn full_name(name: &Name, enclosing: Option<&str>) -> (String, Namespaced) {
    let enclosing: Namespace = enclosing.map(str::to_owned);
    let full = name.fully_qualified_name(enclosing.as_deref());
    let text = full.to_string();
    let namespace = text.rsplit_once('.').map(|(namespace, _)| namespace.to_owned());
    (text, namespace)
}
