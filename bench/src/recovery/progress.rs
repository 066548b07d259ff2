//! How far each partition is and whose it is, looked at again and again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio_postgres::Client;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(2);

#[derive(Clone, Debug)]
pub struct Place {
    pub next: i64,
    pub epoch: i64,
    /// Host, process and thread.
    pub owner: String,
}

impl Place {
    pub fn is_of(&self, process: u32) -> bool {
        self.owner.split(':').nth(1).is_some_and(|id| id == process.to_string())
    }
}

pub type Places = BTreeMap<i32, Place>;

pub async fn places(client: &Client) -> anyhow::Result<Places> {
    let rows = client
        .query("SELECT source_partition, next_offset, owner_epoch, owner FROM partition_progress", &[])
        .await?;
    let place = |row: &tokio_postgres::Row| Place { next: row.get(1), epoch: row.get(2), owner: row.get(3) };
    Ok(rows.iter().map(|row| (row.get(0), place(row))).collect())
}

/// Looks until `reached`.
pub async fn until(
    client: &Client,
    limit: Duration,
    mut reached: impl FnMut(&Places) -> bool,
) -> anyhow::Result<Instant> {
    let begin = Instant::now();
    let mut pace = tokio::time::interval(LOOK);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let places = places(client).await?;
        if reached(&places) {
            return Ok(Instant::now());
        }
        anyhow::ensure!(begin.elapsed() < limit, "not within {limit:?}: {places:?}");
    }
}

pub fn committed(places: &Places) -> u64 {
    places.values().map(|place| place.next.unsigned_abs()).sum()
}

pub async fn until_committed(client: &Client, events: u64, limit: Duration) -> anyhow::Result<Instant> {
    until(client, limit, |places| committed(places) >= events).await
}
