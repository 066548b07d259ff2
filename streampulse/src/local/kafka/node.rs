use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::Signal;
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
};

use super::{jars::Jars, run_class};
use crate::local::{
    LocalError,
    child::{Launch, Running},
    free_port::free_ports,
    home::Home,
};

const READY_LIMIT: Duration = Duration::from_secs(60);
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The files, ports and settings of one Kafka node.
#[derive(Debug)]
pub(super) struct Node {
    home: Home,
    jars: Jars,
    port: u16,
}

impl Node {
    /// Writes the settings and formats the storage.
    pub(super) async fn prepare(jars: Jars, port: Option<u16>) -> Result<Self, LocalError> {
        let home = Home::temporary("streampulse-kafka-")?;
        let [free, controller] = free_ports()?;
        let node = Self { home, jars, port: port.unwrap_or(free) };
        let settings = node.settings();
        fs::write(&settings, properties(node.port, controller, &node.home.file("log")))
            .map_err(LocalError::io(format!("cannot write {}", settings.display())))?;
        let id = node.storage_tool(&["random-uuid"]).await?;
        let settings = settings.display().to_string();
        node.storage_tool(&["format", "--cluster-id", id.trim(), "--config", &settings]).await?;
        Ok(node)
    }

    /// Starts the broker and waits until it answers.
    pub(super) async fn run(&self) -> Result<Running, LocalError> {
        let launch = Launch {
            program: self.jars.java_program(),
            account: None,
            when_we_die: Signal::SIGKILL,
            when_dropped: Signal::SIGKILL,
            folder: self.folder(),
            log: self.home.file("server.log"),
        };
        let mut server = launch.start([
            "-Xmx512m".into(),
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn".into(),
            "-cp".into(),
            self.jars.class_path(),
            "kafka.Kafka".into(),
            self.settings().into_os_string(),
        ])?;
        server.until_ready("Kafka", READY_LIMIT, async || answers(self.address()).await).await?;
        Ok(server)
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn folder(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn jars(&self) -> &Jars {
        &self.jars
    }

    pub(super) fn remove(&mut self) -> Result<(), LocalError> {
        self.home.remove()
    }

    fn settings(&self) -> PathBuf {
        self.home.file("server.properties")
    }

    async fn storage_tool(&self, arguments: &[&str]) -> Result<String, LocalError> {
        run_class(&self.jars, self.folder(), "kafka.tools.StorageTool", arguments).await
    }
}

fn properties(port: u16, controller: u16, log: &Path) -> String {
    format!(
        "\
node.id=1
process.roles=broker,controller
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log}
auto.create.topics.enable=false
# One node: nothing can be replicated.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Groups form at once and notice a killed member soon.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# Retention goes by the records' own timestamps, which here may lie far in the past: topics ask for it
# themselves, and then it acts within a second.
log.retention.ms=-1
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=500
",
        log = log.display(),
    )
}

/// A metadata answer that names a broker: a node that only begins to start names none.
async fn answers(address: String) -> Result<(), String> {
    let asked = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &address)
            .set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg)
            .create()
            .map_err(|error| error.to_string())?;
        let metadata = consumer.fetch_metadata(None, ANSWER_LIMIT).map_err(|error| error.to_string())?;
        if metadata.brokers().is_empty() { Err("no broker yet".to_owned()) } else { Ok(()) }
    });
    asked.await.map_err(|error| error.to_string())?
}
