//! A stream thread: one consumer, its partitions, and at most one commit unit in flight.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    clock::Clock,
    offset::{PartitionId, ReplayId},
    shutdown::Shutdown,
};
use rdkafka::{
    Offset as KafkaOffset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use schema::StreamDefinition;
use tokio::{runtime::Handle, sync::watch};

use super::{
    assign::{AssignError, Assigner, ReplayOutcome},
    backpressure::Backpressure,
    brokers::Brokers,
    client::{self, ClientError},
    committer::Committer,
    fetch::{BATCH, FetchQueue, Fetched},
    meter::Meter,
    mirror::Mirror,
    rebalance::{self, Rebalance, RebalanceInbox},
    task::{Task, Workbench},
};
use crate::{
    settings::ProcessorSettings,
    sink::{Committed, Orders, ReplayRequest, Reporter, SinkError, Writer},
    window::CommitUnit,
};

/// A stream thread ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ThreadError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Assign(#[from] AssignError),
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Schema(#[from] schema::SourceError),
    #[error(transparent)]
    Decoder(#[from] schema::PlanError),
    #[error("Kafka: {0}")]
    Kafka(#[from] KafkaError),
    #[error("a record came over the group's queue; nothing of it was counted, a restart reads it again")]
    Stray,
}

/// What a stream thread is made from.
#[derive(Debug, Clone)]
pub struct ThreadSettings {
    pub settings: Arc<ProcessorSettings>,
    pub definition: Arc<StreamDefinition>,
    pub group: String,
    /// Host, process and thread, for people who look at `partition_progress`.
    pub owner: String,
    pub runtime: Handle,
    pub clock: Arc<dyn Clock>,
    pub shutdown: Shutdown,
    /// What operators want: replays, a pause.
    pub orders: watch::Receiver<Orders>,
}

/// Fewer events than this are the live flow, whatever the end of the log is said to be.
const CATCH_UP_EVENTS: usize = 256;

/// Longest wait for a record when nothing else is pending. The group's messages wait as long.
const IDLE_POLL: Duration = Duration::from_millis(50);

/// Longest wait for a record while a commit is in flight, so that its outcome is seen soon.
const BUSY_POLL: Duration = Duration::from_millis(2);

/// How long a replay waits for a broker that is away.
const REPLAY_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// By then the group has told a member that was put out.
const CLAIM_BACK_AFTER: Duration = Duration::from_secs(1);

/// How long the client may take to go to another offset.
const SEEK_TIMEOUT: Duration = Duration::from_secs(30);

/// One consumer of the group with the partitions it was given.
#[allow(missing_debug_implementations, reason = "a client has no useful Debug")]
pub struct StreamThread {
    from: ThreadSettings,
    /// Before the consumer, which must outlive it.
    fetch: FetchQueue,
    consumer: BaseConsumer<RebalanceInbox>,
    tasks: BTreeMap<PartitionId, Task>,
    bench: Workbench,
    committer: Committer,
    /// When the oldest event not yet in a unit came in.
    waiting_since: Option<Instant>,
    waiting_events: usize,
    backpressure: Backpressure,
    paused: bool,
    /// Partitions of ours that somebody else claimed, and when we learned of it.
    fenced: BTreeMap<PartitionId, Instant>,
    mirror: Mirror,
    meter: Meter,
    brokers: Brokers,
    /// Replays that need nothing more from us, though the list may still name them.
    settled_replays: HashSet<(ReplayId, PartitionId)>,
    /// Not before this: the broker was away.
    replays_after: Instant,
}

impl StreamThread {
    /// Joins the group. Nothing is read before [`Self::run`].
    ///
    /// # Errors
    /// When the client settings or the schema are refused.
    pub fn join(from: ThreadSettings) -> Result<Self, ThreadError> {
        let consumer = client::consumer(&from.settings.kafka, &from.group, RebalanceInbox::default())?;
        let fetch = FetchQueue::new(&consumer, &from.definition.topic).map_err(KafkaError::from)?;
        consumer.subscribe(&[&from.definition.topic])?;
        let bench = Workbench::of(&from.definition, from.clock.now())?;
        let mirror = Mirror::new(&from.definition.topic);
        let meter = Meter::new(&from.definition.name);
        let health = from.settings.health.clone();
        health.blocked(&from.owner, "waiting for partitions");
        let writer = Writer::new(
            from.settings.pg.clone(),
            Arc::clone(&from.definition),
            Reporter { health, part: from.owner.clone() },
            from.shutdown.clone(),
        );
        let committer = Committer::new(from.runtime.clone(), writer);
        Ok(Self {
            from,
            fetch,
            consumer,
            tasks: BTreeMap::new(),
            bench,
            committer,
            waiting_since: None,
            waiting_events: 0,
            backpressure: Backpressure::default(),
            paused: false,
            fenced: BTreeMap::new(),
            mirror,
            meter,
            brokers: Brokers::default(),
            settled_replays: HashSet::new(),
            replays_after: Instant::now(),
        })
    }

    /// Reads until asked to stop, then flushes and leaves the group.
    ///
    /// # Errors
    /// For what an operator has to mend. Uncommitted work is forgotten then; the next owner reads it again.
    pub fn run(mut self) -> Result<(), ThreadError> {
        match self.read() {
            // Nothing of these partitions was read, so nothing of them is owed.
            Err(ThreadError::Assign(error)) if error.is_passing() && self.from.shutdown.requested() => {
                tracing::info!(%error, stream = %self.from.definition.name, "stopped while taking partitions over");
            }
            outcome => outcome?,
        }
        self.flush()
    }

    fn read(&mut self) -> Result<(), ThreadError> {
        while !self.from.shutdown.requested() {
            self.bench.it_is(self.from.clock.now());
            self.take_records()?;
            self.hear_the_group()?;
            self.look_around(Instant::now())?;
        }
        Ok(())
    }

    /// Takes in the records that are there, or waits a little for one.
    fn take_records(&mut self) -> Result<(), ThreadError> {
        if self.backpressure.is_on() {
            // Nothing to do but to hear of the commit in flight, and from the group.
            let outcome = self.committer.wait(Instant::now() + IDLE_POLL);
            return self.settle(outcome);
        }
        let is_busy = self.committer.is_busy() || self.waiting_since.is_some();
        let wait = if is_busy { BUSY_POLL } else { IDLE_POLL };
        let topic = &self.from.definition.topic;
        let (mut outcome, mut is_lost) = (Ok(()), false);
        let most = self.from.settings.unit_events.saturating_sub(self.waiting_events).clamp(1, BATCH);
        self.fetch.drain(most, wait, |fetched| match fetched {
            // The thread ends; what it has not counted is read again.
            _ if outcome.is_err() => {}
            Fetched::Record(record) => {
                // A record of a partition that is not ours any more belongs to its new owner.
                if let Some(task) = self.tasks.get_mut(&record.partition) {
                    outcome = task.ingest(&mut self.bench, &record).map_err(ThreadError::from);
                    self.waiting_events += 1;
                }
            }
            Fetched::End(partition, next) => {
                if let Some(task) = self.tasks.get_mut(&partition) {
                    task.reached_end(next, Instant::now());
                }
            }
            Fetched::Failed(RDKafkaErrorCode::AutoOffsetReset) => is_lost = true,
            Fetched::Failed(code) => {
                let error = KafkaError::MessageConsumption(code);
                outcome = client::pass_over(error, topic).map_err(ThreadError::from);
            }
        });
        outcome?;
        if is_lost { self.begin_again() } else { Ok(()) }
    }

    /// What the group and the client have to say. Polling also tells the group that we are alive.
    fn hear_the_group(&mut self) -> Result<(), ThreadError> {
        match self.consumer.poll(Duration::ZERO) {
            None => {}
            // Records are forwarded elsewhere before their partition is assigned; one that is not would be lost here.
            Some(Ok(_)) => return Err(ThreadError::Stray),
            Some(Err(error)) => client::pass_over(error, &self.from.definition.topic)?,
        }
        if self.consumer.context().is_waiting() {
            self.answer_rebalance()?;
        }
        Ok(())
    }

    /// What is due by the clock: the outcome in flight, idleness, the next commit, backpressure.
    fn look_around(&mut self, now: Instant) -> Result<(), ThreadError> {
        let outcome = self.committer.outcome();
        self.settle(outcome)?;
        let idle_timeout = self.from.definition.window.idle_timeout.as_duration();
        let held = !self.from.orders.borrow().reading;
        for task in self.tasks.values_mut() {
            if held {
                task.hold(now);
            } else if !self.backpressure.is_on() {
                task.watch_idle(now, idle_timeout);
            }
        }
        if self.waiting_since.is_none() && self.tasks.values().any(Task::has_news) {
            self.waiting_since = Some(now);
        }
        if !self.committer.is_busy() && (self.is_full() || self.is_due(now)) {
            self.commit();
        }
        if self.mirror.is_due(now) {
            self.mirror.send(&self.consumer);
            self.meter.lag(self.tasks.values(), self.bench.now);
            self.brokers.look(self.consumer.context(), &self.from.settings.health, &self.from.owner);
        }
        self.backpressure.note(self.committer.is_busy() && self.is_full(), now);
        self.pause_when(held || self.backpressure.is_long(now))?;
        self.claim_back(now)?;
        self.carry_out_replays()
    }

    /// Who is fenced has mostly lost the partition, and the group says so soon. If it does not, a member that the group
    /// has put out has claimed after us, and nobody but us can go on.
    fn claim_back(&mut self, now: Instant) -> Result<(), ThreadError> {
        let is_due = |since: &Instant| now.duration_since(*since) >= CLAIM_BACK_AFTER;
        let due: Vec<PartitionId> =
            self.fenced.iter().filter(|(_, since)| is_due(since)).map(|(partition, _)| *partition).collect();
        for partition in &due {
            self.fenced.remove(partition);
            tracing::warn!(topic = %self.from.definition.topic, %partition, "still ours by the group; claiming it back");
        }
        self.read_on_elsewhere(&due)
    }

    fn is_full(&self) -> bool {
        self.waiting_events >= self.from.settings.unit_events
    }

    fn is_due(&self, now: Instant) -> bool {
        let catching_up = self.tasks.values().any(|task| !task.is_at_end());
        let interval = if catching_up && self.waiting_events > CATCH_UP_EVENTS {
            self.from.settings.catch_up_interval
        } else {
            self.from.settings.commit_interval
        };
        self.waiting_since.is_some_and(|since| now.duration_since(since) >= interval.as_duration())
    }

    fn commit(&mut self) {
        let inbox = self.consumer.context();
        let mut unit = CommitUnit::of(self.bench.rules.shapes.len());
        for task in self.tasks.values_mut() {
            self.meter.tally(std::mem::take(&mut task.tally));
            task.take(&self.bench.rules, inbox.high_watermark(task.partition), &mut unit);
        }
        self.waiting_since = None;
        self.waiting_events = 0;
        if !unit.is_empty() {
            self.meter.submitted();
            self.committer.submit(unit);
        }
    }

    /// Forgets what was fenced and notes how far we are, if a commit ended.
    fn settle(&mut self, outcome: Option<Result<Committed, SinkError>>) -> Result<(), ThreadError> {
        let Some(committed) = outcome.transpose()? else { return Ok(()) };
        self.meter.committed(self.from.clock.now());
        for (partition, epoch) in committed.fenced {
            // What was in flight when the group took the partition and gave it back to us is fenced by our own claim.
            if self.tasks.get(&partition).is_some_and(|task| task.epoch == epoch) {
                self.tasks.remove(&partition);
                self.fenced.insert(partition, Instant::now());
            }
        }
        for advanced in committed.advanced {
            let task = self.tasks.get_mut(&advanced.partition);
            if let Some(task) = task.filter(|task| task.epoch == advanced.epoch) {
                task.committed(advanced.next);
                self.mirror.note(advanced);
            }
        }
        Ok(())
    }

    /// Stops or resumes fetching. The client is polled all the same, so the group keeps us.
    fn pause_when(&mut self, full: bool) -> Result<(), ThreadError> {
        if full == self.paused {
            return Ok(());
        }
        let assignment = self.consumer.assignment()?;
        if full {
            tracing::info!(topic = %self.from.definition.topic, "fetching stops");
            self.consumer.pause(&assignment)?;
        } else {
            self.consumer.resume(&assignment)?;
        }
        self.paused = full;
        Ok(())
    }

    /// Sets those of our partitions back that an operator wants counted again.
    fn carry_out_replays(&mut self) -> Result<(), ThreadError> {
        let ours = |request: &&ReplayRequest| {
            self.tasks.contains_key(&request.partition)
                && !self.settled_replays.contains(&(request.replay, request.partition))
        };
        let requests: Vec<ReplayRequest> =
            self.from.orders.borrow().replays.iter().filter(ours).copied().collect();
        if requests.is_empty() || Instant::now() < self.replays_after {
            return Ok(());
        }
        self.flush()?;
        if self.committer.is_busy() {
            return Ok(());
        }
        let mut moved = Vec::new();
        for request in requests {
            // A second request for a partition waits until the first has taken it elsewhere.
            let Some(task) = self.tasks.get(&request.partition) else { continue };
            let outcome = self.assigner().replay(&request, task.epoch)?;
            match outcome {
                ReplayOutcome::Later => {
                    self.replays_after = Instant::now() + REPLAY_AGAIN_AFTER;
                    break;
                }
                ReplayOutcome::NotBegun => {}
                ReplayOutcome::Moved | ReplayOutcome::Unknown => {
                    self.tasks.remove(&request.partition);
                    moved.push(request.partition);
                }
            }
            if outcome != ReplayOutcome::Unknown {
                self.settled_replays.insert((request.replay, request.partition));
            }
        }
        self.read_on_elsewhere(&moved)
    }

    /// After rows of ours were changed: claims them again and reads on from where they say.
    fn read_on_elsewhere(&mut self, partitions: &[PartitionId]) -> Result<(), ThreadError> {
        if partitions.is_empty() {
            return Ok(());
        }
        let mut places = TopicPartitionList::new();
        for claimed in self.assigner().take_over(partitions)? {
            let next = KafkaOffset::Offset(claimed.next.0);
            places.add_partition_offset(&self.from.definition.topic, claimed.partition.0, next)?;
            self.tasks.insert(claimed.partition, Task::resume(&claimed, &self.bench.rules));
        }
        let sought = self.consumer.seek_partitions(places, SEEK_TIMEOUT)?;
        Ok(sought.elements().iter().try_for_each(|element| element.error())?)
    }

    /// The log holds a place of ours no more: it is compared with the tables as at a start, which stops us or skips a gap.
    fn begin_again(&mut self) -> Result<(), ThreadError> {
        self.flush()?;
        let ours = self.consumer.assignment()?;
        rebalance::unassign(&self.consumer, &ours)?;
        self.take_over(ours)
    }

    fn assigner(&self) -> Assigner<'_> {
        Assigner {
            consumer: &self.consumer,
            runtime: &self.from.runtime,
            settings: &self.from.settings,
            definition: &self.from.definition,
            owner: &self.from.owner,
            shutdown: &self.from.shutdown,
        }
    }

    fn answer_rebalance(&mut self) -> Result<(), ThreadError> {
        self.meter.rebalanced();
        for message in self.consumer.context().take() {
            match message {
                Rebalance::Assigned(partitions) => self.take_over(partitions)?,
                Rebalance::Revoked { partitions, lost } => {
                    if lost {
                        tracing::warn!(stream = %self.from.definition.name, "partitions were lost; their uncommitted work is forgotten");
                    } else {
                        self.flush()?;
                    }
                    for partition in partition_ids(&partitions) {
                        self.tasks.remove(&partition);
                        self.fenced.remove(&partition);
                    }
                    rebalance::unassign(&self.consumer, &partitions)?;
                }
            }
        }
        Ok(())
    }

    fn take_over(&mut self, mut partitions: TopicPartitionList) -> Result<(), ThreadError> {
        let ids = partition_ids(&partitions);
        if !ids.is_empty() {
            for claimed in self.assigner().take_over(&ids)? {
                partitions.set_partition_offset(
                    &self.from.definition.topic,
                    claimed.partition.0,
                    KafkaOffset::Offset(claimed.next.0),
                )?;
                tracing::info!(
                    topic = %self.from.definition.topic, partition = %claimed.partition, next = %claimed.next,
                    epoch = %claimed.epoch, "partition taken over"
                );
                self.fenced.remove(&claimed.partition);
                self.tasks.insert(claimed.partition, Task::resume(&claimed, &self.bench.rules));
            }
        }
        for partition in ids {
            self.fetch.forward(partition);
        }
        rebalance::assign(&self.consumer, &partitions)?;
        self.from.settings.health.well(&self.from.owner);
        // New partitions come unpaused.
        if self.paused {
            self.consumer.resume(&self.consumer.assignment()?)?;
            self.paused = false;
        }
        // At once, so that a paused stream loses no record to the change of its owners.
        let held = !self.from.orders.borrow().reading;
        self.pause_when(held)
    }

    /// Commits all there is, within the flush timeout; what does not make it is read again by the next owner.
    fn flush(&mut self) -> Result<(), ThreadError> {
        let deadline = Instant::now() + self.from.settings.flush_timeout.as_duration();
        for _ in 0..2 {
            let outcome = self.committer.wait(deadline);
            self.settle(outcome)?;
            if self.committer.is_busy() {
                tracing::warn!(stream = %self.from.definition.name, "flush did not end in time; its outcome is the database's");
                return Ok(());
            }
            self.commit();
        }
        let outcome = self.committer.wait(deadline);
        self.settle(outcome)?;
        self.mirror.send(&self.consumer);
        Ok(())
    }
}

impl Drop for StreamThread {
    /// Leaves the group at once, so that others need not wait for our session to end: dropping the client closes it.
    fn drop(&mut self) {
        for message in self.consumer.context().leave() {
            rebalance::decline(&self.consumer, message);
        }
    }
}

fn partition_ids(partitions: &TopicPartitionList) -> Vec<PartitionId> {
    partitions.elements().iter().map(|element| PartitionId(element.partition())).collect()
}
