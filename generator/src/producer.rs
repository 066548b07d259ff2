//! Records to Kafka, in order per partition, each accounted for.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::DeliveryResult,
    producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer},
};

use crate::{lead::Lead, output::Output};

/// Records could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    #[error("Kafka setting refused: {0}")]
    Config(KafkaError),
    #[error("no Kafka broker answers at {servers} ({reason}); check KAFKA_BOOTSTRAP_SERVERS and the network")]
    Unreachable { servers: String, reason: String },
    #[error("topic '{0}' does not exist; create it or set KAFKA_TOPIC")]
    NoTopic(String),
    #[error("topic '{topic}': {reason}")]
    Send { topic: String, reason: String },
    #[error("topic '{topic}': its reader does not go on: {reason}")]
    Reader { topic: String, reason: String },
}

/// What the client's own thread has heard of our records; clones share it.
#[derive(Clone, Default)]
struct Deliveries {
    delivered: Arc<AtomicU64>,
    failed: Arc<Mutex<Option<String>>>,
    /// Until then a failure is the answer to what was asked, and said once.
    topic_is_known: Arc<AtomicBool>,
    /// What the client complained of first, since the last delivery.
    complaint: Arc<Mutex<Option<String>>>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if !self.topic_is_known.load(Ordering::Relaxed) {
            return;
        }
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => tracing::error!(target: "librdkafka", facility, message),
            RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, message),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", facility, message);
            }
            RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, message),
        }
    }

    // While no broker answers this comes twenty times a second.
    fn error(&self, error: KafkaError, reason: &str) {
        let all_down = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        let mut complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        if complaint.is_none() && !all_down {
            *complaint = Some(reason.to_owned());
            if self.topic_is_known.load(Ordering::Relaxed) {
                tracing::warn!(reason, "records wait for the broker");
            }
        }
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                // Once in a while is enough, and costs a delivery nothing.
                if self.delivered.fetch_add(1, Ordering::Relaxed).is_multiple_of(1_024) {
                    self.complaint.lock().unwrap_or_else(PoisonError::into_inner).take();
                }
            }
            Err((error, _)) => {
                self.failed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert_with(|| error.to_string());
            }
        }
    }
}

const BROKER_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends to one topic. Idempotent: what is delivered is delivered once, in the order it was sent.
#[allow(missing_debug_implementations, reason = "a client has no useful Debug")]
pub struct Producer {
    producer: ThreadedProducer<Deliveries>,
    deliveries: Deliveries,
    topic: String,
    /// Per partition: the offset the next record will have.
    next_offsets: Vec<i64>,
    lead: Option<Lead>,
    sent: u64,
}

impl Producer {
    /// Looks at the topic first: its partitions, and where each one ends. Nobody else may send to it meanwhile if
    /// the offsets that [`Self::next_offsets`] gives are to be true.
    ///
    /// # Errors
    /// When no broker answers, or the topic does not exist.
    pub fn new(kafka: &[(String, String)], topic: &str) -> Result<Self, ProduceError> {
        let mut config = ClientConfig::new();
        config
            .set("linger.ms", "20")
            .set("compression.type", "lz4")
            // How long a broker that is gone may hold up a stop.
            .set("message.timeout.ms", "60000")
            .set("queue.buffering.max.messages", "200000");
        for (key, value) in kafka {
            config.set(key, value);
        }
        config.set("enable.idempotence", "true").set("acks", "all").set("allow.auto.create.topics", "false");
        let deliveries = Deliveries::default();
        let producer: ThreadedProducer<Deliveries> =
            config.create_with_context(deliveries.clone()).map_err(ProduceError::Config)?;
        let unreachable = |error: KafkaError| {
            let complaint = deliveries.complaint.lock().unwrap_or_else(PoisonError::into_inner).take();
            ProduceError::Unreachable {
                servers: config.get("bootstrap.servers").unwrap_or_default().to_owned(),
                reason: complaint.unwrap_or_else(|| error.to_string()),
            }
        };
        let metadata = producer.client().fetch_metadata(Some(topic), BROKER_TIMEOUT).map_err(unreachable)?;
        let partitions = metadata
            .topics()
            .iter()
            .find(|found| found.name() == topic && found.error().is_none())
            .map_or(0, |found| found.partitions().len());
        if partitions == 0 {
            return Err(ProduceError::NoTopic(topic.to_owned()));
        }
        let mut next_offsets = Vec::with_capacity(partitions);
        for partition in 0..partitions {
            let partition = i32::try_from(partition).unwrap_or(i32::MAX);
            let (_, high) =
                producer.client().fetch_watermarks(topic, partition, BROKER_TIMEOUT).map_err(unreachable)?;
            next_offsets.push(high);
        }
        deliveries.topic_is_known.store(true, Ordering::Relaxed);
        Ok(Self { producer, deliveries, topic: topic.to_owned(), next_offsets, lead: None, sent: 0 })
    }

    /// Sends no further ahead of the reader than `lead` allows.
    #[must_use]
    pub fn within(mut self, mut lead: Lead) -> Self {
        lead.begin(&self.next_offsets);
        self.lead = Some(lead);
        self
    }

    /// Per partition: the offset the next record will have.
    #[must_use]
    pub fn next_offsets(&self) -> &[i64] {
        &self.next_offsets
    }

    /// Queues one record; waits while the queue is full, or the reader too far behind.
    ///
    /// # Errors
    /// When an earlier record could not be delivered, this one is refused, or the reader is gone.
    pub fn send(&mut self, partition: usize, key: &str, payload: &[u8]) -> Result<(), ProduceError> {
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        if let Some(lead) = &mut self.lead {
            lead.wait(partition, key, payload)
                .map_err(|reason| ProduceError::Reader { topic: self.topic.clone(), reason })?;
        }
        let mut record = BaseRecord::to(&self.topic).partition(number).key(key).payload(payload);
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                    record = returned;
                    // Waits until at least something has left the queue.
                    let _ = self.producer.flush(Duration::from_millis(50));
                }
                Err((error, _)) => return Err(self.refused(error.to_string())),
            }
        }
        if let Some(next) = self.next_offsets.get_mut(partition) {
            *next += 1;
        }
        self.sent += 1;
        if self.sent.is_multiple_of(1_024) { self.check() } else { Ok(()) }
    }

    /// Waits until everything sent is delivered.
    ///
    /// # Errors
    /// When something was not delivered.
    pub fn finish(&self) -> Result<u64, ProduceError> {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.deliveries.delivered.load(Ordering::Relaxed) < self.sent {
            self.check()?;
            if Instant::now() >= deadline {
                return Err(self.refused("records were not delivered within 2 minutes".to_owned()));
            }
            let _ = self.producer.flush(Duration::from_millis(500));
        }
        self.check()?;
        Ok(self.sent)
    }

    fn check(&self) -> Result<(), ProduceError> {
        match self.deliveries.failed.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => Ok(()),
            Some(reason) => Err(self.refused(reason.clone())),
        }
    }

    fn refused(&self, reason: String) -> ProduceError {
        ProduceError::Send { topic: self.topic.clone(), reason }
    }
}

impl Output for Producer {
    type Error = ProduceError;

    fn next_offsets(&self) -> &[i64] {
        Self::next_offsets(self)
    }

    fn send(&mut self, partition: usize, key: &str, payload: &[u8]) -> Result<(), ProduceError> {
        Self::send(self, partition, key, payload)
    }
}
