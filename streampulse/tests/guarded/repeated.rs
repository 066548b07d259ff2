//! What is asked again in the same words takes a shorter way, of which nobody must notice anything but the time.

use std::collections::BTreeSet;

use common::duration::Millis;

use crate::{
    house::House,
    request::{Answer, Request},
};

const TRENDING: &str = "/api/stats/trending?minutes=60&limit=3";

/// All headers but those that tell one request from another.
fn headers(answer: &Answer) -> BTreeSet<&str> {
    let own = ["http/1.1", "x-request-id", "x-process-time", "server-timing", "date"];
    answer.head.lines().filter(|line| !own.iter().any(|own| line.starts_with(own))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_short_way_says_all_that_the_long_one_says() {
    // So long that all of the test asks for one answer.
    let house = House::with(|settings| settings.cache_ttl = Millis::new(3_600_000)).await;
    house.partition(0, 100).await;
    house.get(TRENDING).await;
    let again = house.get(TRENDING).await;
    assert!(again.header("server-timing").unwrap().contains("desc=\"hit\""), "{again:?}");
    // An origin makes it take the long way.
    let origin =
        Request { header: Some("Origin: http://elsewhere.example"), ..Request::new("GET", TRENDING) };
    let long = house.ask(origin).await;
    assert_eq!((again.status, &again.body, headers(&again)), (200, &long.body, headers(&long)));
    assert_ne!(again.header("x-request-id"), long.header("x-request-id"));
    let named = Request { header: Some("X-Request-Id: mine-1"), ..Request::new("GET", TRENDING) };
    assert_eq!(house.ask(named).await.header("x-request-id"), Some("mine-1"));
    let tag = format!("If-None-Match: {}", again.header("etag").unwrap().replace("w/", "W/"));
    let unchanged = house.ask(Request { header: Some(&tag), ..Request::new("GET", TRENDING) }).await;
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
    let head = house.ask(Request::new("HEAD", TRENDING)).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let refused = house.get("/api/stats/trending?minutes=60&limit=3&limit=4").await;
    assert_eq!(refused.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_and_tokens_hold_on_the_short_way() {
    let house = House::with(|settings| settings.reads_per_second = 5).await;
    let mut answers = BTreeSet::new();
    for _ in 0..60 {
        answers.insert(house.get(TRENDING).await.status);
    }
    assert_eq!(answers, BTreeSet::from([200, 429]));

    let house = House::with(|settings| settings.require_token = true).await;
    let token = house.token("reader", "read");
    for _ in 0..3 {
        assert_eq!(house.ask(Request::new("GET", TRENDING).token(&token)).await.status, 200);
        assert_eq!(house.get(TRENDING).await.status, 401);
    }
}
