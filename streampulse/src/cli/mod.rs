//! What the command line says. Every setting has a flag, an environment variable and a place in the settings file.

mod demo;
mod generate;
mod kafka;
mod postgres;
mod processing;
mod replay;
mod serving;
mod settings_file;
mod streams;
mod token;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use demo::DemoArgs;
pub use generate::GenerateArgs;
pub use kafka::KafkaArgs;
pub use postgres::PostgresArgs;
pub use processing::ProcessingArgs;
pub use replay::{Place, ReplayArgs};
pub use serving::ServingArgs;
pub use settings_file::with_settings_file;
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
    #[arg(long, global = true, env = "LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
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
    Kafka {
        #[arg(long, default_value_t = 9092, value_name = "PORT")]
        port: u16,
    },
    #[command(hide = true)]
    MockBroker(MockBrokerArgs),
}

#[derive(Debug, Args)]
pub struct MockBrokerArgs {
    #[arg(long = "topic", required = true)]
    pub topics: Vec<String>,
    #[arg(long)]
    pub partitions: i32,
}

#[derive(Debug, Args)]
pub struct ApiArgs {
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub streams: StreamArgs,
    #[command(flatten)]
    pub serving: ServingArgs,
}

#[derive(Debug, Args)]
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
    Check {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List the definitions that come with the program.
    List,
}
