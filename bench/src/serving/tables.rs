//! Tables as a processor leaves them after an hour of downloads.

use anyhow::Context;
use common::db::{self, PgSettings};
use schema::StreamDefinition;
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};
use tokio_postgres::Client;

use crate::stage::STREAM;

/// Partitions of the topic; a content is in one of them.
const PARTITIONS: i32 = 8;

pub struct Tables {
    pub pg: PgSettings,
    client: Client,
    postgres: PrivatePostgres,
}

impl Tables {
    /// Each content was downloaded in each minute of the last hour and a bit.
    pub async fn fill(contents: i32) -> anyhow::Result<Self> {
        let postgres = PrivatePostgres::start(&PostgresOptions::temporary()).await?;
        let pg = postgres.create_database("bench_api").await?;
        db::migrate(&pg).await?;
        let mut client = db::connect(&pg, "bench").await?;
        for stream in StreamDefinition::shipped()? {
            processor::install_stream(&mut client, &stream).await?;
        }
        client
            .batch_execute(
                "SELECT ensure_day_partition(rollup || '_partial', day::date)
                 FROM unnest(ARRAY['content_stats', 'region_health', 'device_stats']) rollup,
                      unnest(ARRAY[now(), now() - interval '2 hours']) day",
            )
            .await?;
        for rows in ROWS {
            client.execute(rows, &[&PARTITIONS, &contents]).await.context("filling the tables")?;
        }
        client.execute(PROGRESS, &[&PARTITIONS, &STREAM]).await?;
        client.batch_execute("VACUUM ANALYZE").await?;
        Ok(Self { pg, client, postgres })
    }

    /// What a commit does last; returns the version.
    pub async fn new_version(&self) -> anyhow::Result<i64> {
        let bump = "UPDATE partition_progress SET commit_seq = commit_seq + 1 WHERE source_partition = 0 AND stream = $1";
        self.client.execute(bump, &[&STREAM]).await?;
        let sum = "SELECT sum(commit_seq)::bigint FROM partition_progress";
        Ok(self.client.query_one(sum, &[]).await?.get(0))
    }

    pub async fn remove(self) -> anyhow::Result<()> {
        drop(self.client);
        Ok(self.postgres.stop().await?)
    }
}

const ROWS: [&str; 3] = [
    "INSERT INTO content_stats_partial
         (window_start, content_id, source_partition, title, download_count, successful_downloads, failed_downloads,
          total_size_gb)
     SELECT date_trunc('minute', now()) - minute * interval '1 minute', 'movie-' || content, content % $1,
            'Title of number ' || content, n, n - n / 10, n / 10, n * 1250000
     FROM generate_series(0, 64) minute, generate_series(1, $2) content,
          LATERAL (SELECT 1 + (content * 31 + minute * 7) % 97 AS n) counted",
    "INSERT INTO region_health_partial
         (window_start, region, source_partition, total_downloads, successful_downloads, failed_downloads,
          unknown_status, speed_mbps_sum, duration_seconds_sum, total_size_gb)
     SELECT date_trunc('minute', now()) - minute * interval '1 minute', 'region-' || region, part,
            $2 * 5, $2 * 4, $2, 0, $2 * 250000000::bigint, $2 * 90000000::bigint, $2 * 6000000::bigint
     FROM generate_series(0, 64) minute, generate_series(1, 8) region, generate_series(0, $1 - 1) part",
    "INSERT INTO device_stats_partial
         (window_start, device, os_version, source_partition, total_downloads, successful_downloads, failed_downloads,
          speed_mbps_sum, total_size_gb)
     SELECT date_trunc('minute', now()) - minute * interval '1 minute', 'device-' || device % 6, 'os-' || device, part,
            $2 * 2, $2, $2, $2 * 250000000::bigint, $2 * 6000000::bigint
     FROM generate_series(0, 64) minute, generate_series(1, 24) device, generate_series(0, $1 - 1) part",
];

const PROGRESS: &str = "
    WITH spans AS (
        INSERT INTO window_span (stream, source_partition, window_start, first_offset, last_offset)
        SELECT $2, part, date_trunc('minute', now()) - minute * interval '1 minute', (64 - minute) * 1000,
               (64 - minute) * 1000 + 999
        FROM generate_series(0, 64) minute, generate_series(0, $1 - 1) part)
    INSERT INTO partition_progress
        (stream, source_partition, next_offset, owner_epoch, owner, stream_time, commit_seq, high_watermark)
    SELECT $2, part, 65000, 1, 'bench', now(), 1, 65000 FROM generate_series(0, $1 - 1) part";
