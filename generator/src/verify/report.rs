/// The outcome of a comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub cells: u64,
    pub differing: u64,
    /// The first ones, readable.
    pub differences: Vec<String>,
}

const LISTED: usize = 20;

impl Report {
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.differing == 0
    }

    pub(super) fn compare<T: PartialEq>(&mut self, expected: &T, found: &T, describe: impl Fn() -> String) {
        self.cells += 1;
        if expected != found {
            self.differ(describe);
        }
    }

    pub(super) fn differ(&mut self, describe: impl Fn() -> String) {
        self.differing += 1;
        if self.differences.len() < LISTED {
            self.differences.push(describe());
        }
    }
}
