//! An owner is killed, and another goes on; later that one starts again. With so many rows open.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context;
use generator::Workload;

use super::{
    Figures,
    flow::{Flow, Ground, MINUTE, PARTITIONS, Span, minute_ago},
    progress::{Places, committed, places, until, until_committed},
};
use crate::{
    cli::RecoveryArgs,
    contender::processor::{self, Launch},
    stage::{Stage, untroubled},
};

const TOPIC: &str = "bench-takeover";
const LIMIT: Duration = Duration::from_secs(600);
/// Enough for each partition to have some at any time.
const LIVE_PER_SECOND: f64 = 400.0;

pub async fn run(
    stage: &Stage,
    args: &RecoveryArgs,
    rows: usize,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let ground = Ground::of(stage, TOPIC).await?;
    let client = &ground.client;
    let session = Duration::from_secs(args.session_seconds);
    let mut launch = Launch::of(args.threads, &args.processor_arg);
    launch.arguments.push("--kafka-property".to_owned());
    launch.arguments.push(format!("session.timeout.ms={}", session.as_millis()));
    let start = || processor::start(stage, &ground.topic, &ground.pg, &launch);

    let mut first = start()?;
    let second = start()?;
    let (first_id, second_id) = (first.id().context("ended")?, second.id().context("ended")?);
    let both = |places: &Places| {
        places.len() == usize::try_from(PARTITIONS).unwrap_or_default()
            && [first_id, second_id].iter().all(|id| places.values().any(|place| place.is_of(*id)))
    };
    until(client, LIMIT, both).await?;
    // Two windows are open, and half of the contents come up in each: 1 - e^-0.7.
    let workload = Workload { contents: rows, zipf: 0.0, ..untroubled(args.seed) };
    let minute = minute_ago(5);
    let span = Span { from: minute - MINUTE / 3, to: minute + MINUTE / 3 };
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let events = (rows as f64 * 1.4) as u64;
    let flow = Flow::begin(stage, &ground.topic, workload, (events, span), LIVE_PER_SECOND);
    until_committed(client, events, LIMIT).await?;
    let open = open_rows(client, &ground).await?;
    let what = |what: &str| format!("{what}, {open} open rows");

    let before = until_stable(client, &both).await?;
    first.start_kill()?;
    let killed = Instant::now();
    first.wait().await?;
    let orphans: Places = before.into_iter().filter(|(_, place)| place.is_of(first_id)).collect();
    let back = until_all_are_back(client, &orphans).await?;
    let after = |at: Instant| signed(at, killed + session);
    figures.note(what("owner killed: first claim after the end of its session"), after(back.claimed));
    figures.note(what("owner killed: first commit of the new owner"), after(back.first));
    figures.note(what("owner killed: all its partitions have committed"), after(back.all));

    processor::stop(second).await?;
    let stopped = places(client).await?;
    let started = Instant::now();
    let third = start()?;
    let mut back = None;
    let all = until(client, LIMIT, |now| {
        if back.is_none() && committed(now) > committed(&stopped) {
            back = Some(Instant::now());
        }
        now.iter().all(|(partition, place)| stopped.get(partition).is_none_or(|old| place.next > old.next))
    })
    .await?;
    figures.seconds(what("restart: first event is committed"), back.unwrap_or(all) - started);
    figures.seconds(what("restart: all partitions have committed"), all - started);

    flow.end(client, &ground.definition).await?;
    processor::stop(third).await?;
    ground.clear(stage).await
}

struct Back {
    claimed: Instant,
    first: Instant,
    all: Instant,
}

/// Until each of `orphans` was claimed and moved on after that.
async fn until_all_are_back(client: &tokio_postgres::Client, orphans: &Places) -> anyhow::Result<Back> {
    let mut claims: BTreeMap<i32, (Instant, i64)> = BTreeMap::new();
    let mut commits: BTreeMap<i32, Instant> = BTreeMap::new();
    until(client, LIMIT, |now| {
        for (partition, old) in orphans {
            if let Some(place) = now.get(partition).filter(|place| place.epoch > old.epoch) {
                // What its former owner committed at last may only show now: the next look is compared with this one.
                let (_, next) = *claims.entry(*partition).or_insert((Instant::now(), place.next));
                if place.next > next {
                    commits.entry(*partition).or_insert_with(Instant::now);
                }
            }
        }
        commits.len() == orphans.len()
    })
    .await?;
    let claimed = claims.values().map(|(at, _)| *at).min().context("nothing was orphaned")?;
    let first = commits.values().min().copied().context("nothing was orphaned")?;
    let all = commits.values().max().copied().context("nothing was orphaned")?;
    Ok(Back { claimed, first, all })
}

/// Both own partitions, and no owner has changed for a while.
async fn until_stable(
    client: &tokio_postgres::Client,
    both: &impl Fn(&Places) -> bool,
) -> anyhow::Result<Places> {
    const CALM: Duration = Duration::from_secs(3);
    let (mut epochs, mut since) = (Vec::new(), Instant::now());
    until(client, LIMIT, |now| {
        let found: Vec<i64> = now.values().map(|place| place.epoch).collect();
        if found != epochs || !both(now) {
            (epochs, since) = (found, Instant::now());
        }
        since.elapsed() > CALM
    })
    .await?;
    places(client).await
}

async fn open_rows(client: &tokio_postgres::Client, ground: &Ground) -> anyhow::Result<i64> {
    let mut sum = 0;
    for rollup in &ground.definition.rollups {
        let count = format!("SELECT count(*) FROM \"{}_partial\"", rollup.name);
        sum += client.query_one(&count, &[]).await?.get::<_, i64>(0);
    }
    Ok(sum)
}

/// Heartbeats come before the kill, so a session can end a little before it would by the time of the kill.
fn signed(at: Instant, reference: Instant) -> String {
    match at.checked_duration_since(reference) {
        Some(after) => format!("{:.2} s", after.as_secs_f64()),
        None => format!("-{:.2} s", (reference - at).as_secs_f64()),
    }
}
