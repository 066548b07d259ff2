//! Replays and pauses: what a request leaves for the processors.

use serde_json::json;

use crate::{
    house::{House, STREAM},
    request::Request,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_is_the_same_request_as_the_command_lines_and_can_be_taken_back() {
    let house = House::open().await;
    let token = house.token("op", "operate");
    let post =
        async |body: &str| house.ask(Request::new("POST", "/api/replays").body(body).token(&token)).await;
    assert_eq!(post(r#"{"from_offset": 0}"#).await.status, 422, "nothing was read yet");
    house.partition(0, 100).await;
    house.partition(1, 50).await;
    house
        .client
        .execute(
            "INSERT INTO window_span VALUES ($1, 0, '2026-01-02T03:00:00Z', 20, 60, NULL), \
             ($1, 0, '2026-01-02T03:01:00Z', 45, 99, NULL), ($1, 1, '2026-01-02T03:00:00Z', 0, 49, NULL)",
            &[&STREAM],
        )
        .await
        .unwrap();
    let answer = post(r#"{"from_offset": 40, "to_offset": 45, "partitions": [1]}"#).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let first = answer.json()["replay"].as_i64().unwrap();
    assert_eq!(answer.json()["partitions"], json!([{"partition": 1, "from_offset": 40}]));
    let window = post(r#"{"from_window": "2026-01-02T03:01:00Z"}"#).await;
    assert_eq!(window.json()["partitions"], json!([{"partition": 0, "from_offset": 45}]));
    let rows = "SELECT concat_ws(' ', r.stream, r.request, r.requested_by, p.source_partition, p.from_offset,
        p.to_offset, p.state) FROM replays r JOIN replay_partitions p ON p.replay_id = r.id ORDER BY r.id";
    assert_eq!(
        house.column(rows).await,
        [
            "content-downloads --from 40 --to 45 --partitions 1 token op 1 40 45 requested",
            "content-downloads windows from 2026-01-02T03:01:00Z token op 0 45 requested",
        ]
    );
    for bad in [
        r#"{"from_offset": 51}"#,
        r#"{"from_window": "2026-01-02T04:00:00Z"}"#,
        r#"{"from_offset": 9, "to_offset": 9}"#,
    ] {
        assert_eq!(post(bad).await.status, 422, "{bad}");
    }

    // One of two partitions was taken up.
    let both = post(r#"{"from_offset": 10}"#).await.json()["replay"].as_i64().unwrap();
    house
        .client
        .execute(
            "UPDATE replay_partitions SET state = 'running', start_offset = 0, until_offset = 100 \
             WHERE replay_id = $1 AND source_partition = 0",
            &[&both],
        )
        .await
        .unwrap();
    let path = format!("/api/replays/{both}");
    let cancelled = house.ask(Request::new("DELETE", &path).token(&token)).await;
    assert_eq!(cancelled.json(), json!({"replay": both, "cancelled": 1, "begun": 1}));
    let path = format!("/api/replays/{first}");
    for expected in [1, 0] {
        let cancelled = house.ask(Request::new("DELETE", &path).token(&token)).await;
        assert_eq!(cancelled.json(), json!({"replay": first, "cancelled": expected, "begun": 0}));
    }
    assert_eq!(house.ask(Request::new("DELETE", "/api/replays/77").token(&token)).await.status, 404);
    let listed =
        house.until("/api/replays", |answer| answer.json()["data"][2]["cancelled"] == 1).await.json();
    assert_eq!(listed["count"], 3);
    assert_eq!(listed["data"][0]["running"], 1);
    let audit = house.audit().await;
    assert_eq!(audit.len(), 6, "{audit:?}");
    assert_eq!(
        audit[0],
        format!("op replay.request replay {first} {STREAM} --from 40 --to 45 --partitions 1")
    );
    assert_eq!(audit[3], format!("op replay.cancel replay {both} 1 cancelled, 1 begun"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_paused_and_resumed_with_a_reason() {
    let house = House::open().await;
    let token = house.token("op", "operate");
    let stored = "SELECT concat_ws(' ', stream, paused, reason, changed_by) FROM stream_control";
    for (verb, body, paused) in
        [("pause", Some(r#"{"reason": "disk full"}"#), true), ("pause", None, true), ("resume", None, false)]
    {
        let path = format!("/api/streams/{STREAM}/{verb}");
        let answer = house.ask(Request { body, ..Request::new("POST", &path).token(&token) }).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["paused"], paused);
        let reason = if body.is_some() { "disk full" } else { "" };
        let truth = if paused { "t" } else { "f" };
        assert_eq!(house.column(stored).await, [format!("{STREAM} {truth} {reason} op")]);
    }
    let unknown = house.ask(Request::new("POST", "/api/streams/none/pause").token(&token)).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(
        house.audit().await,
        [
            format!("op stream.pause stream {STREAM} disk full"),
            format!("op stream.pause stream {STREAM}"),
            format!("op stream.resume stream {STREAM}"),
        ]
    );
}
