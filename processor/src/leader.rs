//! One process per stream judges the windows that became final.

use std::{sync::Arc, time::Duration};

use common::{
    clock::Clock,
    db::{self, DbError, PgSettings, Reaction, query},
    shutdown::Shutdown,
    time::Timestamp,
    window::Window,
};
use schema::{AlertRule, Rollup, StreamDefinition};
use tokio_postgres::{Client, Transaction};

use crate::detect::{Sample, judge};

/// How often the leader looks for windows that became final.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often the others ask whether the lead is free.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Windows judged in one transaction, so that a long history does not hold commits up.
const WINDOWS_PER_STEP: i64 = 240;

/// Closes windows of one stream and writes their alerts, while it holds the stream's advisory lock.
#[derive(Debug)]
pub struct Leader {
    pub settings: PgSettings,
    pub definition: Arc<StreamDefinition>,
    pub clock: Arc<dyn Clock>,
    pub shutdown: Shutdown,
}

impl Leader {
    /// Runs until shutdown; connection errors are survived.
    ///
    /// # Errors
    /// What a retry cannot mend.
    pub async fn run(self) -> Result<(), DbError> {
        while !self.shutdown.requested() {
            let pause = match self.lead().await {
                Ok(()) => ASK_EVERY,
                Err(error) if error.reaction() == Reaction::Retry => {
                    tracing::warn!(%error, stream = %self.definition.name, "detection will be tried again");
                    ASK_EVERY
                }
                Err(error) => return Err(error),
            };
            self.rest(pause).await;
        }
        Ok(())
    }

    /// Leads for as long as the connection lasts; returns at once if another process leads.
    async fn lead(&self) -> Result<(), DbError> {
        let mut client = db::connect(&self.settings, "streampulse-leader").await?;
        let row = client
            .query_one(
                "SELECT pg_try_advisory_lock(hashtextextended('leader:' || $1, 0))",
                &[&self.definition.name],
            )
            .await
            .map_err(query("asking for the lead"))?;
        if !row.get::<_, bool>(0) {
            return Ok(());
        }
        tracing::info!(stream = %self.definition.name, "leading detection");
        while !self.shutdown.requested() {
            if !self.step(&mut client).await? {
                self.rest(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    async fn rest(&self, pause: Duration) {
        tokio::select! {
            () = self.shutdown.wait() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// Judges the next final windows; `false` when there are none.
    async fn step(&self, client: &mut Client) -> Result<bool, DbError> {
        let Some(final_before) = self.final_before(client).await? else { return Ok(false) };
        let progress = client
            .query_opt(
                "SELECT through_window, refold_from, epoch FROM detector_progress WHERE stream = $1",
                &[&self.definition.name],
            )
            .await
            .map_err(query("reading detection progress"))?;
        let Some(progress) = progress else { return Ok(false) };
        let (through, refold, epoch): (Option<Timestamp>, Option<Timestamp>, i64) =
            (progress.get(0), progress.get(1), progress.get(2));

        let next = match through {
            Some(through) => Some(refold.unwrap_or(through.plus_millis(self.size()))),
            None => self.first_window(client).await?,
        };
        let Some(next) = next.filter(|next| *next < final_before) else { return Ok(false) };
        // Far ahead there may be nothing for days: go on from the first window that has rows.
        let first = self.first_window_from(client, next).await?.filter(|first| *first < final_before);
        let last_final = final_before.plus_millis(-self.size());
        let last = first.map_or(last_final, |first| {
            first.plus_millis((WINDOWS_PER_STEP - 1) * self.size()).min(last_final)
        });
        self.judge(client, (next, last), (through, epoch)).await
    }

    fn size(&self) -> i64 {
        self.definition.window.size.as_millis()
    }

    /// Windows that start before this are final. A window is final once every partition that is not idle has
    /// passed its end and grace; when all are idle, the wall clock decides.
    async fn final_before(&self, client: &Client) -> Result<Option<Timestamp>, DbError> {
        let row = client
            .query_one(include_str!("../../sql/queries/detector_watermark.sql"), &[&self.definition.name])
            .await
            .map_err(query("reading the watermark"))?;
        let watermark = match (row.get::<_, Option<bool>>(1), row.get::<_, Option<bool>>(2)) {
            (Some(true), _) => Some(self.clock.now()),
            (_, Some(true)) => None,
            _ => row.get::<_, Option<Timestamp>>(0),
        };
        let spec = &self.definition.window;
        Ok(watermark
            .map(|watermark| spec.size.window_of(watermark.plus_millis(-spec.grace.as_millis())).start))
    }

    async fn first_window(&self, client: &Client) -> Result<Option<Timestamp>, DbError> {
        self.first_window_from(client, Timestamp::MIN).await
    }

    async fn first_window_from(
        &self,
        client: &Client,
        from: Timestamp,
    ) -> Result<Option<Timestamp>, DbError> {
        let row = client
            .query_one(
                "SELECT min(window_start) FROM window_span WHERE stream = $1 AND window_start >= $2",
                &[&self.definition.name, &from],
            )
            .await
            .map_err(query("reading the next window"))?;
        Ok(row.get(0))
    }

    /// Judges all windows from `range.0` to `range.1` again from their rows, and moves on from there. What was judged
    /// before and comes after `range.1` is judged again once it is final again, which a rewind puts off.
    async fn judge(
        &self,
        client: &mut Client,
        range: (Timestamp, Timestamp),
        (through, epoch): (Option<Timestamp>, i64),
    ) -> Result<bool, DbError> {
        let stream = &self.definition.name;
        let transaction = client.transaction().await.map_err(query("opening detection"))?;
        // A commit that is under way ends first; one that comes later finds its window final and marks it.
        transaction
            .query(include_str!("../../sql/queries/detector_hold.sql"), &[stream])
            .await
            .map_err(query("holding commits"))?;
        for rule in &self.definition.alerts {
            if let Some(rollup) = self.definition.rollups.iter().find(|rollup| rollup.name == rule.rollup) {
                self.judge_rule(&transaction, (rule, rollup), range).await?;
            }
        }
        let refold = through.filter(|through| *through > range.1).map(|_| range.1.plus_millis(self.size()));
        let through = through.max(Some(range.1));
        let moved = transaction
            .execute(
                include_str!("../../sql/queries/detector_advance.sql"),
                &[stream, &epoch, &through, &refold],
            )
            .await
            .map_err(query("moving detection on"))?;
        if moved == 0 {
            transaction.rollback().await.map_err(query("rolling detection back"))?;
            return Ok(true);
        }
        transaction.commit().await.map_err(query("committing detection"))?;
        Ok(true)
    }

    async fn judge_rule(
        &self,
        transaction: &Transaction<'_>,
        (rule, rollup): (&AlertRule, &Rollup),
        (from, through): (Timestamp, Timestamp),
    ) -> Result<(), DbError> {
        let rows = transaction
            .query(&samples_sql(rule, rollup), &[&from, &through])
            .await
            .map_err(query("reading final windows"))?;
        let mut columns = AlertColumns::default();
        for row in &rows {
            let sample = Sample { dimension: row.get(1), good: row.get(2), total: row.get(3) };
            if let Some(alert) = judge(rule, &sample) {
                columns.windows.push(Window { start: row.get(0) }.start);
                columns.dimensions.push(sample.dimension);
                columns.severities.push(alert.severity.as_str());
                columns.messages.push(alert.message);
                columns.values.push(alert.value);
                columns.thresholds.push(alert.threshold);
            }
        }
        let stream = &self.definition.name;
        transaction
            .execute(
                include_str!("../../sql/queries/alerts_withdraw.sql"),
                &[stream, &rule.kind, &from, &through, &columns.dimensions, &columns.windows],
            )
            .await
            .map_err(query("withdrawing alerts"))?;
        let by_region = rollup.dimensions.len() == 1 && rollup.dimensions[0].name == "region";
        transaction
            .execute(
                include_str!("../../sql/queries/alerts_upsert.sql"),
                &[
                    stream,
                    &rule.kind,
                    &by_region,
                    &"success_rate",
                    &columns.dimensions,
                    &columns.windows,
                    &columns.severities,
                    &columns.messages,
                    &columns.values,
                    &columns.thresholds,
                ],
            )
            .await
            .map(|_| ())
            .map_err(query("writing alerts"))
    }
}

#[derive(Default)]
struct AlertColumns {
    dimensions: Vec<String>,
    windows: Vec<Timestamp>,
    severities: Vec<&'static str>,
    messages: Vec<String>,
    values: Vec<f64>,
    thresholds: Vec<f64>,
}

fn samples_sql(rule: &AlertRule, rollup: &Rollup) -> String {
    let dimensions: Vec<String> =
        rollup.dimensions.iter().map(|dimension| format!("\"{}\"", dimension.name)).collect();
    format!(
        "-- detector_samples {table}\nSELECT window_start, concat_ws('/', {dimensions}), sum(\"{good}\")::bigint, \
         sum(\"{total}\")::bigint FROM \"{table}_partial\" WHERE window_start >= $1 AND window_start <= $2 \
         GROUP BY window_start, {dimensions}",
        table = rollup.name,
        dimensions = dimensions.join(", "),
        good = rule.good,
        total = rule.total,
    )
}
