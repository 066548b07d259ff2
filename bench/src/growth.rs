//! How the processor's cost grows with open keys, with partitions and with processes.

use generator::Workload;

use crate::{
    cli::RunArgs,
    contender::processor::{self, Launch},
    cost::Cost,
    stage::{Contents, Stage, untroubled},
};

/// One measured size.
pub struct Size {
    pub what: String,
    /// The first of a series is what the others are compared with.
    pub is_first: bool,
    pub cost: Cost,
}

const KEYS: [usize; 4] = [100, 10_000, 100_000, 1_000_000];
const PARTITIONS: [i32; 4] = [1, 8, 64, 256];
const PROCESSES: [usize; 3] = [1, 2, 4];

/// Few windows, so that each has enough events to open all the keys.
const KEYS_WINDOWS: i64 = 5;

pub async fn run(stage: &Stage, args: &RunArgs) -> anyhow::Result<Vec<Size>> {
    let mut sizes = Vec::new();
    let events = args.growth_events.unwrap_or(args.events * 2 / 5);
    for (number, keys) in KEYS.into_iter().filter(|keys| args.million || *keys < 1_000_000).enumerate() {
        // All contents equally popular: every key is open in every window.
        let workload = Workload { contents: keys, zipf: 0.0, ..untroubled(args.seed) };
        let contents = Contents { workload, events, partitions: 8, windows: KEYS_WINDOWS };
        let cost = measure(stage, args, contents, 1).await?;
        sizes.push(Size { what: format!("{keys} contents"), is_first: number == 0, cost });
    }
    for (number, partitions) in PARTITIONS.into_iter().enumerate() {
        let contents = Contents { workload: untroubled(args.seed), events, partitions, windows: 60 };
        let cost = measure(stage, args, contents, 1).await?;
        let what = format!("{partitions} partition{}", if partitions == 1 { "" } else { "s" });
        sizes.push(Size { what, is_first: number == 0, cost });
    }
    for (number, processes) in PROCESSES.into_iter().enumerate() {
        let contents = Contents { workload: untroubled(args.seed), events, partitions: 8, windows: 60 };
        let cost = measure(stage, args, contents, processes).await?;
        let what = format!("{processes} process{}", if processes == 1 { "" } else { "es" });
        sizes.push(Size { what, is_first: number == 0, cost });
    }
    Ok(sizes)
}

async fn measure(
    stage: &Stage,
    args: &RunArgs,
    contents: Contents,
    processes: usize,
) -> anyhow::Result<Cost> {
    const TOPIC: &str = "bench-growth";
    let topic = stage.fill(TOPIC, contents).await?;
    let launch = Launch::of(args.threads, &args.processor_arg);
    let marks = processor::run(stage, &topic, (processes, &launch), None).await?;
    stage.remove_topics(TOPIC).await?;
    Ok(marks.cost(topic.events))
}
