//! Dead letters: looked at page by page, and sent through again.

use serde_json::json;

use crate::{
    house::{House, STREAM},
    record::good_record,
    request::Request,
};

const PATH: &str = "/api/dead-letters";
const REDRIVE: &str = "/api/dead-letters/redrive";

async fn bury(house: &House, (partition, offset): (i32, i64), reason: &str, payload: &[u8], size: i64) {
    house
        .client
        .execute(
            "INSERT INTO dead_letters (stream, source_partition, source_offset, topic, reason, detail, payload, \
             payload_size) VALUES ($1, $2, $3, 't', $4, 'd', $5, $6)",
            &[&STREAM, &partition, &offset, &reason, &payload, &size],
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_pages_together_hold_each_dead_letter_once() {
    let house = House::open().await;
    for partition in 0..3 {
        for offset in 0..7 {
            let reason = if offset % 2 == 0 { "truncated" } else { "bad_index" };
            bury(&house, (partition, offset * 10), reason, &[0xff; 300], 5_000).await;
        }
    }
    let mut seen = Vec::new();
    let mut path = format!("{PATH}?limit=5");
    loop {
        let page = house.get(&path).await.json();
        assert!(page["count"].as_i64().unwrap() <= 5);
        for letter in page["data"].as_array().unwrap() {
            seen.push((letter["partition"].as_i64().unwrap(), letter["offset"].as_i64().unwrap()));
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{PATH}?limit=5&after={next}");
    }
    let all: Vec<_> =
        (0..3).flat_map(|partition| (0..7).map(move |offset| (partition, offset * 10))).collect();
    assert_eq!(seen, all);

    let some = house.get(&format!("{PATH}?partition=1&reason=bad_index&bytes=3")).await.json();
    assert_eq!((&some["count"], &some["next"]), (&json!(3), &json!(null)));
    let letter = &some["data"][0];
    assert_eq!((&letter["payload_base64"], &letter["truncated"]), (&json!("////"), &json!(true)));
    assert_eq!((&letter["payload_size"], &letter["reason"]), (&json!(5_000), &json!("bad_index")));

    for query in [
        "partition=-1",
        "partition=2147483648",
        "limit=0",
        "bytes=4097",
        "after=1",
        "after=1:-1",
        "after=0:9223372036854775808",
        "reason=a%00b",
        "stream=%00",
        "offset=1",
    ] {
        assert_eq!(house.get(&format!("{PATH}?{query}")).await.status, 422, "{query}");
    }
    assert_eq!(house.get(&format!("{PATH}?stream=none")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redrive_asks_for_a_replay_from_the_first_record_that_would_count_now() {
    let house = House::open().await;
    let (operate, admin) = (house.token("op", "operate"), house.token("root", "admin"));
    let post = async |body: &str| house.ask(Request::new("POST", REDRIVE).body(body).token(&admin)).await;
    assert_eq!(post("{}").await.status, 404, "there is none");
    house.partition(0, 1_000).await;
    house.partition(1, 1_000).await;
    let good = good_record();
    let size = i64::try_from(good.len()).unwrap();
    bury(&house, (0, 10), "truncated", &good[..5], 5).await;
    bury(&house, (0, 15), "future", &good, size).await;
    let refused = post("{}").await;
    assert_eq!(refused.status, 409, "{refused:?}");
    bury(&house, (0, 20), "unknown_schema", &good, size).await;
    bury(&house, (0, 30), "unknown_schema", &good, size).await;
    // What was not kept whole may count.
    bury(&house, (1, 40), "oversized", &[0; 4_096], 2_000_000).await;
    // Beyond what fits on one page.
    for offset in 100..400 {
        bury(&house, (1, offset), "truncated", &good[..5], 5).await;
    }
    assert_eq!(house.ask(Request::new("POST", REDRIVE).body("{}").token(&operate)).await.status, 403);

    let all = post("{}").await;
    assert_eq!(all.status, 202, "{all:?}");
    assert_eq!(
        all.json()["partitions"],
        json!([{"partition": 0, "from_offset": 20}, {"partition": 1, "from_offset": 40}])
    );
    assert_eq!(all.json()["complete"], true);
    let one = post(r#"{"partition": 0, "offsets": [30, 10]}"#).await.json();
    assert_eq!(one["partitions"], json!([{"partition": 0, "from_offset": 30}]));
    let none = post(r#"{"reason": "truncated"}"#).await;
    assert_eq!(none.status, 409, "{none:?}");
    assert!(none.body.contains("301 dead letters"), "every page was looked at: {none:?}");

    let rows =
        "SELECT concat_ws(' ', p.source_partition, p.from_offset, p.to_offset, p.state, r.requested_by)
        FROM replays r JOIN replay_partitions p ON p.replay_id = r.id ORDER BY r.id, 1";
    assert_eq!(
        house.column(rows).await,
        ["0 20 requested token root", "1 40 requested token root", "0 30 requested token root"]
    );
    let audit = house.audit().await;
    assert_eq!(audit.len(), 2, "{audit:?}");
    assert!(audit[0].starts_with("root dead_letters.redrive replay ") && audit[0].ends_with(" 0:20 1:40"));

    for bad in [
        r#"{"reason": "future"}"#,
        r#"{"reason": "\u0000"}"#,
        r#"{"partition": -1}"#,
        r#"{"offsets": [1]}"#,
        r#"{"partition": 0, "offsets": []}"#,
        r#"{"partition": 0, "offsets": [9223372036854775808]}"#,
        r#"{"everything": true}"#,
    ] {
        assert_eq!(post(bad).await.status, 422, "{bad}");
    }
    // An offset that is none chooses nothing.
    assert_eq!(post(r#"{"partition": 0, "offsets": [-5, 9223372036854775807]}"#).await.status, 404);
    assert_eq!(post(r#"{"stream": "none"}"#).await.status, 404);
}
