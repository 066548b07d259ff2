//! The settings file: the same names as the environment, at a lower rank than it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail};
use clap::{Arg, Command};

use super::environment;

/// What a settings file says, by the names of the environment variables.
#[derive(Debug, Default)]
pub struct SettingsFile {
    path: PathBuf,
    settings: BTreeMap<String, Setting>,
}

#[derive(Debug)]
struct Setting {
    /// As it stands in the file.
    key: String,
    value: String,
}

impl SettingsFile {
    /// The file that the arguments or the environment name; an empty one where they name none.
    ///
    /// # Errors
    /// When the file cannot be read, or holds what is no setting of any command.
    pub(super) fn of(arguments: &[OsString], known: &BTreeSet<String>) -> anyhow::Result<Self> {
        let Some(path) = path_in(arguments) else { return Ok(Self::default()) };
        let path = PathBuf::from(path);
        let text = std::fs::read_to_string(&path).map_err(|error| refused(&path, &format!("{error}")))?;
        Self::read(path, &text, known)
    }

    fn read(path: PathBuf, text: &str, known: &BTreeSet<String>) -> anyhow::Result<Self> {
        // Only where and what is wrong: the line itself may hold a password.
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            refused(&path, &format!("line {line}: {}", error.message().replace('\n', "; ")))
        })?;
        let mut settings = BTreeMap::new();
        for (key, value) in table {
            let name = key.to_uppercase();
            if !known.contains(&name) {
                bail!(refused(&path, &unknown(&key, known)));
            }
            let value = text_of(&value).map_err(|expected| refused(&path, &format!("{key}: {expected}")))?;
            let setting = Setting { key, value };
            if let Some(former) = settings.insert(name.clone(), setting) {
                bail!(refused(&path, &format!("{name} stands there twice, once as '{}'", former.key)));
            }
        }
        Ok(Self { path, settings })
    }

    /// The command with what the file says as its defaults, so that flags and environment come first.
    pub(super) fn as_defaults(&self, command: Command) -> Command {
        let with_default = |arg: Arg| {
            let name = arg.get_env().and_then(|name| name.to_str());
            let Some(setting) = name.and_then(|name| self.settings.get(name)) else { return arg };
            let secret = arg.is_hide_env_values_set();
            arg.default_value(setting.value.clone()).hide_default_value(secret)
        };
        command.mut_args(with_default).mut_subcommands(|command| self.as_defaults(command))
    }

    /// Forgets the settings that something else came before.
    pub(super) fn keep(&mut self, counts: impl Fn(&str) -> bool) {
        self.settings.retain(|name, _| counts(name));
    }

    /// The file, if a message names one of its settings.
    #[must_use]
    pub fn named_by(&self, message: &str) -> Option<String> {
        let mut words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named = words.any(|word| self.settings.contains_key(word));
        named.then(|| format!("settings file {}", self.path.display()))
    }

    /// Where the setting of this variable stands, for a message.
    pub(super) fn place_of(&self, name: &str) -> Option<String> {
        let setting = self.settings.get(name)?;
        Some(format!("settings file {}: {}", self.path.display(), setting.key))
    }
}

fn refused(path: &Path, reason: &str) -> anyhow::Error {
    anyhow!("settings file {}: {reason}", path.display())
}

fn unknown(key: &str, known: &BTreeSet<String>) -> String {
    match environment::nearest(&key.to_uppercase(), known) {
        Some(near) => format!("unknown setting '{key}'; did you mean {near}?"),
        None => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            format!("unknown setting '{key}'; known are {}", known.join(", "))
        }
    }
}

fn text_of(value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => Ok(value.to_string()),
        toml::Value::Array(_) => {
            Err("expected one value, found an array; write several in one text, separated by commas"
                .to_owned())
        }
        toml::Value::Table(_) => Err("expected a value, found a table; settings have no sections".to_owned()),
    }
}

fn path_in(arguments: &[OsString]) -> Option<OsString> {
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
