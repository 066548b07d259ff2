//! The cluster's id of a topic: a topic that was deleted and created again has another one under the same name.
//!
//! rdkafka has no call for it, so librdkafka is asked directly.
#![allow(unsafe_code, reason = "calls librdkafka; see each block")]

use std::{
    ffi::{CStr, CString},
    ptr,
    time::Duration,
};

use rdkafka::{
    bindings::{
        rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new, rd_kafka_AdminOptions_set_request_timeout,
        rd_kafka_DescribeTopics, rd_kafka_DescribeTopics_result_topics, rd_kafka_TopicCollection_destroy,
        rd_kafka_TopicCollection_of_topic_names, rd_kafka_TopicDescription_topic_id, rd_kafka_Uuid_base64str,
        rd_kafka_admin_op_t, rd_kafka_controllerid, rd_kafka_event_DescribeTopics_result,
        rd_kafka_event_destroy, rd_kafka_event_t, rd_kafka_queue_destroy, rd_kafka_queue_new,
        rd_kafka_queue_poll,
    },
    consumer::{BaseConsumer, Consumer, ConsumerContext},
};

/// The id as the broker's own tools print it; `None` where the broker gives none, as before Kafka 2.8, or does not
/// answer within `timeout`. Blocks.
pub(super) fn topic_id<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    timeout: Duration,
) -> Option<String> {
    let name = CString::new(topic).ok()?;
    let millis = i32::try_from(timeout.as_millis()).ok()?;
    if !has_controller(consumer, topic, timeout)? {
        return None;
    }
    let client = consumer.client().native_ptr();
    // SAFETY: `client` lives as long as `consumer`. The name outlives the collection, which copies it. The queue and
    // the options are made and destroyed here, and the event after its last use.
    unsafe {
        let collection = rd_kafka_TopicCollection_of_topic_names([name.as_ptr()].as_mut_ptr(), 1);
        let options =
            rd_kafka_AdminOptions_new(client, rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        rd_kafka_AdminOptions_set_request_timeout(options, millis, ptr::null_mut(), 0);
        let queue = rd_kafka_queue_new(client);
        rd_kafka_DescribeTopics(client, collection, options, queue);
        let event = rd_kafka_queue_poll(queue, millis);
        let id = if event.is_null() { None } else { described(event) };
        if !event.is_null() {
            rd_kafka_event_destroy(event);
        }
        rd_kafka_queue_destroy(queue);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_TopicCollection_destroy(collection);
        id
    }
}

/// The question for the id goes by the controller. librdkafka's mock of a cluster names one that does not exist, and the
/// client would wait for it as long as it may.
fn has_controller<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    timeout: Duration,
) -> Option<bool> {
    let metadata = consumer.fetch_metadata(Some(topic), timeout).ok()?;
    let millis = i32::try_from(timeout.as_millis()).ok()?;
    // SAFETY: the client lives as long as `consumer`.
    let controller = unsafe { rd_kafka_controllerid(consumer.client().native_ptr(), millis) };
    Some(metadata.brokers().iter().any(|broker| broker.id() == controller))
}

/// # Safety
/// `event` must be a live event of a `DescribeTopics` call.
unsafe fn described(event: *mut rd_kafka_event_t) -> Option<String> {
    // SAFETY: everything that is read belongs to the event, which the caller keeps alive; each pointer is null where
    // there is no answer, and is looked at before it is followed. The text is copied.
    unsafe {
        let result = rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return None;
        }
        let mut count = 0;
        let topics = rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count == 0 || (*topics).is_null() {
            return None;
        }
        let id = rd_kafka_TopicDescription_topic_id(*topics);
        let text = if id.is_null() { ptr::null() } else { rd_kafka_Uuid_base64str(id) };
        if text.is_null() {
            return None;
        }
        let text = CStr::from_ptr(text).to_str().ok()?;
        // Sixteen zero bytes are "no id".
        (!text.is_empty() && !text.starts_with("AAAAAAAAAAAAAAAAAAAAA")).then(|| text.to_owned())
    }
}
