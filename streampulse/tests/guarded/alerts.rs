//! Acknowledging, silencing and annotating.

use serde_json::json;

use crate::{house::House, request::Request};

const ALERTS: &str = "/api/stats/alerts";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_acknowledged_by_the_token_and_that_can_be_taken_back() {
    let house = House::open().await;
    let (first, second) = (house.token("anna", "operate"), house.token("ben", "admin"));
    let alert = house.alert("eu-west", 1).await;
    house.alert("us-east", 1).await;
    house.until(ALERTS, |answer| answer.json()["unacknowledged_count"] == 2).await;

    let path = format!("/api/alerts/{alert}/acknowledge");
    let answer = house.ask(Request::new("POST", &path).token(&first)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let at = answer.json()["acknowledged_at"].clone();
    assert_eq!(
        (&answer.json()["acknowledged_by"], &answer.json()["acknowledged"]),
        (&json!("anna"), &json!(true))
    );
    // Who was first stays.
    let again = house.ask(Request::new("POST", &path).token(&second)).await.json();
    assert_eq!((&again["acknowledged_by"], &again["acknowledged_at"]), (&json!("anna"), &at));
    house.until(ALERTS, |answer| answer.json()["unacknowledged_count"] == 1).await;
    house.until(&format!("{ALERTS}?acknowledged=true"), |answer| answer.json()["count"] == 1).await;

    let back = format!("/api/alerts/{alert}/unacknowledge");
    for _ in 0..2 {
        let answer = house.ask(Request::new("POST", &back).token(&second)).await.json();
        assert_eq!(
            answer,
            json!({"id": alert, "acknowledged": false, "acknowledged_at": null, "acknowledged_by": null})
        );
    }
    house.until(ALERTS, |answer| answer.json()["unacknowledged_count"] == 2).await;
    let which = format!("alert {alert} content-downloads HIGH_ERROR_RATE eu-west 2026-01-02T03:01:00Z");
    assert_eq!(
        house.audit().await,
        [
            format!("anna alert.acknowledge {which}"),
            format!("ben alert.acknowledge {which}"),
            format!("ben alert.unacknowledge {which}"),
            format!("ben alert.unacknowledge {which}"),
        ]
    );
    let missing = house.ask(Request::new("POST", "/api/alerts/999999/acknowledge").token(&first)).await;
    assert_eq!(missing.status, 404, "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silenced_alerts_are_kept_marked_and_not_counted() {
    let house = House::open().await;
    let token = house.token("op", "operate");
    for region in ["eu-west", "eu-north", "us-east"] {
        house.alert(region, 1).await;
    }
    house.until(ALERTS, |answer| answer.json()["unacknowledged_count"] == 3).await;
    let silence = |dimension: &str| {
        let dimension =
            if dimension.is_empty() { String::new() } else { format!(r#""dimension": "{dimension}", "#) };
        let until = common::clock::Clock::now(&common::clock::SystemClock).plus_millis(3_600_000);
        format!(r#"{{"rule": "HIGH_ERROR_RATE", {dimension}"until": "{until}", "reason": "maintenance"}}"#)
    };
    let post = async |body: &str| {
        let answer = house.ask(Request::new("POST", "/api/silences").body(body).token(&token)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_i64().unwrap()
    };
    let silenced = |answer: &crate::request::Answer| {
        let mut regions: Vec<String> = answer.json()["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|alert| alert["silenced"] == true)
            .map(|alert| alert["region"].as_str().unwrap().to_owned())
            .collect();
        regions.sort();
        regions
    };
    let one = post(&silence("eu-*")).await;
    let answer = house.until(ALERTS, |answer| answer.json()["unacknowledged_count"] == 1).await;
    assert_eq!(silenced(&answer), ["eu-north", "eu-west"]);
    assert_eq!(answer.json()["count"], 3, "they are kept");
    let all = post(&silence("")).await;
    house.until(ALERTS, |answer| answer.json()["unacknowledged_count"] == 0).await;
    let listed = house.get("/api/silences").await.json();
    assert_eq!((&listed["count"], &listed["data"][0]["created_by"]), (&json!(2), &json!("op")));

    // What came while it lasted stays silenced, what was there before does not.
    let came = house.alert("us-west", 2).await;
    for id in [one, all, all] {
        let path = format!("/api/silences/{id}");
        let ended = house.ask(Request::new("DELETE", &path).token(&token)).await;
        assert_eq!(ended.status, 200, "{ended:?}");
    }
    let answer = house.until(ALERTS, |answer| answer.json()["unacknowledged_count"] == 3).await;
    assert_eq!(silenced(&answer), ["us-west"], "{came}");
    house.until("/api/silences", |answer| answer.json()["count"] == 0).await;
    assert_eq!(house.ask(Request::new("DELETE", "/api/silences/999").token(&token)).await.status, 404);
    let audit = house.audit().await;
    assert_eq!(audit.len(), 5, "{audit:?}");
    assert!(
        audit[0]
            .starts_with(&format!("op silence.create silence {one} content-downloads HIGH_ERROR_RATE eu-*"))
    );
    assert_eq!(audit[2], format!("op silence.end silence {one}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_note_is_there_for_charts() {
    let house = House::open().await;
    let token = house.token("deploys", "operate");
    let longest = "ü".repeat(500);
    for body in [json!({"text": "release 4.2"}), json!({"text": longest, "at": "2001-02-03T04:05:06.789Z"})] {
        let body = body.to_string();
        let answer = house.ask(Request::new("POST", "/api/annotations").body(&body).token(&token)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let answer = house.until("/api/annotations", |answer| answer.json()["count"] == 1).await.json();
    assert_eq!(answer["data"][0]["text"], "release 4.2");
    assert_eq!(answer["data"][0]["created_by"], "deploys");
    assert_eq!(
        house.column("SELECT text || at FROM annotations WHERE at < '2002-01-01'").await,
        [format!("{longest}2001-02-03 04:05:06.789+00")]
    );
    assert_eq!(house.audit().await.len(), 2);
}
