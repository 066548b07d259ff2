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

#[derive(Clone, Copy, Debug)]
pub(crate) enum Measure {
    Count(&'static str),
    /// Null until something was added.
    Sum(&'static str),
}

impl Measure {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count(name) | Self::Sum(name) => name,
        }
    }

    pub const fn empty(self) -> Option<i64> {
        match self {
            Self::Count(_) => Some(0),
            Self::Sum(_) => None,
        }
    }
}
