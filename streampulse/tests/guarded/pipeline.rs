//! `/api/pipeline`: everything an operator asks first.

use serde_json::json;

use crate::{
    house::{House, STREAM},
    request::Request,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pipeline_tells_lag_owners_gaps_replays_and_pauses() {
    let house = House::open().await;
    let token = house.token("op", "operate");
    house.partition(0, 100).await;
    house.partition(1, 50).await;
    house
        .client
        .batch_execute(
            "UPDATE partition_progress SET high_watermark = 130, stream_time = now() - interval '90 s', handovers = 4
             WHERE source_partition = 0;
             UPDATE partition_progress SET idle = true, handovers = 1 WHERE source_partition = 1;
             INSERT INTO data_gaps VALUES ('content-downloads', 1, 7, 9, 'retention', 'p', now())",
        )
        .await
        .unwrap();
    let replay = house
        .ask(
            Request::new("POST", "/api/replays")
                .body(r#"{"from_offset": 10, "partitions": [0]}"#)
                .token(&token),
        )
        .await
        .json()["replay"]
        .as_i64()
        .unwrap();
    let pause = format!("/api/streams/{STREAM}/pause");
    house.ask(Request::new("POST", &pause).body(r#"{"reason": "disk"}"#).token(&token)).await;

    let answer =
        house.until("/api/pipeline", |answer| answer.json()["data"][0]["control"]["paused"] == true).await;
    let answer = answer.json();
    let streams = answer["data"].as_array().unwrap();
    let stream = streams.iter().find(|stream| stream["stream"] == STREAM).unwrap();
    assert_eq!((&stream["lag"], &stream["rebalances"]), (&json!(30), &json!(5)));
    let lag = stream["lag_seconds"].as_f64().unwrap();
    assert!((90.0..120.0).contains(&lag), "{lag}");
    assert_eq!(
        (&stream["control"]["changed_by"], &stream["control"]["reason"]),
        (&json!("op"), &json!("disk"))
    );
    let gap = &stream["gaps"][0];
    assert_eq!(
        (&gap["partition"], &gap["from_offset"], &gap["to_offset"]),
        (&json!(1), &json!(7), &json!(9))
    );
    assert_eq!(
        (&stream["replays"][0]["replay"], &stream["replays"][0]["requested"]),
        (&json!(replay), &json!(1))
    );
    let [behind, idle] = stream["partitions"].as_array().unwrap().as_slice() else { panic!("{stream}") };
    assert_eq!(
        (&behind["lag"], &behind["rebalances"], &behind["idle"]),
        (&json!(30), &json!(4), &json!(false))
    );
    assert_eq!((&idle["lag_seconds"], &idle["idle"]), (&json!(0.0), &json!(true)));
    let other = streams.iter().find(|stream| stream["stream"] != STREAM).unwrap();
    assert_eq!(
        (&other["gaps"], &other["replays"], &other["control"]),
        (&json!([]), &json!([]), &json!(null))
    );
}
