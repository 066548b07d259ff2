//! What a test lives in: a migrated database of its own, the API over it, and tokens.

use std::{
    process::Command,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use api::{ApiError, ApiSettings};
use common::{
    db::{self, PgSettings},
    shutdown::Shutdown,
};
use schema::StreamDefinition;
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_postgres::Client;

use crate::request::{Answer, Request};

static SHARED: Mutex<Weak<PrivatePostgres>> = Mutex::const_new(Weak::new());
static HOUSES: AtomicU32 = AtomicU32::new(0);

pub const STREAM: &str = "content-downloads";

/// One server for all tests that run at the same time.
pub async fn postgres() -> Arc<PrivatePostgres> {
    let mut shared = SHARED.lock().await;
    if let Some(running) = shared.upgrade() {
        return running;
    }
    let started = PrivatePostgres::start(&PostgresOptions::temporary().without_fsync()).await.unwrap();
    let started = Arc::new(started);
    *shared = Arc::downgrade(&started);
    started
}

pub struct House {
    pub pg: PgSettings,
    pub address: String,
    pub client: Client,
    shutdown: Shutdown,
    serving: Option<JoinHandle<Result<(), ApiError>>>,
    shared: Option<Arc<PrivatePostgres>>,
}

impl House {
    pub async fn open() -> Self {
        Self::with(|_| ()).await
    }

    /// An API with changed settings.
    pub async fn with(change: impl FnOnce(&mut ApiSettings)) -> Self {
        let postgres = postgres().await;
        let mut house = Self::on(&postgres, change).await;
        house.shared = Some(postgres);
        house
    }

    /// On a server of its own, which the caller may stop.
    pub async fn on(postgres: &PrivatePostgres, change: impl FnOnce(&mut ApiSettings)) -> Self {
        let name = format!("house_{}", HOUSES.fetch_add(1, Ordering::Relaxed));
        let pg = postgres.create_database(&name).await.unwrap();
        db::migrate(&pg).await.unwrap();
        let mut client = db::connect(&pg, "test").await.unwrap();
        let streams = StreamDefinition::shipped().unwrap();
        for stream in &streams {
            processor::install_stream(&mut client, stream).await.unwrap();
        }
        let mut settings = ApiSettings {
            host: [127, 0, 0, 1].into(),
            port: 0,
            writes_per_minute: 0,
            ..ApiSettings::new(streams)
        };
        change(&mut settings);
        let bound = api::bind(settings).await.unwrap();
        let address = bound.address().to_string();
        let shutdown = Shutdown::default();
        let pool = db::pool(&pg, 4, "streampulse-api").unwrap();
        let serving = Some(tokio::spawn(bound.serve(pool, shutdown.clone())));
        Self { pg, address, client, shutdown, serving, shared: None }
    }

    /// Asks the API to end; returned is the wait for it.
    pub fn end(&mut self) -> impl Future<Output = ()> + use<> {
        self.shutdown.trigger();
        let serving = self.serving.take().unwrap();
        async move { serving.await.unwrap().unwrap() }
    }

    /// Our own program with this database in its environment.
    pub fn streampulse(&self, arguments: &[&str]) -> std::process::Output {
        let pg = &self.pg;
        let password = pg.password.clone().unwrap_or_default();
        let url = format!("postgres://{}:{password}@{}:{}/{}", pg.user, pg.host, pg.port, pg.dbname);
        Command::new(env!("CARGO_BIN_EXE_streampulse"))
            .env_clear()
            .env("DATABASE_URL", url)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// A new token, made by the command line.
    pub fn token(&self, name: &str, scope: &str) -> String {
        let made = self.streampulse(&["token", "create", "--name", name, "--scope", scope]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    pub async fn ask(&self, request: Request<'_>) -> Answer {
        request.send(&self.address).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Request::new("GET", path)).await
    }

    /// Asks until the answer is as wanted: caches may be some milliseconds behind.
    pub async fn until(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let begin = std::time::Instant::now();
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            pace.tick().await;
            let answer = self.get(path).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(begin.elapsed().as_secs() < 20, "{path}: {answer:?}");
        }
    }

    pub async fn column(&self, query: &str) -> Vec<String> {
        self.client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// `token action subject detail` of each entry but those of the command line.
    pub async fn audit(&self) -> Vec<String> {
        self.column(
            "SELECT concat_ws(' ', token, action, subject, nullif(detail, '')) FROM api_audit \
             WHERE request_id <> '' ORDER BY id",
        )
        .await
    }

    /// An alert as the leader writes it; returns its id.
    pub async fn alert(&self, dimension: &str, minute: i32) -> i64 {
        let row = self
            .client
            .query_one(
                "INSERT INTO alerts (stream, alert_type, dimension, window_start, severity, message, region, \
                 metric_name, metric_value, threshold_value) VALUES ($1, 'HIGH_ERROR_RATE', $2, \
                 '2026-01-02T03:00:00Z'::timestamptz + make_interval(mins => $3), 'CRITICAL', 'm', $2, \
                 'success_rate', 0.5, 0.9) RETURNING id",
                &[&STREAM, &dimension, &minute],
            )
            .await
            .unwrap();
        row.get(0)
    }

    /// A partition as a processor leaves it.
    pub async fn partition(&self, partition: i32, next: i64) {
        self.client
            .execute(
                "INSERT INTO partition_progress (stream, source_partition, next_offset, owner_epoch, owner, \
                 stream_time, commit_seq, high_watermark) VALUES ($1, $2, $3, 1, 'p', now(), 1, $3)",
                &[&STREAM, &partition, &next],
            )
            .await
            .unwrap();
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}
