//! The embedded broker: librdkafka's mock cluster, in a process of its own.
//!
//! It keeps at most 5 MiB and 100,000 batches **per partition** and then drops the oldest without a word, so
//! give it many partitions ([`MIN_PARTITIONS`]), keep producers close to the consumer ([`LOG_BYTES`]), and let the
//! consumer stop at `auto.offset.reset=error`. It has no topic administration, knows no offsets by time, and loses
//! everything when it ends.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use rdkafka::mocking::MockCluster;

use super::LocalError;

/// Fewer partitions make the silent limit of 5 MiB per partition a real one.
pub const MIN_PARTITIONS: i32 = 32;

/// How much a partition surely keeps, with 128 bytes or more for each record: that is within both limits, however
/// records are batched.
pub const LOG_BYTES: usize = 4 * 1024 * 1024;

const ANNOUNCEMENT: &str = "bootstrap.servers=";
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Runs the broker in this process: prints `bootstrap.servers=<addresses>` as one line and returns when
/// standard input ends, which is when the process that started this one is gone. Blocks the thread.
///
/// # Errors
/// When the broker cannot be started, a topic (name, partitions) not be made, or the line not be printed.
pub fn run_mock_broker(topics: &[(String, i32)]) -> Result<(), LocalError> {
    let refused = |action: &str| {
        let action = action.to_owned();
        move |error: rdkafka::error::KafkaError| LocalError::Broker { action, reason: error.to_string() }
    };
    let cluster = MockCluster::new(1).map_err(refused("cannot start the mock broker"))?;
    for (name, partitions) in topics {
        cluster
            .create_topic(name, *partitions, 1)
            .map_err(refused(&format!("cannot make topic {name} with {partitions} partitions")))?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ANNOUNCEMENT}{}", cluster.bootstrap_servers())
        .and_then(|()| out.flush())
        .map_err(LocalError::io("cannot announce the mock broker"))?;
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())
        .map_err(LocalError::io("cannot wait for the end of standard input"))?;
    Ok(())
}

/// The broker in a child process. Dropping ends it; so does the end of this process, however it comes.
#[derive(Debug)]
pub struct MockBroker {
    child: Child,
    // Open as long as we live; its end is the child's order to end.
    _lifeline: ChildStdin,
    bootstrap_servers: String,
}

impl MockBroker {
    /// Starts `program arguments…`, which must call [`run_mock_broker`], and waits for its address.
    ///
    /// # Errors
    /// When it cannot be started, ends without an address, or gives none within 30 s.
    pub async fn spawn(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Self, LocalError> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A Ctrl-C in the terminal is for us; the broker must live until the processor has stopped.
            .process_group(0)
            .spawn()
            .map_err(LocalError::io(format!("cannot start {}", program.display())))?;
        let (Some(lifeline), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(LocalError::Unusable("the mock broker has no standard input or output".to_owned()));
        };
        let mut broker = Self { child, _lifeline: lifeline, bootstrap_servers: String::new() };
        // On any failure below dropping `broker` kills the child, which also ends the reading thread.
        let announced = tokio::task::spawn_blocking(move || announcement(output));
        broker.bootstrap_servers = match tokio::time::timeout(READY_LIMIT, announced).await {
            Ok(Ok(Some(servers))) => servers,
            Ok(_) => return Err(broker.ended_early()),
            Err(_) => {
                return Err(LocalError::Deadline {
                    what: "the mock broker gave no address".to_owned(),
                    limit: READY_LIMIT,
                    last_words: "its messages are above, on standard error".to_owned(),
                });
            }
        };
        Ok(broker)
    }

    /// `host:port`, for `bootstrap.servers`.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// The process id of the broker.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs; when it does not, all it held is lost.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn is_running(&mut self) -> Result<bool, LocalError> {
        let status = self.child.try_wait().map_err(LocalError::io("cannot look after the mock broker"))?;
        Ok(status.is_none())
    }

    fn ended_early(&mut self) -> LocalError {
        LocalError::Failed {
            what: "the mock broker".to_owned(),
            status: self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string()),
            last_words: "it gave no address; its messages are above, on standard error".to_owned(),
        }
    }
}

impl Drop for MockBroker {
    fn drop(&mut self) {
        // It keeps nothing worth an orderly end. Killing fails only when it has ended already.
        if self.child.kill().is_ok() {
            let _ = self.child.wait();
        }
    }
}

/// Reads up to the announcement and goes on reading in the background, so that the child never blocks on a
/// full pipe.
fn announcement(output: ChildStdout) -> Option<String> {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let servers = lines.find_map(|line| line.strip_prefix(ANNOUNCEMENT).map(str::to_owned));
    std::thread::spawn(move || lines.for_each(drop));
    servers
}
