//! One Kafka and one Postgres for all schedules; a topic and a database for each.

use std::process::Command;

use anyhow::{Context, bail};
use common::db::{self, PgSettings};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
};
use schema::StreamDefinition;
use streampulse::local::{
    kafka::RealKafka,
    postgres::{PostgresOptions, PrivatePostgres},
};

use crate::plan::Plan;

const STREAM: &str = "content-downloads";

#[derive(Debug)]
pub struct Servers {
    pub kafka: RealKafka,
    pub postgres: PrivatePostgres,
}

/// What one schedule works on.
#[derive(Clone, Debug)]
pub struct Stage {
    pub definition: StreamDefinition,
    pub bootstrap_servers: String,
    pub pg: PgSettings,
}

impl Stage {
    /// The processors' consumer group.
    pub fn group(&self) -> &str {
        &self.pg.dbname
    }

    /// For the product's programs, with the database at `port`.
    pub fn put_in_environment(&self, command: &mut Command, port: u16) {
        let pg = &self.pg;
        let password = pg.password.as_deref().unwrap_or_default();
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KAFKA_BOOTSTRAP_SERVERS", &self.bootstrap_servers)
            .env(
                "DATABASE_URL",
                format!("postgres://{}:{password}@127.0.0.1:{port}/{}?sslmode=disable", pg.user, pg.dbname),
            )
            .env("STREAMS", &self.definition.name)
            .env("KAFKA_TOPIC", &self.definition.topic);
    }
}

impl Servers {
    pub async fn start() -> anyhow::Result<Self> {
        let options = PostgresOptions::temporary().without_fsync();
        let (kafka, postgres) = tokio::join!(RealKafka::start(), PrivatePostgres::start(&options));
        Ok(Self { kafka: kafka?, postgres: postgres? })
    }

    /// An empty topic and a migrated database, both called `name`.
    pub async fn set_stage(&self, name: &str, plan: &Plan) -> anyhow::Result<Stage> {
        let append_times = [("message.timestamp.type", "LogAppendTime")];
        let configs = if plan.has_append_times() { &append_times[..] } else { &[] };
        self.kafka.create_topic(name, plan.partitions, configs).await?;
        let known = StreamDefinition::shipped()?.into_iter().find(|known| known.name == STREAM);
        let mut definition = known.with_context(|| format!("no stream {STREAM} comes with the program"))?;
        name.clone_into(&mut definition.topic);
        let pg = self.postgres.create_database(name).await?;
        db::migrate(&pg).await?;
        let mut client = db::connect(&pg, "chaos").await?;
        processor::install_stream(&mut client, &definition).await?;
        Ok(Stage { definition, bootstrap_servers: self.kafka.bootstrap_servers(), pg })
    }

    /// Removes topic and database, so that many schedules do not slow the servers down.
    pub async fn clear_stage(&self, stage: &Stage) -> anyhow::Result<()> {
        let client = db::connect(&self.postgres.settings(), "chaos").await?;
        client.batch_execute(&format!("DROP DATABASE \"{}\" WITH (FORCE)", stage.pg.dbname)).await?;
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &stage.bootstrap_servers);
        let admin: AdminClient<DefaultClientContext> = config.create()?;
        for deleted in admin.delete_topics(&[&stage.definition.topic], &AdminOptions::new()).await? {
            if let Err((topic, code)) = deleted {
                bail!("topic {topic} cannot be deleted: {code}");
            }
        }
        Ok(())
    }
}
