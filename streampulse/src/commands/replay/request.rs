use anyhow::{Context, bail};
use processor::Target;
use tokio_postgres::Client;

use super::plan::PartitionPlan;
use crate::{cli::ReplayArgs, commands::requester};

/// Asks the partitions' owners; returns the replay's number.
pub(super) async fn insert(
    client: &mut Client,
    args: &ReplayArgs,
    stream: &str,
    plans: &[PartitionPlan],
) -> anyhow::Result<i64> {
    let transaction = client.transaction().await.context("requesting the replay")?;
    let row = transaction
        .query_one(
            "INSERT INTO replays (stream, request, requested_by) VALUES ($1, $2, $3) RETURNING id",
            &[&stream, &in_words(args), &requester()],
        )
        .await
        .context("requesting the replay")?;
    let replay: i64 = row.get(0);
    for plan in plans {
        let (from, to) = match plan.target {
            Target::From(from) => (from.0, None),
            Target::Between { from, to } => (from.0, Some(to.0)),
        };
        transaction
            .execute(
                "INSERT INTO replay_partitions (replay_id, source_partition, from_offset, to_offset) \
                 VALUES ($1, $2, $3, $4)",
                &[&replay, &plan.partition.0, &from, &to],
            )
            .await
            .context("requesting the replay")?;
    }
    transaction.commit().await.context("requesting the replay")?;
    Ok(replay)
}

/// Takes back what no processor has taken up.
pub(super) async fn cancel(client: &Client, replay: i64) -> anyhow::Result<()> {
    let known = client
        .query_opt("SELECT FROM replays WHERE id = $1", &[&replay])
        .await
        .context("reading the replay")?;
    if known.is_none() {
        bail!("there is no replay {replay}; `streampulse replay --list` shows the last ones");
    }
    let cancelled = client
        .execute(
            "UPDATE replay_partitions SET state = 'cancelled', finished_at = now() \
             WHERE replay_id = $1 AND state = 'requested'",
            &[&replay],
        )
        .await
        .context("cancelling the replay")?;
    let begun: i64 = client
        .query_one(
            "SELECT count(*) FROM replay_partitions WHERE replay_id = $1 AND state <> 'cancelled'",
            &[&replay],
        )
        .await
        .context("reading the replay")?
        .get(0);
    println!("replay {replay}: {cancelled} partitions cancelled, {begun} had begun and go on to their end");
    Ok(())
}

fn in_words(args: &ReplayArgs) -> String {
    let mut words = String::new();
    for (flag, place) in [("--from", args.from), ("--to", args.to)] {
        if let Some(place) = place {
            words.push_str(&format!("{flag} {place} "));
        }
    }
    if !args.partitions.is_empty() {
        let list: Vec<String> = args.partitions.iter().map(ToString::to_string).collect();
        words.push_str(&format!("--partitions {}", list.join(",")));
    }
    words.trim_end().to_owned()
}
