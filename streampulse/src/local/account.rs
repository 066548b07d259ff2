use std::{os::unix::fs::MetadataExt, path::Path};

use nix::unistd::{Gid, Uid, User, chown};

use super::LocalError;

/// The unprivileged account a server runs as when we are root; Postgres refuses to run as root.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub uid: Uid,
    pub gid: Gid,
    name: String,
}

impl Account {
    /// `None` when we are not root: the server then runs as ourselves.
    pub(super) fn unprivileged() -> Result<Option<Self>, LocalError> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let Ok(Some(user)) = User::from_name(name) {
                return Ok(Some(Self { uid: user.uid, gid: user.gid, name: user.name }));
            }
        }
        Err(LocalError::Unusable(
            "PostgreSQL refuses to run as root and there is no user postgres or nobody: add one, or run as another user"
                .to_owned(),
        ))
    }

    pub(super) fn give(&self, path: &Path) -> Result<(), LocalError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(|errno| {
            LocalError::io(format!("cannot give {} to {}", path.display(), self.name))(errno.into())
        })
    }

    /// Every folder above `path` must let this account pass, or the server cannot reach its own files.
    pub(super) fn can_reach(&self, path: &Path) -> Result<(), LocalError> {
        for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            let meta =
                folder.metadata().map_err(LocalError::io(format!("cannot look at {}", folder.display())))?;
            let passage = if meta.uid() == self.uid.as_raw() {
                0o100
            } else if meta.gid() == self.gid.as_raw() {
                0o010
            } else {
                0o001
            };
            if meta.mode() & passage == 0 {
                return Err(LocalError::Unusable(format!(
                    "user {} cannot reach {}: {} is closed to it (mode {:o}); choose a data directory elsewhere, e.g. under {}",
                    self.name,
                    path.display(),
                    folder.display(),
                    meta.mode() & 0o777,
                    std::env::temp_dir().display(),
                )));
            }
        }
        Ok(())
    }
}
