//! What a processor counted of a real log, asked for by the words of its definition.

use std::{collections::BTreeMap, time::Duration};

use common::time::Timestamp;
use generator::{Cell, LogTimes, Source, TruthRow};
use serde_json::Value;

use crate::{api::Api, http, stage::Stage};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../generator/samples/access.log");
const LIMIT: Duration = Duration::from_secs(60);
const RANGE: &str = "from=2015-05-18T11:00:00Z&to=2015-05-18T15:10:00Z";
const MEASURES: [&str; 3] = ["requests", "good", "bytes"];

/// None where no value was seen.
fn number(row: &TruthRow, name: &str) -> Option<i64> {
    match row.get(name) {
        Some(Cell::Number(number)) => Some(*number),
        Some(Cell::Null) => None,
        other => panic!("{name} is {other:?}"),
    }
}

/// The entries of a sketch in the truth: `entry:number` with blanks between.
fn entries(row: &TruthRow, name: &str) -> Vec<(i64, i64)> {
    let Some(Cell::Text(text)) = row.get(name) else { return Vec::new() };
    let pairs = text.split(' ').map(|pair| pair.split_once(':').unwrap());
    pairs.map(|(entry, number)| (entry.parse().unwrap(), number.parse().unwrap())).collect()
}

/// So few clients that none shares a register with another are counted exactly, and quantiles are within 1 % of any
/// value of their bucket: 64 buckets to the power of two, each number below 128 in its own.
fn assert_sketches(told: &Value, truth: &TruthRow) {
    let registers = i64::try_from(entries(truth, "clients").len()).unwrap();
    assert!((1..60).contains(&registers), "{truth:?}");
    assert_eq!(told["clients"], registers, "{truth:?}");
    let buckets = entries(truth, "response_bytes");
    let count: i64 = buckets.iter().map(|(_, count)| count).sum();
    for percent in [50, 90, 95, 99] {
        let found = &told[format!("response_bytes_p{percent}")];
        let mut left = (count - 1) * percent / 100;
        let bucket = buckets.iter().find(|(_, count)| {
            left -= count;
            left < 0
        });
        let Some((bucket, _)) = bucket else {
            assert!(found.is_null(), "{truth:?}");
            continue;
        };
        let width = 1_i64 << (bucket / 64 - 1).max(0);
        let least = if width == 1 { *bucket } else { (64 + bucket % 64) * width };
        let found = found.as_i64().unwrap();
        assert!((least..least + width).contains(&found), "{found} for bucket {bucket}: {truth:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_minute_of_a_real_log_is_answered_as_it_was() {
    let test = "every_minute_of_a_real_log_is_answered_as_it_was";
    let Some(stage) = Stage::set(test, "web-requests", 2).await else { return };
    let client = stage.client().await;
    let processor = stage.processor(&["--threads", "1"]);
    let lines = std::fs::read_to_string(SAMPLE).unwrap().lines().count() as u64;
    let source = Source::AccessLog { path: SAMPLE.into(), times: LogTimes::Kept };
    let truth = stage.send(source, lines, None).await.unwrap();
    stage.until_committed(&client, lines, LIMIT).await;
    // Then nothing is open any more.
    stage.until(&client, "SELECT bool_and(idle) FROM partition_progress", LIMIT).await;

    // The API needs the stream of downloads beside.
    let mut connected = stage.client().await;
    let downloads = schema::StreamDefinition::shipped().unwrap().into_iter();
    let downloads = downloads.filter(|known| known.name == "content-downloads").collect::<Vec<_>>();
    processor::install_stream(&mut connected, &downloads[0]).await.unwrap();
    let mut command = stage.streampulse(&["api"]);
    let api = Api::start(command.env("STREAMS", "content-downloads,web-requests").env_remove("KAFKA_TOPIC"));

    let mut wanted: BTreeMap<(String, Timestamp), &TruthRow> = BTreeMap::new();
    for row in &truth.tables["web_status_stats"] {
        let Some(Cell::Text(class)) = row.get("status_class") else { panic!("{row:?}") };
        let window = Timestamp::from_millis(number(row, "window_start").unwrap());
        wanted.insert((class.clone(), window), row);
    }
    let first = *wanted.keys().map(|(_, window)| window).min().unwrap();

    let path = format!("/api/streams/web-requests/web_status_stats?{RANGE}&step=1m");
    let answer = http::json(&api.address, &path).await;
    let (mut counted, mut zeros) = (0, 0);
    for row in answer["data"].as_array().unwrap() {
        let start: Timestamp = row["window"]["start"].as_str().unwrap().parse().unwrap();
        let key = (row["dimensions"]["status_class"].as_str().unwrap().to_owned(), start);
        let numbers = MEASURES.map(|name| row["measures"][name].as_i64());
        let state = row["window"]["state"].as_str().unwrap();
        match wanted.get(&key) {
            Some(of_truth) => {
                let expected = MEASURES.map(|name| number(of_truth, name));
                assert_eq!((state, numbers), ("counted", expected), "{key:?}");
                assert_sketches(&row["measures"], of_truth);
                counted += 1;
            }
            None if start < first => assert_eq!((state, numbers), ("missing", [None; 3]), "{key:?}"),
            None => {
                assert_eq!((state, numbers), ("zero", [Some(0); 3]), "{key:?}");
                assert_eq!(row["measures"]["clients"], 0, "{key:?}");
                assert!(row["measures"]["response_bytes_p50"].is_null(), "{key:?}");
                zeros += 1;
            }
        }
    }
    assert_eq!(counted, wanted.len());
    assert!(zeros > 0);

    let path =
        format!("/api/streams/web-requests/web_path_stats?{RANGE}&limit=7&order=path&measures=requests");
    let (mut rows, mut next): (Vec<Value>, String) = (Vec::new(), String::new());
    loop {
        let page = http::json(&api.address, &format!("{path}{next}")).await;
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    let mut paths: BTreeMap<String, i64> = BTreeMap::new();
    for row in &truth.tables["web_path_stats"] {
        let Some(Cell::Text(path)) = row.get("path") else { panic!("{row:?}") };
        *paths.entry(path.clone()).or_default() += number(row, "requests").unwrap();
    }
    let paged = rows.iter().map(|row| {
        let path = row["dimensions"]["path"].as_str().unwrap().to_owned();
        (path, row["measures"]["requests"].as_i64().unwrap())
    });
    assert!(paged.eq(paths), "pages in the order of the paths are not the truth");
    processor.stop().await;
}
