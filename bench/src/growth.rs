//! How the processor's cost grows with open keys, with partitions and with processes.

use generator::Workload;

use crate::{
    cli::{Part, RunArgs},
    contender::processor::{self, Launch},
    cost::{Cost, Summary},
    stage::{Contents, Stage, untroubled},
};

/// What grows, from its least to its most.
pub const ALL: [Part; 3] = [Part::Keys, Part::Partitions, Part::Processes];

const KEYS: [usize; 4] = [100, 10_000, 100_000, 1_000_000];
const PARTITIONS: [i32; 4] = [1, 8, 64, 256];
const PROCESSES: [usize; 3] = [1, 2, 4];

/// Few windows, so that each has enough events to open all the keys.
const KEYS_WINDOWS: i64 = 5;

/// One point of a series.
struct Size {
    what: String,
    contents: Contents,
    processes: usize,
}

/// Measures all sizes of one series in turn, and that several times over.
pub async fn run(part: Part, stage: &Stage, args: &RunArgs) -> anyhow::Result<Vec<(String, Summary)>> {
    let mut topics = Vec::new();
    let sizes = sizes(part, args);
    for (number, size) in sizes.iter().enumerate() {
        topics.push(stage.fill(&format!("{TOPIC}-{number}"), &size.contents).await?);
    }
    let launch = Launch::of(args.threads, &args.processor_arg);
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); sizes.len()];
    for run in 1..=args.growth_runs {
        for ((size, topic), costs) in sizes.iter().zip(&topics).zip(&mut costs) {
            let cost =
                processor::run_settled(stage, topic, size.processes, &launch).await?.cost(topic.events);
            eprintln!("run {run}: {}: {cost:.2?}", size.what);
            costs.push(cost);
        }
    }
    stage.remove_topics(TOPIC).await?;
    Ok(sizes.into_iter().zip(costs).map(|(size, costs)| (size.what, Summary::of(&costs))).collect())
}

const TOPIC: &str = "bench-growth";

fn sizes(part: Part, args: &RunArgs) -> Vec<Size> {
    let events = args.growth_events.unwrap_or(args.events);
    let usual = || Contents { workload: untroubled(args.seed), events, partitions: 8, windows: 60 };
    let counted =
        |number: usize, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
    match part {
        Part::Keys => KEYS
            .map(|keys| {
                // All contents equally popular: every key is open in every window.
                let workload = Workload { contents: keys, zipf: 0.0, ..untroubled(args.seed) };
                // They take PostgreSQL long enough with fewer.
                let events = args.growth_events.unwrap_or(args.events * 2 / 5);
                let contents = Contents { workload, events, windows: KEYS_WINDOWS, ..usual() };
                Size { what: format!("{keys} contents"), contents, processes: 1 }
            })
            .into(),
        Part::Partitions => PARTITIONS
            .map(|partitions| {
                let what = counted(partitions.unsigned_abs() as usize, "partition", "partitions");
                Size { what, contents: Contents { partitions, ..usual() }, processes: 1 }
            })
            .into(),
        Part::Processes => PROCESSES
            .map(|processes| Size {
                what: counted(processes, "process", "processes"),
                contents: usual(),
                processes,
            })
            .into(),
        _ => Vec::new(),
    }
}
