//! What a test stands on: a database of its own on one Postgres for all, and an API over it.

use std::{
    path::Path,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use api::ApiSettings;
use common::{clock::ManualClock, db, duration::Millis, shutdown::Shutdown};
use schema::StreamDefinition;
use serde_json::Value;
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};
use tokio::sync::Mutex;
use tokio_postgres::Client;

use crate::reply::{self, Reply};

/// All tests happen on this day.
pub const DAY: &str = "2026-01-02";
pub const NOW: &str = "12:05:50";
pub const ORDERS: &str = "/api/streams/orders/order_stats";

pub const LIMIT: Duration = Duration::from_secs(60);

static SHARED: Mutex<Weak<PrivatePostgres>> = Mutex::const_new(Weak::new());
static STAGES: AtomicU32 = AtomicU32::new(0);

pub struct Stage {
    pub address: String,
    pub database: Client,
    pub pg: db::PgSettings,
    clock: Arc<ManualClock>,
    shutdown: Shutdown,
    _postgres: Arc<PrivatePostgres>,
}

impl Stage {
    pub async fn set() -> Self {
        let mut shared = SHARED.lock().await;
        let postgres = match shared.upgrade() {
            Some(postgres) => postgres,
            None => {
                let options = PostgresOptions::temporary().without_fsync();
                let postgres = Arc::new(PrivatePostgres::start(&options).await.unwrap());
                *shared = Arc::downgrade(&postgres);
                postgres
            }
        };
        drop(shared);
        Self::on(postgres, |settings| settings).await
    }

    /// With the streams that are shipped and two that are not.
    pub async fn on(postgres: Arc<PrivatePostgres>, with: impl FnOnce(ApiSettings) -> ApiSettings) -> Self {
        let name = format!("query_{}", STAGES.fetch_add(1, Ordering::Relaxed));
        let pg = postgres.create_database(&name).await.unwrap();
        db::migrate(&pg).await.unwrap();
        let mut database = db::connect(&pg, "test").await.unwrap();
        let own = |file: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/query").join(file);
            StreamDefinition::load(&path).unwrap()
        };
        let mut streams = StreamDefinition::shipped().unwrap();
        streams.retain(|stream| stream.name != "content-downloads-legacy");
        streams.extend([own("orders/orders.toml"), own("visits/visits.toml")]);
        for stream in &streams {
            processor::install_stream(&mut database, stream).await.unwrap();
            for rollup in &stream.rollups {
                let partition = format!("SELECT ensure_day_partition('{}_partial', '{DAY}')", rollup.name);
                database.batch_execute(&partition).await.unwrap();
            }
        }
        let clock = Arc::new(ManualClock::at(at(NOW).parse().unwrap()));
        let settings = ApiSettings {
            host: "127.0.0.1".parse().unwrap(),
            port: 0,
            clock: Arc::clone(&clock) as _,
            // A test moves the clock by hand; nothing but the data and that clock may change an answer.
            cache_ttl: Millis::new(3_600_000),
            ..ApiSettings::new(streams)
        };
        let bound = api::bind(with(settings)).await.unwrap();
        let (address, shutdown) = (bound.address().to_string(), Shutdown::default());
        let pool = db::pool(&pg, 4, "test-api").unwrap();
        tokio::spawn(bound.serve(pool, shutdown.clone()));
        Self { address, database, pg, clock, shutdown, _postgres: postgres }
    }

    /// The clock of the API.
    pub fn it_is(&self, time: &str) {
        self.clock.set(at(time).parse().unwrap());
    }

    pub async fn sql(&self, statements: &str) {
        self.database.batch_execute(statements).await.unwrap();
    }

    /// What the pipeline has come to: one partition of `stream`, of which everything up to `stream_time` was seen.
    pub async fn progress(&self, stream: &str, stream_time: &str) {
        self.sql(&format!(
            "INSERT INTO partition_progress
                 (stream, source_partition, next_offset, owner_epoch, owner, stream_time, commit_seq)
             VALUES ('{stream}', 0, 1000, 1, 'test', '{}', 1)
             ON CONFLICT (stream, source_partition) DO UPDATE
             SET stream_time = EXCLUDED.stream_time, commit_seq = partition_progress.commit_seq + 1",
            at(stream_time)
        ))
        .await;
        let query = "SELECT sum(commit_seq)::bigint FROM partition_progress";
        let version: i64 = self.database.query_one(query, &[]).await.unwrap().get(0);
        // Answers may be two readings of the version old. The tag tells which reading an answer is for; what is read
        // for it may be newer.
        let tag = format!("W/\"{version}-");
        let begin = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        while !self.ask("/api/streams", &[]).await.header("etag").starts_with(&tag) {
            assert!(begin.elapsed() < LIMIT, "version {version} is not seen");
            pace.tick().await;
        }
    }

    /// A window that something was counted in.
    pub async fn span(&self, stream: &str, window: &str, offsets: (i64, i64)) {
        self.sql(&format!(
            "INSERT INTO window_span (stream, source_partition, window_start, first_offset, last_offset)
             VALUES ('{stream}', 0, '{}', {}, {})",
            at(window),
            offsets.0,
            offsets.1
        ))
        .await;
    }

    /// Three hours of orders from 09:00 on, with ties, unknown values, holes and two source partitions.
    pub async fn three_hours_of_orders(&self) {
        self.sql(&format!(
            "INSERT INTO order_stats_partial
             SELECT timestamptz '{}' + minute * interval '1 minute',
                    'country-' || country, 'limit-' || class, part, 'town-' || (minute + part),
                    1 + (minute * 7 + country * 3) % 5, (minute + country + class) % 2,
                    CASE WHEN country % 5 = 0 THEN NULL ELSE 10 * minute + country % 3 END,
                    CASE WHEN country % 5 = 0 THEN NULL ELSE minute % 7 END,
                    CASE WHEN country % 5 = 0 THEN NULL ELSE minute END
             FROM generate_series(0, 179) minute, generate_series(0, 12) country,
                  generate_series(0, 1) class, generate_series(0, 1) part
             WHERE (minute + country * 5 + class) % 4 <> 0",
            at("09:00:00")
        ))
        .await;
        self.span("orders", "09:00:00", (0, 999)).await;
        self.progress("orders", "12:04:10").await;
    }

    pub async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        reply::get(&self.address, path, headers).await
    }

    pub async fn json(&self, path: &str) -> Value {
        let reply = self.ask(path, &[]).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// A time of the day, in full.
pub fn at(time: &str) -> String {
    let seconds = if time.len() == 5 { ":00" } else { "" };
    format!("{DAY}T{time}{seconds}Z")
}
