use std::hash::{Hash, Hasher};

use hashbrown::{Equivalent, HashMap};

use crate::{
    layout::{Measure, Table},
    sketch::{self, Entries, bucket_of, register_of},
    truth::{Cell, TruthRow},
};

/// One event's part in one table.
pub(crate) struct Fact<'a> {
    pub window: i64,
    pub dimensions: &'a [&'a str],
    pub label: Option<&'a str>,
    /// In the order of the table's measures, in units of their resolutions; `None` adds nothing.
    pub amounts: &'a [Option<i64>],
}

/// The rows of one table while they grow.
#[derive(Debug)]
pub(crate) struct Tally {
    table: &'static Table,
    rows: HashMap<Key, Row>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    window: i64,
    dimensions: Box<[Box<str>]>,
}

#[derive(Debug)]
struct Row {
    label: Option<Box<str>>,
    sums: Box<[Option<i64>]>,
    /// Of the measures that are sketches, in their order.
    sketches: Box<[Entries]>,
}

/// A key without memory of its own; hashes as [`Key`] does.
struct KeyView<'a> {
    window: i64,
    dimensions: &'a [&'a str],
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.window.hash(state);
        self.dimensions.iter().for_each(|text| text.hash(state));
    }
}

impl Hash for KeyView<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.window.hash(state);
        self.dimensions.iter().for_each(|text| text.hash(state));
    }
}

impl Equivalent<Key> for KeyView<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.window == key.window
            && self.dimensions.iter().copied().eq(key.dimensions.iter().map(AsRef::as_ref))
    }
}

impl From<&KeyView<'_>> for Key {
    fn from(view: &KeyView<'_>) -> Self {
        Self { window: view.window, dimensions: view.dimensions.iter().map(|text| (*text).into()).collect() }
    }
}

impl Tally {
    pub fn new(table: &'static Table) -> Self {
        Self { table, rows: HashMap::new() }
    }

    pub fn add(&mut self, fact: &Fact<'_>) {
        let key = KeyView { window: fact.window, dimensions: fact.dimensions };
        let row = self.rows.entry_ref(&key).or_insert_with(|| Row {
            label: None,
            sums: self.table.measures.iter().map(|measure| measure.empty()).collect(),
            sketches: self.table.sketches().map(|_| Entries::new()).collect(),
        });
        if fact.label.is_some() && fact.label != row.label.as_deref() {
            row.label = fact.label.map(Into::into);
        }
        let mut sketches = row.sketches.iter_mut();
        for ((measure, sum), amount) in self.table.measures.iter().zip(&mut row.sums).zip(fact.amounts) {
            let sketch = if measure.is_sketch() { sketches.next() } else { None };
            let Some(amount) = *amount else { continue };
            match (measure, sketch) {
                (Measure::Quantiles(_), Some(buckets)) => *buckets.entry(bucket_of(amount)).or_default() += 1,
                (Measure::Distinct(_), Some(registers)) => {
                    let (register, rank) = register_of(amount.cast_unsigned());
                    let known = registers.entry(register).or_default();
                    *known = rank.max(*known);
                }
                _ => *sum = Some(sum.unwrap_or(0) + amount),
            }
        }
    }

    /// Goes on from a row that a former run left; `Err` names the column that does not fit.
    pub fn restore(&mut self, row: &TruthRow) -> Result<(), String> {
        let fits = |column: &str| format!("column '{column}' of table '{}'", self.table.name);
        let number = |column: &str| match row.get(column) {
            Some(Cell::Number(number)) => Ok(Some(*number)),
            Some(Cell::Null) => Ok(None),
            _ => Err(fits(column)),
        };
        let text = |column: &str| match row.get(column) {
            Some(Cell::Text(text)) => Ok(Some(text.as_str().into())),
            Some(Cell::Null) => Ok(None),
            _ => Err(fits(column)),
        };
        let window = number("window_start")?.ok_or_else(|| fits("window_start"))?;
        let dimensions = self.table.dimensions.iter().map(|name| text(name)?.ok_or_else(|| fits(name)));
        let dimensions = dimensions.collect::<Result<_, _>>()?;
        let label = self.table.label.map_or(Ok(None), text)?;
        let sums = self
            .table
            .measures
            .iter()
            .map(|measure| if measure.is_sketch() { Ok(None) } else { number(measure.name()) });
        let sums = sums.collect::<Result<_, _>>()?;
        let sketches = self.table.sketches().map(|measure| {
            let cell = row.get(measure.name());
            cell.and_then(sketch::entries).ok_or_else(|| fits(measure.name()))
        });
        let sketches = sketches.collect::<Result<_, _>>()?;
        self.rows.insert(Key { window, dimensions }, Row { label, sums, sketches });
        Ok(())
    }

    /// The rows in the order of their keys.
    pub fn finish(self) -> Vec<TruthRow> {
        let mut rows: Vec<_> = self.rows.into_iter().collect();
        rows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let text = |text: &str| Cell::Text(text.to_owned());
        rows.iter()
            .map(|(key, row)| {
                let mut cells = TruthRow::from([("window_start".to_owned(), Cell::Number(key.window))]);
                for (name, dimension) in self.table.dimensions.iter().zip(&key.dimensions) {
                    cells.insert((*name).to_owned(), text(dimension));
                }
                if let Some(name) = self.table.label {
                    cells.insert(name.to_owned(), row.label.as_deref().map_or(Cell::Null, text));
                }
                for (measure, sum) in self.table.measures.iter().zip(&row.sums) {
                    cells.insert(measure.name().to_owned(), sum.map_or(Cell::Null, Cell::Number));
                }
                for (measure, entries) in self.table.sketches().zip(&row.sketches) {
                    cells.insert(measure.name().to_owned(), sketch::cell(entries));
                }
                cells
            })
            .collect()
    }
}
