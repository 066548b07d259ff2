//! How far a schedule has come: what is sent, what is committed. Reads past the proxies.

use std::{sync::Arc, time::Duration};

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

/// Looks at both servers, which may be away.
pub struct Observer {
    stage: Stage,
    partitions: i32,
    client: Option<Client>,
    consumer: Arc<BaseConsumer<Quiet>>,
    pub sent: u64,
    pub committed: u64,
    /// Partitions that some processor has claimed at least once.
    pub owned: i64,
    /// The committed offsets were lower than before.
    pub went_back: bool,
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
            went_back: false,
        })
    }

    /// While the database is away the last answer stands.
    pub async fn look_at_tables(&mut self) {
        match self.position().await {
            Ok((committed, owned)) => {
                self.went_back |= committed < self.committed;
                (self.committed, self.owned) = (committed, owned);
            }
            Err(_) => self.client = None,
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

    async fn position(&mut self) -> anyhow::Result<(u64, i64)> {
        let client = match self.client.take() {
            Some(client) => client,
            None => db::connect(&self.stage.pg, "chaos").await?,
        };
        let query = "SELECT coalesce(sum(next_offset), 0)::bigint, count(*) FROM partition_progress";
        let row = client.query_one(query, &[]).await?;
        self.client = Some(client);
        Ok((row.get::<_, i64>(0).unsigned_abs(), row.get(1)))
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
        Ok(lines)
    }
}
