//! How far a schedule has come: what is sent, what is committed. Reads past the proxies.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use common::db;
use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
};
use tokio_postgres::Client;

use crate::servers::Stage;

const BROKER_TIMEOUT: Duration = Duration::from_millis(300);

/// Each partition, and the same three numbers with each.
const POSITIONS: &str = "SELECT source_partition, next_offset,
        (SELECT count(*) FROM replay_partitions r
         WHERE r.source_partition = p.source_partition AND started_at IS NOT NULL),
        (SELECT count(*) FROM rewinds),
        (SELECT count(*) FROM replay_partitions WHERE state = 'requested'),
        (SELECT count(*) FROM replay_partitions JOIN replays ON id = replay_id WHERE request LIKE 'reset %')
    FROM partition_progress p WHERE owner_epoch > 0";

/// Looks at both servers, which may be away.
pub struct Observer {
    stage: Stage,
    /// Of the topic.
    pub partitions: i32,
    client: Option<Client>,
    consumer: Arc<BaseConsumer<Quiet>>,
    pub sent: u64,
    pub committed: u64,
    /// Partitions that some processor has claimed at least once.
    pub owned: i64,
    pub rewinds: Rewinds,
    /// What is committed of each partition, and how often it was set back.
    positions: BTreeMap<i32, (i64, i64)>,
    /// A partition whose committed offset was lower than before, though nobody had set it back.
    pub went_back: Option<i32>,
}

/// What the tables tell of replays and resets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewinds {
    /// Partitions that are not yet where they were.
    pub under_way: i64,
    /// Partitions whose owner has not taken the request up.
    pub requested: i64,
    /// Partitions set back because the group's offset was reset.
    pub resets: i64,
}

/// A client whose complaints are expected here.
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Quiet {}

impl Observer {
    pub fn of(stage: &Stage, partitions: i32) -> anyhow::Result<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &stage.bootstrap_servers).set("group.id", "chaos");
        Ok(Self {
            stage: stage.clone(),
            partitions,
            client: None,
            consumer: Arc::new(config.create_with_context(Quiet)?),
            sent: 0,
            committed: 0,
            owned: 0,
            rewinds: Rewinds::default(),
            positions: BTreeMap::new(),
            went_back: None,
        })
    }

    /// While the database is away the last answer stands.
    pub async fn look_at_tables(&mut self) {
        if self.read_tables().await.is_err() {
            self.client = None;
        }
    }

    /// The same for the log. Slow: one question per partition.
    pub async fn look_at_log(&mut self) {
        let (consumer, partitions) = (Arc::clone(&self.consumer), self.partitions);
        let topic = self.stage.definition.topic.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let ends = (0..partitions).map(|partition| {
                let (_, high) = consumer.fetch_watermarks(&topic, partition, BROKER_TIMEOUT)?;
                Ok(high.unsigned_abs())
            });
            ends.sum::<Result<u64, KafkaError>>()
        });
        if let Ok(Ok(sent)) = asked.await {
            self.sent = sent;
        }
    }

    async fn read_tables(&mut self) -> anyhow::Result<()> {
        let client = match self.client.take() {
            Some(client) => client,
            None => db::connect(&self.stage.pg, "chaos").await?,
        };
        // One statement, one moment.
        let rows = client.query(POSITIONS, &[]).await?;
        self.client = Some(client);
        for row in &rows {
            let (partition, next, set_back): (i32, i64, i64) = (row.get(0), row.get(1), row.get(2));
            if let Some((before, set_back_before)) = self.positions.insert(partition, (next, set_back))
                && next < before
                && set_back == set_back_before
            {
                self.went_back = Some(partition);
            }
            self.rewinds = Rewinds { under_way: row.get(3), requested: row.get(4), resets: row.get(5) };
        }
        self.committed = self.positions.values().map(|(next, _)| next.unsigned_abs()).sum();
        self.owned = i64::try_from(self.positions.len())?;
        Ok(())
    }

    /// Where each partition stands, for a schedule that does not come to its end.
    pub async fn positions(&self) -> anyhow::Result<Vec<String>> {
        let client = db::connect(&self.stage.pg, "chaos").await?;
        let query =
            "SELECT format('partition %s: next offset %s of %s, owner %s, epoch %s, idle %s, stream time %s',
                source_partition, next_offset, high_watermark, owner, owner_epoch, idle, stream_time)
            FROM partition_progress ORDER BY source_partition";
        let mut lines: Vec<String> = client.query(query, &[]).await?.iter().map(|row| row.get(0)).collect();
        let query = "SELECT format('detection: through %s, refold from %s, epoch %s', through_window, refold_from, epoch)
            FROM detector_progress";
        lines.extend(client.query(query, &[]).await?.iter().map(|row| row.get::<_, String>(0)));
        let query = "SELECT format('partition %s is set back: to %s, came from %s, until %s, replay %s',
                source_partition, to_offset, came_from, until_offset, replay_id)
            FROM rewinds ORDER BY source_partition";
        lines.extend(client.query(query, &[]).await?.iter().map(|row| row.get::<_, String>(0)));
        let query = "SELECT format('replay %s of partition %s (%s): from %s to %s, %s %s, start %s, until %s',
                id, source_partition, request, from_offset, to_offset, state, detail, start_offset, until_offset)
            FROM replay_partitions JOIN replays ON id = replay_id ORDER BY id, source_partition";
        lines.extend(client.query(query, &[]).await?.iter().map(|row| row.get::<_, String>(0)));
        Ok(lines)
    }
}
