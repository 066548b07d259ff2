//! The rooms of the house: who may know whom, and how big a file may grow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const CRATES: [&str; 6] = ["common", "schema", "processor", "api", "generator", "streampulse"];
const MOST_LINES: usize = 500;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules", "dist", ".git"].contains(&name.as_str()) {
                files(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(ROOT).canonicalize().unwrap();
    let mut found = Vec::new();
    files(&root.join(folder), &mut found);
    let source = |path: &PathBuf| {
        let ending = path.extension()?.to_str()?;
        let is_source = ["rs", "ts", "tsx", "mjs", "css", "sql", "sh"].contains(&ending);
        (is_source && !path.ends_with("schema.gen.ts")).then(|| {
            (path.strip_prefix(&root).unwrap().display().to_string(), fs::read_to_string(path).unwrap())
        })
    };
    found.iter().filter_map(source).collect()
}

#[test]
fn no_source_file_is_long_and_none_is_a_drawer_for_everything() {
    let all = sources(".");
    assert!(all.len() > 100, "the sources were not found");
    for (path, text) in &all {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{path} has {lines} lines, {MOST_LINES} is the most");
        let name = Path::new(path).file_stem().unwrap().to_str().unwrap();
        assert!(
            !["utils", "util", "helpers", "helper", "types", "misc"].contains(&name),
            "{path}: name the thing"
        );
    }
}

#[test]
fn crates_depend_only_downwards() {
    let allowed: [(&str, &[&str]); 6] = [
        ("common", &[]),
        ("schema", &["common"]),
        ("processor", &["common", "schema"]),
        ("api", &["common", "schema"]),
        ("generator", &["common", "schema"]),
        ("streampulse", &["common", "schema", "processor", "api", "generator"]),
    ];
    for (name, below) in allowed {
        let manifest: toml::Table =
            fs::read_to_string(format!("{ROOT}/{name}/Cargo.toml")).unwrap().parse().unwrap();
        for dependency in manifest["dependencies"].as_table().unwrap().keys() {
            let ours = CRATES.contains(&dependency.as_str());
            assert!(!ours || below.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

/// Which parts may name which library. Everything else is told apart from its surroundings by its types.
#[test]
fn each_library_stays_in_its_room() {
    let rooms: [(&str, &[&str]); 5] = [
        ("rdkafka", &["processor/src/source/", "generator/src/producer.rs", "streampulse/src/local/"]),
        ("axum", &["api/src/"]),
        ("apache_avro", &["schema/src/"]),
        ("moka", &["api/src/cache.rs"]),
        (
            "tokio_postgres",
            &[
                "common/src/db/",
                "common/src/time.rs",
                "generator/src/verify/",
                "processor/src/sink/",
                "processor/src/leader.rs",
                "api/src/",
                "streampulse/src/",
            ],
        ),
    ];
    for (library, allowed) in rooms {
        let path = format!("{library}::");
        for krate in CRATES {
            for (file, text) in sources(&format!("{krate}/src")) {
                let names_it = text.split("#[cfg(test)]").next().unwrap().contains(&path);
                let may = allowed.iter().any(|room| file.starts_with(room));
                assert!(!names_it || may, "{file} names {library}, which belongs to {allowed:?}");
            }
        }
    }
}

/// Windows, the start table and the detectors are functions of what they are given.
#[test]
fn the_core_is_pure() {
    let pure = [
        "processor/src/window/",
        "processor/src/detect/",
        "processor/src/source/start.rs",
        "schema/src/plan/",
    ];
    let outside = [
        "rdkafka",
        "tokio_postgres",
        "tokio::",
        "async ",
        "deadpool",
        "std::fs",
        "std::net",
        "SystemClock",
        "std::time",
    ];
    for room in pure {
        assert_names_none(room, &outside);
    }
}

/// The source asks the sink; that alone and the leader speak to the database.
#[test]
fn the_source_knows_no_sql() {
    assert_names_none(
        "processor/src/source/",
        &["tokio_postgres", "db::connect", "SELECT ", "INSERT ", "UPDATE ", ".sql"],
    );
}

/// Of the files whose path begins with `room`.
fn assert_names_none(room: &str, names: &[&str]) {
    let krate = room.split('/').next().unwrap();
    let all = sources(krate);
    let within: Vec<_> = all.iter().filter(|(file, _)| file.starts_with(room)).collect();
    assert!(!within.is_empty(), "nothing is at {room}");
    for (file, text) in within {
        for name in names {
            assert!(!text.contains(name), "{file} names {name}");
        }
    }
}
