use std::time::Duration;

use anyhow::{Context, bail};
use common::{shutdown::Shutdown, time::Timestamp};
use tokio_postgres::Client;

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Between two lines of progress.
const LOOKS_PER_LINE: u32 = 10;

/// Shows progress until every partition has ended, or the shutdown.
pub(super) async fn until_done(
    client: &Client,
    stream: &str,
    replay: i64,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let mut pace = tokio::time::interval(LOOK_EVERY);
    for look in 0_u32.. {
        tokio::select! {
            _ = pace.tick() => {}
            () = shutdown.wait() => {
                println!("replay {replay} goes on; `streampulse replay --cancel {replay}` takes back what has not begun");
                return Ok(());
            }
        }
        let row = client
            .query_one(include_str!("../../../../sql/queries/replay_progress.sql"), &[&stream, &replay])
            .await
            .context("reading the replay's progress")?;
        let (waiting, running, refused, left): (i64, i64, i64, i64) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        if waiting + running == 0 {
            if refused > 0 {
                bail!("{refused} partitions were refused; `streampulse replay --list` says why");
            }
            println!("replay {replay} is done");
            return Ok(());
        }
        if look.is_multiple_of(LOOKS_PER_LINE) {
            println!("{waiting} partitions wait, {running} run, {left} records left");
        }
    }
    Ok(())
}

pub(super) async fn list(client: &Client, stream: &str) -> anyhow::Result<()> {
    let rows = client
        .query(include_str!("../../../../sql/queries/replay_list.sql"), &[&stream])
        .await
        .context("reading the replays")?;
    if rows.is_empty() {
        println!("no replay of stream {stream} yet");
    }
    for row in &rows {
        let at: Timestamp = row.get(3);
        println!(
            "{}\t{}\t{at}\t{}\t{} partitions: {}\t{} windows, {} rows, {} frozen\t{}",
            row.get::<_, i64>(0),
            row.get::<_, String>(2),
            row.get::<_, String>(1),
            row.get::<_, i64>(4),
            row.get::<_, String>(5),
            row.get::<_, i64>(6),
            row.get::<_, i64>(7),
            row.get::<_, i64>(8),
            row.get::<_, String>(9),
        );
    }
    Ok(())
}
