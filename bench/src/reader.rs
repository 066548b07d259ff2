//! The floor: the same client with the same settings, which reads every record and does nothing with it.

use std::{io::Write, ptr, time::Duration};

use anyhow::Context;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    bindings::{
        rd_kafka_consume_batch_queue, rd_kafka_message_destroy, rd_kafka_message_t, rd_kafka_queue_destroy,
        rd_kafka_queue_get_consumer,
    },
    consumer::{BaseConsumer, Consumer},
};

use crate::cli::ReadArgs;

/// Records a call of the batch reader takes at most.
const BATCH: usize = 4_096;
const WAIT: Duration = Duration::from_millis(100);

pub fn run(args: &ReadArgs) -> anyhow::Result<()> {
    let mut config = ClientConfig::new();
    // As the processor's stream threads.
    config
        .set("bootstrap.servers", &args.servers)
        .set("group.id", "bench-floor")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", "read_committed")
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.max.messages.kbytes", "65536")
        .set("queued.min.messages", "100000");
    let consumer: BaseConsumer = config.create()?;
    let mut partitions = TopicPartitionList::new();
    for partition in 0..args.partitions {
        partitions.add_partition_offset(&args.topic, partition, Offset::Beginning)?;
    }
    let mut tally = Tally { read: 0, events: args.events };
    say("first")?;
    consumer.assign(&partitions)?;
    if args.batch {
        read_batches(&consumer, &mut tally)?;
    } else {
        read_one_by_one(&consumer, &mut tally)?;
    }
    say("done")?;
    // Whoever measures us has looked when it closes our input.
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())?;
    Ok(())
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("announcing")
}

struct Tally {
    read: u64,
    events: u64,
}

impl Tally {
    /// `false` once all are read.
    fn add(&mut self, records: u64) -> anyhow::Result<bool> {
        let before = self.read;
        self.read += records;
        if before < self.events / 2 && self.read >= self.events / 2 {
            say("half")?;
        }
        if self.read >= self.events {
            say("last")?;
        }
        Ok(self.read < self.events)
    }
}

fn read_one_by_one(consumer: &BaseConsumer, tally: &mut Tally) -> anyhow::Result<()> {
    loop {
        if let Some(message) = consumer.poll(WAIT) {
            std::hint::black_box(&message?);
            if !tally.add(1)? {
                return Ok(());
            }
        }
    }
}

#[allow(unsafe_code, reason = "rdkafka has no safe call for batches")]
fn read_batches(consumer: &BaseConsumer, tally: &mut Tally) -> anyhow::Result<()> {
    let mut batch: Vec<*mut rd_kafka_message_t> = vec![ptr::null_mut(); BATCH];
    let wait = i32::try_from(WAIT.as_millis())?;
    // SAFETY: the consumer outlives the queue, which is given back below.
    let queue = unsafe { rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
    let mut more = true;
    while more {
        // SAFETY: the call fills at most BATCH places and says how many.
        let count = unsafe { rd_kafka_consume_batch_queue(queue, wait, batch.as_mut_ptr(), BATCH) };
        let count = usize::try_from(count).context("rd_kafka_consume_batch_queue")?;
        for &message in &batch[..count] {
            // SAFETY: these places hold messages that are ours until we destroy them, here and once.
            let error = unsafe {
                let error = (*message).err;
                rd_kafka_message_destroy(message);
                error
            };
            anyhow::ensure!(error as i32 == 0, "reading: error {}", error as i32);
        }
        more = tally.add(count as u64)?;
    }
    // SAFETY: it came from rd_kafka_queue_get_consumer and is not used after this.
    unsafe { rd_kafka_queue_destroy(queue) };
    Ok(())
}
