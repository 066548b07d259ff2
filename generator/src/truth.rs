//! What the tables must hold, counted from what was sent.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
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

impl TruthError {
    pub(crate) fn new(path: &Path, problem: impl Display) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}

/// One column of a row: a key or label, or a number in units of its resolution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    Number(i64),
    Text(String),
    Null,
}

impl Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Null => f.write_str("null"),
        }
    }
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
    /// By number; what a later run goes on from.
    #[serde(default)]
    pub partitions: Vec<PartitionEnd>,
}

/// How far a partition had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionEnd {
    /// The offset the next record will have.
    pub next_offset: i64,
    /// Highest event time accepted so far, in milliseconds since 1970.
    pub stream_time: Option<i64>,
}

impl Truth {
    /// # Errors
    /// When the file cannot be read or is no truth file.
    pub fn load(path: &Path) -> Result<Self, TruthError> {
        let file = File::open(path).map_err(|error| TruthError::new(path, error))?;
        serde_json::from_reader(BufReader::new(file)).map_err(|error| TruthError::new(path, error))
    }

    /// What a former run left at `path`; `None` where there is no file or an empty one.
    ///
    /// # Errors
    /// When there is something else, or nothing can be written there.
    pub fn load_former(path: &Path) -> Result<Option<Self>, TruthError> {
        let former = match fs::metadata(path) {
            Ok(found) if found.is_file() && found.len() > 0 => Some(Self::load(path)?),
            _ => None,
        };
        // Better now than after millions of events.
        let target = Target::of(path);
        target.open().and_then(|_| target.discard()).map_err(|error| TruthError::new(path, error))?;
        Ok(former)
    }

    /// Whole or not at all: a former file stays until the new one is complete.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TruthError> {
        let target = Target::of(path);
        let write = || {
            let mut writer = BufWriter::new(target.open()?);
            serde_json::to_writer(&mut writer, self)?;
            writer.flush()?;
            target.keep()
        };
        write().map_err(|error| TruthError::new(path, error))
    }
}

/// A file is written beside its place and moved there; a device or pipe takes what is written as it comes.
enum Target<'a> {
    Beside { part: PathBuf, path: &'a Path },
    Direct(&'a Path),
}

impl<'a> Target<'a> {
    fn of(path: &'a Path) -> Self {
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Self::Direct(path);
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        Self::Beside { part: part.into(), path }
    }

    fn open(&self) -> io::Result<File> {
        match self {
            Self::Beside { part, .. } => File::create(part),
            Self::Direct(path) => File::options().write(true).open(path),
        }
    }

    fn keep(&self) -> io::Result<()> {
        match self {
            Self::Beside { part, path } => fs::rename(part, path),
            Self::Direct(_) => Ok(()),
        }
    }

    fn discard(&self) -> io::Result<()> {
        match self {
            Self::Beside { part, .. } => fs::remove_file(part),
            Self::Direct(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truth_file_is_read_as_it_was_written_and_no_part_of_one_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("truth.json");
        assert_eq!(Truth::load_former(&path).unwrap(), None);
        let row = TruthRow::from([("a".to_owned(), Cell::Null), ("b".to_owned(), Cell::Number(-3))]);
        let end = PartitionEnd { next_offset: 7, stream_time: Some(-1) };
        let truth = Truth {
            stream: "s".to_owned(),
            events: 7,
            tables: BTreeMap::from([("t".to_owned(), vec![row])]),
            dead_letters: vec![(0, 1, None), (0, 2, Some("future".to_owned()))],
            late_events: vec![(0, 3)],
            partitions: vec![end, PartitionEnd::default()],
        };
        truth.save(&path).unwrap();
        assert_eq!(Truth::load_former(&path).unwrap(), Some(truth));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_become_a_truth_file_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("notes.txt");
        fs::write(&other, "remember the milk").unwrap();
        assert!(Truth::load_former(&other).is_err());
        assert!(Truth::load_former(folder.path()).is_err());
        assert!(Truth::load_former(&folder.path().join("no/such/folder.json")).is_err());
        let empty = folder.path().join("empty.json");
        fs::write(&empty, "").unwrap();
        assert_eq!(Truth::load_former(&empty).unwrap(), None);
    }
}
