use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures StreamPulse against a bare reader and Kafka Streams, on this machine, and prints one table.
#[derive(Debug, Parser)]
#[command(name = "bench", args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads a topic and discards it: the floor, in a process of its own.
    #[command(hide = true)]
    Read(ReadArgs),
    /// How soon a processor is back after an owner, the database or the broker was lost, and what a replay takes.
    Recovery(RecoveryArgs),
    /// How fast the API answers, from its cache and past it, and what thousands of listeners take.
    Api(ApiArgs),
    /// Answers everything with the bytes of a file: what no API can be faster than, in a process of its own.
    #[command(hide = true)]
    Bare(BareArgs),
}

#[derive(Debug, Args)]
pub struct ApiArgs {
    /// Parts to run [default: all].
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    pub only: Vec<Serving>,
    /// Connections that ask for what is cached.
    #[arg(long, value_delimiter = ',', default_value = "32,512", value_name = "N")]
    pub connections: Vec<u32>,
    /// How long they ask, each time.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// How often both servers are asked in turn; the table shows medians.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// Contents, each with downloads in every minute of an hour.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub contents: i32,
    /// Requests of each kind that nothing is cached for.
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub misses: u16,
    /// Listeners to the event stream.
    #[arg(long, default_value_t = 5_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub listeners: u32,
    /// New versions of the data that they are to hear of.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pushes: u32,
    /// How long the API is under load while its memory is watched.
    #[arg(long, default_value_t = 180, value_name = "N", value_parser = clap::value_parser!(u64).range(3..))]
    pub load_seconds: u64,
    /// The program to measure [default: streampulse beside this one].
    #[arg(long, value_name = "FILE")]
    pub streampulse: Option<PathBuf>,
}

impl ApiArgs {
    pub fn wants(&self, part: Serving) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// What an API does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Serving {
    Cached,
    Misses,
    Listeners,
    Memory,
}

#[derive(Debug, Args)]
pub struct BareArgs {
    #[arg(long)]
    pub body: PathBuf,
}

#[derive(Debug, Args)]
pub struct RecoveryArgs {
    /// Parts to run [default: all].
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    pub only: Vec<Loss>,
    /// Events behind the database that is away, and of the replay.
    #[arg(long, default_value_t = 5_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..))]
    pub events: u64,
    /// Rows of open windows when an owner is lost; about so many.
    #[arg(long, value_delimiter = ',', default_value = "10000,1000000", value_name = "N")]
    pub open_rows: Vec<usize>,
    /// How long database and broker are away.
    #[arg(long, default_value_t = 120, value_name = "N")]
    pub away_seconds: u64,
    /// Session timeout of the processors whose owner is lost.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub session_seconds: u64,
    /// Stream threads of each processor.
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub threads: u16,
    /// The program to measure [default: streampulse beside this one].
    #[arg(long, value_name = "FILE")]
    pub streampulse: Option<PathBuf>,
    /// Another argument for the processor, such as --processor-arg=--catch-up-interval=100ms.
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    pub processor_arg: Vec<String>,
    /// Seed of the events.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
}

impl RecoveryArgs {
    pub fn wants(&self, loss: Loss) -> bool {
        self.only.is_empty() || self.only.contains(&loss)
    }
}

/// What can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Loss {
    /// Killed; then the one that took over is started again.
    Owner,
    Database,
    Broker,
    /// Nothing: the last half is counted again.
    Replay,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Events in the topic of the comparison.
    #[arg(long, default_value_t = 5_000_000, value_name = "N")]
    pub events: u64,
    /// Events in each topic of the parts on growth [default: those of the comparison; of contents two fifths].
    #[arg(long, value_name = "N")]
    pub growth_events: Option<u64>,
    /// How often each size of the parts on growth is measured.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub growth_runs: u32,
    /// How often each contender runs; the table shows medians.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// Parts to run [default: all].
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    pub only: Vec<Part>,
    /// Stream threads of the processor and of Kafka Streams.
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub threads: u16,
    /// Live events per second of the part on latency.
    #[arg(long, default_value_t = 10_000.0, value_name = "N")]
    pub live_rate: f64,
    /// How many seconds it takes.
    #[arg(long, default_value_t = 30, value_name = "N")]
    pub live_seconds: u64,
    /// The program to measure [default: streampulse beside this one].
    #[arg(long, value_name = "FILE")]
    pub streampulse: Option<PathBuf>,
    /// Another argument for the processor, such as --processor-arg=--catch-up-interval=100ms.
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    pub processor_arg: Vec<String>,
    /// Record the processor's CPU profile of the last of its runs here, with perf.
    #[arg(long, value_name = "FILE")]
    pub perf_data: Option<PathBuf>,
    /// Seed of the events.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
}

impl RunArgs {
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    Poll,
    Batch,
    Processor,
    StreamsProcessorApi,
    StreamsDsl,
    Latency,
    /// Latency with an API and a subscriber beside.
    Push,
    /// Growth from a hundred contents to a million, each open in every window.
    Keys,
    /// Growth from one partition to 256.
    Partitions,
    /// Growth from one process to four.
    Processes,
}

#[derive(Debug, Args)]
pub struct ReadArgs {
    #[arg(long)]
    pub servers: String,
    #[arg(long)]
    pub topic: String,
    #[arg(long)]
    pub partitions: i32,
    #[arg(long)]
    pub events: u64,
    /// Take records in batches through the C API instead of one by one.
    #[arg(long)]
    pub batch: bool,
}
