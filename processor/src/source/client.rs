//! Client settings and the questions asked of a broker before anything starts.

use std::time::Duration;

use common::{
    offset::{NextOffset, PartitionId},
    time::Timestamp,
};
use rdkafka::{
    ClientConfig, ClientContext, Offset as KafkaOffset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode},
};

use super::rebalance::RebalanceInbox;

/// Kafka cannot be used as configured. One line each, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("Kafka setting refused: {0}")]
    Config(KafkaError),
    #[error("no Kafka broker answers at {servers} ({reason}); check KAFKA_BOOTSTRAP_SERVERS and the network")]
    Unreachable { servers: String, reason: String },
    #[error(
        "topic '{topic}' does not exist at {servers}; create it (kafka-topics --create --topic {topic}) or set KAFKA_TOPIC"
    )]
    NoTopic { topic: String, servers: String },
    #[error("topic '{topic}' cannot be read: {reason}")]
    Topic { topic: String, reason: String },
}

/// How long a broker may take to answer before a start is given up.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// The stream threads' client settings: the operator's first, then what correctness rests on, over them.
pub(super) fn consumer_config(kafka: &[(String, String)], group: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        // librdkafka stops fetching for this long once its queue is full; the default second idles a fast reader.
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.max.messages.kbytes", "65536")
        .set("queued.min.messages", "100000")
        // A broker answers a connection's questions in turn, so what we ask when partitions change hands waits for the
        // fetch that waits there for records; the default is half a second for each question.
        .set("fetch.wait.max.ms", "100")
        .set("max.poll.interval.ms", "300000")
        // A broker that is back is noticed within a second; the default is ten.
        .set("reconnect.backoff.max.ms", "1000")
        .set("statistics.interval.ms", "1000");
    // With the consumer protocol of KIP-848 these are the broker's to say, and a client that sets them is refused.
    if !kafka.iter().any(|(key, value)| key == "group.protocol" && value.eq_ignore_ascii_case("consumer")) {
        config
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "1000")
            .set("partition.assignment.strategy", "cooperative-sticky");
    }
    for (key, value) in kafka {
        config.set(key, value);
    }
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // Every start offset is explicit; a position the log does not hold must be loud.
        .set("auto.offset.reset", "error")
        // The end of a partition is how idleness is known.
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed");
    config
}

pub(super) fn consumer(
    kafka: &[(String, String)],
    group: &str,
    inbox: RebalanceInbox,
) -> Result<BaseConsumer<RebalanceInbox>, ClientError> {
    consumer_config(kafka, group).create_with_context(inbox).map_err(ClientError::Config)
}

/// A client that is asked one question: its failure is the answer, and said once.
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Quiet {}

/// The number of partitions of `topic`; asked once before anything starts.
///
/// # Errors
/// When no broker answers or the topic does not exist.
pub fn check_topic(kafka: &[(String, String)], topic: &str) -> Result<usize, ClientError> {
    let servers = servers(kafka);
    let consumer = asking(kafka)?;
    let metadata = consumer
        .fetch_metadata(Some(topic), START_TIMEOUT)
        .map_err(|error| ClientError::Unreachable { servers: servers.clone(), reason: error.to_string() })?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    match found {
        Some(found) if found.error().is_none() && !found.partitions().is_empty() => {
            Ok(found.partitions().len())
        }
        Some(found) => match found.error().map(RDKafkaErrorCode::from) {
            None | Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                Err(ClientError::NoTopic { topic: topic.to_owned(), servers })
            }
            Some(code) => Err(ClientError::Topic { topic: topic.to_owned(), reason: code.to_string() }),
        },
        None => Err(ClientError::NoTopic { topic: topic.to_owned(), servers }),
    }
}

/// What a partition's log holds: `[low, high)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEnds {
    pub low: NextOffset,
    pub high: NextOffset,
}

/// # Errors
/// When no broker answers or the partition does not exist.
pub fn log_ends(
    kafka: &[(String, String)],
    topic: &str,
    partition: PartitionId,
) -> Result<LogEnds, ClientError> {
    let (low, high) = asking(kafka)?
        .fetch_watermarks(topic, partition.0, START_TIMEOUT)
        .map_err(|error| ClientError::Topic { topic: topic.to_owned(), reason: error.to_string() })?;
    Ok(LogEnds { low: NextOffset(low), high: NextOffset(high) })
}

/// The first record whose Kafka timestamp is not before `time`; the end of the log where there is none.
///
/// # Errors
/// When no broker answers or the partition does not exist.
pub fn offset_at(
    kafka: &[(String, String)],
    topic: &str,
    partition: PartitionId,
    time: Timestamp,
) -> Result<NextOffset, ClientError> {
    let refused =
        |error: KafkaError| ClientError::Topic { topic: topic.to_owned(), reason: error.to_string() };
    let mut asked = TopicPartitionList::new();
    asked.add_partition_offset(topic, partition.0, KafkaOffset::Offset(time.as_millis())).map_err(refused)?;
    let found = asking(kafka)?.offsets_for_times(asked, START_TIMEOUT).map_err(refused)?;
    match found.find_partition(topic, partition.0).map(|element| element.offset()) {
        Some(KafkaOffset::Offset(offset)) if offset >= 0 => Ok(NextOffset(offset)),
        _ => Ok(log_ends(kafka, topic, partition)?.high),
    }
}

fn asking(kafka: &[(String, String)]) -> Result<BaseConsumer<Quiet>, ClientError> {
    let mut config = ClientConfig::new();
    for (key, value) in kafka {
        config.set(key, value);
    }
    config
        .set("group.id", "streampulse-check")
        .set("allow.auto.create.topics", "false")
        .create_with_context(Quiet)
        .map_err(ClientError::Config)
}

fn servers(kafka: &[(String, String)]) -> String {
    let servers = kafka.iter().find(|(key, _)| key == "bootstrap.servers" || key == "metadata.broker.list");
    servers.map_or_else(|| "(no bootstrap.servers set)".to_owned(), |(_, value)| value.clone())
}

/// The client connects again by itself; only what it cannot mend ends the thread.
pub(super) fn pass_over(error: KafkaError, topic: &str) -> Result<(), KafkaError> {
    match error {
        // Comes with every attempt of every connection; [`super::brokers`] tells it once.
        KafkaError::MessageConsumption(
            RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::Resolve,
        ) => tracing::debug!(%error, topic, "reading will be tried again"),
        error if is_passing(&error) => tracing::warn!(%error, topic, "reading will be tried again"),
        error => return Err(error),
    }
    Ok(())
}

fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    match error {
        KafkaError::MessageConsumptionFatal(_) => false,
        KafkaError::MessageConsumption(code) => !matches!(
            code,
            Code::AutoOffsetReset
                | Code::TopicAuthorizationFailed
                | Code::GroupAuthorizationFailed
                | Code::UnknownTopicOrPartition
        ),
        _ => true,
    }
}
