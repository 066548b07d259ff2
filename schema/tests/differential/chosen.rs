//! Random definitions over a schema: as the test knows them, and as TOML.

use std::fmt::Write;

use super::{
    dice::Dice,
    shape::{Id, Shape, Shapes},
    values::{LONGS, TEXTS},
};

#[derive(Clone, Debug)]
pub enum Literal {
    Text(String),
    Int(i64),
    Bool(bool),
}

#[derive(Clone, Debug)]
pub enum Test {
    In(Vec<Literal>),
    NotIn(Vec<Literal>),
    Below(f64),
    AtLeast(f64),
    IsNull(bool),
}

#[derive(Clone, Debug)]
pub struct When {
    pub path: String,
    pub test: Test,
}

#[derive(Clone, Debug)]
pub struct Dimension {
    pub path: String,
    pub null: String,
    pub other: String,
    pub allowed: Vec<String>,
    pub buckets: Vec<(i64, String)>,
}

#[derive(Clone, Debug)]
pub struct Measure {
    /// sum, min or max of what, in how many units per 1; a count has neither.
    pub number: Option<(&'static str, String, i64)>,
    pub when: Option<When>,
}

#[derive(Clone, Debug)]
pub struct Sketch {
    pub path: String,
    /// In how many units per 1 quantiles are; a distinct count has none.
    pub scale: Option<i64>,
    pub when: Option<When>,
}

#[derive(Clone, Debug)]
pub struct Rollup {
    pub dimensions: Vec<Dimension>,
    pub labels: Vec<String>,
    pub measures: Vec<Measure>,
    pub sketches: Vec<Sketch>,
}

#[derive(Clone, Debug)]
pub struct Chosen {
    pub time: String,
    pub unit: &'static str,
    pub rollups: Vec<Rollup>,
}

/// A path with the types found there, null apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Text,
    Integer,
    Real,
    Boolean,
    Bytes,
    Other,
}

#[derive(Debug)]
struct Place {
    path: String,
    found: Vec<Found>,
}

impl Place {
    fn only(&self, allowed: &[Found]) -> bool {
        !self.found.is_empty() && self.found.iter().all(|found| allowed.contains(found))
    }
}

const NUMBERS: [Found; 2] = [Found::Integer, Found::Real];

pub fn definition(shapes: &Shapes, dice: &mut Dice<'_>) -> Chosen {
    let mut places = Vec::new();
    find(shapes, 0, "", 0, &mut places);
    let of = |allowed: &[Found]| -> Vec<&str> {
        places.iter().filter(|place| place.only(allowed)).map(|place| place.path.as_str()).collect()
    };
    let integers = of(&[Found::Integer]);
    let time = if dice.one_in(5) { (*dice.pick(&integers)).to_owned() } else { "time".to_owned() };
    let unit = *dice.pick(&["ms", "us", "s"]);
    let keys = of(&[Found::Text, Found::Integer, Found::Boolean]);
    let texts = of(&[Found::Text]);
    let numbers = of(&NUMBERS);
    let values = of(&[Found::Text, Found::Integer, Found::Boolean, Found::Bytes]);
    let mut rollups = Vec::new();
    for _ in 0..=dice.below(3) {
        let dimensions = (0..=dice.below(3))
            .map(|_| {
                let path = *dice.pick(&keys);
                dimension(path, integers.contains(&path), dice)
            })
            .collect();
        let labels = match texts.is_empty() {
            true => Vec::new(),
            false => (0..dice.below(3)).map(|_| (*dice.pick(&texts)).to_owned()).collect(),
        };
        let measures = (0..=dice.below(5))
            .map(|_| {
                let number = (dice.below(3) != 0).then(|| {
                    let kind = *dice.pick(&["sum", "min", "max"]);
                    (kind, (*dice.pick(&numbers)).to_owned(), *dice.pick(&[1, 10, 1_000, 1_000_000]))
                });
                Measure { number, when: (dice.below(2) == 1).then(|| when(&places, dice)) }
            })
            .collect();
        let sketches = (0..dice.below(4))
            .map(|_| {
                let scale = dice.one_in(2).then(|| *dice.pick(&[1, 10, 1_000]));
                let path = (*dice.pick(if scale.is_some() { &numbers } else { &values })).to_owned();
                Sketch { path, scale, when: (dice.below(2) == 1).then(|| when(&places, dice)) }
            })
            .collect();
        rollups.push(Rollup { dimensions, labels, measures, sketches });
    }
    Chosen { time, unit, rollups }
}

fn dimension(path: &str, integer: bool, dice: &mut Dice<'_>) -> Dimension {
    let mut allowed = Vec::new();
    let mut buckets = Vec::new();
    match dice.below(4) {
        1 => allowed = (0..=dice.below(4)).map(|_| (*dice.pick(&TEXTS)).to_owned()).collect(),
        2 | 3 if integer => {
            let mut limits: Vec<i64> = (0..=dice.below(4)).map(|_| *dice.pick(&LONGS)).collect();
            limits.sort_unstable();
            limits.dedup();
            buckets = limits.into_iter().map(|limit| (limit, format!("below {limit}"))).collect();
        }
        _ => {}
    }
    Dimension {
        path: path.to_owned(),
        null: (*dice.pick(&TEXTS)).to_owned(),
        other: (*dice.pick(&TEXTS)).to_owned(),
        allowed,
        buckets,
    }
}

fn when(places: &[Place], dice: &mut Dice<'_>) -> When {
    let scalars: Vec<&Place> = places
        .iter()
        .filter(|place| place.only(&[Found::Text, Found::Integer, Found::Real, Found::Boolean]))
        .collect();
    let place = *dice.pick(&scalars);
    let literal = |dice: &mut Dice<'_>| match place.found[0] {
        Found::Text => Literal::Text((*dice.pick(&TEXTS)).to_owned()),
        Found::Boolean => Literal::Bool(dice.one_in(2)),
        _ => Literal::Int(*dice.pick(&LONGS)),
    };
    let comparable = [vec![Found::Text], vec![Found::Boolean], NUMBERS.to_vec()];
    let comparable = comparable.iter().any(|allowed| place.only(allowed));
    let test = match dice.below(5) {
        1 if comparable => Test::In((0..=dice.below(3)).map(|_| literal(dice)).collect()),
        2 if comparable => Test::NotIn((0..=dice.below(3)).map(|_| literal(dice)).collect()),
        3 if place.only(&NUMBERS) => Test::Below(limit(dice)),
        4 if place.only(&NUMBERS) => Test::AtLeast(limit(dice)),
        _ => Test::IsNull(dice.below(2) == 0),
    };
    When { path: place.path.clone(), test }
}

#[allow(clippy::cast_precision_loss)]
fn limit(dice: &mut Dice<'_>) -> f64 {
    *dice.pick(&LONGS) as f64 / 2.0
}

/// The scalars a path can lead to: through records, and unions of null and one record.
fn find(shapes: &Shapes, record: Id, above: &str, depth: usize, places: &mut Vec<Place>) {
    let Shape::Record(fields) = &shapes.list[record] else { return };
    for (name, field) in fields {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let branches = match &shapes.list[*field] {
            Shape::Union(branches) => branches.clone(),
            _ => vec![*field],
        };
        let branches: Vec<Id> =
            branches.into_iter().filter(|branch| !matches!(shapes.list[*branch], Shape::Null)).collect();
        if let [only] = branches[..]
            && matches!(shapes.list[only], Shape::Record(_))
        {
            if depth < 6 {
                find(shapes, only, &path, depth + 1, places);
            }
            continue;
        }
        let found = branches.iter().map(|branch| match shapes.list[*branch] {
            Shape::Int
            | Shape::Date
            | Shape::TimeMillis
            | Shape::Long
            | Shape::TimestampMillis
            | Shape::TimestampMicros
            | Shape::LocalTimestampMillis => Found::Integer,
            Shape::Float | Shape::Double => Found::Real,
            Shape::String | Shape::Uuid | Shape::Enum(_) => Found::Text,
            Shape::Boolean => Found::Boolean,
            Shape::Bytes | Shape::Fixed(_) => Found::Bytes,
            _ => Found::Other,
        });
        places.push(Place { found: found.collect(), path });
    }
}

impl Chosen {
    pub fn toml(&self) -> String {
        let mut toml = format!(
            "name = \"s\"\ntopic = \"t\"\nschema = \"event.avsc\"\nformat = \"raw\"\n\
             event_time = {{ path = \"{}\", unit = \"{}\" }}\n\
             window = {{ size = \"1m\", grace = \"30s\", max_future = \"60s\", idle_timeout = \"10s\" }}\n",
            self.time, self.unit
        );
        for (at, rollup) in self.rollups.iter().enumerate() {
            let _ = write!(toml, "[[rollup]]\nname = \"r{at}\"\ndimensions = [");
            for (at, dimension) in rollup.dimensions.iter().enumerate() {
                let allowed: Vec<String> = dimension.allowed.iter().map(|text| string(text)).collect();
                let buckets: Vec<String> = dimension
                    .buckets
                    .iter()
                    .map(|(below, name)| format!("{{ below = {below}, name = {} }}", string(name)))
                    .collect();
                let _ = write!(
                    toml,
                    "{{ name = \"d{at}\", path = \"{}\", null = {}, other = {}, allowed = [{}], buckets = [{}] }}, ",
                    dimension.path,
                    string(&dimension.null),
                    string(&dimension.other),
                    allowed.join(", "),
                    buckets.join(", ")
                );
            }
            toml.push_str("]\nlabels = [");
            for (at, path) in rollup.labels.iter().enumerate() {
                let _ = write!(toml, "{{ name = \"l{at}\", path = \"{path}\" }}, ");
            }
            toml.push_str("]\nmeasures = [");
            for (at, measure) in rollup.measures.iter().enumerate() {
                let _ = write!(toml, "{{ name = \"m{at}\", ");
                let _ = match &measure.number {
                    None => write!(toml, "count = true"),
                    Some((kind, path, 1)) => write!(toml, "{kind} = \"{path}\""),
                    Some((kind, path, scale)) => {
                        write!(toml, "{kind} = \"{path}\", resolution = {:e}", 1.0 / *scale as f64)
                    }
                };
                close(&mut toml, measure.when.as_ref());
            }
            for (at, sketch) in rollup.sketches.iter().enumerate() {
                let path = &sketch.path;
                let _ = match sketch.scale {
                    None => write!(toml, "{{ name = \"s{at}\", distinct = \"{path}\""),
                    Some(scale) => {
                        let resolution = 1.0 / scale as f64;
                        write!(
                            toml,
                            "{{ name = \"s{at}\", quantiles = \"{path}\", resolution = {resolution:e}"
                        )
                    }
                };
                close(&mut toml, sketch.when.as_ref());
            }
            toml.push_str("]\n");
        }
        toml
    }
}

fn close(toml: &mut String, when: Option<&When>) {
    if let Some(when) = when {
        let _ = write!(toml, ", when = {{ path = \"{}\", {} }}", when.path, when.test.toml());
    }
    toml.push_str(" }, ");
}

impl Test {
    fn toml(&self) -> String {
        let list = |literals: &[Literal]| {
            let texts = literals.iter().map(|literal| match literal {
                Literal::Text(text) => string(text),
                Literal::Int(value) => value.to_string(),
                Literal::Bool(value) => value.to_string(),
            });
            texts.collect::<Vec<_>>()
        };
        match self {
            Self::In(literals) => match &list(literals)[..] {
                [only] => format!("equals = {only}"),
                several => format!("in = [{}]", several.join(", ")),
            },
            Self::NotIn(literals) => match &list(literals)[..] {
                [only] => format!("not_equals = {only}"),
                several => format!("not_in = [{}]", several.join(", ")),
            },
            Self::Below(limit) => format!("lt = {limit:?}"),
            Self::AtLeast(limit) => format!("gte = {limit:?}"),
            Self::IsNull(expected) => format!("is_null = {expected}"),
        }
    }
}

fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
