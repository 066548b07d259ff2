//! The one transaction: fence, rollups, spans, dead letters, late events, progress.

use std::{collections::HashSet, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use common::{
    db::{self, DbError, PgSettings, Reaction, query},
    offset::{CommitSeq, NextOffset, OwnerEpoch, PartitionId},
    shutdown::Shutdown,
    time::Timestamp,
};
use futures::{future::try_join_all, try_join};
use schema::StreamDefinition;
use tokio_postgres::{Client, Row, Transaction, types::ToSql};

use super::statements::Statements;
use crate::{
    health::Health,
    window::{CommitUnit, PartitionUnit, RollupRows},
};

/// The sink gave up: nothing of the unit was written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    #[error(transparent)]
    Fatal(#[from] DbError),
    #[error("stopped while the database was away")]
    Stopped,
}

/// What became of a unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Now durable: up to where, by which owner, as which commit.
    pub advanced: Vec<Advanced>,
    /// Not ours under this epoch any more; nothing of theirs was written. We may have claimed them anew meanwhile.
    pub fenced: Vec<(PartitionId, OwnerEpoch)>,
}

/// One partition's durable position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advanced {
    pub partition: PartitionId,
    pub next: NextOffset,
    pub epoch: OwnerEpoch,
    pub commit_seq: CommitSeq,
}

/// Writes commit units of one stream over a connection of its own, made when first needed.
#[derive(Debug)]
pub struct Writer {
    settings: PgSettings,
    definition: Arc<StreamDefinition>,
    session: Option<(Client, Statements)>,
    known_days: HashSet<i64>,
    reporter: Reporter,
    shutdown: Shutdown,
}

/// Where a writer tells that the database keeps it waiting.
#[derive(Clone, Debug)]
pub struct Reporter {
    pub health: Health,
    pub part: String,
}

const DAY_MILLIS: i64 = 86_400_000;

impl Writer {
    #[must_use]
    pub fn new(
        settings: PgSettings,
        definition: Arc<StreamDefinition>,
        reporter: Reporter,
        shutdown: Shutdown,
    ) -> Self {
        Self { settings, definition, session: None, known_days: HashSet::new(), reporter, shutdown }
    }

    /// Makes `unit` durable, all of it that is still ours, and returns only then.
    ///
    /// Passing errors are retried for as long as it takes, with growing pauses, unless the process is asked to
    /// stop. Partitions that were claimed by another owner are left out and named in the result.
    ///
    /// # Errors
    /// [`SinkError::Fatal`] for what a retry cannot mend; nothing was written then.
    pub async fn commit(&mut self, mut unit: CommitUnit) -> Result<Committed, SinkError> {
        let mut outcome = Committed::default();
        let mut pauses = retry_pauses();
        let mut answer_lost = false;
        while !unit.is_empty() {
            match self.attempt(&unit, answer_lost).await {
                Ok(Attempt::Committed(advanced)) => {
                    outcome.advanced.extend(advanced);
                    if answer_lost {
                        self.reporter.health.well(&self.reporter.part);
                    }
                    return Ok(outcome);
                }
                Ok(Attempt::Fenced(fenced)) => {
                    tracing::warn!(?fenced, stream = %self.definition.name, "partitions were claimed by another owner");
                    let lost = unit.remove(&fenced);
                    outcome.fenced.extend(lost.iter().map(|part| (part.partition, part.epoch)));
                }
                Err(error) if error.reaction() == Reaction::Retry => {
                    self.session = None;
                    answer_lost = true;
                    self.reporter.health.blocked(&self.reporter.part, format!("database: {error}"));
                    if self.shutdown.requested() {
                        return Err(SinkError::Stopped);
                    }
                    let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
                    metrics::counter!("sink_errors_total", "sink" => "postgres").increment(1);
                    tracing::warn!(%error, pause_ms = pause.as_millis(), "commit will be tried again");
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(outcome)
    }

    async fn attempt(&mut self, unit: &CommitUnit, answer_lost: bool) -> Result<Attempt, DbError> {
        if self.session.is_none() {
            let client = db::connect(&self.settings, "streampulse-processor").await?;
            let statements = Statements::prepare(&client, &self.definition).await?;
            self.session = Some((client, statements));
        }
        let Some((client, statements)) = &mut self.session else { return Ok(Attempt::Fenced(Vec::new())) };
        ensure_days(client, &self.definition, &mut self.known_days, unit).await?;
        let transaction = client.transaction().await.map_err(query("opening the transaction"))?;
        let outcome = write(transaction, statements, &self.definition, unit).await?;
        // The lock has waited for a COMMIT of ours that was still on its way, so what is read now is its outcome.
        if answer_lost
            && matches!(outcome, Attempt::Fenced(_))
            && let Some(advanced) = happened(client, &self.definition.name, unit).await?
        {
            return Ok(Attempt::Committed(advanced));
        }
        Ok(outcome)
    }
}

enum Attempt {
    Committed(Vec<Advanced>),
    Fenced(Vec<PartitionId>),
}

/// A database that is back should not wait for us.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

fn retry_pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
}

/// After a lost answer: did the COMMIT happen? A unit is one transaction, so one of its partitions tells for all.
async fn happened(
    client: &Client,
    stream: &str,
    unit: &CommitUnit,
) -> Result<Option<Vec<Advanced>>, DbError> {
    let partitions: Vec<i32> = unit.partitions.iter().map(|part| part.partition.0).collect();
    let rows = client
        .query(include_str!("../../../sql/queries/progress_read.sql"), &[&stream, &partitions])
        .await
        .map_err(query("reading progress"))?;
    let stored = |part: &PartitionUnit| {
        let row = rows.iter().find(|row| row.get::<_, i32>(0) == part.partition.0)?;
        (row.get::<_, i64>(1) == part.to.0 && row.get::<_, i64>(2) == part.epoch.0).then(|| Advanced {
            partition: part.partition,
            next: part.to,
            epoch: part.epoch,
            commit_seq: CommitSeq(row.get(3)),
        })
    };
    // Only a partition that moves tells the two outcomes apart.
    let moved = unit.partitions.iter().filter(|part| part.from != part.to).find_map(stored);
    Ok(moved.map(|_| unit.partitions.iter().filter_map(stored).collect()))
}

/// Daily table partitions are made before the transaction: making one takes locks that a hot transaction must not hold.
async fn ensure_days(
    client: &Client,
    definition: &StreamDefinition,
    known: &mut HashSet<i64>,
    unit: &CommitUnit,
) -> Result<(), DbError> {
    let spans = unit.partitions.iter().flat_map(|part| &part.spans);
    for day in spans.map(|span| span.window.start.as_millis().div_euclid(DAY_MILLIS)) {
        if known.contains(&day) {
            continue;
        }
        for rollup in &definition.rollups {
            client
                .execute(
                    "SELECT ensure_day_partition($1, ($2::timestamptz AT TIME ZONE 'UTC')::date)",
                    &[&format!("{}_partial", rollup.name), &Timestamp::from_millis(day * DAY_MILLIS)],
                )
                .await
                .map_err(query("making a daily table partition"))?;
        }
        known.insert(day);
    }
    Ok(())
}

async fn write(
    transaction: Transaction<'_>,
    statements: &Statements,
    definition: &StreamDefinition,
    unit: &CommitUnit,
) -> Result<Attempt, DbError> {
    let stream = &definition.name;
    let parts = &unit.partitions;
    let partitions: Vec<i32> = parts.iter().map(|part| part.partition.0).collect();
    let epochs: Vec<i64> = parts.iter().map(|part| part.epoch.0).collect();
    let froms: Vec<i64> = parts.iter().map(|part| part.from.0).collect();
    let ours = transaction
        .query(&statements.lock, &[stream, &partitions, &epochs, &froms])
        .await
        .map_err(query("locking progress"))?;
    if ours.len() < parts.len() {
        transaction.rollback().await.map_err(query("rolling back"))?;
        let ours: HashSet<i32> = ours.iter().map(|row| row.get(0)).collect();
        let fenced = parts.iter().map(|part| part.partition).filter(|part| !ours.contains(&part.0));
        return Ok(Attempt::Fenced(fenced.collect()));
    }

    let ended: Vec<i32> = parts.iter().filter(|part| part.ends_rewind).map(|part| part.partition.0).collect();
    if !ended.is_empty() {
        transaction
            .execute(include_str!("../../../sql/queries/rewind_end.sql"), &[stream, &ended])
            .await
            .map_err(query("ending rewinds"))?;
    }

    // Sent one after the other without waiting in between: all that can go wrong is told before COMMIT.
    let ((), (), (), (), (), advanced) = try_join!(
        write_rollups(&transaction, statements, unit),
        write_spans(&transaction, statements, stream, unit),
        write_rejects(&transaction, statements, definition, unit),
        write_samples(&transaction, statements, stream, unit),
        mark_revised(&transaction, statements, stream, unit),
        advance(&transaction, statements, stream, unit),
    )?;
    transaction.commit().await.map_err(query("committing"))?;

    let advanced = parts.iter().filter_map(|part| {
        let row = advanced.iter().find(|row| row.get::<_, i32>(0) == part.partition.0)?;
        Some(Advanced {
            partition: part.partition,
            next: part.to,
            epoch: part.epoch,
            commit_seq: CommitSeq(row.get(1)),
        })
    });
    Ok(Attempt::Committed(advanced.collect()))
}

async fn write_rollups(
    transaction: &Transaction<'_>,
    statements: &Statements,
    unit: &CommitUnit,
) -> Result<(), DbError> {
    let upserts = statements.rollups.iter().zip(&unit.rollups).map(async |(statement, batches)| {
        for rows in batches {
            transaction
                .execute(statement, &rollup_parameters(rows))
                .await
                .map_err(query("upserting rollup rows"))?;
        }
        Ok(())
    });
    try_join_all(upserts).await.map(|_| ())
}

/// A window of the unit may have been judged.
async fn mark_revised(
    transaction: &Transaction<'_>,
    statements: &Statements,
    stream: &String,
    unit: &CommitUnit,
) -> Result<(), DbError> {
    let Some(first) = unit.first_window() else { return Ok(()) };
    transaction
        .execute(&statements.mark_revised, &[stream, &first])
        .await
        .map(|_| ())
        .map_err(query("marking revised windows"))
}

/// Moves the locked partitions on. Gives each with its new commit number.
async fn advance(
    transaction: &Transaction<'_>,
    statements: &Statements,
    stream: &String,
    unit: &CommitUnit,
) -> Result<Vec<Row>, DbError> {
    let parts = &unit.partitions;
    let partitions: Vec<i32> = parts.iter().map(|part| part.partition.0).collect();
    let tos: Vec<i64> = parts.iter().map(|part| part.to.0).collect();
    let stream_times: Vec<Option<Timestamp>> = parts.iter().map(|part| part.stream_time).collect();
    let idle: Vec<bool> = parts.iter().map(|part| part.idle).collect();
    let high_watermarks: Vec<i64> = parts.iter().map(|part| part.high_watermark.0).collect();
    transaction
        .query(&statements.advance, &[stream, &partitions, &tos, &stream_times, &idle, &high_watermarks])
        .await
        .map_err(query("advancing progress"))
}

fn rollup_parameters(rows: &RollupRows) -> Vec<&(dyn ToSql + Sync)> {
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&rows.windows];
    parameters.extend(rows.dimensions.iter().map(|column| column as &(dyn ToSql + Sync)));
    parameters.push(&rows.partitions);
    parameters.extend(rows.labels.iter().map(|column| column as &(dyn ToSql + Sync)));
    parameters.extend(rows.numbers.iter().map(|column| column as &(dyn ToSql + Sync)));
    parameters.extend(rows.sketches.iter().map(|column| column as &(dyn ToSql + Sync)));
    parameters
}

async fn write_spans(
    transaction: &Transaction<'_>,
    statements: &Statements,
    stream: &String,
    unit: &CommitUnit,
) -> Result<(), DbError> {
    let spans: Vec<_> = unit
        .partitions
        .iter()
        .flat_map(|part| part.spans.iter().map(|span| (part.partition.0, span)))
        .collect();
    if spans.is_empty() {
        return Ok(());
    }
    let partitions: Vec<i32> = spans.iter().map(|(partition, _)| *partition).collect();
    let windows: Vec<Timestamp> = spans.iter().map(|(_, span)| span.window.start).collect();
    let firsts: Vec<i64> = spans.iter().map(|(_, span)| span.first_offset.0).collect();
    let lasts: Vec<i64> = spans.iter().map(|(_, span)| span.last_offset.0).collect();
    let times: Vec<Option<Timestamp>> = spans.iter().map(|(_, span)| span.stream_time_at_first).collect();
    transaction
        .execute(&statements.span, &[stream, &partitions, &windows, &firsts, &lasts, &times])
        .await
        .map(|_| ())
        .map_err(query("writing window spans"))
}

async fn write_samples(
    transaction: &Transaction<'_>,
    statements: &Statements,
    stream: &String,
    unit: &CommitUnit,
) -> Result<(), DbError> {
    let samples: Vec<_> = unit
        .partitions
        .iter()
        .filter_map(|part| part.sample.as_ref().map(|sample| (part.partition.0, sample)))
        .collect();
    if samples.is_empty() {
        return Ok(());
    }
    let partitions: Vec<i32> = samples.iter().map(|(partition, _)| *partition).collect();
    let slots: Vec<i32> = samples.iter().map(|(_, sample)| sample.slot).collect();
    let offsets: Vec<i64> = samples.iter().map(|(_, sample)| sample.offset.0).collect();
    let times: Vec<Timestamp> = samples.iter().map(|(_, sample)| sample.event_time).collect();
    let events: Vec<&str> = samples.iter().map(|(_, sample)| sample.json.as_str()).collect();
    transaction
        .execute(&statements.samples, &[stream, &partitions, &slots, &offsets, &times, &events])
        .await
        .map(|_| ())
        .map_err(query("writing samples"))
}

async fn write_rejects(
    transaction: &Transaction<'_>,
    statements: &Statements,
    definition: &StreamDefinition,
    unit: &CommitUnit,
) -> Result<(), DbError> {
    try_join!(
        write_dead_letters(transaction, statements, definition, unit),
        write_late_events(transaction, statements, definition, unit),
    )?;
    Ok(())
}

async fn write_dead_letters(
    transaction: &Transaction<'_>,
    statements: &Statements,
    definition: &StreamDefinition,
    unit: &CommitUnit,
) -> Result<(), DbError> {
    let letters: Vec<_> = unit
        .partitions
        .iter()
        .flat_map(|part| part.dead_letters.iter().map(|letter| (part.partition.0, letter)))
        .collect();
    if !letters.is_empty() {
        let partitions: Vec<i32> = letters.iter().map(|(partition, _)| *partition).collect();
        let offsets: Vec<i64> = letters.iter().map(|(_, letter)| letter.offset.0).collect();
        let reasons: Vec<&str> = letters.iter().map(|(_, letter)| letter.reason).collect();
        let details: Vec<&str> = letters.iter().map(|(_, letter)| letter.detail.as_str()).collect();
        let payloads: Vec<&[u8]> = letters.iter().map(|(_, letter)| letter.payload.as_slice()).collect();
        let sizes: Vec<i64> = letters
            .iter()
            .map(|(_, letter)| i64::try_from(letter.payload_size).unwrap_or(i64::MAX))
            .collect();
        transaction
            .execute(
                &statements.dead_letters,
                &[
                    &definition.name,
                    &definition.topic,
                    &partitions,
                    &offsets,
                    &reasons,
                    &details,
                    &payloads,
                    &sizes,
                ],
            )
            .await
            .map_err(query("writing dead letters"))?;
    }
    Ok(())
}

async fn write_late_events(
    transaction: &Transaction<'_>,
    statements: &Statements,
    definition: &StreamDefinition,
    unit: &CommitUnit,
) -> Result<(), DbError> {
    let late: Vec<_> = unit
        .partitions
        .iter()
        .flat_map(|part| part.late_events.iter().map(|event| (part.partition.0, event)))
        .collect();
    if !late.is_empty() {
        let partitions: Vec<i32> = late.iter().map(|(partition, _)| *partition).collect();
        let offsets: Vec<i64> = late.iter().map(|(_, event)| event.offset.0).collect();
        let times: Vec<Timestamp> = late.iter().map(|(_, event)| event.event_time).collect();
        let late_by: Vec<i64> = late.iter().map(|(_, event)| event.late_by).collect();
        transaction
            .execute(&statements.late_events, &[&definition.name, &partitions, &offsets, &times, &late_by])
            .await
            .map_err(query("writing late events"))?;
    }
    Ok(())
}
