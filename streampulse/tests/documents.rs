//! What the documents name is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory};
use schema::StreamDefinition;
use streampulse::cli::Cli;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const ENDINGS: [&str; 10] = [".rs", ".mjs", ".toml", ".avsc", ".sql", ".sh", ".md", ".py", ".json", ".yml"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            found.push(path);
        } else if !["target", "node_modules", "dist", ".git"].iter().any(|name| path.ends_with(name)) {
            files(&path, found);
        }
    }
}

/// README and docs, by name.
fn documents() -> Vec<(String, String)> {
    let mut found = vec![Path::new(ROOT).join("README.md")];
    files(&Path::new(ROOT).join("docs"), &mut found);
    found.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

/// What stands between backticks, line by line and outside of examples.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let examples = text.split("```").step_by(2);
    examples.flat_map(str::lines).flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn files_and_tests_that_the_documents_name_exist() {
    let mut all = Vec::new();
    files(Path::new(ROOT), &mut all);
    let named = |name: &str| all.iter().filter(|path| path.ends_with(name)).collect::<Vec<_>>();
    let holds = |files: &[&PathBuf], test: &str| {
        let head = format!("fn {test}(");
        files.iter().any(|path| fs::read_to_string(path).unwrap().contains(&head))
    };
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (document, text) in documents() {
        // `::test`, and in a list of guarantees `the_name_of_a_test`, is one of the file before it.
        let mut last = Vec::new();
        for quote in quoted(&text)
            .filter(|quote| !quote.contains([' ', '*', '<', '{', '=']) && !quote.starts_with('/'))
        {
            let is_test = document.ends_with("invariants.md") && quote.matches('_').count() >= 3;
            let (file, test) = match quote.split_once("::") {
                Some(parts) => parts,
                None if is_test => ("", quote),
                None => (quote, ""),
            };
            if ENDINGS.iter().any(|ending| file.ends_with(ending)) {
                last = named(file);
            } else if !file.is_empty() || test.is_empty() || test.starts_with('…') {
                continue;
            }
            looked_at += 1;
            if last.is_empty() || !(test.is_empty() || holds(&last, test)) {
                wrong.push(format!("{document}: {quote}"));
            }
        }
    }
    assert!(looked_at > 200, "{looked_at}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_readmes_definition_is_one() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let definition = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fields = [
        ("placed_at", "long"),
        ("country", "string"),
        ("state", "string"),
        ("customer", "string"),
        ("amount", "double"),
    ]
    .map(|(name, kind)| format!(r#"{{"name": "{name}", "type": "{kind}"}}"#));
    let schema = format!(r#"{{"type": "record", "name": "Order", "fields": [{}]}}"#, fields.join(", "));
    fs::write(folder.path().join("order.avsc"), schema).unwrap();
    let file = folder.path().join("orders.toml");
    fs::write(&file, definition).unwrap();
    let read = StreamDefinition::load(&file).unwrap();
    assert_eq!((read.name.as_str(), read.rollups[0].measures.len()), ("orders", 6));
}

#[test]
fn the_tables_of_settings_hold_every_variable_with_its_flag_and_default() {
    let operations = fs::read_to_string(Path::new(ROOT).join("docs/operations.md")).unwrap();
    assert_told(&Cli::command(), &operations);
}

fn assert_told(command: &Command, operations: &str) {
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let Some(name) = arg.get_env().and_then(|name| name.to_str()) else { continue };
        // Its default depends on the command, so it has a sentence.
        if name == "EVENTS_PER_MINUTE" {
            let default = format!("{} for `{}`", arg.get_default_values()[0].display(), command.get_name());
            assert!(operations.contains(&default), "{default}");
            continue;
        }
        let flag = format!("`--{}`", arg.get_long().unwrap());
        let is_told = operations.lines().filter(|line| line.starts_with('|')).any(|row| {
            let default = arg.get_default_values().first().map(|value| value.to_str().unwrap());
            row.contains(&flag)
                && row.contains(&format!("`{name}`"))
                && row.contains(default.unwrap_or_default())
        });
        assert!(is_told, "{}: {flag}, `{name}`, {:?}", command.get_name(), arg.get_default_values());
    }
    command.get_subcommands().for_each(|command| assert_told(command, operations));
}
