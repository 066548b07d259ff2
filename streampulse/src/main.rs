//! The command line.

use std::process::ExitCode;

use streampulse::{
    cli::{self, NoCommand},
    commands::{self, Failure},
};

fn main() -> ExitCode {
    let cli = match cli::parse(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(cli) => cli,
        Err(NoCommand::Asked(text)) => text.exit(),
        Err(NoCommand::Refused(error)) => return refused(&error),
    };
    if let Err(error) = common::telemetry::init_logs(&cli.log_level) {
        return refused(&error.into());
    }
    for (name, meant) in cli::mistyped() {
        tracing::warn!("environment variable {name} is not read; did you mean {meant}?");
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
