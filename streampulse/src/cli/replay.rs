use clap::{ArgGroup, Args};
use common::time::Timestamp;

use super::{KafkaArgs, PostgresArgs, StreamArgs};

/// Counts a part of a stream again, exactly, while its processors run: windows that have records from there on are
/// built again, all others stay as they are. Afterwards the tables equal those of a run from scratch.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").args(["plan", "apply", "cancel", "list"]).required(true))]
#[command(after_help = "Examples:\n  \
    streampulse replay --from 2026-01-02T03:00:00Z --plan\n  \
    streampulse replay --from 2026-01-02T03:00:00Z --apply --wait\n  \
    streampulse replay --from 120000 --partitions 3 --apply\n  \
    streampulse replay --list\n  \
    streampulse replay --cancel 7")]
pub struct ReplayArgs {
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub streams: StreamArgs,
    /// Where to begin: an offset, or a time by the records' Kafka timestamps.
    #[arg(long, value_name = "OFFSET|TIME", required_unless_present_any = ["cancel", "list"])]
    pub from: Option<Place>,
    /// Only windows with records before this offset or time [default: up to where each partition is].
    #[arg(long, value_name = "OFFSET|TIME", requires = "from")]
    pub to: Option<Place>,
    /// Only these partitions, separated by commas [default: all].
    #[arg(long, value_delimiter = ',', value_name = "LIST", requires = "from")]
    pub partitions: Vec<i32>,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub plan: bool,
    /// Do it: the running processors set themselves back within a second or so.
    #[arg(long)]
    pub apply: bool,
    /// Show progress until it is done. Ctrl-C ends the showing, not the replay.
    #[arg(long, requires = "apply")]
    pub wait: bool,
    /// Take back the partitions of this replay that no processor has taken up.
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    pub cancel: Option<i64>,
    /// Show the last replays: who, when, from where, and what became of them.
    #[arg(long, conflicts_with = "from")]
    pub list: bool,
}

/// A place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Offset(i64),
    Time(Timestamp),
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(offset) = text.parse::<i64>() {
            return if offset >= 0 {
                Ok(Self::Offset(offset))
            } else {
                Err("expected an offset of 0 or more".to_owned())
            };
        }
        text.parse().map(Self::Time).map_err(|_| {
            format!("expected an offset, or a time such as 2026-01-02T03:04:05Z, found '{text}'")
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, "{offset}"),
            Self::Time(time) => write!(f, "{time}"),
        }
    }
}
