//! What an operator does with the product's tools and Kafka's: replays, offset resets, more partitions.

use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, bail, ensure};
use common::db;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewPartitions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
};
use streampulse::local::kafka::RealKafka;

use crate::{
    plan::{Percent, Which, Whither},
    servers::Stage,
};

#[derive(Clone, Debug)]
pub struct Operator {
    pub binary: PathBuf,
    pub stage: Stage,
}

const RESET_TOOL: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(300);
const BROKER_TIMEOUT: Duration = Duration::from_secs(5);

impl Operator {
    /// Asks until it is accepted: the servers may be away, or a partition set back just now. Tells what was asked.
    pub async fn replay(&self, which: Which, from: Percent, to: Option<Percent>) -> anyhow::Result<String> {
        let mut refused = None;
        for _ in 0..TRIES {
            match self.try_replay(which, from, to).await {
                Ok(words) => return Ok(words),
                Err(error) => refused = Some(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(refused.context("never tried")?)
    }

    async fn try_replay(&self, which: Which, from: Percent, to: Option<Percent>) -> anyhow::Result<String> {
        let chosen = chosen(which, &self.positions().await?)?;
        let lowest = chosen.iter().map(|(_, next)| *next).min().unwrap_or_default();
        let offset = share(lowest, from);
        let mut words = vec!["replay".to_owned(), "--from".to_owned(), offset.to_string()];
        if let Some(to) = to {
            let to = offset + share(lowest - offset, to).max(1);
            words.extend(["--to".to_owned(), to.to_string()]);
        }
        if let (Which::One(_), [(partition, _)]) = (which, chosen.as_slice()) {
            words.extend(["--partitions".to_owned(), partition.to_string()]);
        }
        words.push("--apply".to_owned());
        let mut command = std::process::Command::new(&self.binary);
        self.stage.put_in_environment(&mut command, self.stage.pg.port);
        command.args(&words).stdin(Stdio::null());
        let mut command = tokio::process::Command::from(command);
        let output = command.kill_on_drop(true).output().await?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "streampulse {}: {}", words.join(" "), told.trim());
        Ok(words.join(" "))
    }

    /// Nobody may run. Returns how many partitions the product has to set back, and what was asked for.
    pub async fn reset_offsets(
        &self,
        kafka: &RealKafka,
        which: Which,
        whither: Whither,
    ) -> anyhow::Result<(usize, String)> {
        let positions = self.positions().await?;
        if positions.is_empty() {
            return Ok((0, "nothing, for nothing was read yet".to_owned()));
        }
        let chosen = chosen(which, &positions)?;
        let lowest = chosen.iter().map(|(_, next)| *next).min().unwrap_or_default();
        let committed = self.until_nobody_is_in().await?;
        let farthest: Option<i64> = chosen
            .iter()
            .map(|(partition, _)| committed.get(usize::try_from(*partition).ok()?)?.as_ref())
            .try_fold(i64::MIN, |most, next| Some(most.max(*next?)));
        // A shift is from what Kafka has, which is not where a partition is that was set back just now.
        let (words, to) = match (whither, farthest) {
            (Whither::ShiftTo(percent), Some(farthest)) if farthest >= share(lowest, percent) => {
                let to = share(lowest, percent);
                (vec!["--shift-by".to_owned(), (to - farthest).to_string()], to)
            }
            (Whither::Earliest, _) => (vec!["--to-earliest".to_owned()], 0),
            (Whither::Offset(percent) | Whither::ShiftTo(percent), _) => {
                let to = share(lowest, percent);
                (vec!["--to-offset".to_owned(), to.to_string()], to)
            }
        };
        // Those that nobody has read yet are left out: for them every offset lies ahead.
        let numbers: Vec<String> = chosen.iter().map(|(partition, _)| partition.to_string()).collect();
        let topic = format!("{}:{}", self.stage.definition.topic, numbers.join(","));
        let mut arguments = vec!["--bootstrap-server", &self.stage.bootstrap_servers];
        arguments.extend(["--group", self.stage.group(), "--topic", &topic, "--reset-offsets", "--execute"]);
        arguments.extend(words.iter().map(String::as_str));
        let printed = kafka.run_tool(RESET_TOOL, &arguments).await?;
        ensure!(printed.contains("NEW-OFFSET"), "Kafka's tool refuses: {printed}");
        let set_back = chosen.iter().filter(|(_, next)| to < *next).count();
        Ok((set_back, format!("{topic} {}", words.join(" "))))
    }

    /// Returns how many there are then.
    pub async fn add_partitions(&self, count: i32) -> anyhow::Result<i32> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.stage.bootstrap_servers);
        let admin: AdminClient<DefaultClientContext> = config.create()?;
        let topic = &self.stage.definition.topic;
        let there = partitions(&config.create()?, topic)?;
        let wanted = there + usize::try_from(count)?;
        for grown in
            admin.create_partitions(&[NewPartitions::new(topic, wanted)], &AdminOptions::new()).await?
        {
            if let Err((topic, code)) = grown {
                bail!("topic {topic} cannot grow: {code}");
            }
        }
        for _ in 0..TRIES {
            if partitions(&config.create()?, topic)? == wanted {
                return Ok(i32::try_from(wanted)?);
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("topic {topic} does not grow to {wanted} partitions")
    }

    /// Kafka resets offsets only of a group without members.
    async fn until_nobody_is_in(&self) -> anyhow::Result<Vec<Option<i64>>> {
        let mut state = String::new();
        for _ in 0..3 * TRIES {
            let stage = self.stage.clone();
            match tokio::task::spawn_blocking(move || offsets_of_empty_group(&stage)).await?? {
                Ok(offsets) => return Ok(offsets),
                Err(found) => state = found,
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("the group does not become empty, it is {state}")
    }

    /// Partitions that somebody has owned, and what is committed of each.
    async fn positions(&self) -> anyhow::Result<Vec<(i32, i64)>> {
        let client = db::connect(&self.stage.pg, "chaos").await?;
        let query = "SELECT source_partition, next_offset FROM partition_progress ORDER BY 1";
        Ok(client.query(query, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

fn chosen(which: Which, positions: &[(i32, i64)]) -> anyhow::Result<Vec<(i32, i64)>> {
    ensure!(!positions.is_empty(), "nothing was read yet");
    Ok(match which {
        Which::All => positions.to_vec(),
        Which::One(number) => vec![positions[number % positions.len()]],
    })
}

fn share(of: i64, percent: Percent) -> i64 {
    of * i64::from(percent) / 100
}

/// The group's offset per partition; `Err` inside is the state of a group that has members.
fn offsets_of_empty_group(stage: &Stage) -> anyhow::Result<Result<Vec<Option<i64>>, String>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &stage.bootstrap_servers).set("group.id", stage.group());
    let consumer: BaseConsumer = config.create()?;
    let groups = consumer.fetch_group_list(Some(stage.group()), BROKER_TIMEOUT)?;
    let state = groups.groups().first().map(|group| group.state().to_owned()).unwrap_or_default();
    if !["Empty", "Dead", ""].contains(&state.as_str()) {
        return Ok(Err(state));
    }
    let topic = &stage.definition.topic;
    let mut asked = TopicPartitionList::new();
    asked.add_partition_range(topic, 0, i32::try_from(partitions(&consumer, topic)?)? - 1);
    let committed = consumer.committed_offsets(asked, BROKER_TIMEOUT)?;
    let offset = |offset| if let Offset::Offset(next) = offset { Some(next) } else { None };
    Ok(Ok(committed.elements().iter().map(|element| offset(element.offset())).collect()))
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> anyhow::Result<usize> {
    let metadata = consumer.fetch_metadata(Some(topic), BROKER_TIMEOUT)?;
    Ok(metadata.topics().first().context("no such topic")?.partitions().len())
}
