//! The command line.

use std::process::ExitCode;

use streampulse::{
    cli::{NoCommand, SettingsFile, mistyped, parse},
    commands::{self, Failure},
};

/// For librdkafka as well: its own threads make each record and ours give it back, and with glibc's both wait for each
/// other's lock.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let (cli, file) = match parse(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(read) => read,
        Err(NoCommand::Asked(text)) => text.exit(),
        Err(NoCommand::Refused(error)) => return refused(&one_line(&error)),
    };
    if let Err(error) = common::telemetry::init_logs(&cli.log_level) {
        return refused(&in_file(&error.into(), &file));
    }
    for (name, meant) in mistyped() {
        tracing::warn!("environment variable {name} is not read; did you mean {meant}?");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refused(&format!("starting the runtime: {error}")),
    };
    match runtime.block_on(commands::run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused(error)) => refused(&in_file(&error, &file)),
        Err(Failure::Broken(error)) => {
            eprintln!("streampulse: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// One line that says what and what to do; nothing was started.
fn refused(line: &str) -> ExitCode {
    eprintln!("streampulse: {line}");
    ExitCode::from(2)
}

/// The line of an error, with the settings file where it names a setting that stands there.
fn in_file(error: &anyhow::Error, file: &SettingsFile) -> String {
    let line = one_line(error);
    match file.named_by(&line) {
        Some(place) => format!("{place}: {line}"),
        None => line,
    }
}

/// The error and its causes, without those that an outer message has quoted already.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) && !cause.starts_with("db error") {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    line.replace('\n', " ")
}
