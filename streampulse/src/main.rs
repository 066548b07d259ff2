//! The command line.

use std::process::ExitCode;

use clap::Parser;
use streampulse::{
    cli::{Cli, with_settings_file},
    commands::{self, Failure},
};

fn main() -> ExitCode {
    let arguments = match with_settings_file(std::env::args_os().collect()) {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    let cli = Cli::parse_from(arguments);
    if let Err(error) = common::telemetry::init_logs(&cli.log_level) {
        return refused(&error.into());
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refused(&anyhow::Error::new(error).context("starting the runtime")),
    };
    match runtime.block_on(commands::run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused(error)) => refused(&error),
        Err(Failure::Broken(error)) => {
            eprintln!("streampulse: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// One line that says what and what to do; nothing was started.
fn refused(error: &anyhow::Error) -> ExitCode {
    eprintln!("streampulse: {}", one_line(error));
    ExitCode::from(2)
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
