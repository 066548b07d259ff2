//! What a demo finds of a former one, whose broker and log are gone.

use std::path::Path;

use anyhow::Context;
use generator::Truth;
use tokio_postgres::Client;

/// Empties all tables that were made from the former demo's log: this one's begins at offset 0 again, and the same
/// minutes may come again. What people wrote is kept.
pub(super) async fn begin_anew(client: &Client) -> anyhow::Result<()> {
    let sql = include_str!("../../../../sql/queries/demo_begin_anew.sql");
    client.batch_execute(sql).await.context("emptying the tables of a former demo")
}

/// Removes the truth of a former demo, which nothing can be added to; whatever else is there is refused.
pub(super) fn forget_truth(path: &Path) -> anyhow::Result<()> {
    if Truth::load_former(path).context("--truth")?.is_some() {
        std::fs::remove_file(path).with_context(|| format!("--truth: cannot remove {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_truth_is_removed_and_anything_else_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (truth, notes) = (folder.path().join("truth.json"), folder.path().join("notes.txt"));
        forget_truth(&truth).unwrap();
        Truth::default().save(&truth).unwrap();
        forget_truth(&truth).unwrap();
        assert!(!truth.exists());
        std::fs::write(&notes, "remember the milk").unwrap();
        let refused = format!("{:#}", forget_truth(&notes).unwrap_err());
        assert!(refused.starts_with("--truth: truth file") && refused.contains("notes.txt"), "{refused}");
        assert_eq!(std::fs::read_to_string(&notes).unwrap(), "remember the milk");
    }
}
