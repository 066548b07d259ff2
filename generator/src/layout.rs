/// A shipped stream as the generator knows it, apart from the definition the engine reads.
#[derive(Debug)]
pub(crate) struct Stream {
    pub name: &'static str,
    /// Window size and grace in milliseconds.
    pub size: i64,
    pub grace: i64,
    pub tables: &'static [Table],
}

#[derive(Debug)]
pub(crate) struct Table {
    pub name: &'static str,
    pub dimensions: &'static [&'static str],
    pub label: Option<&'static str>,
    pub measures: &'static [Measure],
}

impl Table {
    pub fn sketches(&self) -> impl Iterator<Item = &Measure> {
        self.measures.iter().filter(|measure| measure.is_sketch())
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Measure {
    Count(&'static str),
    /// Null until something was added.
    Sum(&'static str),
    /// Of amounts in units.
    Quantiles(&'static str),
    /// Of hashes, as the bits of the amounts.
    Distinct(&'static str),
}

impl Measure {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count(name) | Self::Sum(name) | Self::Quantiles(name) | Self::Distinct(name) => name,
        }
    }

    pub const fn empty(self) -> Option<i64> {
        match self {
            Self::Count(_) => Some(0),
            Self::Sum(_) | Self::Quantiles(_) | Self::Distinct(_) => None,
        }
    }

    pub const fn is_sketch(self) -> bool {
        matches!(self, Self::Quantiles(_) | Self::Distinct(_))
    }
}

#[cfg(test)]
mod tests {
    use schema::StreamDefinition;

    use crate::{access_log::REQUESTS, attempt::DOWNLOADS};

    #[test]
    fn the_truth_has_the_columns_windows_and_grace_of_the_shipped_definitions() {
        let definitions = StreamDefinition::shipped().unwrap();
        for stream in [DOWNLOADS, REQUESTS] {
            let definition = definitions.iter().find(|found| found.name == stream.name).unwrap();
            let window = &definition.window;
            assert_eq!((window.size.as_millis(), window.grace.as_millis()), (stream.size, stream.grace));
            assert_eq!(definition.rollups.len(), stream.tables.len());
            for (rollup, table) in definition.rollups.iter().zip(stream.tables) {
                let dimensions: Vec<_> = rollup.dimensions.iter().map(|column| &column.name).collect();
                let labels: Vec<_> = rollup.labels.iter().map(|column| &column.name).collect();
                let measures: Vec<_> = rollup.measures.iter().map(|column| &column.name).collect();
                let expected: Vec<_> = table.measures.iter().map(|measure| measure.name()).collect();
                assert_eq!(rollup.name, table.name);
                assert_eq!(dimensions, table.dimensions, "{}", table.name);
                assert_eq!(labels, table.label.as_slice(), "{}", table.name);
                assert_eq!(measures, expected, "{}", table.name);
            }
        }
    }
}
