//! An API that serves a stream of the user's own and no downloads.

use crate::{house::House, listener::Events};

const OWN: &str = "web-requests";

async fn open() -> House {
    let house = House::with(|settings| settings.streams.retain(|stream| stream.name == OWN)).await;
    house
        .client
        .batch_execute(
            "DROP TABLE content_stats_partial, region_health_partial, device_stats_partial CASCADE",
        )
        .await
        .unwrap();
    house
        .client
        .execute(
            "INSERT INTO partition_progress (stream, source_partition, next_offset, owner_epoch, owner, \
             stream_time, commit_seq, high_watermark) VALUES ($1, 0, 10, 1, 'p', now(), 1, 10)",
            &[&OWN],
        )
        .await
        .unwrap();
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_about_downloads_is_not_there_and_says_why() {
    let house = open().await;
    for panel in ["realtime", "trending", "regions", "devices", "timeseries"] {
        let answer = house.get(&format!("/api/stats/{panel}")).await;
        assert_eq!(answer.status, 404, "{answer:?}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("--stream content-downloads"), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_else_is_about_the_own_stream() {
    let house = open().await;
    let streams =
        house.until("/api/streams", |answer| answer.body.contains(r#""data_version":1"#)).await.json();
    assert_eq!((&streams["count"], &streams["data"][0]["stream"]), (&1.into(), &OWN.into()));
    let alerts = house.get("/api/stats/alerts").await;
    assert_eq!(alerts.json()["meta"]["data_version"], 1, "{alerts:?}");
    let letters = house.get("/api/dead-letters").await;
    assert_eq!(letters.json()["stream"], OWN, "{letters:?}");
    let ready = house.get("/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_commits_are_pushed() {
    let house = open().await;
    let mut events = Events::listen(&house.address, "/api/stream/events", "").await;
    let mut version = 1;
    while version <= 2 {
        let event = events.next().await;
        let keys: Vec<&str> = event["data"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["alerts", "meta"], "{event}");
        // A window may begin, and be told, between two commits.
        if event["data"]["meta"]["data_version"] == version {
            house
                .client
                .execute("UPDATE partition_progress SET commit_seq = commit_seq + 1", &[])
                .await
                .unwrap();
            version += 1;
        }
    }
}
