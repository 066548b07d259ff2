use std::sync::Arc;

use anyhow::{Context, bail};
use common::{
    clock::{Clock, SystemClock},
    offset::{NextOffset, PartitionId},
};
use processor::{LogEnds, RewindPlan, Target, log_ends, offset_at, plan, read_position};
use schema::StreamDefinition;
use tokio_postgres::Client;

use crate::cli::{Place, ReplayArgs};

/// What a replay would do to one partition.
pub(super) struct PartitionPlan {
    pub partition: PartitionId,
    pub target: Target,
    pub at: NextOffset,
    pub rewind: RewindPlan,
}

/// Plans every partition that was asked for and has anything to count again.
pub(super) async fn make(
    args: &ReplayArgs,
    definition: &Arc<StreamDefinition>,
    client: &Client,
) -> anyhow::Result<Vec<PartitionPlan>> {
    for place in [args.from, args.to].into_iter().flatten() {
        if let Place::Time(time) = place
            && time > SystemClock.now()
        {
            bail!("{time} is in the future; a replay counts again what was read before");
        }
    }
    let from = args.from.context("--from is missing")?;
    let mut plans = Vec::new();
    for partition in partitions(args, definition, client).await? {
        let ends = ends(args, definition, partition).await?;
        let position = read_position(client, definition, partition, ends.low)
            .await?
            .with_context(|| format!("partition {partition} of '{}' was never read", definition.topic))?;
        let from = resolve(args, definition, partition, from).await?;
        // What is being read again was read before.
        let read = position.ongoing.as_ref().map_or(position.next, |rewind| rewind.until.max(position.next));
        if from > read {
            if matches!(args.from, Some(Place::Time(_))) {
                continue;
            }
            bail!(
                "partition {partition} is at offset {read}; --from {from} is ahead of it, and a replay goes back"
            );
        }
        let target = match args.to {
            None => Target::From(from),
            Some(to) => {
                let to = resolve(args, definition, partition, to).await?;
                if to <= from {
                    bail!(
                        "partition {partition}: --to comes to offset {to}, --from to {from}: nothing lies between"
                    );
                }
                Target::Between { from, to }
            }
        };
        let rewind = plan(&position, target)
            .with_context(|| format!("partition {partition}: wait until the rewind under way has ended"))?;
        plans.push(PartitionPlan { partition, target, at: position.next, rewind });
    }
    if plans.is_empty() {
        bail!("nothing was read at or after {from}");
    }
    Ok(plans)
}

async fn partitions(
    args: &ReplayArgs,
    definition: &StreamDefinition,
    client: &Client,
) -> anyhow::Result<Vec<PartitionId>> {
    let rows = client
        .query(
            "SELECT source_partition FROM partition_progress WHERE stream = $1 ORDER BY 1",
            &[&definition.name],
        )
        .await
        .context("reading progress")?;
    let known: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
    if known.is_empty() {
        bail!("no processor has read stream '{}' into this database yet", definition.name);
    }
    if let Some(unknown) = args.partitions.iter().find(|partition| !known.contains(partition)) {
        bail!("--partitions: partition {unknown} was never read; there are {known:?}");
    }
    let chosen = if args.partitions.is_empty() { &known } else { &args.partitions };
    Ok(chosen.iter().map(|partition| PartitionId(*partition)).collect())
}

async fn ends(
    args: &ReplayArgs,
    definition: &Arc<StreamDefinition>,
    partition: PartitionId,
) -> anyhow::Result<LogEnds> {
    let (kafka, topic) = (args.kafka.properties(), definition.topic.clone());
    Ok(tokio::task::spawn_blocking(move || log_ends(&kafka, &topic, partition)).await??)
}

async fn resolve(
    args: &ReplayArgs,
    definition: &Arc<StreamDefinition>,
    partition: PartitionId,
    place: Place,
) -> anyhow::Result<NextOffset> {
    match place {
        Place::Offset(offset) => Ok(NextOffset(offset)),
        Place::Time(time) => {
            let (kafka, topic) = (args.kafka.properties(), definition.topic.clone());
            Ok(tokio::task::spawn_blocking(move || offset_at(&kafka, &topic, partition, time)).await??)
        }
    }
}

pub(super) fn print(definition: &StreamDefinition, plans: &[PartitionPlan]) {
    println!("stream {}, topic {}", definition.name, definition.topic);
    println!(
        "{:>9} {:>12} {:>12} {:>12} {:>12} {:>8} {:>7}",
        "partition", "at", "from", "reads from", "records", "windows", "frozen"
    );
    for one in plans {
        let (Target::From(from) | Target::Between { from, .. }) = one.target;
        let rewind = &one.rewind.rewind;
        println!(
            "{:>9} {:>12} {:>12} {:>12} {:>12} {:>8} {:>7}",
            one.partition,
            one.at,
            from,
            one.rewind.start,
            (rewind.until.0 - one.rewind.start.0).max(0),
            rewind.rebuilt.len(),
            rewind.frozen.len(),
        );
    }
    for one in plans {
        for (window, head) in &one.rewind.rewind.frozen {
            println!(
                "partition {}: window {} stays as it is: its first record, offset {}, has left the log",
                one.partition, window.start, head.first_offset
            );
        }
    }
}
