//! Many who ask the same at once cost the database one statement, whoever of them leaves.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use api::ApiSettings;
use common::{db, duration::Millis, telemetry};
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};
use tokio::task::JoinSet;

use crate::{
    reply,
    stage::{LIMIT, ORDERS, Stage},
};

const STATEMENT: &str = "-- rollup_groups%";

/// The value of a counter of `/metrics`.
async fn counted(stage: &Stage, name: &str) -> u64 {
    let metrics = stage.ask("/metrics", &[]).await.body;
    let line = metrics.lines().find(|line| line.split(' ').next() == Some(name));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("no {name}: {metrics}"))
}

async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let begin = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    while !condition().await {
        assert!(begin.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        pace.tick().await;
    }
}

/// Whether the server still has its end of the connection from `client`.
fn is_open(server: &str, client: std::net::SocketAddr) -> bool {
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next().unwrap(), 16).unwrap();
    let server: u16 = server.rsplit(':').next().unwrap().parse().unwrap();
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    table.lines().skip(1).any(|line| {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let ends = (port(parts[1]), port(parts[2]));
        // Established, or closed by the client only.
        ends == (server, client.port()) && ["01", "08"].contains(&parts[3])
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_are_one_statement_though_the_first_of_them_leaves() {
    let mut postgres = PrivatePostgres::start(&PostgresOptions::temporary().without_fsync()).await.unwrap();
    let admin = db::connect(&postgres.settings(), "test").await.unwrap();
    admin.batch_execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'").await.unwrap();
    postgres.restart_fast().await.unwrap();
    let recorder = telemetry::init_metrics().unwrap();
    let patient = |settings: ApiSettings| ApiSettings {
        metrics: Some(recorder),
        statement_timeout: Millis::new(120_000),
        request_timeout: Millis::new(120_000),
        max_connections: 4_096,
        max_connections_per_client: 4_096,
        reads_per_second: 0,
        ..settings
    };
    let stage = Stage::on(Arc::new(postgres), patient).await;
    stage.three_hours_of_orders().await;
    stage.sql("CREATE EXTENSION pg_stat_statements").await;
    // Not the one that holds the table: within a transaction the activity is told as it first was.
    let observer = db::connect(&stage.pg, "test").await.unwrap();
    let statements = async || -> i64 {
        let query = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query LIKE $1";
        observer.query_one(query, &[&STATEMENT]).await.unwrap().get(0)
    };
    let running = async || -> i64 {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1";
        observer.query_one(query, &[&STATEMENT]).await.unwrap().get(0)
    };
    let (loads, misses) =
        (counted(&stage, "api_cache_loads_total").await, counted(&stage, "api_cache_misses_total").await);
    let path = format!("{ORDERS}?last=4h&limit=5");

    // Whoever reads the table has to wait.
    stage.sql("BEGIN; LOCK TABLE order_stats_partial IN ACCESS EXCLUSIVE MODE").await;
    let first = reply::begin(&stage.address, &path, &[]).await;
    until("the first load waits for the table", async || running().await == 1).await;
    let client = first.local_addr().unwrap();
    assert!(is_open(&stage.address, client));
    drop(first);
    until("the API has let the first client go", async || !is_open(&stage.address, client)).await;

    let mut asking = JoinSet::new();
    for _ in 0..1_000 {
        let (address, path) = (stage.address.clone(), path.clone());
        asking.spawn(async move { reply::get(&address, &path, &[]).await });
    }
    until("all have asked", async || counted(&stage, "api_cache_misses_total").await == misses + 1_001).await;
    assert_eq!(running().await, 1);
    assert_eq!(counted(&stage, "api_cache_loads_total").await, loads + 1);
    stage.sql("COMMIT").await;

    let answers = asking.join_all().await;
    assert_eq!(answers.len(), 1_000);
    assert_eq!(answers[0].json()["count"], 5);
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
        assert_eq!(answer.header("etag"), answers[0].header("etag"));
    }
    assert_eq!(counted(&stage, "api_cache_loads_total").await, loads + 1);
    assert_eq!(statements().await, 1);

    // Later ones cost nothing, and a new version of the data one more.
    assert_eq!(stage.ask(&path, &[]).await.body, answers[0].body);
    assert_eq!(statements().await, 1);
    stage.progress("orders", "12:04:20").await;
    assert_ne!(stage.ask(&path, &[]).await.body, answers[0].body);
    assert_eq!(statements().await, 2);
}

#[tokio::test]
async fn what_takes_too_long_is_broken_off_and_told_and_not_kept() {
    let postgres = PrivatePostgres::start(&PostgresOptions::temporary().without_fsync()).await.unwrap();
    let hasty = |settings: ApiSettings| ApiSettings { statement_timeout: Millis::new(500), ..settings };
    let stage = Stage::on(Arc::new(postgres), hasty).await;
    stage.three_hours_of_orders().await;
    let path = format!("{ORDERS}?last=4h");
    stage.sql("BEGIN; LOCK TABLE order_stats_partial IN ACCESS EXCLUSIVE MODE").await;
    let reply = stage.ask(&path, &[]).await;
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"));
    assert!(detail.contains("longer") && detail.contains("range"), "{detail}");
    stage.sql("COMMIT").await;
    assert_eq!(stage.json(&path).await["count"], 10);
}
