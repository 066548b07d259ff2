//! What everything is measured on: one Kafka, one Postgres that syncs, topics full of seeded events.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use common::{
    clock::SystemClock,
    db::{self, PgSettings},
    shutdown::Shutdown,
};
use generator::{GenerateSettings, Source, Truth, Workload};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
};
use schema::StreamDefinition;
use streampulse::local::{
    kafka::RealKafka,
    postgres::{PostgresOptions, PrivatePostgres},
};

use crate::{cost::Gauge, program};

pub const STREAM: &str = "content-downloads";
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// More than a live flow fills.
const LOG_FILES: usize = 24;
const READY_LIMIT: Duration = Duration::from_secs(30);

pub struct Stage {
    pub kafka: RealKafka,
    pub postgres: PrivatePostgres,
    /// The program that is measured.
    pub streampulse: PathBuf,
    databases: std::cell::Cell<u32>,
}

/// A topic whose contents are known.
pub struct Topic {
    pub name: String,
    pub partitions: i32,
    pub events: u64,
    pub truth: Truth,
}

/// What is sent to a topic.
pub struct Contents {
    pub workload: Workload,
    pub events: u64,
    pub partitions: i32,
    /// One-minute windows, the last of them now.
    pub windows: i64,
}

/// Events without trouble: none late, bad or ahead of the clock, so that every contender counts the same ones.
pub fn untroubled(seed: u64) -> Workload {
    Workload { seed, late: 0.0, future: 0.0, bad: 0.0, ..Workload::default() }
}

impl Stage {
    pub async fn set(streampulse: Option<&Path>) -> anyhow::Result<Self> {
        let streampulse = program::find(streampulse)?;
        let options = PostgresOptions::temporary();
        let (kafka, postgres) = tokio::join!(RealKafka::start(), PrivatePostgres::start(&options));
        Ok(Self { kafka: kafka?, postgres: postgres?, streampulse, databases: std::cell::Cell::new(0) })
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.postgres.stop().await?;
        self.kafka.stop().await?;
        Ok(())
    }

    pub fn servers(&self) -> String {
        self.kafka.bootstrap_servers()
    }

    pub fn properties(&self) -> Vec<(String, String)> {
        vec![("bootstrap.servers".to_owned(), self.servers())]
    }

    /// What is read when these processes run.
    pub fn gauge(&self, contenders: Vec<u32>) -> anyhow::Result<Gauge> {
        let broker = self.kafka.process_id().context("the broker does not run")?;
        Ok(Gauge { contenders, broker, postgres: self.postgres.process_id() })
    }

    /// Makes a topic and waits until each partition answers: a broker may announce that it leads before it does.
    pub async fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        self.kafka.create_topic(name, partitions, configs).await?;
        let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", self.servers()).create()?;
        let begin = Instant::now();
        for partition in 0..partitions {
            while let Err(error) = consumer.fetch_watermarks(name, partition, ANSWER_LIMIT) {
                anyhow::ensure!(begin.elapsed() < READY_LIMIT, "topic {name}: {error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    /// Makes a topic and fills it.
    pub async fn fill(&self, name: &str, contents: &Contents) -> anyhow::Result<Topic> {
        let &Contents { ref workload, events, partitions, windows } = contents;
        self.create_topic(name, partitions, &[]).await?;
        let settings = GenerateSettings {
            topic: name.to_owned(),
            source: Source::Downloads(workload.clone()),
            events: Some(0),
            history: windows * 60_000,
            history_events: events,
            rate: None,
            truth: None,
        };
        let kafka = self.properties();
        let sent = tokio::task::spawn_blocking(move || {
            generator::generate(&settings, &kafka, &SystemClock, &Shutdown::default())
        });
        let truth = sent.await??.truth;
        Ok(Topic { name: name.to_owned(), partitions, events, truth })
    }

    /// Removes topics; the broker is not to be busy with those of former runs.
    pub async fn remove_topics(&self, prefix: &str) -> anyhow::Result<()> {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", self.servers()).create()?;
        let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", self.servers()).create()?;
        let metadata = consumer.fetch_metadata(None, ANSWER_LIMIT)?;
        let names: Vec<&str> = metadata
            .topics()
            .iter()
            .map(rdkafka::metadata::MetadataTopic::name)
            .filter(|name| name.starts_with(prefix))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        for removed in admin.delete_topics(&names, &AdminOptions::new()).await? {
            removed.map_err(|(topic, code)| anyhow::anyhow!("removing topic {topic}: {code}"))?;
        }
        Ok(())
    }

    /// An empty database with the tables of the stream.
    pub async fn database(&self) -> anyhow::Result<(PgSettings, StreamDefinition)> {
        let number = self.databases.replace(self.databases.get() + 1);
        let pg = self.postgres.create_database(&format!("bench_{number}")).await?;
        db::migrate(&pg).await?;
        let definition = StreamDefinition::shipped()?
            .into_iter()
            .find(|known| known.name == STREAM)
            .context("the stream does not come with the program")?;
        let mut client = db::connect(&pg, "bench").await?;
        processor::install_stream(&mut client, &definition).await?;
        Ok((pg, definition))
    }

    /// PostgreSQL writes its log over files it needs no more, once it has run for a while. A new server has none, makes each
    /// of 16 MiB when the one before is full, and all commits wait for that; here it gets some.
    pub async fn recycle_log_files(&self) -> anyhow::Result<()> {
        let client = db::connect(&self.postgres.settings(), "bench").await?;
        client.batch_execute("ALTER SYSTEM SET min_wal_size = '512MB'").await?;
        client.batch_execute("SELECT pg_reload_conf()").await?;
        for _ in 0..LOG_FILES {
            client.batch_execute("SELECT pg_logical_emit_message(false, 'bench', '')").await?;
            client.batch_execute("SELECT pg_switch_wal()").await?;
        }
        client.batch_execute("CHECKPOINT").await?;
        Ok(())
    }

    /// Autovacuum is not to be busy with the tables of former runs.
    pub async fn remove_database(&self, pg: &PgSettings) -> anyhow::Result<()> {
        let client = db::connect(&self.postgres.settings(), "bench").await?;
        client.batch_execute(&format!("DROP DATABASE \"{}\" WITH (FORCE)", pg.dbname)).await?;
        // What they left to be written is written now, not during somebody's run.
        client.batch_execute("CHECKPOINT").await?;
        Ok(())
    }
}
