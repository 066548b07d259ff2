//! What the command line says. Every setting has a flag, an environment variable and a place in the settings file.

mod demo;
mod environment;
mod generate;
mod kafka;
mod parse;
mod postgres;
mod processing;
mod replay;
mod serving;
mod settings_file;
mod streams;
mod token;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tracing::metadata::LevelFilter;

pub use demo::DemoArgs;
pub use environment::mistyped;
pub use generate::GenerateArgs;
pub use kafka::KafkaArgs;
pub use parse::{NoCommand, parse};
pub use postgres::PostgresArgs;
pub use processing::ProcessingArgs;
pub use replay::{Place, ReplayArgs};
pub use serving::ServingArgs;
pub use settings_file::SettingsFile;
pub use streams::StreamArgs;
pub use token::{Expiry, TokenArgs, TokenCommand};

/// Exact stream analytics: Kafka in, PostgreSQL tables, an API and a live dashboard out.
#[derive(Debug, Parser)]
#[command(name = "streampulse", version, arg_required_else_help = true, propagate_version = true)]
#[command(after_help = "Try it without any server:\n  streampulse demo\n\n\
    Against your own:\n  export KAFKA_BOOTSTRAP_SERVERS=localhost:9092 DATABASE_URL=postgres://me:secret@localhost/pulse\n  \
    streampulse migrate && streampulse processor & streampulse api")]
pub struct Cli {
    /// Settings file (TOML); its keys are the names of the environment variables, which take precedence.
    #[arg(long, global = true, env = "STREAMPULSE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Least severe log level shown: error, warn, info, debug or trace, or a filter such as info,rdkafka=warn.
    #[arg(long, global = true, env = "LOG_LEVEL", default_value = "info", value_name = "LEVEL", value_parser = levels)]
    pub log_level: String,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everything at once, without any server: made-up events or a real log, and the dashboard.
    Demo(DemoArgs),
    /// Create or update the tables, and those of the given streams.
    Migrate(MigrateArgs),
    /// Read streams from Kafka into the tables, exactly once.
    Processor(Box<ProcessorArgs>),
    /// Serve the tables: JSON, live events and the dashboard.
    Api(ApiArgs),
    /// Send events: a seeded workload, or a real access log.
    Generate(Box<GenerateArgs>),
    /// Count a part of a stream again, exactly, while its processors run.
    Replay(Box<ReplayArgs>),
    /// Make, list and take back the tokens that writes through the API need.
    Token(TokenArgs),
    /// Compare the tables with a truth file, cell by cell.
    Verify(VerifyArgs),
    /// Work on stream definitions.
    #[command(subcommand)]
    Streams(StreamsCommand),
    /// Run a real Apache Kafka on this machine, for development (needs Java 17; fetches Kafka with Maven).
    #[command(after_help = "Example:\n  \
        streampulse kafka --port 9093\n  export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9093\n\n\
        It runs until Ctrl-C; its topics are gone afterwards.")]
    Kafka {
        /// Port of 127.0.0.1 that it listens on; what it prints first is the setting for programs that use it.
        #[arg(long, default_value_t = 9092, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
        port: u16,
    },
    #[command(hide = true)]
    MockBroker(MockBrokerArgs),
}

/// Levels for all or for one target each, separated by commas. What is no level is refused: as a word of its own it
/// would be the name of a target, and all others were silent.
fn levels(text: &str) -> Result<String, String> {
    let level = |part: &str| match part.trim().rsplit_once('=') {
        Some((_, level)) => level.to_owned(),
        None => part.trim().to_owned(),
    };
    // A filter by a span's fields has commas and signs of its own.
    let wrong = |part: &&str| !part.contains(['{', ']', '}']) && level(part).parse::<LevelFilter>().is_err();
    match text.split(',').find(wrong) {
        Some(part) => Err(format!(
            "expected error, warn, info, debug, trace or off, or a filter such as info,rdkafka=warn, found '{part}'"
        )),
        None => Ok(text.to_owned()),
    }
}

/// A number from 0 on.
fn amount(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("expected a number from 0 on, found '{text}'"))
}

#[derive(Debug, Args)]
pub struct MockBrokerArgs {
    #[arg(long = "topic", required = true)]
    pub topics: Vec<String>,
    #[arg(long)]
    pub partitions: i32,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    DATABASE_URL=postgres://me:secret@localhost/pulse streampulse api\n  \
    streampulse api --api-host 0.0.0.0 --api-port 80 --require-token\n\n\
    Then look at http://localhost:8000, or at http://localhost:8000/docs for what can be asked.")]
pub struct ApiArgs {
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub streams: StreamArgs,
    #[command(flatten)]
    pub serving: ServingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    DATABASE_URL=postgres://me:secret@localhost/pulse streampulse migrate\n  \
    streampulse migrate --stream content-downloads,orders.toml\n\n\
    Does nothing where the tables are there. Run it as their owner.")]
pub struct MigrateArgs {
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub streams: StreamArgs,
    /// Let this consumer group read the streams from now on; the processors of the old one must have stopped.
    #[arg(long, value_name = "GROUP")]
    pub move_to_group: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    streampulse processor --bootstrap-servers broker-1:9092,broker-2:9092 --threads 4\n  \
    streampulse processor --stream orders.toml --start 2026-01-02T03:00:00Z --monitor-port 9100\n\n\
    The tables must be there (streampulse migrate). Start it several times to share the partitions.")]
pub struct ProcessorArgs {
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub streams: StreamArgs,
    #[command(flatten)]
    pub processing: ProcessingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    streampulse generate --events 10000 --events-per-minute 0 --truth truth.json\n  \
    streampulse verify --truth truth.json --wait 30s\n\n\
    Exit code 0: equal. 1: they differ; the first differences are printed. 2: nothing could be compared.")]
pub struct VerifyArgs {
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub streams: StreamArgs,
    /// The truth file that `streampulse generate --truth` wrote.
    #[arg(long, value_name = "FILE")]
    pub truth: PathBuf,
    /// Wait this long for the processor to come to the end before comparing.
    #[arg(long, default_value = "0ms", value_name = "DURATION")]
    pub wait: common::duration::Millis,
}

#[derive(Debug, Subcommand)]
pub enum StreamsCommand {
    /// Check definitions and print the tables they would make.
    #[command(after_help = "Examples:\n  \
        streampulse streams check orders.toml\n  \
        streampulse streams check streams/*.toml >tables.sql")]
    Check {
        /// Definitions; a schema they name is looked for beside them.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List the definitions that come with the program.
    #[command(after_help = "Example:\n  \
        streampulse streams list\n  \
        streampulse migrate --stream web-requests")]
    List,
}
