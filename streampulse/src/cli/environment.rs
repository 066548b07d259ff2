//! Environment variables that were meant for us and are not read.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};

use super::Cli;

/// Read elsewhere than by the command line.
const OTHERS: [&str; 1] = ["STREAMPULSE_KAFKA_HOME"];

/// The variables that any command reads.
pub(super) fn variables(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|arg| Some(arg.get_env()?.to_str()?.to_owned()));
    own.chain(command.get_subcommands().flat_map(variables)).collect()
}

/// Variables that are set and look like a slip in the name of one of ours, each with the one that it may mean. Not
/// refused, as they may be another program's.
#[must_use]
pub fn mistyped() -> Vec<(String, String)> {
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let known = variables(&Cli::command()).into_iter().chain(OTHERS.map(str::to_owned)).collect();
    mistyped_among(&set, &known)
}

fn mistyped_among(set: &BTreeSet<String>, known: &BTreeSet<String>) -> Vec<(String, String)> {
    // The URL stands for all of PG_…, and libpq's own names, which are much like these, may be meant for psql.
    let needless =
        |name: &str| set.contains(name) || (name.starts_with("PG_") && set.contains("DATABASE_URL"));
    set.difference(known)
        .filter_map(|name| Some((name.clone(), nearest(name, known)?)))
        .filter(|(_, meant)| !needless(meant))
        .collect()
}

/// The known name that `name` is a slip or the beginning of.
pub(super) fn nearest(name: &str, known: &BTreeSet<String>) -> Option<String> {
    // Short names are near to many others.
    let slips = match name.len() {
        0..6 => 0,
        6..10 => 1,
        _ => 2,
    };
    let distance = |known: &&String| strsim::osa_distance(name, known);
    let near = known.iter().min_by_key(distance).filter(|known| distance(known) <= slips);
    let begun = || known.iter().find(|known| name.contains('_') && name.len() > 6 && known.starts_with(name));
    near.or_else(begun).cloned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(set: &[&str]) -> Vec<(String, String)> {
        let set = set.iter().map(|name| (*name).to_owned()).collect();
        mistyped_among(&set, &variables(&Cli::command()))
    }

    #[test]
    fn slips_are_told_with_the_name_that_was_meant() {
        for (slip, meant) in [
            ("KAFKA_BOOTSTRAP_SERVER", "KAFKA_BOOTSTRAP_SERVERS"),
            ("KAFKA_TOPIK", "KAFKA_TOPIC"),
            ("KAKFA_TOPIC", "KAFKA_TOPIC"),
            ("KAFKA_USER", "KAFKA_USERNAME"),
            ("DATABSE_URL", "DATABASE_URL"),
            ("PGHOST", "PG_HOST"),
            ("PGPASSWORD", "PG_PASSWORD"),
            ("PG_PASS", "PG_PASSWORD"),
            ("LOGLEVEL", "LOG_LEVEL"),
            ("API_PROT", "API_PORT"),
        ] {
            assert_eq!(told(&[slip]), [(slip.to_owned(), meant.to_owned())]);
        }
    }

    #[test]
    fn what_others_set_is_left_alone() {
        let others = [
            "PATH",
            "HOME",
            "TERM",
            "LANG",
            "SHELL",
            "STATE",
            "PG_MAJOR",
            "PG_VERSION",
            "PGDATA",
            "KAFKA_OPTS",
            "KAFKA_HEAP_OPTS",
            "KAFKA_HOME",
            "KAFKA_LOG_DIRS",
            "JAVA_HOME",
            "STREAMPULSE_SERVICE_HOST",
            "RUST_LOG",
        ];
        assert!(told(&others).is_empty(), "{:?}", told(&others));
        assert!(told(&["KAFKA_TOPIC", "KAFKA_TOPIK"]).is_empty(), "the right one is there");
        assert!(told(&["DATABASE_URL", "PGHOST", "PGUSER"]).is_empty(), "the URL counts");
    }
}
