//! The program that is measured.

use std::path::{Path, PathBuf};

/// The one that was named, else the one beside this.
pub fn find(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("streampulse"),
    };
    anyhow::ensure!(
        path.is_file(),
        "{} is missing: build it with `make build`, or name it with --streampulse",
        path.display()
    );
    Ok(path)
}
