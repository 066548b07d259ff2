//! Input that nobody means: refused with what is wrong, never a failure inside.

use crate::{house::House, request::Request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_and_named_and_changes_nothing() {
    let house = House::open().await;
    let token = house.token("root", "admin");
    house.partition(0, 100).await;
    let in_an_hour =
        common::clock::Clock::now(&common::clock::SystemClock).plus_millis(3_600_000).to_string();
    let silence = |change: &str| {
        let mut body = serde_json::json!({"rule": "HIGH_ERROR_RATE", "until": in_an_hour, "reason": "r"});
        let change: serde_json::Value = serde_json::from_str(change).unwrap();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body.to_string()
    };
    let long = "x".repeat(501);
    let bodies: Vec<(&str, &str, String)> = [
        ("POST", "/api/annotations", r#"{"text": "nul \u0000 in it"}"#),
        ("POST", "/api/annotations", r#"{"text": "escape \u001b[2J"}"#),
        ("POST", "/api/annotations", r#"{"text": "two\nlines"}"#),
        ("POST", "/api/annotations", r#"{"text": ""}"#),
        ("POST", "/api/annotations", r#"{"text": 5}"#),
        ("POST", "/api/annotations", r#"{"text": "x", "at": "yesterday"}"#),
        ("POST", "/api/annotations", r#"{"text": "x", "at": "-009999-01-01T00:00:00Z"}"#),
        ("POST", "/api/annotations", r#"{"text": "x", "at": "9999-12-31T00:00:00Z"}"#),
        ("POST", "/api/annotations", r#"{"text": "x", "by": "somebody else"}"#),
        ("POST", "/api/annotations", r#"{"text": "x""#),
        ("POST", "/api/annotations", "[]"),
        ("POST", "/api/annotations", ""),
        ("POST", "/api/annotations", "\u{0}"),
        ("POST", "/api/replays", "{}"),
        ("POST", "/api/replays", r#"{"from_offset": -1}"#),
        ("POST", "/api/replays", r#"{"from_offset": 9223372036854775807}"#),
        ("POST", "/api/replays", r#"{"from_offset": 9223372036854775808}"#),
        ("POST", "/api/replays", r#"{"from_offset": 1.5}"#),
        ("POST", "/api/replays", r#"{"from_offset": 1, "partitions": [-1]}"#),
        ("POST", "/api/replays", r#"{"from_offset": 1, "partitions": [2147483648]}"#),
        ("POST", "/api/replays", r#"{"from_offset": 1, "partitions": []}"#),
        ("POST", "/api/replays", r#"{"from_window": "-009999-01-01T00:00:00Z"}"#),
        ("POST", "/api/streams/content-downloads/pause", r#"{"reason": "a\u0000b"}"#),
        ("POST", "/api/streams/content-downloads/pause", r#"{"paused": false}"#),
    ]
    .into_iter()
    .map(|(method, path, body)| (method, path, body.to_owned()))
    .chain([("POST", "/api/annotations", format!(r#"{{"text": "{long}"}}"#))])
    .chain(
        [
            r#"{"rule": "no-such-rule"}"#,
            r#"{"rule": "HIGH_ERROR_RATE\u0000"}"#,
            r#"{"dimension": "\u0000"}"#,
            r#"{"dimension": ""}"#,
            r#"{"reason": "\u0007"}"#,
            r#"{"until": "2001-01-01T00:00:00Z"}"#,
            r#"{"until": "9999-01-01T00:00:00Z"}"#,
        ]
        .map(|change| ("POST", "/api/silences", silence(change))),
    )
    .collect();
    for (method, path, body) in &bodies {
        let answer = house.ask(Request::new(method, path).body(body).token(&token)).await;
        assert_eq!(answer.status, 422, "{path} {body}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path} {body}");
    }
    for id in ["0", "-1", "9223372036854775808", "1e3", "%00", "%ff", "one", "1%20", "'"] {
        for (method, path) in [
            ("POST", format!("/api/alerts/{id}/acknowledge")),
            ("POST", format!("/api/alerts/{id}/unacknowledge")),
            ("DELETE", format!("/api/silences/{id}")),
            ("DELETE", format!("/api/replays/{id}")),
        ] {
            let answer = house.ask(Request::new(method, &path).token(&token)).await;
            assert_eq!(answer.status, 422, "{method} {path}: {answer:?}");
            assert_eq!(answer.json()["parameter"], "id");
        }
    }
    for stream in ["none", "%00", "content-downloads%00", "..", "%2e%2e%2f"] {
        let path = format!("/api/streams/{stream}/pause");
        let answer = house.ask(Request::new("POST", &path).token(&token)).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    for path in ["/api/annotations?minutes=-1", "/api/annotations?limit=501", "/api/replays?stream=a%00b"] {
        assert_eq!(house.get(path).await.status, 422, "{path}");
    }
    let plain = Request {
        header: Some("Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"),
        ..Request::new("POST", "/api/annotations").token(&token)
    };
    assert_eq!(house.ask(plain).await.status, 415);
    assert_eq!(house.audit().await, [""; 0], "a refused write was audited, so it was made");
}
