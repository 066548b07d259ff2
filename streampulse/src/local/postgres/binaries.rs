use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::local::LocalError;

/// Where `initdb` and `postgres` live.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    pub initdb: PathBuf,
    pub postgres: PathBuf,
}

impl Binaries {
    /// The first place that has both: `pg_config --bindir`, the highest version Debian keeps, PATH.
    pub(super) fn find() -> Result<Self, LocalError> {
        Self::find_in(pg_config().into_iter().chain(debian(Path::new("/usr/lib/postgresql"))).chain(path()))
    }

    fn find_in(places: impl Iterator<Item = PathBuf>) -> Result<Self, LocalError> {
        let mut looked_in = Vec::new();
        for place in places {
            let found = Self { initdb: place.join("initdb"), postgres: place.join("postgres") };
            if found.initdb.is_file() && found.postgres.is_file() {
                return Ok(found);
            }
            let place = place.display().to_string();
            if !looked_in.contains(&place) {
                looked_in.push(place);
            }
        }
        Err(LocalError::Missing {
            what: "PostgreSQL server binaries".to_owned(),
            looked_in: looked_in.join(", "),
            package: "postgresql",
        })
    }
}

fn pg_config() -> Option<PathBuf> {
    let output =
        Command::new("pg_config").arg("--bindir").output().ok().filter(|out| out.status.success())?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim()))
}

/// `<root>/<version>/bin`, highest version first; the folder itself when there is no version, to be named.
fn debian(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<u32> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    if versions.is_empty() {
        return vec![root.to_path_buf()];
    }
    versions.into_iter().map(|version| root.join(version.to_string()).join("bin")).collect()
}

fn path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn install(bin: &Path, programs: &[&str]) {
        std::fs::create_dir_all(bin).unwrap();
        for program in programs {
            std::fs::write(bin.join(program), "").unwrap();
        }
    }

    #[test]
    fn the_highest_version_with_both_programs_wins() {
        let root = tempfile::tempdir().unwrap();
        install(&root.path().join("9/bin"), &["initdb", "postgres"]);
        install(&root.path().join("15/bin"), &["initdb", "postgres"]);
        install(&root.path().join("17/bin"), &["initdb"]);
        let found = Binaries::find_in(debian(root.path()).into_iter()).unwrap();
        assert_eq!(found.postgres, root.path().join("15/bin/postgres"));
    }

    #[test]
    fn absence_names_every_place_and_the_package() {
        let root = tempfile::tempdir().unwrap();
        install(&root.path().join("17/bin"), &["initdb"]);
        let places = debian(root.path()).into_iter().chain([PathBuf::from("/nowhere")]);
        let message = Binaries::find_in(places).unwrap_err().to_string();
        assert_eq!(
            message,
            format!(
                "PostgreSQL server binaries not found (looked in {}/17/bin, /nowhere): install package postgresql",
                root.path().display()
            )
        );
    }
}
