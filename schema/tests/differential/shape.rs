//! Random writer schemas.

use serde_json::{Value as Json, json};

use super::dice::Dice;

pub type Id = usize;

/// The schema as the test knows it; named references are edges back into the list.
#[derive(Clone, Debug)]
pub enum Shape {
    Null,
    Boolean,
    Int,
    Date,
    TimeMillis,
    Long,
    TimestampMillis,
    TimestampMicros,
    LocalTimestampMillis,
    Float,
    Double,
    Bytes,
    Decimal,
    String,
    Uuid,
    Fixed(usize),
    FixedDecimal(usize),
    FixedUuid,
    Duration,
    Enum(Vec<String>),
    Array(Id),
    Map(Id),
    Union(Vec<Id>),
    Record(Vec<(String, Id)>),
}

#[derive(Debug, Default)]
pub struct Shapes {
    pub list: Vec<Shape>,
    /// How many values one of these holds at least.
    sizes: Vec<usize>,
    /// Finished named types, with their full names.
    named: Vec<(Id, String)>,
    /// Records being built.
    open: Vec<(Id, String)>,
    namespaces: Vec<String>,
    plain: bool,
    names: usize,
}

const DEEPEST: usize = 4;

/// The root's id is 0 and it has a field `time`.
pub fn schema(dice: &mut Dice<'_>) -> (Shapes, Json) {
    // Inside a namespace there is no way to write a name that has none, so it is all or nothing.
    let mut shapes = Shapes { plain: dice.below(2) == 0, ..Shapes::default() };
    let (_, json) = shapes.record(dice, 0);
    (shapes, json)
}

impl Shapes {
    fn add(&mut self, shape: Shape, size: usize) -> Id {
        self.list.push(shape);
        self.sizes.push(size);
        self.list.len() - 1
    }

    /// JSON keys and full name of a new named type.
    fn name(&mut self, dice: &mut Dice<'_>, kind: &str) -> (Json, String, String) {
        self.names += 1;
        let name = format!("T{}", self.names);
        if self.plain {
            return (json!({"type": kind, "name": name}), name, String::new());
        }
        let inherited = self.namespaces.last().cloned().unwrap_or_default();
        let (json, namespace) = match dice.below(6) {
            _ if inherited.is_empty() => {
                (json!({"type": kind, "name": name, "namespace": "root.space"}), "root.space".to_owned())
            }
            4 => (json!({"type": kind, "name": name, "namespace": "other.space"}), "other.space".to_owned()),
            5 => (json!({"type": kind, "name": format!("dotted.{name}")}), "dotted".to_owned()),
            _ => (json!({"type": kind, "name": name}), inherited),
        };
        let full = format!("{namespace}.{name}");
        (json, full, namespace)
    }

    /// How a type of that full name is referred to from here.
    fn reference(&self, full: &str) -> Json {
        let here = self.namespaces.last().map_or("", String::as_str);
        match full.rsplit_once('.') {
            Some((namespace, name)) if namespace == here => json!(name),
            _ => json!(full),
        }
    }

    fn record(&mut self, dice: &mut Dice<'_>, depth: usize) -> (Id, Json) {
        let (mut json, full, namespace) = self.name(dice, "record");
        let id = self.add(Shape::Null, 0);
        self.open.push((id, full.clone()));
        self.namespaces.push(namespace);
        let count = dice.below(6) + usize::from(depth == 0);
        let time = dice.below(count.max(1));
        let mut fields = Vec::new();
        let mut list = Vec::new();
        for at in 0..count {
            let (name, (field, json)) = if depth == 0 && at == time {
                ("time".to_owned(), self.time(dice))
            } else {
                (format!("f{at}"), self.any(dice, depth + 1))
            };
            list.push(json!({"name": name, "type": json}));
            fields.push((name, field));
        }
        json["fields"] = Json::Array(list);
        self.namespaces.pop();
        self.open.pop();
        self.sizes[id] = 1 + fields.iter().map(|(_, field)| self.sizes[*field]).sum::<usize>();
        self.list[id] = Shape::Record(fields);
        self.named.push((id, full));
        (id, json)
    }

    fn time(&mut self, dice: &mut Dice<'_>) -> (Id, Json) {
        match dice.below(6) {
            0 | 1 => (self.add(Shape::TimestampMillis, 1), logical("long", "timestamp-millis")),
            2 => (self.add(Shape::TimestampMicros, 1), logical("long", "timestamp-micros")),
            3 => (self.add(Shape::Int, 1), json!("int")),
            4 => {
                let branches = vec![self.add(Shape::Null, 1), self.add(Shape::Long, 1)];
                (self.add(Shape::Union(branches), 1), json!(["null", "long"]))
            }
            _ => {
                let branches = vec![self.add(Shape::Long, 1), self.add(Shape::Int, 1)];
                (self.add(Shape::Union(branches), 1), json!(["long", "int"]))
            }
        }
    }

    fn any(&mut self, dice: &mut Dice<'_>, depth: usize) -> (Id, Json) {
        match dice.below(20) {
            0..=7 => self.scalar(dice),
            8..=10 if depth < DEEPEST => self.record(dice, depth),
            11..=14 => self.union(dice, depth),
            15 if depth < DEEPEST => {
                let (items, json) = self.any(dice, depth + 1);
                (self.add(Shape::Array(items), 1), json!({"type": "array", "items": json}))
            }
            16 if depth < DEEPEST => {
                let (values, json) = self.any(dice, depth + 1);
                (self.add(Shape::Map(values), 1), json!({"type": "map", "values": json}))
            }
            17 => self.again(dice),
            18 => self.recursion(dice),
            _ => self.scalar(dice),
        }
    }

    fn scalar(&mut self, dice: &mut Dice<'_>) -> (Id, Json) {
        let kind = dice.below(22);
        self.scalar_of(dice, kind)
    }

    fn scalar_of(&mut self, dice: &mut Dice<'_>, kind: usize) -> (Id, Json) {
        let (shape, json) = match kind {
            0 => (Shape::Null, json!("null")),
            1 => (Shape::Boolean, json!("boolean")),
            2 => (Shape::Int, json!("int")),
            3 => (Shape::Date, logical("int", "date")),
            4 => (Shape::TimeMillis, logical("int", "time-millis")),
            5 => (Shape::Long, json!("long")),
            6 => (Shape::TimestampMillis, logical("long", "timestamp-millis")),
            7 => (Shape::TimestampMicros, logical("long", "timestamp-micros")),
            8 => (Shape::LocalTimestampMillis, logical("long", "local-timestamp-millis")),
            9 => (Shape::Float, json!("float")),
            10 => (Shape::Double, json!("double")),
            11 => (Shape::Bytes, json!("bytes")),
            12 => (
                Shape::Decimal,
                json!({"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}),
            ),
            13 | 14 => (Shape::String, json!("string")),
            15 => (Shape::Uuid, logical("string", "uuid")),
            // The rest have names.
            16 | 17 => {
                let symbols: Vec<String> = (0..=dice.below(4)).map(|number| format!("S{number}")).collect();
                let (mut json, full, _) = self.name(dice, "enum");
                json["symbols"] = json!(symbols);
                return self.named(Shape::Enum(symbols), full, json);
            }
            18 => {
                let size = dice.below(5);
                let (mut json, full, _) = self.name(dice, "fixed");
                json["size"] = json!(size);
                return self.named(Shape::Fixed(size), full, json);
            }
            19 => {
                let size = 4 + dice.below(4);
                let (mut json, full, _) = self.name(dice, "fixed");
                json["size"] = json!(size);
                json["logicalType"] = json!("decimal");
                json["precision"] = json!(4);
                json["scale"] = json!(1);
                return self.named(Shape::FixedDecimal(size), full, json);
            }
            20 => {
                let (mut json, full, _) = self.name(dice, "fixed");
                json["size"] = json!(16);
                json["logicalType"] = json!("uuid");
                return self.named(Shape::FixedUuid, full, json);
            }
            _ => {
                let (mut json, full, _) = self.name(dice, "fixed");
                json["size"] = json!(12);
                json["logicalType"] = json!("duration");
                return self.named(Shape::Duration, full, json);
            }
        };
        (self.add(shape, 1), json)
    }

    fn named(&mut self, shape: Shape, full: String, json: Json) -> (Id, Json) {
        let id = self.add(shape, 1);
        self.named.push((id, full));
        (id, json)
    }

    /// Branches of different types, a null among them more often than not.
    fn union(&mut self, dice: &mut Dice<'_>, depth: usize) -> (Id, Json) {
        let mut kinds = vec![1, 2, 5, 9, 10, 11, 13, 16, 18];
        let mut branches = Vec::new();
        if !dice.one_in(4) {
            branches.push((self.add(Shape::Null, 1), json!("null")));
        }
        if depth < DEEPEST && dice.one_in(3) {
            branches.push(self.record(dice, depth));
        }
        let scalars = [1, 1, 1, 2, 4][dice.below(5)];
        for _ in 0..scalars {
            // A record beside null alone can be looked into.
            if branches.len() == 2 && scalars == 1 {
                break;
            }
            let kind = kinds.swap_remove(dice.below(kinds.len()));
            branches.push(self.scalar_of(dice, kind));
        }
        if dice.one_in(3) {
            branches.reverse();
        }
        let (ids, json): (Vec<_>, Vec<_>) = branches.into_iter().unzip();
        (self.add(Shape::Union(ids), 1), Json::Array(json))
    }

    /// A type that was written before, by its name.
    fn again(&mut self, dice: &mut Dice<'_>) -> (Id, Json) {
        let small: Vec<_> = self.named.iter().filter(|(id, _)| self.sizes[*id] < 40).collect();
        if small.is_empty() {
            return self.scalar(dice);
        }
        let (id, full) = small[dice.below(small.len())];
        (*id, self.reference(full))
    }

    /// A record that is being written, behind what can end it.
    fn recursion(&mut self, dice: &mut Dice<'_>) -> (Id, Json) {
        let (id, full) = self.open[dice.below(self.open.len())].clone();
        let json = self.reference(&full);
        match dice.below(4) {
            0 | 1 => {
                let null = self.add(Shape::Null, 1);
                (self.add(Shape::Union(vec![null, id]), 1), json!(["null", json]))
            }
            2 => (self.add(Shape::Array(id), 1), json!({"type": "array", "items": json})),
            _ => (self.add(Shape::Map(id), 1), json!({"type": "map", "values": json})),
        }
    }
}

fn logical(of: &str, name: &str) -> Json {
    json!({"type": of, "logicalType": name})
}
