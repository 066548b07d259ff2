//! One partition while it is ours: from records to its part of a commit unit.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    offset::{NextOffset, Offset, OwnerEpoch, PartitionId},
    time::Timestamp,
};
use schema::{DecodeError, Decoder, Event, PlanError, SampleSpec, StreamDefinition};

use super::{fetch::Record, lag::Lag};
use crate::{
    sink::Claimed,
    window::{
        CommitUnit, DeadLetter, EventSample, Fate, LateEvent, PartitionUnit, PartitionWindows, WindowRules,
    },
};

/// What every task of a thread shares while records come in.
#[derive(Debug)]
pub(super) struct Workbench {
    pub rules: WindowRules,
    decoder: Decoder,
    event: Event,
    sample: Option<SampleSpec>,
    /// The wall clock, read once per batch of polls.
    pub now: Timestamp,
    /// The number of the interval of samples that `now` is in; stands still where none are taken.
    interval: i64,
}

/// A larger record is no sample.
const LARGEST_SAMPLE: usize = 16 << 10;

impl Workbench {
    pub fn of(definition: &Arc<StreamDefinition>, now: Timestamp) -> Result<Self, PlanError> {
        let mut bench = Self {
            rules: WindowRules::of(definition),
            decoder: Decoder::for_definition(Arc::clone(definition))?,
            event: Event::default(),
            sample: definition.sample,
            now,
            interval: NO_INTERVAL,
        };
        bench.it_is(now);
        Ok(bench)
    }

    pub fn it_is(&mut self, now: Timestamp) {
        self.now = now;
        if let Some(sample) = self.sample {
            self.interval = now.as_millis().div_euclid(sample.every.as_millis());
        }
    }

    /// The event that was decoded last, as the sample of this interval.
    fn sampled(&self, record: &Record<'_>) -> Option<EventSample> {
        let keep = i64::from(self.sample?.keep);
        if record.payload.len() > LARGEST_SAMPLE {
            return None;
        }
        Some(EventSample {
            slot: i32::try_from(self.interval.rem_euclid(keep)).ok()?,
            offset: record.offset,
            event_time: self.decoder.view(&self.event, record.payload).event_time(),
            json: self.decoder.json(&self.event, record.payload)?,
        })
    }
}

/// No time is in it.
const NO_INTERVAL: i64 = i64::MIN;

/// How many of the events since the last unit met which fate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub counted: u64,
    pub late: u64,
    pub dead: u64,
    /// Kafka's timestamp of the first of them.
    pub first_append: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Task {
    pub partition: PartitionId,
    pub epoch: OwnerEpoch,
    pub tally: Tally,
    /// Where the last unit taken ends; the next one begins here.
    taken_to: NextOffset,
    next: NextOffset,
    committed_to: NextOffset,
    lag: Lag,
    windows: PartitionWindows,
    dead_letters: Vec<DeadLetter>,
    late_events: Vec<LateEvent>,
    sample: Option<EventSample>,
    /// The interval of the last sample.
    sampled_in: i64,
    /// Records to come that were ahead of the clock before a rewind, ascending.
    futures: VecDeque<Offset>,
    /// Since when the log has held nothing more for us; `None` while records come.
    at_end_since: Option<Instant>,
    idle: bool,
    idle_taken: bool,
}

impl Task {
    pub fn resume(claimed: &Claimed, rules: &WindowRules) -> Self {
        let mut windows =
            PartitionWindows::new(claimed.partition, claimed.stream_time, claimed.rewind.clone());
        windows.restore(rules, &claimed.open_spans, &claimed.open_rows);
        Self {
            partition: claimed.partition,
            epoch: claimed.epoch,
            tally: Tally::default(),
            taken_to: claimed.next,
            next: claimed.next,
            committed_to: claimed.next,
            lag: Lag::default(),
            windows,
            dead_letters: Vec::new(),
            late_events: Vec::new(),
            sample: None,
            sampled_in: NO_INTERVAL,
            futures: claimed.futures.clone(),
            at_end_since: None,
            idle: false,
            // A claim stores "not idle".
            idle_taken: false,
        }
    }

    /// Takes in one record. Only an unreachable schema source is an error: a bad record is a dead letter.
    pub fn ingest(&mut self, bench: &mut Workbench, record: &Record<'_>) -> Result<(), schema::SourceError> {
        let Record { offset, payload, .. } = *record;
        if offset.next() <= self.next {
            return Ok(());
        }
        self.lag.read(record.timestamp);
        if self.tally.first_append.is_none() {
            self.tally.first_append = record.timestamp;
        }
        match bench.decoder.decode(payload, &mut bench.event) {
            Ok(()) if self.was_ahead(offset) => {}
            Ok(()) => self.add(bench, record),
            Err(DecodeError::Reject(reject)) => {
                self.bury(offset, reject.code.as_str(), reject.detail, payload);
            }
            Err(DecodeError::Source(error)) => return Err(error),
        }
        self.next = offset.next();
        self.at_end_since = None;
        self.idle = false;
        Ok(())
    }

    fn add(&mut self, bench: &Workbench, record: &Record<'_>) {
        let Record { offset, payload, .. } = *record;
        if bench.interval != self.sampled_in {
            self.sampled_in = bench.interval;
            self.sample = bench.sampled(record);
        }
        let reference = record.timestamp.filter(|_| record.is_append_time).unwrap_or(bench.now);
        let view = bench.decoder.view(&bench.event, payload);
        match self.windows.add(&bench.rules, offset, &view, reference) {
            Fate::Counted => self.tally.counted += 1,
            Fate::Kept => {}
            Fate::Late(late) => {
                if !self.windows.is_recorded(offset) {
                    self.tally.late += 1;
                    self.late_events.push(late);
                }
            }
            Fate::Future { ahead } => {
                let detail =
                    format!("event time {} is {} s ahead of {reference}", view.event_time(), ahead / 1_000);
                self.bury(offset, "future", detail, payload);
            }
        }
    }

    /// Was this record buried before a rewind as being ahead of the clock? It moves no stream time now either.
    fn was_ahead(&mut self, offset: Offset) -> bool {
        while let Some(&first) = self.futures.front()
            && first <= offset
        {
            self.futures.pop_front();
            if first == offset {
                return true;
            }
        }
        false
    }

    fn bury(&mut self, offset: Offset, reason: &'static str, detail: String, payload: &[u8]) {
        if self.windows.is_recorded(offset) {
            return;
        }
        self.tally.dead += 1;
        self.dead_letters.push(DeadLetter {
            offset,
            reason,
            detail,
            payload: payload[..payload.len().min(DeadLetter::KEPT_BYTES)].to_vec(),
            payload_size: payload.len(),
        });
    }

    /// The client has delivered everything the log holds for us before `next`.
    pub fn reached_end(&mut self, next: NextOffset, now: Instant) {
        self.next = self.next.max(next);
        self.at_end_since.get_or_insert(now);
    }

    pub fn is_at_end(&self) -> bool {
        self.at_end_since.is_some()
    }

    /// Idle once nothing came for `timeout` after the end of the log was reached. Never while behind or paused.
    pub fn watch_idle(&mut self, now: Instant, timeout: Duration) {
        if self.at_end_since.is_some_and(|since| now.duration_since(since) >= timeout) {
            self.idle = true;
        }
    }

    /// An operator paused the stream: what the log holds meanwhile is not known, so the partition is not idle, and the
    /// wait for that begins anew afterwards.
    pub fn hold(&mut self, now: Instant) {
        self.idle = false;
        self.at_end_since = self.at_end_since.map(|_| now);
    }

    /// What was taken is durable up to `next`.
    pub fn committed(&mut self, next: NextOffset) {
        self.committed_to = next;
        self.lag.committed();
    }

    /// How far commits are behind the log, as far as we have seen it.
    pub fn lag_seconds(&self, now: Timestamp) -> f64 {
        let all_committed = self.is_at_end() && self.committed_to == self.next;
        if all_committed { 0.0 } else { self.lag.seconds(now) }
    }

    /// Is there anything a commit would change?
    pub fn has_news(&self) -> bool {
        self.next != self.taken_to || self.idle != self.idle_taken
    }

    /// Adds what happened since the last time to `unit`, if anything did.
    pub fn take(&mut self, rules: &WindowRules, high_watermark: Option<NextOffset>, unit: &mut CommitUnit) {
        if !self.has_news() {
            return;
        }
        let spans = self.windows.take(rules, &mut unit.rollups);
        self.idle_taken = self.idle;
        self.lag.taken();
        let from = std::mem::replace(&mut self.taken_to, self.next);
        unit.partitions.push(PartitionUnit {
            partition: self.partition,
            epoch: self.epoch,
            from,
            to: self.next,
            stream_time: self.windows.stream_time(),
            idle: self.idle,
            high_watermark: high_watermark.unwrap_or(self.next).max(self.next),
            spans,
            dead_letters: std::mem::take(&mut self.dead_letters),
            late_events: std::mem::take(&mut self.late_events),
            sample: self.sample.take(),
            ends_rewind: self.windows.end_rewind(self.next),
        });
    }
}
