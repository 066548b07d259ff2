//! After everything was sent: do the tables hold what they must?

use std::time::{Duration, Instant};

use anyhow::Context;
use common::db;
use generator::{Report, Truth};
use tokio_postgres::Client;

use crate::servers::Stage;

/// Windows that begin before `sure` are final, whichever partitions are idle. Window and grace as shipped. A clock that
/// was ahead while all were idle leaves windows judged that are not final by any other: those are to be judged again
/// when they are.
const IS_JUDGED: &str = "SELECT coalesce(through_window + interval '1 minute' >= sure
        AND (refold_from IS NULL OR refold_from >= sure), false)
    FROM detector_progress, (
        SELECT date_trunc('minute', min(stream_time) - interval '30 seconds') AS sure FROM partition_progress
    ) AS horizon";

/// Alerts that the rows of judged windows call for, against those that are there. Doubles count as differences.
const ALERTS: &str = "WITH
    expected AS (
        SELECT window_start, region AS dimension, good::float8 / total::float8 AS value,
            CASE WHEN good::float8 / total::float8 < $2::float8 THEN 'CRITICAL' ELSE 'WARNING' END AS severity
        FROM (
            SELECT window_start, region, sum(total_downloads) AS total, sum(successful_downloads) AS good
            FROM region_health_partial GROUP BY window_start, region
        ) AS summed
        WHERE total >= $4::bigint AND good::float8 / total::float8 < $3::float8
            AND window_start <= (SELECT through_window FROM detector_progress)
            AND window_start < (SELECT coalesce(refold_from, 'infinity') FROM detector_progress)
    ),
    found AS (
        SELECT window_start, dimension, metric_value AS value, severity FROM alerts
        WHERE alert_type = $1 AND window_start < (SELECT coalesce(refold_from, 'infinity') FROM detector_progress)
    )
    SELECT format('alert %s %s %s %s is missing', window_start, dimension, severity, value)
    FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM found) AS missing
    UNION ALL
    SELECT format('alert %s %s %s %s is not called for', window_start, dimension, severity, value)
    FROM (SELECT * FROM found EXCEPT ALL SELECT * FROM expected) AS unexpected";

/// What operators asked for and was not brought to its end, and records passed over.
const LEFT_OVER: &str =
    "SELECT format('replay %s of partition %s is %s %s', replay_id, source_partition, state, detail)
    FROM replay_partitions WHERE state NOT IN ('done', 'merged', 'cancelled')
    UNION ALL
    SELECT format('partition %s is still set back until %s', source_partition, until_offset) FROM rewinds
    UNION ALL
    SELECT format('gap in partition %s from %s to %s: %s', source_partition, from_offset, to_offset, reason)
    FROM data_gaps";

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits until detection has judged every window that is final; `false` when it does not come to that.
pub async fn until_judged(stage: &Stage, limit: Duration) -> anyhow::Result<bool> {
    let client = db::connect(&stage.pg, "chaos").await?;
    let begin = Instant::now();
    while !client.query_one(IS_JUDGED, &[]).await?.get::<_, bool>(0) {
        if begin.elapsed() > limit {
            return Ok(false);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(true)
}

/// Tables against truth, alerts against tables. Nobody may write any more.
pub async fn compare(stage: &Stage, truth: &Truth) -> anyhow::Result<Report> {
    let client = db::connect(&stage.pg, "chaos").await?;
    let mut report = generator::verify(&client, truth, &stage.definition).await?;
    for difference in alerts(&client, stage).await? {
        report.differing += 1;
        report.differences.push(difference);
    }
    for row in client.query(LEFT_OVER, &[]).await? {
        report.differing += 1;
        report.differences.push(row.get(0));
    }
    let count: i64 = client.query_one("SELECT count(*) FROM alerts", &[]).await?.get(0);
    report.cells += count.unsigned_abs();
    Ok(report)
}

async fn alerts(client: &Client, stage: &Stage) -> anyhow::Result<Vec<String>> {
    let rule = stage.definition.alerts.first().context("the stream has no alert rule")?;
    let rows = client
        .query(ALERTS, &[&rule.kind, &rule.critical_below, &rule.warning_below, &rule.min_samples])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
