//! A series has every step, and tells what a step without a number is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::stage::{ORDERS, Stage, at};

/// Orders of each window of a country: its state and what was counted.
fn series(answer: &Value, country: &str) -> Vec<(String, String, Value)> {
    let rows = answer["data"].as_array().unwrap().iter();
    let of_country = rows.filter(|row| row["dimensions"]["country"] == country);
    let row = |row: &Value| {
        let window = &row["window"];
        let start = window["start"].as_str().unwrap()[11..16].to_owned();
        (start, window["state"].as_str().unwrap().to_owned(), row["measures"]["orders"].clone())
    };
    of_country.map(row).collect()
}

fn expected(rows: &[(&str, &str, Option<i64>)]) -> Vec<(String, String, Value)> {
    rows.iter()
        .map(|(start, state, orders)| ((*start).to_owned(), (*state).to_owned(), json!(orders)))
        .collect()
}

/// Counted from 11:50 on; records 100 to 199 were skipped between 11:53 and 11:57, which was noticed at 12:01; seen up
/// to 12:04:10.
async fn with_a_gap() -> Stage {
    let stage = Stage::set().await;
    for (window, country, orders) in [
        ("11:50", "at", 3),
        ("11:50", "be", 1),
        ("11:51", "at", 2),
        ("11:53", "ch", 5),
        ("11:57", "ch", 6),
        ("12:03", "at", 4),
    ] {
        stage
            .sql(&format!(
                "INSERT INTO order_stats_partial
                 VALUES ('{}', '{country}', 'low', 0, 'x', {orders}, 1, 250, 50, 150)",
                at(window)
            ))
            .await;
    }
    for (window, first, last) in
        [("11:50", 0, 20), ("11:51", 21, 40), ("11:53", 41, 99), ("11:57", 200, 210), ("12:03", 211, 220)]
    {
        stage.span("orders", window, (first, last)).await;
    }
    stage
        .sql(
            "INSERT INTO data_gaps (stream, source_partition, from_offset, to_offset, reason, recorded_by, recorded_at)
             VALUES ('orders', 0, 100, 200, 'reset', 'test', '2026-01-02T12:01:30Z')",
        )
        .await;
    stage.progress("orders", "12:04:10").await;
    stage
}

fn a_quarter(from: &str, to: &str) -> String {
    format!("{ORDERS}?group_by=country&from={}&to={}&step=1m", at(from), at(to))
}

#[tokio::test]
async fn zero_missing_gap_and_still_open_are_told_apart() {
    let stage = with_a_gap().await;
    let answer = stage.json(&a_quarter("11:48", "12:07")).await;
    assert_eq!(answer["count"], 3 * 19);
    let (zero, open) = (|at| (at, "zero", Some(0)), |at| (at, "open", None));
    let (gap, missing) = (|at| (at, "gap", None), |at| (at, "missing", None));
    let austria = [
        missing("11:48"), // before the first event of the stream
        missing("11:49"),
        ("11:50", "counted", Some(3)),
        ("11:51", "counted", Some(2)),
        gap("11:52"), // still took events when 11:53 was begun
        gap("11:53"),
        gap("11:54"),
        gap("11:55"),
        gap("11:56"),
        gap("11:57"),
        zero("11:58"),
        zero("11:59"),
        zero("12:00"),
        zero("12:01"),
        zero("12:02"),
        ("12:03", "open", Some(4)),
        missing("12:04"), // due at 12:05:40
        open("12:05"),
        open("12:06"),
    ];
    assert_eq!(series(&answer, "at"), expected(&austria));
    let switzerland = series(&answer, "ch");
    assert_eq!(switzerland[5], ("11:53".to_owned(), "gap".to_owned(), json!(5)), "what was counted is told");
    assert_eq!(switzerland[2], ("11:50".to_owned(), "zero".to_owned(), json!(0)));

    // No event: counts and sums are 0, the rest is unknown.
    let row = &answer["data"].as_array().unwrap()[10];
    assert_eq!(row["window"], json!({"start": at("11:58"), "end": at("11:59"), "state": "zero"}));
    assert_eq!(
        row["measures"],
        json!({"orders": 0, "paid": 0, "amount": 0.0, "least": null, "most": null, "paid_rate": null, "mean_amount": null})
    );
}

#[tokio::test]
async fn longer_steps_are_as_unsure_as_their_windows() {
    let stage = with_a_gap().await;
    let states = async |query: &str| -> Vec<(String, Value)> {
        let path = format!("{ORDERS}?group_by=&{query}&measures=orders");
        let rows = stage.json(&path).await["data"].as_array().unwrap().clone();
        let row = |row: &Value| {
            (row["window"]["state"].as_str().unwrap().to_owned(), row["measures"]["orders"].clone())
        };
        rows.iter().map(row).collect()
    };
    let hour = format!("from={}&to={}&step=5m", at("11:45"), at("12:15"));
    let told = |state: &str, orders: Option<i64>| (state.to_owned(), json!(orders));
    assert_eq!(
        states(&hour).await,
        [
            told("missing", None),
            told("gap", Some(11)),
            told("gap", Some(6)),
            told("open", Some(4)),
            told("open", None),
            told("open", None),
        ]
    );
    // A range without a step is one step, and a total is told of nothing at all as well.
    assert_eq!(states(&format!("from={}&to={}", at("11:58"), at("12:02"))).await, [told("zero", Some(0))]);
    assert_eq!(states(&format!("from={}&to={}", at("11:50"), at("11:52"))).await, [told("counted", Some(6))]);
    assert_eq!(states(&format!("from={}&to={}", at("10:00"), at("11:00"))).await, [told("missing", None)]);
    assert_eq!(states("last=5m").await, [told("open", Some(4))]);
    assert_eq!(states("last=5m&filter.country=nowhere").await, [told("open", None)]);
}

#[tokio::test]
async fn a_gap_that_was_counted_after_all_is_none() {
    let stage = with_a_gap().await;
    // Nothing was counted in it, so no group is listed; the total tells.
    assert_eq!(stage.json(&a_quarter("11:54", "11:55")).await["count"], 0);
    let total = format!("{ORDERS}?group_by=&from={}&to={}", at("11:54"), at("11:55"));
    assert_eq!(stage.json(&total).await["data"][0]["window"]["state"], "gap");
    let replayed = |from: i64, state: &str| {
        format!(
            "WITH replay AS (
                 INSERT INTO replays (stream, request, requested_by) VALUES ('orders', 'test', 'test') RETURNING id)
             INSERT INTO replay_partitions
                 (replay_id, source_partition, from_offset, state, start_offset, until_offset, started_at)
             SELECT id, 0, {from}, '{state}', {from}, 1000, '2026-01-02T12:02:00Z' FROM replay"
        )
    };
    for (from, how, known) in [(101, "done", "gap"), (100, "running", "gap"), (100, "done", "zero")] {
        stage.sql(&replayed(from, how)).await;
        stage.progress("orders", "12:04:10").await;
        let answer = stage.json(&total).await;
        assert_eq!(answer["data"][0]["window"]["state"], known, "{from} {how}");
    }
}

#[tokio::test]
async fn a_gap_of_another_time_or_stream_is_not_told() {
    let stage = with_a_gap().await;
    stage
        .sql(
            "INSERT INTO data_gaps (stream, source_partition, from_offset, to_offset, reason, recorded_by)
             VALUES ('web-requests', 0, 0, 10, 'reset', 'test')",
        )
        .await;
    for (from, to, state) in [
        ("11:50", "11:52", "counted"),
        ("11:50", "11:53", "gap"),
        ("11:57", "12:00", "gap"),
        ("11:58", "12:00", "zero"),
    ] {
        let path = format!("{ORDERS}?group_by=&from={}&to={}", at(from), at(to));
        assert_eq!(stage.json(&path).await["data"][0]["window"]["state"], state, "{from} {to}");
    }
}

#[tokio::test]
async fn a_period_to_compare_with_is_that_of_a_query_of_its_own() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    for step in ["none", "15m", "1h"] {
        let ask = async |from: &str, to: &str, more: &str| {
            let range = format!("from={}&to={}&step={step}", at(from), at(to));
            stage.json(&format!("{ORDERS}?{range}&limit=100&group_by=country{more}")).await
        };
        let compared = ask("10:00", "11:00", "&compare=previous").await;
        let plain = ask("10:00", "11:00", "").await;
        let before = ask("09:00", "10:00", "").await;
        let key =
            |row: &Value, window: &Value| format!("{} {}", row["dimensions"]["country"], window["start"]);
        let mut earlier: BTreeMap<String, Value> = BTreeMap::new();
        for row in before["data"].as_array().unwrap() {
            earlier.insert(
                key(row, &row["window"]),
                json!({"window": row["window"], "measures": row["measures"]}),
            );
        }
        let rows = compared["data"].as_array().unwrap();
        assert_eq!(rows.len(), earlier.len(), "{step}");
        for (row, plain) in rows.iter().zip(plain["data"].as_array().unwrap()) {
            assert_eq!(row["previous"], earlier[&key(row, &row["previous"]["window"])], "{step}");
            let mut row = row.clone();
            row.as_object_mut().unwrap().remove("previous");
            assert_eq!(&row, plain, "{step}");
        }
    }
    let path = format!("{ORDERS}?from={}&to={}&compare=previous&limit=1", at("09:00"), at("10:00"));
    let first = stage.json(&path).await["data"][0]["previous"].clone();
    assert_eq!((&first["window"]["state"], &first["measures"]["orders"]), (&json!("missing"), &Value::Null));
}
