use std::path::PathBuf;

/// Where a private Postgres keeps its files, and how careful it is with them.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    pub(super) data_dir: Option<PathBuf>,
    pub(super) without_fsync: bool,
}

impl PostgresOptions {
    /// Files in a new temporary folder, removed when the server stops.
    #[must_use]
    pub fn temporary() -> Self {
        Self::default()
    }

    /// Files in this folder. If it does not exist it is made, and removed when the server stops; if it does,
    /// it must be empty or hold an earlier private Postgres, and it is kept.
    #[must_use]
    pub fn in_folder(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: Some(data_dir.into()), ..Self::default() }
    }

    /// Faster, and nothing committed survives a crash of the machine (it does survive one of the server).
    /// For tests.
    #[must_use]
    pub fn without_fsync(mut self) -> Self {
        self.without_fsync = true;
        self
    }
}
