//! JSON, NDJSON and CSV say the same.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::stage::{ORDERS, Stage, at};

/// A record of a CSV as its names and texts.
pub type Record = BTreeMap<String, String>;

pub fn records(body: &str) -> Vec<Record> {
    let mut reader = csv::Reader::from_reader(body.as_bytes());
    let head = reader.headers().unwrap().clone();
    // Numbers by way of the parser that reads the JSON here, which may miss the last digit of a real one.
    let field = |text: &str| match serde_json::from_str(text) {
        Ok(Value::Number(number)) => number.to_string(),
        _ => text.to_owned(),
    };
    let record =
        |record: csv::StringRecord| head.iter().map(str::to_owned).zip(record.iter().map(field)).collect();
    reader.records().map(|found| record(found.unwrap())).collect()
}

/// A row of the JSON, flattened as the CSV is.
pub fn flat(row: &Value) -> Record {
    let mut record = Record::new();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        number => number.to_string(),
    };
    let mut numbers = |prefix: &str, row: &Value| {
        for part in ["start", "end", "state"] {
            record.insert(format!("{prefix}window.{part}"), text(&row["window"][part]));
        }
        for (name, value) in row["measures"].as_object().unwrap() {
            record.insert(format!("{prefix}{name}"), text(value));
        }
    };
    numbers("", row);
    if let Some(previous) = row.get("previous") {
        numbers("previous.", previous);
    }
    for part in ["dimensions", "labels"] {
        for (name, value) in row[part].as_object().unwrap() {
            record.insert(name.clone(), text(value));
        }
    }
    record
}

#[tokio::test]
async fn ndjson_and_csv_are_the_rows_of_the_json() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    let range = format!("from={}&to={}", at("09:30"), at("11:30"));
    for query in [
        range.clone(),
        format!("{range}&limit=1"),
        format!("{range}&step=10m&compare=previous&group_by=country&measures=paid_rate,orders,least"),
        format!("{range}&group_by=&step=1m"),
        format!("{range}&filter.country=nowhere"),
    ] {
        let path = format!("{ORDERS}?{query}");
        let json = stage.ask(&path, &[("Accept", "application/json")]).await;
        let ndjson = stage.ask(&path, &[("Accept", "application/x-ndjson")]).await;
        let csv = stage.ask(&path, &[("Accept", "text/csv, application/json;q=0.5")]).await;
        for (reply, kind) in [
            (&json, "application/json"),
            (&ndjson, "application/x-ndjson"),
            (&csv, "text/csv; charset=utf-8; header=present"),
        ] {
            assert_eq!((reply.status, reply.header("content-type")), (200, kind), "{query}");
            assert!(reply.header("vary").to_lowercase().contains("accept"), "{query}");
            assert_eq!(reply.header("link"), json.header("link"), "{query}");
        }
        let rows = json.json()["data"].as_array().unwrap().clone();
        let lines: Vec<Value> = ndjson.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, rows, "{query}");
        assert!(ndjson.body.is_empty() || ndjson.body.ends_with('\n'));
        let flat: Vec<Record> = rows.iter().map(flat).collect();
        assert_eq!(records(&csv.body), flat, "{query}");
        assert_eq!(csv.body.lines().count(), rows.len() + 1, "{query}");
    }
    let head = format!("{ORDERS}?{range}&measures=orders,amount&compare=previous&limit=1");
    let csv = stage.ask(&head, &[("Accept", "text/csv")]).await;
    assert_eq!(
        csv.body.lines().next().unwrap(),
        "country,limit,town,window.start,window.end,window.state,orders,amount,previous.window.start,\
         previous.window.end,previous.window.state,previous.orders,previous.amount"
    );
}

#[tokio::test]
async fn a_csv_quotes_what_must_be_quoted_and_no_spreadsheet_runs_it() {
    let stage = Stage::set().await;
    let names = ["=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(1)", "a,\"b\"\r\nc", "plain"];
    for (index, name) in names.iter().enumerate() {
        let insert = format!(
            "INSERT INTO order_stats_partial VALUES ('{}', $1, 'x', 0, $1, $2, 0, -5, -5, -5)",
            at("12:00")
        );
        let orders = i64::try_from(names.len() - index).unwrap();
        stage.database.execute(&insert, &[name, &orders]).await.unwrap();
    }
    stage.progress("orders", "12:04:10").await;
    let csv = stage.ask(&format!("{ORDERS}?last=10m"), &[("Accept", "text/csv")]).await;
    let found = records(&csv.body);
    assert_eq!(found.len(), names.len());
    for (record, name) in found.iter().zip(names) {
        let harmless =
            if name.starts_with(['=', '+', '-', '@']) { format!("'{name}") } else { name.to_owned() };
        assert_eq!((&record["country"], &record["town"]), (&harmless, &harmless));
        // A number that is negative is a number.
        assert_eq!(record["least"], "-0.05");
    }
}

#[tokio::test]
async fn each_form_has_a_tag_of_its_own_and_is_repeated_while_nothing_changes() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    let path = format!("{ORDERS}?last=4h&limit=3");
    let mut tags = Vec::new();
    for accept in ["application/json", "application/x-ndjson", "text/csv"] {
        let first = stage.ask(&path, &[("Accept", accept)]).await;
        assert!(
            first.header("server-timing").contains("miss"),
            "{accept}: {}",
            first.header("server-timing")
        );
        let again = stage.ask(&path, &[("Accept", accept)]).await;
        assert!(again.header("server-timing").contains("hit"), "{accept}: {}", again.header("server-timing"));
        assert_eq!((&again.body, again.header("link")), (&first.body, first.header("link")));
        let tag = first.header("etag").to_owned();
        let unchanged = stage.ask(&path, &[("Accept", accept), ("If-None-Match", &tag)]).await;
        assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""), "{accept}");
        assert!(unchanged.header("vary").to_lowercase().contains("accept"), "{accept}");
        tags.push(tag);
    }
    // The same question in other words.
    let same = "limit=3&measures=orders,paid,amount,least,most,paid_rate,mean_amount&last=240m&order=-orders";
    assert_eq!(stage.ask(&format!("{ORDERS}?{same}"), &[]).await.header("etag"), tags[0]);
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3);
    stage.progress("orders", "12:04:20").await;
    let tag = &tags[0];
    assert_eq!(stage.ask(&path, &[("Accept", "text/csv"), ("If-None-Match", tag)]).await.status, 200);
}

#[tokio::test]
async fn a_form_there_is_not_is_406_with_those_there_are() {
    let stage = Stage::set().await;
    stage.progress("orders", "12:04:10").await;
    let reply = stage.ask(ORDERS, &[("Accept", "text/html")]).await;
    let problem = reply.json();
    assert_eq!((reply.status, reply.header("content-type")), (406, "application/problem+json"));
    assert_eq!(
        problem["allowed"],
        serde_json::json!(["application/json", "application/x-ndjson", "text/csv"])
    );
    assert_eq!(stage.ask(ORDERS, &[]).await.header("content-type"), "application/json");
}
