//! Quantiles and distinct counts of any grouping, steps and forms, against the values themselves.

use std::collections::{BTreeMap, BTreeSet};

use common::sketch::{Seen, Sketch, SketchKind, ValueHash};
use serde_json::{Value, json};

use crate::{
    forms::{flat, records},
    stage::{Stage, at},
};

const VISITS: &str = "/api/streams/visits/visit_stats";
const MINUTES: i64 = 120;
const COUNTRIES: i64 = 5;
const QUANTILES: [(&str, usize); 4] =
    [("seconds_p50", 50), ("seconds_p90", 90), ("seconds_p95", 95), ("seconds_p99", 99)];

/// All that was seen in one minute of one key and partition; milliseconds.
#[derive(Clone, Debug)]
struct Seconds {
    minute: i64,
    country: String,
    page: String,
    part: i32,
    visitors: Vec<String>,
    millis: Vec<i64>,
}

/// From 09:00 on, with holes. Country 0 has neither visitors nor durations; those of country 1 are below zero as well,
/// and country 2 has visitors by the thousand.
fn visits() -> Vec<Seconds> {
    let mut state = 7_u64;
    let mut below = move |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut all = Vec::new();
    for minute in 0..MINUTES {
        for country in 0..COUNTRIES {
            for (page, part) in [("a", 0), ("a", 1), ("b", 0)] {
                if (minute + country * 3) % 4 == 0 || (60..70).contains(&minute) {
                    continue;
                }
                let count = match country {
                    0 => 0,
                    2 => 60 + below(40),
                    _ => 1 + below(9),
                };
                let visitors =
                    (0..count).map(|_| format!("{}", below(if country == 2 { 9_000 } else { 40 }))).collect();
                let sign = if country == 1 { -1 } else { 1 };
                let millis = (0..count).map(|_| {
                    let size = 1_u64 << below(30);
                    let millis = i64::try_from(below(size)).unwrap();
                    if below(2) == 0 { sign * millis } else { millis }
                });
                all.push(Seconds {
                    minute,
                    country: format!("country-{country}"),
                    page: page.to_owned(),
                    part,
                    visitors,
                    millis: millis.collect(),
                });
            }
        }
    }
    all
}

fn sketch(kind: SketchKind, seen: impl Iterator<Item = Seen>) -> Option<Vec<u8>> {
    let mut seen = seen.peekable();
    seen.peek()?;
    let (mut sketch, mut bytes) = (Sketch::of_nothing(kind), Vec::new());
    seen.for_each(|seen| sketch.add(seen));
    sketch.write(&mut bytes);
    Some(bytes)
}

async fn two_hours_of_visits() -> (Stage, Vec<Seconds>) {
    let (stage, all) = (Stage::set().await, visits());
    let insert = "INSERT INTO visit_stats_partial VALUES ($1::text::timestamptz, $2, $3, $4, $5, $6, $7)";
    let insert = stage.database.prepare(insert).await.unwrap();
    for row in &all {
        let visitors = row.visitors.iter().map(|text| Seen::Hash(ValueHash::of_bytes(text.as_bytes())));
        let visitors = sketch(SketchKind::Distinct, visitors);
        let millis = sketch(SketchKind::Quantiles, row.millis.iter().map(|value| Seen::Number(*value)));
        let count = i64::try_from(row.millis.len()).unwrap().max(1);
        let window = at(&format!("{:02}:{:02}", 9 + row.minute / 60, row.minute % 60));
        stage
            .database
            .execute(&insert, &[&window, &row.country, &row.page, &row.part, &visitors, &count, &millis])
            .await
            .unwrap();
    }
    stage.span("visits", "09:00", (0, 999)).await;
    stage.progress("visits", "12:04:10").await;
    (stage, all)
}

/// What the values themselves say, in exact form.
#[derive(Default)]
struct Exact {
    visitors: BTreeSet<String>,
    millis: Vec<i64>,
}

impl Exact {
    fn assert_told(&mut self, told: &Value, at: &str) {
        let exact = self.visitors.len() as f64;
        let found = told["visitors"].as_i64().unwrap_or_else(|| panic!("{at}: {told}")) as f64;
        // Four standard errors; a few values are counted exactly.
        assert!((found - exact).abs() <= (exact * 0.065).floor(), "{at}: {found} visitors for {exact}");
        self.millis.sort_unstable();
        for (name, percent) in QUANTILES {
            let Some(last) = self.millis.len().checked_sub(1) else {
                assert_eq!(told[name], Value::Null, "{at}");
                continue;
            };
            let exact = self.millis[last * percent / 100] as f64 / 1e3;
            let found = told[name].as_f64().unwrap();
            assert!((found - exact).abs() <= exact.abs() / 100.0, "{at}: {name} is {found} for {exact}");
        }
    }
}

/// By key and step of so many minutes.
fn exact(
    all: &[Seconds],
    keys: &[&str],
    minutes: std::ops::Range<i64>,
    step: i64,
) -> BTreeMap<(Vec<String>, i64), Exact> {
    let mut found: BTreeMap<_, Exact> = BTreeMap::new();
    for row in all.iter().filter(|row| minutes.contains(&row.minute)) {
        let key = |key: &&str| if *key == "country" { row.country.clone() } else { row.page.clone() };
        let begin = minutes.start + (row.minute - minutes.start) / step * step;
        let exact = found.entry((keys.iter().map(key).collect(), begin)).or_default();
        exact.visitors.extend(row.visitors.iter().cloned());
        exact.millis.extend(&row.millis);
    }
    found
}

/// Minutes after 09:00.
fn minute(row: &Value) -> i64 {
    let start = row["window"]["start"].as_str().unwrap();
    let number = |range: std::ops::Range<usize>| start[range].parse::<i64>().unwrap();
    number(11..13) * 60 + number(14..16) - 540
}

#[tokio::test]
async fn every_grouping_and_step_is_that_of_the_values() {
    let (stage, all) = two_hours_of_visits().await;
    let cases: [(&[&str], &str, i64); 6] = [
        (&["country", "page"], "", 60),
        (&["page", "country"], "&group_by=page,country&step=15m", 15),
        (&["country"], "&group_by=country", 60),
        (&["page"], "&group_by=page&step=5m", 5),
        (&[], "&group_by=", 60),
        (&[], "&group_by=&step=1m", 1),
    ];
    for (keys, query, step) in cases {
        let path =
            format!("{VISITS}?from={}&to={}&limit=50&compare=previous{query}", at("10:00"), at("11:00"));
        let answer = stage.json(&path).await;
        let (mut now, mut before) = (exact(&all, keys, 60..120, step), exact(&all, keys, 0..60, step));
        let (mut counted, mut compared) = (0, 0);
        for row in answer["data"].as_array().unwrap() {
            let key: Vec<String> =
                keys.iter().map(|key| row["dimensions"][key].as_str().unwrap().to_owned()).collect();
            for (row, expected, count) in
                [(row, &mut now, &mut counted), (&row["previous"], &mut before, &mut compared)]
            {
                let (at, told) = (format!("{path} {row}"), &row["measures"]);
                match expected.remove(&(key.clone(), minute(row))) {
                    Some(mut exact) => {
                        assert_eq!(row["window"]["state"], "counted", "{at}");
                        exact.assert_told(told, &at);
                        *count += 1;
                    }
                    None => {
                        assert_eq!(row["window"]["state"], "zero", "{at}");
                        assert_eq!(
                            (&told["visitors"], &told["seconds_p50"]),
                            (&json!(0), &Value::Null),
                            "{at}"
                        );
                    }
                }
            }
        }
        assert!(counted > 0 && compared > 0 && now.is_empty() && before.is_empty(), "{path}");
    }
}

/// Merging what is stored is exact: what is told does not depend on how the values were spread over rows.
#[tokio::test]
async fn many_rows_tell_what_one_row_would() {
    let (stage, all) = two_hours_of_visits().await;
    let path = |country: &str| {
        format!("{VISITS}?from={}&to={}&group_by=country&filter.country={country}", at("09:00"), at("11:00"))
    };
    let spread = stage.json(&path("country-2")).await;
    let of_country = || all.iter().filter(|row| row.country == "country-2");
    let visitors = of_country().flat_map(|row| &row.visitors);
    let visitors =
        sketch(SketchKind::Distinct, visitors.map(|text| Seen::Hash(ValueHash::of_bytes(text.as_bytes()))));
    let millis = of_country().flat_map(|row| &row.millis).map(|value| Seen::Number(*value));
    let millis = sketch(SketchKind::Quantiles, millis);
    let insert =
        format!("INSERT INTO visit_stats_partial VALUES ('{}', 'one', 'x', 0, $1, 1, $2)", at("10:30"));
    stage.database.execute(&insert, &[&visitors, &millis]).await.unwrap();
    stage.progress("visits", "12:04:20").await;
    let one = stage.json(&path("one")).await;
    for name in ["visitors", "seconds_p50", "seconds_p90", "seconds_p95", "seconds_p99"] {
        let [spread, one] = [&spread, &one].map(|answer| &answer["data"][0]["measures"][name]);
        assert!(spread.is_number() && spread == one, "{name}: {spread} and {one}");
    }
}

#[tokio::test]
async fn nothing_and_not_known_are_told_apart() {
    let (stage, _) = two_hours_of_visits().await;
    stage.span("visits", "10:58", (900, 999)).await;
    stage
        .sql(
            "INSERT INTO data_gaps (stream, source_partition, from_offset, to_offset, reason, recorded_by, recorded_at)
             VALUES ('visits', 0, 1000, 1200, 'reset', 'test', '2026-01-02T11:30:00Z')",
        )
        .await;
    stage.progress("visits", "12:04:10").await;
    let query = format!("from={}&to={}&step=1m&group_by=", at("08:50"), at("12:06"));
    let answer = stage.json(&format!("{VISITS}?{query}&measures=visitors,seconds_p99")).await;
    let mut states = BTreeMap::<&str, usize>::new();
    for row in answer["data"].as_array().unwrap() {
        let (state, measures) = (row["window"]["state"].as_str().unwrap(), &row["measures"]);
        let expected = match state {
            "zero" => json!({"visitors": 0, "seconds_p99": null}),
            "counted" => {
                assert!(
                    measures["visitors"].as_i64() > Some(0) && measures["seconds_p99"].is_number(),
                    "{row}"
                );
                measures.clone()
            }
            // No event was counted there.
            _ if minute(row) >= MINUTES || minute(row) < 0 => json!({"visitors": null, "seconds_p99": null}),
            _ => measures.clone(),
        };
        assert_eq!(*measures, expected, "{row}");
        *states.entry(state).or_default() += 1;
    }
    let seen: Vec<&str> = states.into_keys().collect();
    assert_eq!(seen, ["counted", "gap", "missing", "open", "zero"]);

    // Counted, but of nothing: no event of country 0 had a value.
    let path =
        format!("{VISITS}?from={}&to={}&group_by=country&filter.country=country-0", at("09:00"), at("10:00"));
    let row = stage.json(&path).await["data"][0].clone();
    assert_eq!((&row["measures"]["visitors"], &row["measures"]["seconds_p50"]), (&json!(0), &Value::Null));
    assert!(row["measures"]["visits"].as_i64() > Some(0));
}

#[tokio::test]
async fn pages_go_on_and_no_order_is_by_a_sketch() {
    let (stage, _) = two_hours_of_visits().await;
    let range = format!("from={}&to={}", at("09:00"), at("11:00"));
    // Nothing that rows could be ordered by is asked for; the first number of the rollup orders them.
    let query = format!("{VISITS}?{range}&measures=seconds_p90,visitors");
    let whole = stage.json(&format!("{query}&limit=100")).await["data"].as_array().unwrap().clone();
    assert_eq!(whole.len(), 10);
    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let page = stage.json(&format!("{query}&limit=3{next}")).await;
        paged.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(paged, whole);
    let ordered = stage.json(&format!("{VISITS}?{range}&limit=100&order=-visits")).await;
    let keys = |rows: &[Value]| rows.iter().map(|row| row["dimensions"].clone()).collect::<Vec<_>>();
    assert_eq!(keys(&whole), keys(ordered["data"].as_array().unwrap()));

    for (query, parameter) in [
        ("order=-visitors", "order"),
        ("order=seconds_p50", "order"),
        ("measures=seconds", "measures"),
        ("measures=seconds_p75", "measures"),
    ] {
        let reply = stage.ask(&format!("{VISITS}?{range}&{query}"), &[]).await;
        let problem = reply.json();
        assert_eq!((reply.status, &problem["parameter"]), (422, &json!(parameter)), "{query}");
        let allowed = if parameter == "order" {
            json!(["visits", "country", "page"])
        } else {
            json!(["visitors", "visits", "seconds_p50", "seconds_p90", "seconds_p95", "seconds_p99"])
        };
        assert_eq!(problem["allowed"], allowed, "{query}");
    }
}

#[tokio::test]
async fn every_form_says_the_same_and_the_list_of_streams_says_what_can_be_asked() {
    let (stage, _) = two_hours_of_visits().await;
    let path = format!(
        "{VISITS}?from={}&to={}&step=15m&compare=previous&group_by=country",
        at("10:00"),
        at("11:00")
    );
    let json = stage.json(&path).await;
    let rows = json["data"].as_array().unwrap().clone();
    let ndjson = stage.ask(&path, &[("Accept", "application/x-ndjson")]).await;
    let lines: Vec<Value> = ndjson.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, rows);
    let csv = stage.ask(&path, &[("Accept", "text/csv")]).await;
    assert_eq!(records(&csv.body), rows.iter().map(flat).collect::<Vec<_>>());
    assert!(csv.body.starts_with(
        "country,window.start,window.end,window.state,visitors,visits,seconds_p50,seconds_p90,seconds_p95,seconds_p99,previous."
    ));

    let streams = stage.json("/api/streams").await;
    let visits =
        streams["data"].as_array().unwrap().iter().find(|stream| stream["stream"] == "visits").unwrap();
    assert_eq!(
        visits["rollups"][0]["measures"],
        json!([
            {"name": "visitors", "kind": "distinct", "asked_as": ["visitors"]},
            {"name": "visits", "kind": "count", "asked_as": ["visits"]},
            {"name": "seconds", "kind": "quantiles",
             "asked_as": ["seconds_p50", "seconds_p90", "seconds_p95", "seconds_p99"]},
        ])
    );
}

#[tokio::test]
async fn bytes_that_are_no_sketch_are_an_error_and_not_a_number() {
    let stage = Stage::set().await;
    for bytes in ["", "\\x00", "\\x2100", "\\x110100", "\\x2101ff"] {
        let insert = format!(
            "DELETE FROM visit_stats_partial;
             INSERT INTO visit_stats_partial VALUES ('{}', 'x', 'y', 0, '{bytes}', 1, NULL)",
            at("12:00")
        );
        stage.sql(&insert).await;
        stage.progress("visits", "12:04:10").await;
        let reply = stage.ask(&format!("{VISITS}?last=10m"), &[]).await;
        assert_eq!(reply.status, 500, "{bytes}: {}", reply.body);
        let counted = stage.json(&format!("{VISITS}?last=10m&measures=visits")).await;
        assert_eq!(counted["data"][0]["measures"], json!({"visits": 1}), "{bytes}");
    }
}
