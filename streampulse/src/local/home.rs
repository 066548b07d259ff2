use std::{
    fs::{self, DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::LocalError;

/// The folder of one server, mode 700. If we made it, dropping removes it with all that is inside.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    ours: bool,
}

impl Home {
    /// A new folder under the system's temporary directory.
    pub(super) fn temporary(prefix: &str) -> Result<Self, LocalError> {
        let made = tempfile::Builder::new()
            .prefix(prefix)
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(LocalError::io(format!("cannot make a folder in {}", std::env::temp_dir().display())))?;
        Ok(Self { path: made.keep(), ours: true })
    }

    /// The folder at `path`: made if absent, kept afterwards if it was there before.
    pub(super) fn at(path: &Path) -> Result<Self, LocalError> {
        let failed = || LocalError::io(format!("cannot make {}", path.display()));
        let path = std::path::absolute(path).map_err(failed())?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed())?;
        }
        let ours = match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => false,
            Err(error) => return Err(failed()(error)),
        };
        Ok(Self { path, ours })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Removes the folder if we made it. A second call does nothing.
    pub(super) fn remove(&mut self) -> Result<(), LocalError> {
        if !std::mem::take(&mut self.ours) {
            return Ok(());
        }
        fs::remove_dir_all(&self.path)
            .map_err(LocalError::io(format!("cannot remove {}", self.path.display())))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, "a private server's files were left behind");
        }
    }
}

/// The last lines of a log, on one line, for an error message; Java's stack traces are left out.
pub(super) fn last_words(log: &Path) -> String {
    fs::read(log).map_or_else(|_| format!("no log at {}", log.display()), |bytes| last_lines(&bytes))
}

/// See [`last_words`].
pub(super) fn last_lines(printed: &[u8]) -> String {
    const LINES: usize = 4;
    let text = String::from_utf8_lossy(printed);
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("at ")).collect();
    match lines.len() {
        0 => "it printed nothing".to_owned(),
        count => lines[count.saturating_sub(LINES)..].join(" | "),
    }
}
