//! A real Apache Kafka without containers: one KRaft node on Java 17, jars from Maven Central.

mod jars;
mod node;
mod topic;

use std::{path::Path, process::Stdio, time::Duration};

use nix::sys::signal::Signal;

use self::{jars::Jars, node::Node};
use super::{LocalError, child::Running, home::last_lines};

const STOP_LIMIT: Duration = Duration::from_secs(30);
const TOOL_LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A running Kafka of our own. Dropping kills it and removes its files; it does not outlive this process.
#[derive(Debug)]
pub struct RealKafka {
    // Before the files: fields are dropped in this order.
    server: Option<Running>,
    node: Node,
}

impl RealKafka {
    /// Whether a real Kafka can be started here. Fetches the jars if they are missing.
    ///
    /// # Errors
    /// The reason, in words.
    pub async fn available() -> Result<(), String> {
        Jars::ensure().await.map(drop).map_err(|error| error.to_string())
    }

    /// For tests that need a real Kafka: whether to run. If not, says so on standard error by the test's name
    /// (past the capture of the test harness).
    ///
    /// # Errors
    /// With `REQUIRE_KAFKA=1`, when no Kafka can be started.
    pub async fn wanted_by(test: &str) -> Result<bool, LocalError> {
        use std::io::Write;
        let Err(reason) = Self::available().await else { return Ok(true) };
        if std::env::var("REQUIRE_KAFKA").is_ok_and(|value| value == "1") {
            return Err(LocalError::Unusable(format!("REQUIRE_KAFKA=1, but {test} cannot run: {reason}")));
        }
        // Nothing to be done when even that fails.
        let _ = writeln!(std::io::stderr(), "not run: {test}: {reason}");
        Ok(false)
    }

    /// Starts on free ports and waits until it answers.
    ///
    /// # Errors
    /// When Java or the jars are missing, or it is not ready within a minute.
    pub async fn start() -> Result<Self, LocalError> {
        Self::start_node(Node::prepare(Jars::ensure().await?, None).await?).await
    }

    /// The same, listening on this port of 127.0.0.1.
    ///
    /// # Errors
    /// As [`RealKafka::start`], and when the port is taken.
    pub async fn start_on(port: u16) -> Result<Self, LocalError> {
        Self::start_node(Node::prepare(Jars::ensure().await?, Some(port)).await?).await
    }

    async fn start_node(node: Node) -> Result<Self, LocalError> {
        let mut kafka = Self { server: None, node };
        kafka.resume().await?;
        Ok(kafka)
    }

    /// `host:port`, for `bootstrap.servers`.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        self.node.address()
    }

    /// The process id of the broker, `None` while halted.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.server.as_ref().map(Running::id)
    }

    /// Waits until the broker ends though nobody halted it, and tells how.
    pub async fn ended(&mut self) -> LocalError {
        let mut pace = tokio::time::interval(LOOK_AGAIN);
        loop {
            pace.tick().await;
            match self.server.as_mut().map(Running::ended) {
                Some(Ok(Some(status))) => {
                    let last_words = self.server.as_ref().map(Running::last_words).unwrap_or_default();
                    return LocalError::Failed {
                        what: "Kafka".to_owned(),
                        status: status.to_string(),
                        last_words,
                    };
                }
                Some(Err(error)) => return error,
                Some(Ok(None)) | None => {}
            }
        }
    }

    /// Stops the broker in order; topics, offsets and address are kept for [`RealKafka::resume`].
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub async fn halt(&mut self) -> Result<(), LocalError> {
        match self.server.take() {
            Some(mut server) => server.stop(Signal::SIGTERM, STOP_LIMIT).await,
            None => Ok(()),
        }
    }

    /// Starts the halted broker again and waits until it answers. Does nothing when it runs.
    ///
    /// # Errors
    /// When it does not come back within a minute.
    pub async fn resume(&mut self) -> Result<(), LocalError> {
        if self.server.is_none() {
            self.server = Some(self.node.run().await?);
        }
        Ok(())
    }

    /// [`RealKafka::halt`], then [`RealKafka::resume`].
    ///
    /// # Errors
    /// As these.
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        self.halt().await?;
        self.resume().await
    }

    /// Stops in order and removes the files.
    ///
    /// # Errors
    /// When one of both fails.
    pub async fn stop(mut self) -> Result<(), LocalError> {
        self.halt().await?;
        self.node.remove()
    }

    /// Makes a topic (one replica, with `configs` such as `("retention.ms", "1000")`) and waits until every
    /// partition has a leader. Unless configured otherwise records are kept for ever, whatever their timestamps.
    ///
    /// # Errors
    /// When the broker refuses or the leaders do not come within half a minute.
    pub async fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> Result<(), LocalError> {
        topic::create(&self.bootstrap_servers(), name, partitions, configs).await
    }

    /// Runs one of Kafka's own tools, e.g. `org.apache.kafka.tools.consumer.group.ConsumerGroupCommand`, and
    /// returns what it printed on standard output. The arguments must name the bootstrap server themselves.
    ///
    /// # Errors
    /// When it fails or takes longer than a minute.
    pub async fn run_tool(&self, class: &str, arguments: &[&str]) -> Result<String, LocalError> {
        run_class(self.node.jars(), self.node.folder(), class, arguments).await
    }
}

async fn run_class(
    jars: &Jars,
    folder: &Path,
    class: &str,
    arguments: &[&str],
) -> Result<String, LocalError> {
    let mut command = tokio::process::Command::from(jars.java(folder));
    command.arg("-Xmx256m").arg("-cp").arg(jars.class_path()).arg(class).args(arguments);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(TOOL_LIMIT, command.output())
        .await
        .map_err(|_| LocalError::Deadline {
            what: format!("{class} did not finish"),
            limit: TOOL_LIMIT,
            last_words: "killed".to_owned(),
        })?
        .map_err(LocalError::io(format!("cannot run {class}")))?;
    if !output.status.success() {
        let printed = [output.stdout, output.stderr].concat();
        return Err(LocalError::Failed {
            what: class.to_owned(),
            status: output.status.to_string(),
            last_words: last_lines(&printed),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
