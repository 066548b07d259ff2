//! Records in batches: one call of the client for many of them.
//!
//! librdkafka delivers everything on the consumer's queue, records and the group's messages alike, and a batch call would
//! answer a rebalance by itself if it met one. So each partition's records are forwarded to a queue of our own, before
//! the partition is assigned, and the consumer's queue keeps what is for the group; both must be looked at.
//!
//! Of librdkafka's batch calls this is the one with a callback. `rd_kafka_consume_batch_queue` takes the end of a
//! partition, or an error, for a record: the client then goes on one record too far whenever it fetches anew, as after a
//! pause. rdkafka has no safe call for either.
#![allow(unsafe_code, reason = "calls librdkafka; see each block")]

use std::{
    ffi::{CString, NulError, c_void},
    time::Duration,
};

use common::{
    offset::{NextOffset, Offset, PartitionId},
    time::Timestamp,
};
use rdkafka::{
    bindings::{
        rd_kafka_consume_callback_queue, rd_kafka_message_t, rd_kafka_message_timestamp,
        rd_kafka_queue_destroy, rd_kafka_queue_forward, rd_kafka_queue_get_partition, rd_kafka_queue_new,
        rd_kafka_queue_t, rd_kafka_t, rd_kafka_timestamp_type_t, rd_kafka_yield,
    },
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::RDKafkaErrorCode,
    types::RDKafkaRespErr,
};

/// Records to take by one call at most, so that the clock and the group are looked at again.
pub(super) const BATCH: usize = 1_024;

/// What the client delivered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fetched<'a> {
    Record(Record<'a>),
    /// The log of a partition holds nothing more for now, and nothing for us before this offset: marks of transactions
    /// and what they aborted are passed over.
    End(PartitionId, NextOffset),
    Failed(RDKafkaErrorCode),
}

/// One record as the log holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub partition: PartitionId,
    pub offset: Offset,
    /// Empty for a record without a value.
    pub payload: &'a [u8],
    /// The record's Kafka timestamp, if it has one.
    pub timestamp: Option<Timestamp>,
    /// The broker set the timestamp, not the producer.
    pub is_append_time: bool,
}

/// The queue that the partitions of one consumer are forwarded to. Must be dropped before the consumer.
#[derive(Debug)]
pub(super) struct FetchQueue {
    client: *mut rd_kafka_t,
    queue: *mut rd_kafka_queue_t,
    topic: CString,
}

// SAFETY: librdkafka's clients and queues may be used from any thread.
unsafe impl Send for FetchQueue {}

impl FetchQueue {
    /// For the partitions of `topic`.
    pub fn new<C: ConsumerContext>(consumer: &BaseConsumer<C>, topic: &str) -> Result<Self, NulError> {
        let topic = CString::new(topic)?;
        let client = consumer.client().native_ptr();
        // SAFETY: the client lives as long as `consumer`, which outlives the queue.
        Ok(Self { client, queue: unsafe { rd_kafka_queue_new(client) }, topic })
    }

    /// From now on the partition's records come to this queue. To be called before it is assigned: librdkafka keeps to a
    /// queue that the application chose.
    pub fn forward(&self, partition: PartitionId) {
        // SAFETY: the client is alive, the topic's name is copied, and the partition's queue, which is null for producers
        // only, is given back after its last use here; forwarding keeps references of its own.
        unsafe {
            let records = rd_kafka_queue_get_partition(self.client, self.topic.as_ptr(), partition.0);
            rd_kafka_queue_forward(records, self.queue);
            rd_kafka_queue_destroy(records);
        }
    }

    /// Hands what is there to `take`, in the order of each partition, up to `most` at once; waits up to `wait` for the
    /// first when there is nothing.
    pub fn drain<F: FnMut(Fetched<'_>)>(&self, most: usize, wait: Duration, take: F) {
        let mut batch = Batch { client: self.client, left: most, take };
        let millis = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: `hand_over` gets back the pointer to `batch`, of the type it expects, and only during this call.
        unsafe {
            rd_kafka_consume_callback_queue(
                self.queue,
                millis,
                Some(hand_over::<F>),
                (&raw mut batch).cast(),
            );
        }
    }
}

impl Drop for FetchQueue {
    fn drop(&mut self) {
        // SAFETY: made by `new` and not used after this.
        unsafe { rd_kafka_queue_destroy(self.queue) };
    }
}

struct Batch<F> {
    client: *mut rd_kafka_t,
    left: usize,
    take: F,
}

/// # Safety
/// `message` must be alive and `batch` point to a `Batch<F>` that nobody else uses.
unsafe extern "C" fn hand_over<F: FnMut(Fetched<'_>)>(message: *mut rd_kafka_message_t, batch: *mut c_void) {
    // SAFETY: as the caller promises; librdkafka destroys the message after we return.
    let (message, batch) = unsafe { (&*message, &mut *batch.cast::<Batch<F>>()) };
    (batch.take)(fetched(message));
    batch.left = batch.left.saturating_sub(1);
    if batch.left == 0 {
        // SAFETY: the client is alive; this asks the call we are in to return, the rest stays queued.
        unsafe { rd_kafka_yield(batch.client) };
    }
}

fn fetched(message: &rd_kafka_message_t) -> Fetched<'_> {
    let partition = PartitionId(message.partition);
    match message.err {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => {}
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => {
            return Fetched::End(partition, NextOffset(message.offset));
        }
        error => return Fetched::Failed(error.into()),
    }
    let mut kind = rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: the message is alive and `kind` is written only.
    let millis = unsafe { rd_kafka_message_timestamp(message, &raw mut kind) };
    let has_time = kind != rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    let payload = if message.payload.is_null() {
        &[]
    } else {
        // SAFETY: librdkafka says where the value is and how long; it lives as long as the message.
        unsafe { std::slice::from_raw_parts(message.payload.cast::<u8>(), message.len) }
    };
    Fetched::Record(Record {
        partition,
        offset: Offset(message.offset),
        payload,
        timestamp: has_time.then(|| Timestamp::from_millis(millis)),
        is_append_time: kind == rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
    })
}
