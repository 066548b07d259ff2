//! Any grouping and filter of any stream, against SQL over the views that people read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::stage::{ORDERS, Stage, at};

/// Rows by key, numbers rounded, as the view has them.
async fn of_the_view(stage: &Stage, keys: &[&str], condition: &str) -> BTreeMap<String, String> {
    let key = if keys.is_empty() { "''".to_owned() } else { keys.join(" || '/' || ") };
    let query = format!(
        "SELECT {key},
                (sum(orders), sum(paid), round(sum(amount)::numeric, 2), min(least)::numeric(12, 2),
                 max(most)::numeric(12, 2), round(sum(paid) / sum(orders), 9),
                 round((sum(amount) / sum(orders))::numeric, 9))::text
         FROM order_stats WHERE window_start >= '{}' AND window_start < '{}' AND {condition} GROUP BY 1",
        at("09:30"),
        at("11:30")
    );
    let rows = stage.database.query(&query, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn of_the_endpoint(stage: &Stage, keys: &[&str], query: &str) -> BTreeMap<String, String> {
    let path = format!("{ORDERS}?from={}&to={}&limit=1000{query}", at("09:30"), at("11:30"));
    let answer = stage.json(&path).await;
    let row = |row: &Value| {
        let key: Vec<&str> = keys.iter().map(|&key| row["dimensions"][key].as_str().unwrap()).collect();
        let places = [0, 0, 2, 2, 2, 9, 9];
        let names = ["orders", "paid", "amount", "least", "most", "paid_rate", "mean_amount"];
        let numbers: Vec<String> = names
            .into_iter()
            .zip(places)
            .map(|(name, places)| {
                let number = row["measures"][name].as_f64();
                number.map_or_else(String::new, |number| format!("{number:.places$}"))
            })
            .collect();
        (key.join("/"), format!("({})", numbers.join(",")))
    };
    answer["data"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn groups_and_filters_are_those_of_the_view() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    let cases: [(&[&str], &str, &str, &str); 9] = [
        (&["country", "limit"], "", "", "true"),
        (&["limit", "country"], "&group_by=limit,country", "", "true"),
        (&["country"], "&group_by=country", "", "true"),
        (&["limit"], "&group_by=limit", "", "true"),
        (&[], "&group_by=", "", "true"),
        (
            &["country"],
            "&group_by=country",
            "&filter.limit=limit-1&filter.country=country-3&filter.country=country-12&filter.country=none",
            r#""limit" = 'limit-1' AND country IN ('country-3', 'country-12')"#,
        ),
        (&["limit"], "&group_by=limit", "&filter.country!=country-3", "country <> 'country-3'"),
        (
            &["country"],
            "&group_by=country",
            "&filter.country!=country-3&filter.country!=country-4&filter.limit!=limit-0",
            r#"country NOT IN ('country-3', 'country-4') AND "limit" <> 'limit-0'"#,
        ),
        (&[], "&group_by=", "&filter.country=country-5", "country = 'country-5'"),
    ];
    for (keys, group_by, filter, condition) in cases {
        let keys_in_sql: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
        let keys_in_sql: Vec<&str> = keys_in_sql.iter().map(String::as_str).collect();
        let wanted = of_the_view(&stage, &keys_in_sql, condition).await;
        let found = of_the_endpoint(&stage, keys, &format!("{group_by}{filter}")).await;
        assert!(!wanted.is_empty() && found == wanted, "{group_by}{filter}: {found:#?} {wanted:#?}");
    }
}

#[tokio::test]
async fn a_label_is_the_latest() {
    let stage = Stage::set().await;
    stage.three_hours_of_orders().await;
    let path = format!("{ORDERS}?from={}&to={}&limit=100", at("09:30"), at("11:30"));
    let answer = stage.json(&path).await;
    let query = format!(
        r#"SELECT DISTINCT ON (country, "limit") country || '/' || "limit", town FROM order_stats_partial
           WHERE window_start >= '{}' AND window_start < '{}'
           ORDER BY country, "limit", window_start DESC, source_partition DESC"#,
        at("09:30"),
        at("11:30")
    );
    let rows = stage.database.query(&query, &[]).await.unwrap();
    let towns: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(answer["count"], towns.len());
    for row in answer["data"].as_array().unwrap() {
        let text = |name: &str| row["dimensions"][name].as_str().unwrap();
        assert_eq!(row["labels"]["town"], towns[&format!("{}/{}", text("country"), text("limit"))]);
    }
    let answer = stage.json(&format!("{path}&group_by=country")).await;
    assert_eq!((&answer["data"][0]["labels"], &answer["columns"]["labels"]), (&json!({}), &json!([])));
}

#[tokio::test]
async fn values_are_bound_whatever_they_hold() {
    let stage = Stage::set().await;
    let names =
        ["'; DROP TABLE alerts; --", "\"quoted\"", "a,b", "100%", "ü ", "", "{a}", "\\N", "null", "$1"];
    for (index, name) in names.iter().enumerate() {
        let insert = format!(
            "INSERT INTO order_stats_partial VALUES ('{}', $1, 'x', 0, NULL, $2, 0, NULL, NULL, NULL)",
            at("12:00")
        );
        let orders = i64::try_from(index).unwrap() + 1;
        stage.database.execute(&insert, &[name, &orders]).await.unwrap();
    }
    stage.progress("orders", "12:04:10").await;
    for (index, name) in names.iter().enumerate() {
        let value: String = url_encoded(name);
        let found = stage.json(&format!("{ORDERS}?last=10m&filter.country={value}")).await;
        assert_eq!(
            (&found["count"], &found["data"][0]["measures"]["orders"]),
            (&json!(1), &json!(index + 1))
        );
        assert_eq!(found["data"][0]["dimensions"]["country"], *name);
        let others = stage.json(&format!("{ORDERS}?last=10m&filter.country!={value}")).await;
        assert_eq!(others["count"], names.len() - 1);
    }
    assert_eq!(stage.json("/api/stats/alerts").await["count"], 0);
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn names_that_do_not_exist_are_refused_with_those_that_do() {
    let stage = Stage::set().await;
    stage.progress("orders", "12:04:10").await;
    for (path, status, parameter, allowed) in [
        ("/api/streams/order/order_stats", 404, Value::Null, "orders"),
        ("/api/streams/orders/orders", 404, Value::Null, "order_stats"),
        ("/api/streams/orders/order_stats_partial", 404, Value::Null, "order_stats"),
        (&format!("{ORDERS}?measures=amounts"), 422, json!("measures"), "mean_amount"),
        (&format!("{ORDERS}?group_by=town"), 422, json!("group_by"), "limit"),
        (&format!("{ORDERS}?filter.town=x"), 422, json!("filter.town"), "country"),
        (&format!("{ORDERS}?order=-town"), 422, json!("order"), "paid_rate"),
        (&format!("{ORDERS}?step=7m"), 422, json!("step"), "15m"),
        (&format!("{ORDERS}?minutes=5"), 422, json!("minutes"), "last"),
        (&format!("{ORDERS}?compare=week"), 422, json!("compare"), "previous"),
    ] {
        let reply = stage.ask(path, &[]).await;
        let problem = reply.json();
        assert_eq!((reply.status, &problem["parameter"]), (status, &parameter), "{path}");
        assert!(problem["allowed"].as_array().unwrap().contains(&json!(allowed)), "{path}: {problem}");
    }
}

#[tokio::test]
async fn every_rollup_of_every_stream_has_it_without_code() {
    let stage = Stage::set().await;
    stage
        .sql(&format!(
            "INSERT INTO web_status_stats_partial VALUES ('{at}', '2xx', 0, 90, 90, 4500), ('{at}', '2xx', 1, 5, 5, 500),
                                                         ('{at}', '5xx', 0, 10, 0, 0);
             INSERT INTO web_agent_stats_partial VALUES ('{at}', 'curl', 0, 8, 6, 100)",
            at = at("12:00")
        ))
        .await;
    stage.progress("web-requests", "12:04:10").await;
    let range = format!("from={}&to={}", at("12:00"), at("12:01"));
    let answer = stage.json(&format!("/api/streams/web-requests/web_status_stats?{range}")).await;
    let rows: Vec<(&Value, &Value)> = answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["dimensions"]["status_class"], &row["measures"]["bytes"]))
        .collect();
    assert_eq!(rows, [(&json!("2xx"), &json!(5000)), (&json!("5xx"), &json!(0))]);
    let agents =
        stage.json(&format!("/api/streams/web-requests/web_agent_stats?{range}&measures=success_rate")).await;
    assert_eq!(agents["data"][0]["measures"], json!({"success_rate": 0.75}));

    let streams = stage.json("/api/streams").await;
    let mut asked = 0;
    for stream in streams["data"].as_array().unwrap() {
        for rollup in stream["rollups"].as_array().unwrap() {
            let name =
                format!("{}/{}", stream["stream"].as_str().unwrap(), rollup["rollup"].as_str().unwrap());
            let steps = stream["steps"].as_array().unwrap();
            for step in steps.iter().chain([&json!("none")]) {
                let step = step.as_str().unwrap();
                let answer =
                    stage.json(&format!("/api/streams/{name}?last=1d&step={step}&compare=previous")).await;
                assert_eq!(answer["columns"]["dimensions"], rollup["dimensions"], "{name}");
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 8 * 11);
}
