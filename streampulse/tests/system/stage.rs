//! What a test stands on: one Kafka and one Postgres for all tests that run at the same time, and for each test a
//! topic and a database of its own.

use std::{
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use common::{
    clock::{Clock, ManualClock, SystemClock},
    db,
    shutdown::Shutdown,
};
use generator::{GenerateSettings, Source, Truth, Workload};
use nix::{sys::signal::Signal, unistd::Pid};
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
};
use schema::StreamDefinition;
use streampulse::local::{
    LocalError,
    kafka::RealKafka,
    postgres::{PostgresOptions, PrivatePostgres},
};
use tokio::sync::Mutex;
use tokio_postgres::Client;

pub struct Servers {
    pub kafka: RealKafka,
    pub postgres: PrivatePostgres,
}

static SHARED: Mutex<Weak<Servers>> = Mutex::const_new(Weak::new());
static STAGES: AtomicU32 = AtomicU32::new(0);

/// `None` where no real Kafka can be had, which is an error with REQUIRE_KAFKA=1.
pub async fn servers(test: &str) -> Option<Arc<Servers>> {
    if !RealKafka::wanted_by(test).await.unwrap() {
        return None;
    }
    let mut shared = SHARED.lock().await;
    if let Some(servers) = shared.upgrade() {
        return Some(servers);
    }
    let servers = start_servers().await;
    *shared = Arc::downgrade(&servers);
    Some(servers)
}

async fn start_servers() -> Arc<Servers> {
    let options = PostgresOptions::temporary().without_fsync();
    let (kafka, postgres) = tokio::join!(RealKafka::start(), PrivatePostgres::start(&options));
    Arc::new(Servers { kafka: kafka.unwrap(), postgres: postgres.unwrap() })
}

/// A topic and a migrated database.
pub struct Stage {
    pub servers: Arc<Servers>,
    pub definition: StreamDefinition,
    pub topic: String,
    pub pg: db::PgSettings,
}

impl Stage {
    pub async fn set(test: &str, stream: &str, partitions: i32) -> Option<Self> {
        Some(Self::on(servers(test).await?, stream, partitions).await)
    }

    /// With servers of its own, which it may take away.
    pub async fn alone(test: &str, stream: &str, partitions: i32) -> Option<Self> {
        if !RealKafka::wanted_by(test).await.unwrap() {
            return None;
        }
        Some(Self::on(start_servers().await, stream, partitions).await)
    }

    /// Only of a stage that is alone.
    pub fn own_kafka(&mut self) -> &mut RealKafka {
        &mut Arc::get_mut(&mut self.servers).unwrap().kafka
    }

    async fn on(servers: Arc<Servers>, stream: &str, partitions: i32) -> Self {
        let topic = format!("{stream}-{}", STAGES.fetch_add(1, Ordering::Relaxed));
        servers.kafka.create_topic(&topic, partitions, &[]).await.unwrap();
        let mut definition = shipped(stream);
        definition.topic.clone_from(&topic);
        let pg = database(&servers, &definition).await;
        Self { servers, definition, topic, pg }
    }

    /// The same topic, read into a database of its own.
    pub async fn read_again(&self) -> Self {
        let pg = database(&self.servers, &self.definition).await;
        Self {
            servers: Arc::clone(&self.servers),
            definition: self.definition.clone(),
            topic: self.topic.clone(),
            pg,
        }
    }

    /// The same database, with the topic that the definition names.
    pub async fn under_its_own_topic(self) -> Self {
        let topic = shipped(&self.definition.name).topic;
        self.servers.kafka.create_topic(&topic, 2, &[]).await.unwrap();
        Self { definition: shipped(&self.definition.name), topic, ..self }
    }

    /// Another stream in the same database, with the topic that its definition names.
    pub async fn beside(&self, stream: &str) -> Self {
        let definition = shipped(stream);
        self.servers.kafka.create_topic(&definition.topic, 2, &[]).await.unwrap();
        processor::install_stream(&mut self.client().await, &definition).await.unwrap();
        let (servers, topic, pg) = (Arc::clone(&self.servers), definition.topic.clone(), self.pg.clone());
        Self { servers, definition, topic, pg }
    }

    pub fn kafka(&self) -> Vec<(String, String)> {
        vec![("bootstrap.servers".to_owned(), self.servers.kafka.bootstrap_servers())]
    }

    pub fn url(&self) -> String {
        let pg = &self.pg;
        let password = pg.password.clone().unwrap_or_default();
        format!("postgres://{}:{password}@{}:{}/{}?sslmode=disable", pg.user, pg.host, pg.port, pg.dbname)
    }

    /// The same through a tap that listens on `port`.
    pub fn url_through(&self, port: u16) -> String {
        self.url().replace(&format!(":{}/", self.pg.port), &format!(":{port}/"))
    }

    /// Our own program with this stage in its environment.
    pub fn streampulse(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_streampulse"));
        command
            .env_clear()
            .env("KAFKA_BOOTSTRAP_SERVERS", self.servers.kafka.bootstrap_servers())
            .env("DATABASE_URL", self.url())
            .env("STREAMS", &self.definition.name)
            .env("KAFKA_TOPIC", &self.topic)
            .env("LOG_LEVEL", "warn,librdkafka=off,rdkafka=off")
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// A processor in the group of this stage's database.
    pub fn processor(&self, arguments: &[&str]) -> Processor {
        Processor::spawn(&mut self.processor_command(arguments))
    }

    pub fn processor_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.processor_command_without_session();
        // Short, so that a killed member is missed soon.
        command.args(["--kafka-property", "session.timeout.ms=2000"]);
        command.args(["--kafka-property", "heartbeat.interval.ms=500"]).args(arguments);
        command
    }

    pub fn processor_command_without_session(&self) -> Command {
        let mut command = self.streampulse(&["processor"]);
        command.env("KAFKA_GROUP_ID", &self.pg.dbname);
        command
    }

    pub async fn client(&self) -> Client {
        db::connect(&self.pg, "test").await.unwrap()
    }

    /// Sends `source` in the background, a tenth of it live, the rest as the history of an hour; the handle gives the
    /// truth.
    pub fn send(
        &self,
        source: Source,
        events: u64,
        per_second: Option<f64>,
    ) -> tokio::task::JoinHandle<Truth> {
        let settings = GenerateSettings { rate: per_second, ..self.generate(source) };
        self.spawn(GenerateSettings {
            events: Some(events / 10),
            history: 3_600_000,
            history_events: events - events / 10,
            ..settings
        })
    }

    /// Sends `source` as history of this many milliseconds.
    pub fn send_history(&self, source: Source, events: u64, history: i64) -> tokio::task::JoinHandle<Truth> {
        self.spawn(GenerateSettings { history, history_events: events, ..self.generate(source) })
    }

    /// Sends events whose times lie in these minutes before now; the truth file covers all that was sent with it.
    pub async fn send_between(&self, truth: &Path, source: Source, events: u64, minutes_ago: (i64, i64)) {
        let (from, until) = minutes_ago;
        let clock = ManualClock::at(SystemClock.now().plus_millis(-until * 60_000));
        let settings = GenerateSettings {
            history: (from - until) * 60_000,
            history_events: events,
            truth: Some(truth.to_owned()),
            ..self.generate(source)
        };
        let kafka = self.kafka();
        let sending = move || generator::generate(&settings, &kafka, &clock, &Shutdown::default()).map(drop);
        tokio::task::spawn_blocking(sending).await.unwrap().unwrap();
    }

    pub fn generate(&self, source: Source) -> GenerateSettings {
        GenerateSettings {
            topic: self.topic.clone(),
            source,
            events: Some(0),
            history: 0,
            history_events: 0,
            rate: None,
            truth: None,
        }
    }

    pub fn spawn(&self, settings: GenerateSettings) -> tokio::task::JoinHandle<Truth> {
        let kafka = self.kafka();
        tokio::task::spawn_blocking(move || {
            generator::generate(&settings, &kafka, &SystemClock, &Shutdown::default()).unwrap().truth
        })
    }

    /// The log's offset that is committed in the tables, over all partitions.
    pub async fn committed(&self, client: &Client) -> u64 {
        let query = "SELECT coalesce(sum(next_offset), 0)::bigint FROM partition_progress";
        let sum: i64 = client.query_one(query, &[]).await.unwrap().get(0);
        u64::try_from(sum).unwrap()
    }

    /// Waits until `events` are committed.
    pub async fn until_committed(&self, client: &Client, events: u64, limit: Duration) {
        let begin = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        loop {
            let committed = self.committed(client).await;
            if committed >= events {
                return;
            }
            assert!(begin.elapsed() < limit, "{committed} of {events} events committed after {limit:?}");
            pace.tick().await;
        }
    }

    /// Waits until every window is judged that is final by the stream times that are committed.
    pub async fn until_judged(&self, client: &Client, limit: Duration) {
        let query = format!(
            "SELECT coalesce(through_window + interval '1 minute' >= {FINAL_BEFORE} AND refold_from IS NULL, false)
             FROM detector_progress"
        );
        self.until(client, &query, limit).await;
    }

    /// Waits until `query` says true.
    pub async fn until(&self, client: &Client, query: &str, limit: Duration) {
        let begin = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        while !client.query_one(query, &[]).await.unwrap().get::<_, bool>(0) {
            assert!(begin.elapsed() < limit, "not within {limit:?}: {query}");
            pace.tick().await;
        }
    }

    pub async fn column(&self, client: &Client, query: &str) -> Vec<String> {
        client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    pub async fn reset_offsets(&self, whither: &[&str]) {
        let printed = self.try_reset_offsets(whither).await.unwrap();
        assert!(printed.contains(&self.topic), "{printed}");
    }

    /// With Kafka's own tool, which refuses while the group has members.
    pub async fn try_reset_offsets(&self, whither: &[&str]) -> Result<String, LocalError> {
        let servers = self.servers.kafka.bootstrap_servers();
        let mut arguments = vec!["--bootstrap-server", &servers, "--group", &self.pg.dbname];
        arguments.extend(["--reset-offsets", "--execute"]);
        if !whither.contains(&"--topic") {
            arguments.extend(["--topic", &self.topic]);
        }
        arguments.extend(whither);
        self.servers.kafka.run_tool(RESET_TOOL, &arguments).await
    }

    /// As retention would.
    pub async fn delete_records_before(&self, offset: i64) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("offsets.json");
        let partition = format!(r#"{{"topic": "{}", "partition": 0, "offset": {offset}}}"#, self.topic);
        std::fs::write(&file, format!(r#"{{"version": 1, "partitions": [{partition}]}}"#)).unwrap();
        let servers = self.servers.kafka.bootstrap_servers();
        let arguments = ["--bootstrap-server", &servers, "--offset-json-file", file.to_str().unwrap()];
        // The tool ends well also where a broker has refused, and tells it in what it prints.
        let (begin, done) = (Instant::now(), format!("low_watermark: {offset}"));
        loop {
            let tool = "org.apache.kafka.tools.DeleteRecordsCommand";
            let printed = self.servers.kafka.run_tool(tool, &arguments).await.unwrap();
            if printed.contains(&done) {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{printed}");
        }
    }

    /// To so many in all.
    pub async fn add_partitions(&self, partitions: i32) {
        let (servers, count) = (self.servers.kafka.bootstrap_servers(), partitions.to_string());
        let arguments =
            ["--bootstrap-server", &servers, "--alter", "--topic", &self.topic, "--partitions", &count];
        self.servers.kafka.run_tool("org.apache.kafka.tools.TopicCommand", &arguments).await.unwrap();
    }

    /// As when the group's offsets expire. No member may run.
    pub async fn forget_group(&self) {
        let servers = self.servers.kafka.bootstrap_servers();
        let arguments = ["--bootstrap-server", &servers, "--delete", "--group", &self.pg.dbname];
        let printed = self.servers.kafka.run_tool(RESET_TOOL, &arguments).await.unwrap();
        assert!(printed.contains("successful"), "{printed}");
    }

    /// Commits an offset of partition 0 as other programs do: unlike Kafka's tool, whatever the log holds.
    pub fn commit_by_hand(&self, offset: i64) {
        let mut config = rdkafka::ClientConfig::new();
        config.set("bootstrap.servers", self.servers.kafka.bootstrap_servers());
        let consumer: BaseConsumer = config.set("group.id", &self.pg.dbname).create().unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&self.topic, 0, rdkafka::Offset::Offset(offset)).unwrap();
        consumer.commit(&offsets, CommitMode::Sync).unwrap();
    }

    pub async fn delete_topic(&self) {
        let servers = self.servers.kafka.bootstrap_servers();
        let arguments = ["--bootstrap-server", &servers, "--delete", "--topic", &self.topic];
        self.servers.kafka.run_tool("org.apache.kafka.tools.TopicCommand", &arguments).await.unwrap();
    }

    /// Tables against truth, cell by cell.
    pub async fn assert_equals(&self, truth: &Truth) {
        let report = generator::verify(&self.client().await, truth, &self.definition).await.unwrap();
        assert!(report.cells > 0);
        assert!(
            report.is_equal(),
            "{} of {} cells: {:#?}",
            report.differing,
            report.cells,
            report.differences
        );
    }

    /// Every row that reading the topic made, without times of writing and owners.
    pub async fn contents(&self) -> Vec<String> {
        let client = self.client().await;
        let mut queries: Vec<String> = self
            .definition
            .rollups
            .iter()
            .map(|rollup| format!("SELECT * FROM {}_partial", rollup.name))
            .collect();
        queries.extend(
            [
                "SELECT stream, source_partition, source_offset, reason, detail, payload, payload_size FROM dead_letters
                 WHERE reason <> 'future'",
                "SELECT stream, source_partition, source_offset, reason FROM dead_letters",
                "SELECT stream, source_partition, source_offset, event_time, late_by_ms FROM late_events",
                "SELECT stream, source_partition, next_offset, stream_time FROM partition_progress",
                "SELECT * FROM window_span",
            ]
            .map(str::to_owned),
        );
        queries.push(format!(
            "SELECT stream, alert_type, dimension, window_start, severity, metric_value FROM alerts
             WHERE window_start < {FINAL_BEFORE}"
        ));
        let mut rows = Vec::new();
        for query in queries {
            let query = format!("SELECT t::text FROM ({query}) t ORDER BY 1");
            rows.extend(client.query(&query, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
        }
        rows
    }
}

const RESET_TOOL: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

/// Windows that begin before this are final, whichever partitions are idle. Window and grace as shipped.
const FINAL_BEFORE: &str =
    "(SELECT date_trunc('minute', min(stream_time) - interval '30 seconds') FROM partition_progress)";

fn shipped(stream: &str) -> StreamDefinition {
    StreamDefinition::shipped().unwrap().into_iter().find(|known| known.name == stream).unwrap()
}

async fn database(servers: &Servers, definition: &StreamDefinition) -> db::PgSettings {
    let name = format!("stage_{}", STAGES.fetch_add(1, Ordering::Relaxed));
    let pg = servers.postgres.create_database(&name).await.unwrap();
    db::migrate(&pg).await.unwrap();
    let mut client = db::connect(&pg, "test").await.unwrap();
    processor::install_stream(&mut client, definition).await.unwrap();
    pg
}

/// A processor process; dropping it kills it.
pub struct Processor {
    child: Child,
}

impl Processor {
    pub fn spawn(command: &mut Command) -> Self {
        Self { child: command.spawn().unwrap() }
    }

    pub fn kill(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "the processor ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        nix::sys::signal::kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Asks it to end; it must do so in order.
    pub async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        let status = self.ended(Duration::from_secs(30)).await;
        assert!(status.success(), "{status}");
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let begin = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < limit, "the processor does not end within {limit:?}");
            pace.tick().await;
        }
    }
}

impl Drop for Processor {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A workload with everything that goes wrong in real traffic, more often than there.
pub fn troubled(seed: u64) -> Source {
    Source::Downloads(Workload { seed, late: 0.01, future: 0.002, bad: 0.005, ..Workload::default() })
}
