//! What `/openapi.json` says is what happens; found by `make fuzz-api`, kept here.

use serde_json::Value;

use crate::{
    house::{House, STREAM},
    request::{Answer, Request},
};

/// The description and the API that it describes.
struct Described {
    house: House,
    document: Value,
    token: String,
}

impl Described {
    async fn open() -> Self {
        let house = House::open().await;
        let document = house.get("/openapi.json").await.json();
        let token = house.token("admin", "admin");
        Self { house, document, token }
    }

    fn operation(&self, method: &str, path: &str) -> &Value {
        &self.document["paths"][path][method.to_lowercase()]
    }

    fn parameter(&self, (method, path): (&str, &str), name: &str) -> &Value {
        let parameters = self.operation(method, path)["parameters"].as_array().unwrap();
        &parameters.iter().find(|parameter| parameter["name"] == name).unwrap()["schema"]
    }

    async fn ask(&self, request: Request<'_>) -> Answer {
        self.house.ask(request.token(&self.token)).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_missing_is_answered_by_a_described_problem() {
    let described = Described::open().await;
    let silence = r#"{"stream": "nope", "rule": "HIGH_ERROR_RATE", "until": "2100-01-01T00:00:00Z"}"#;
    for (method, path, asked, body) in [
        ("POST", "/api/replays", "/api/replays", Some(r#"{"stream": "nope", "from_offset": 0}"#)),
        ("POST", "/api/silences", "/api/silences", Some(silence)),
        ("POST", "/api/dead-letters/redrive", "/api/dead-letters/redrive", Some(r#"{"stream": "nope"}"#)),
        ("POST", "/api/streams/{stream}/pause", "/api/streams/nope/pause", None),
        ("POST", "/api/streams/{stream}/resume", "/api/streams/nope/resume", None),
        ("POST", "/api/alerts/{id}/acknowledge", "/api/alerts/1/acknowledge", None),
        ("POST", "/api/alerts/{id}/unacknowledge", "/api/alerts/1/unacknowledge", None),
        ("DELETE", "/api/silences/{id}", "/api/silences/1", None),
        ("DELETE", "/api/replays/{id}", "/api/replays/1", None),
        ("GET", "/api/dead-letters", "/api/dead-letters?stream=nope", None),
    ] {
        let answer = described.ask(Request { body, ..Request::new(method, asked) }).await;
        assert_eq!(answer.status, 404, "{method} {asked}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {asked}");
        let content = &described.operation(method, path)["responses"]["404"]["content"];
        assert!(content["application/problem+json"].is_object(), "{method} {path}: 404 is not described");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_may_be_null_may_be_null() {
    let described = Described::open().await;
    for (verb, body) in
        [("pause", Some("null")), ("resume", Some("null")), ("pause", None), ("resume", Some("{}"))]
    {
        let path = format!("/api/streams/{STREAM}/{verb}");
        let answer = described.ask(Request { body, ..Request::new("POST", &path) }).await;
        assert_eq!(answer.status, 200, "{verb} {body:?}: {answer:?}");
        assert_eq!(answer.json()["paused"], verb == "pause");
        assert_eq!(answer.json()["reason"], "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_of_parameters_are_described() {
    let described = Described::open().await;
    for (method, path) in [
        ("POST", "/api/alerts/{id}/acknowledge"),
        ("POST", "/api/alerts/{id}/unacknowledge"),
        ("DELETE", "/api/silences/{id}"),
        ("DELETE", "/api/replays/{id}"),
    ] {
        let least = described.parameter((method, path), "id")["minimum"].as_i64().unwrap();
        for (id, status) in [(least, 404), (least - 1, 422)] {
            let path = path.replace("{id}", &id.to_string());
            assert_eq!(described.ask(Request::new(method, &path)).await.status, status, "{method} {path}");
        }
    }
    let severities =
        described.parameter(("GET", "/api/stats/alerts"), "severity")["enum"].as_array().unwrap();
    assert_eq!(severities.len(), 3);
    for severity in severities {
        let path = format!("/api/stats/alerts?severity={}", severity.as_str().unwrap());
        assert_eq!(described.house.get(&path).await.status, 200, "{path}");
    }
    for (path, name) in
        [("/api/replays", "stream"), ("/api/dead-letters", "stream"), ("/api/dead-letters", "reason")]
    {
        assert_eq!(described.parameter(("GET", path), name)["minLength"], 1, "{path} {name}");
        assert_eq!(described.house.get(&format!("{path}?{name}=")).await.status, 422, "{path} {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_a_socket_as_for_a_page_is_refused_by_a_described_problem() {
    let described = Described::open().await;
    let path = "/api/stream/ws";
    let upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 12";
    for header in [None, Some(upgrade)] {
        let refused = described.ask(Request { header, ..Request::new("GET", path) }).await;
        let status = refused.status.to_string();
        let answers = &described.operation("GET", path)["responses"][&status]["content"];
        assert!(refused.status >= 400 && answers.get("application/problem+json").is_some(), "{refused:?}");
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    }
}
