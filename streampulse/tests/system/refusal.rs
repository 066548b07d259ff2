//! A refusal: one line, exit code 2, and neither a process nor a file nor a row that was not there before.

use std::{fs, path::Path, process::Command};

use common::db::{self, PgSettings};

/// Runs `command` to its end, which must be a refusal with these words.
pub fn assert_refused(command: &mut Command, words: &[&str]) {
    let temporary = tempfile::tempdir().unwrap();
    let output = command.env("LOG_LEVEL", "error").env("TMPDIR", temporary.path()).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{command:?}: {printed}");
    assert_eq!(printed.lines().count(), 1, "{command:?}: {printed}");
    assert!(output.stdout.is_empty(), "{command:?}: {}", String::from_utf8_lossy(&output.stdout));
    for word in words {
        assert!(printed.contains(word), "{command:?}: '{word}' is missing in: {printed}");
    }
    let left: Vec<_> = fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{command:?} left {left:?}");
    let running = processes_of(temporary.path());
    assert!(running.is_empty(), "{command:?} left processes: {running:?}");
}

/// Processes that were started for this folder, or whose parents were: our own hand it on in the environment, a
/// private server works in it or is told of it.
pub fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let of_folder = |process: &fs::DirEntry| {
        let read = |file: &str| fs::read(process.path().join(file)).unwrap_or_default();
        let said = String::from_utf8_lossy(&[read("environ"), read("cmdline")].concat()).contains(folder);
        said || fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok).filter(|entry| {
        entry.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    });
    processes.filter(of_folder).map(|process| process.file_name().to_str().unwrap().to_owned()).collect()
}

/// Every row of every table of a database, as one line per table.
pub async fn contents(pg: &PgSettings) -> Vec<String> {
    let client = db::connect(pg, "test").await.unwrap();
    let tables = client
        .query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1", &[])
        .await
        .unwrap();
    let mut lines = Vec::new();
    for table in tables.iter().map(|row| row.get::<_, String>(0)) {
        let sql =
            format!("SELECT coalesce(string_agg(t::text, ' ' ORDER BY t::text), '') FROM \"{table}\" t");
        let rows: String = client.query_one(&sql, &[]).await.unwrap().get(0);
        lines.push(format!("{table}: {rows}"));
    }
    lines
}
