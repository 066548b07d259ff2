//! Tokens: nothing is written without one that is good for it, and the audit names it.

use crate::{
    house::House,
    request::{Answer, Request},
};

/// Every operation of the description that is no read, with something in place of each parameter.
async fn writes(house: &House) -> Vec<(String, String)> {
    let document = house.get("/openapi.json").await.json();
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys().filter(|method| *method != "get") {
            let path = path.replace("{id}", "1").replace("{stream}", "content-downloads");
            assert!(!path.contains('{'), "{path}");
            found.push((method.to_uppercase(), path));
        }
    }
    found
}

fn assert_asks_for_a_token(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {answer:?}");
    assert!(answer.header("www-authenticate").unwrap().starts_with("bearer"), "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_is_open_without_a_token_that_is_good_for_it() {
    let house = House::open().await;
    let (read, operate) = (house.token("reader", "read"), house.token("operator", "operate"));
    let writes = writes(&house).await;
    assert!(writes.len() >= 8, "{writes:?}");
    let forged =
        format!("{}{}", &operate[..operate.len() - 1], if operate.ends_with('0') { '1' } else { '0' });
    for (method, path) in &writes {
        let what = format!("{method} {path}");
        let request = Request::new(method, path);
        for body in [None, Some("{}"), Some("not json")] {
            assert_asks_for_a_token(&house.ask(Request { body, ..request }).await, &what);
        }
        for wrong in ["", "x", "streampulse_1_", &forged, &operate.replace("_2_", "_3_")] {
            assert_asks_for_a_token(&house.ask(request.token(wrong)).await, &what);
        }
        let basic = Request { header: Some("Authorization: Basic dTpw"), ..request };
        assert_asks_for_a_token(&house.ask(basic).await, &what);
        let refused = house.ask(request.token(&read)).await;
        assert_eq!(refused.status, 403, "{what}: {refused:?}");
        let needed = if path.ends_with("/redrive") { "admin" } else { "operate" };
        assert!(refused.json()["detail"].as_str().unwrap().contains(needed), "{what}: {refused:?}");
        assert!(refused.header("www-authenticate").unwrap().contains(needed), "{what}");
        let allowed = house.ask(request.token(&operate)).await.status;
        assert_eq!(allowed == 403, needed == "admin", "{what}: {allowed}");
        assert_ne!(allowed, 401, "{what}");
    }
    // What is not there does not tell so to strangers either.
    assert_asks_for_a_token(&house.ask(Request::new("POST", "/api/nothing")).await, "nothing");
    assert_asks_for_a_token(&house.ask(Request::new("DELETE", "/api/stats/alerts")).await, "a read");
    assert_eq!(house.get("/api/stats/alerts").await.status, 200, "reads stay open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_shown_once_kept_as_a_hash_and_can_be_taken_back() {
    let house = House::open().await;
    let token = house.token("ci", "operate");
    let note = |token| Request::new("POST", "/api/annotations").body(r#"{"text": "hello"}"#).token(token);
    assert_eq!(house.ask(note(&token)).await.status, 201);

    let secret = token.rsplit('_').next().unwrap();
    assert_eq!(secret.len(), 64);
    let kept = house.column("SELECT t::text FROM api_tokens t").await.remove(0);
    assert!(!kept.contains(secret), "the secret itself is kept: {kept}");
    let listed = String::from_utf8(house.streampulse(&["token", "list"]).stdout).unwrap();
    assert!(listed.contains("ci\toperate\tgood") && !listed.contains(secret), "{listed}");

    let again = house.streampulse(&["token", "create", "--name", "ci", "--scope", "read"]);
    assert_eq!(again.status.code(), Some(2));
    for (name, scope, expires) in [
        ("a b", "read", "1d"),
        ("other", "root", "1d"),
        ("other", "read", "2001-01-01T00:00:00Z"),
        ("other", "read", "soon"),
    ] {
        let arguments = ["token", "create", "--name", name, "--scope", scope, "--expires", expires];
        assert_eq!(house.streampulse(&arguments).status.code(), Some(2), "{arguments:?}");
    }

    assert!(house.streampulse(&["token", "revoke", "--name", "ci"]).status.success());
    let begin = std::time::Instant::now();
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(50));
    while house.ask(note(&token)).await.status != 401 {
        assert!(begin.elapsed().as_secs() < 5, "a token that was taken back still works");
        pace.tick().await;
    }
    let own = "SELECT action || ' ' || subject FROM api_audit WHERE request_id = '' ORDER BY id";
    assert_eq!(house.column(own).await, ["token.create token ci", "token.revoke token ci"]);
    assert_eq!(house.streampulse(&["token", "revoke", "--name", "nobody"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_is_no_token() {
    let house = House::open().await;
    let token = house.token("short", "operate");
    house.client.execute("UPDATE api_tokens SET expires_at = now() - interval '1 s'", &[]).await.unwrap();
    let refused =
        house.ask(Request::new("POST", "/api/annotations").body(r#"{"text": "x"}"#).token(&token)).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    assert_eq!(house.column("SELECT text FROM annotations").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_need_a_token_where_the_operator_says_so() {
    let house = House::with(|settings| settings.require_token = true).await;
    let read = house.token("page", "read");
    for path in ["/api/stats/alerts", "/api/dashboard", "/api/streams", "/api/pipeline", "/api/stream/events"]
    {
        assert_asks_for_a_token(&house.get(path).await, path);
    }
    for path in ["/api/stats/alerts", "/api/pipeline"] {
        assert_eq!(house.ask(Request::new("GET", path).token(&read)).await.status, 200, "{path}");
    }
    for path in ["/health", "/ping", "/version"] {
        assert_eq!(house.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_entry_and_its_write_stand_or_fall_together() {
    let house = House::open().await;
    let token = house.token("op", "operate");
    let alert = house.alert("eu-west", 1).await;
    // The audit cannot be written: nothing else may be.
    house
        .client
        .batch_execute("ALTER TABLE api_audit ADD CHECK (action <> 'alert.acknowledge')")
        .await
        .unwrap();
    let path = format!("/api/alerts/{alert}/acknowledge");
    let failed = house.ask(Request::new("POST", &path).token(&token)).await;
    assert_eq!(failed.status, 500, "{failed:?}");
    assert!(!failed.body.contains("check"), "the database's words are not for clients: {failed:?}");
    assert_eq!(house.column("SELECT acknowledged::text FROM alerts").await, ["false"]);
    // The connection that failed is not handed on in its transaction.
    for _ in 0..8 {
        assert_eq!(house.get("/api/stats/alerts").await.status, 200);
    }
}
