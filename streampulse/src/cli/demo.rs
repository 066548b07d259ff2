use std::path::PathBuf;

use clap::Args;

use super::{ServingArgs, amount};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    streampulse demo\n  \
    streampulse demo --input /var/log/nginx/access.log --api-port 8080\n  \
    streampulse demo --events-per-minute 60000 --data-dir ./pulse-data\n\n\
    Look at http://localhost:8000. Ctrl-C ends all of it and leaves nothing behind but the --data-dir.")]
pub struct DemoArgs {
    #[command(flatten)]
    pub serving: ServingArgs,
    /// Show this access log (combined format, plain or .gz), moved so that it ends now, instead of made-up downloads.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Made-up downloads per minute, up to 6000000. Above 16666 the page begins with less than an hour: a million events.
    #[arg(long, env = "EVENTS_PER_MINUTE", default_value_t = 1_200.0, value_name = "N", value_parser = amount)]
    pub events_per_minute: f64,
    /// Made-up live downloads to send; then the page stands still until Ctrl-C [default: no end].
    #[arg(long, value_name = "N", conflicts_with = "input")]
    pub events: Option<u64>,
    /// The same seed gives the same downloads.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Keep the database in this folder instead of removing it at the end. The next demo with it begins anew, as the
    /// broker has forgotten everything, but keeps what people wrote: tokens, audit, silences, annotations.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Once all is sent, or on the end, write what the tables must hold to this file. That of a former demo is replaced.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
}
