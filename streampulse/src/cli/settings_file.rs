//! The settings file: the same names as the environment, at a lower rank than it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::Path,
};

use anyhow::{Context, bail};
use clap::{Command, CommandFactory};

use super::Cli;

/// Adds the file's settings to `arguments` as flags, where neither a flag nor the environment says otherwise.
///
/// # Errors
/// When the file cannot be read, or holds a setting that no command knows.
pub fn with_settings_file(mut arguments: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    let Some(file) = file_of(&arguments) else { return Ok(arguments) };
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("settings file {}: cannot be read", Path::new(&file).display()))?;
    let settings: BTreeMap<String, toml::Value> =
        toml::from_str(&text).with_context(|| format!("settings file {}", Path::new(&file).display()))?;

    let cli = Cli::command();
    let known: BTreeSet<String> =
        cli.get_subcommands().chain([&cli]).flat_map(names).map(|(name, _)| name).collect();
    if let Some(unknown) = settings.keys().find(|name| !known.contains(&name.to_uppercase())) {
        bail!(
            "settings file {}: unknown setting '{unknown}'; known are {}",
            Path::new(&file).display(),
            known.into_iter().collect::<Vec<_>>().join(", ")
        );
    }
    let given = |command: &&Command| arguments.iter().any(|given| given == command.get_name());
    let chosen = cli.get_subcommands().find(given);
    // Flags belong to the innermost command.
    let chosen = chosen.map(|chosen| chosen.get_subcommands().find(given).unwrap_or(chosen));
    let settable: Vec<_> = names(&cli).chain(chosen.into_iter().flat_map(names)).collect();
    for (name, flag) in settable {
        let given = arguments.iter().any(|given| {
            given.to_str().is_some_and(|text| text == flag || text.starts_with(&format!("{flag}=")))
        });
        let in_file = settings.iter().find(|(key, _)| key.to_uppercase() == name);
        if let (Some((_, value)), false, None) = (in_file, given, std::env::var_os(&name)) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            arguments.push(format!("{flag}={value}").into());
        }
    }
    Ok(arguments)
}

fn file_of(arguments: &[OsString]) -> Option<OsString> {
    for (at, argument) in arguments.iter().enumerate() {
        let text = argument.to_str().unwrap_or_default();
        if text == "--config" {
            return arguments.get(at + 1).cloned();
        }
        if let Some(file) = text.strip_prefix("--config=") {
            return Some(file.into());
        }
    }
    std::env::var_os("STREAMPULSE_CONFIG")
}

/// Environment name and flag of each setting of `command`.
fn names(command: &Command) -> impl Iterator<Item = (String, String)> {
    command.get_arguments().filter_map(|argument| {
        let name = argument.get_env()?.to_str()?.to_owned();
        Some((name, format!("--{}", argument.get_long()?)))
    })
}
