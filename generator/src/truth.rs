//! What the tables must hold, counted from what was sent.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// A truth file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("truth file {}: {problem}", path.display())]
pub struct TruthError {
    path: PathBuf,
    problem: String,
}

/// One column of a row: a key or label, or a number in units of its resolution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    Number(i64),
    Text(String),
    Null,
}

/// A row by column name; `window_start` is among them, in milliseconds since 1970.
pub type TruthRow = BTreeMap<String, Cell>;

/// Exact contents of a stream's tables after everything sent has been read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    pub stream: String,
    pub events: u64,
    pub tables: BTreeMap<String, Vec<TruthRow>>,
    /// Partition, offset, and the reason where the generator knows it.
    pub dead_letters: Vec<(i32, i64, Option<String>)>,
    /// Partition and offset.
    pub late_events: Vec<(i32, i64)>,
}

impl Truth {
    /// # Errors
    /// When the file cannot be read or is no truth file.
    pub fn load(path: &Path) -> Result<Self, TruthError> {
        let refused = |problem: String| TruthError { path: path.to_owned(), problem };
        let file = File::open(path).map_err(|error| refused(error.to_string()))?;
        serde_json::from_reader(BufReader::new(file)).map_err(|error| refused(error.to_string()))
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TruthError> {
        let refused = |problem: String| TruthError { path: path.to_owned(), problem };
        let file = File::create(path).map_err(|error| refused(error.to_string()))?;
        let mut writer = BufWriter::new(file);
        serde_json::to_writer(&mut writer, self).map_err(|error| refused(error.to_string()))?;
        writer.flush().map_err(|error| refused(error.to_string()))
    }
}
