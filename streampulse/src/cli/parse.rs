//! From arguments, environment and settings file to a command.

use std::ffi::OsString;

use anyhow::anyhow;
use clap::{
    Arg, Command, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{Cli, environment::variables, settings_file::SettingsFile};

/// Why there is no command to carry out.
#[derive(Debug)]
pub enum NoCommand {
    /// Help or the version was asked for; the text to print.
    Asked(clap::Error),
    /// In one line.
    Refused(anyhow::Error),
}

/// The command, and those settings of the file that count: a flag comes before the environment, the environment before
/// the settings file.
///
/// # Errors
/// What is wrong with the arguments, or the text that they ask for.
pub fn parse(arguments: &[OsString]) -> Result<(Cli, SettingsFile), NoCommand> {
    let command = Cli::command();
    let mut file = SettingsFile::of(arguments, &variables(&command)).map_err(NoCommand::Refused)?;
    let mut command = file.as_defaults(command);
    let read = command.try_get_matches_from_mut(arguments).and_then(|mut matches| {
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    });
    let line = Line { command: &command, arguments };
    match read {
        Ok(cli) => {
            file.keep(|name| std::env::var_os(name).is_none() && !line.sets(name));
            Ok((cli, file))
        }
        Err(error) => Err(match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => NoCommand::Asked(error),
            _ => NoCommand::Refused(anyhow!(line.refusal(&error, &file))),
        }),
    }
}

/// The command line.
struct Line<'a> {
    command: &'a Command,
    arguments: &'a [OsString],
}

impl Line<'_> {
    fn refusal(&self, error: &clap::Error, file: &SettingsFile) -> String {
        let path = self.path();
        let names: Vec<&str> = path.iter().map(|command| command.get_name()).collect();
        let what = match (error.kind(), path.last()) {
            (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, Some(last)) => without_command(last),
            _ => words(error),
        };
        let place = self.place_of(error, file).map(|place| format!("{place}: ")).unwrap_or_default();
        format!("{place}{what}; see '{} --help'", names.join(" "))
    }

    /// The commands that were named, from the program's own name on.
    fn path(&self) -> Vec<&Command> {
        let mut path = vec![self.command];
        for argument in self.arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
            path.extend(path.last().and_then(|last| last.find_subcommand(argument)));
        }
        path
    }

    /// What the named commands can be told.
    fn settings(&self) -> impl Iterator<Item = &Arg> {
        self.path().into_iter().flat_map(Command::get_arguments)
    }

    /// Whether it holds a flag for the setting of this variable.
    fn sets(&self, name: &str) -> bool {
        self.settings()
            .filter(|arg| arg.get_env().is_some_and(|env| env == name))
            .any(|arg| arg.get_long().is_some_and(|long| self.holds(&format!("--{long}"))))
    }

    fn holds(&self, flag: &str) -> bool {
        self.arguments
            .iter()
            .filter_map(|argument| argument.to_str()?.strip_prefix(flag))
            .any(|rest| rest.is_empty() || rest.starts_with('='))
    }

    /// Where a refused value stands, unless it is on the command line.
    fn place_of(&self, error: &clap::Error, file: &SettingsFile) -> Option<String> {
        let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return None };
        // Shown as "--flag <VALUE>" or "--flag [<VALUE>]".
        let flag = shown.split(' ').next().filter(|flag| !self.holds(flag))?;
        let setting = self.settings().find(|arg| arg.get_long() == flag.strip_prefix("--"))?;
        let name = setting.get_env()?.to_str()?;
        match std::env::var_os(name) {
            Some(_) => Some(format!("environment variable {name}")),
            None => file.place_of(name),
        }
    }
}

fn without_command(command: &Command) -> String {
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
    let names: Vec<&str> = commands.map(Command::get_name).collect();
    format!("a command is missing after '{}'; there are {}", command.get_name(), names.join(", "))
}

/// clap's paragraphs in one line, without how the command is used.
fn words(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    let mut line = String::new();
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        let (before, part) = match (part.strip_prefix("error: "), part.strip_prefix("tip: ")) {
            (Some(part), _) => ("", part),
            (None, Some(tip)) => ("; ", tip),
            (None, None) => (" ", part),
        };
        line.push_str(before);
        line.push_str(part);
    }
    line
}
