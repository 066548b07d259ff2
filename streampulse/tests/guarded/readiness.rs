//! `/healthz` and `/readyz`: alive, ready, and why not.

use common::db;

use crate::house::{House, STREAM};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ready_is_who_can_read_the_database_and_the_freshness_of_each_stream_is_told() {
    let house = House::with(|settings| settings.require_token = true).await;
    house.partition(0, 100).await;
    house.client.execute("UPDATE partition_progress SET commit_seq = 41", &[]).await.unwrap();
    let ready = house.until("/readyz", |answer| answer.body.contains(r#""data_version":41"#)).await;
    assert_eq!((ready.status, ready.header("cache-control")), (200, Some("no-store")));
    let ready = ready.json();
    assert_eq!((&ready["status"], ready["reasons"].as_array().unwrap().len()), (&"ready".into(), 0));
    let streams = ready["streams"].as_array().unwrap();
    assert!(streams.len() > 1, "streams without a commit are told as well: {ready}");
    for stream in streams {
        let read = stream["stream"] == STREAM;
        assert_eq!(stream["complete_through"].is_string(), read, "{stream}");
        assert_eq!(stream["lag_seconds"].is_number(), read, "{stream}");
    }

    // Nobody may come in, and who is in goes out: as when the server restarts for long.
    let elsewhere = db::PgSettings { dbname: "postgres".to_owned(), ..house.pg.clone() };
    let elsewhere = db::connect(&elsewhere, "test").await.unwrap();
    let name = &house.pg.dbname;
    let doors = async |open: bool| {
        elsewhere.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {open}")).await.unwrap();
    };
    doors(false).await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
    elsewhere.query(cut, &[name]).await.unwrap();
    let away = house.until("/readyz", |answer| answer.status == 503).await;
    assert_eq!(away.header("content-type"), Some("application/json"));
    assert_eq!(away.header("retry-after"), Some("1"));
    let reasons = away.json()["reasons"].clone();
    assert_eq!(reasons[0], "database: the database cannot be reached or is too busy", "{reasons}");
    assert_eq!(away.json()["status"], "not ready");
    let alive = house.get("/healthz").await;
    assert_eq!((alive.status, alive.json()["status"].as_str()), (200, Some("ok")), "alive all the same");

    doors(true).await;
    house.until("/readyz", |answer| answer.status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_our_tables_is_not_ready() {
    let house = House::open().await;
    house.client.batch_execute("ALTER TABLE partition_progress RENAME TO other").await.unwrap();
    let answer = house.until("/readyz", |answer| answer.status == 503).await;
    assert_eq!(answer.json()["reasons"][0], "database: the tables of this stream do not exist yet");
}
