//! The database server is stopped and comes back.

use std::{sync::Arc, time::Duration};

use common::{
    clock::{Clock, ManualClock, SystemClock},
    duration::Millis,
};
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};

use crate::{
    house::House,
    request::{Answer, Request},
};

const TRENDING: &str = "/api/stats/trending?minutes=60";
const REGIONS: &str = "/api/streams/content-downloads/region_health?last=1h";

fn is_stale(answer: &Answer) -> bool {
    answer.header("warning").is_some()
}

fn csv() -> Request<'static> {
    Request { header: Some("Accept: text/csv"), ..Request::new("GET", REGIONS) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_is_told_as_stale_and_the_rest_is_503_until_the_server_is_back() {
    let options = PostgresOptions::temporary().without_fsync();
    let mut postgres = PrivatePostgres::start(&options).await.unwrap();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let house = House::on(&postgres, |settings| {
        settings.cache_ttl = Millis::new(100);
        settings.clock = clock.clone();
    })
    .await;
    house.partition(0, 100).await;
    let before = house.get(TRENDING).await;
    assert_eq!((before.status, is_stale(&before)), (200, false), "{before:?}");
    assert!(before.json()["meta"].get("stale").is_none(), "{before:?}");
    let (regions, table) = (house.get(REGIONS).await, house.ask(csv()).await);
    assert_eq!((regions.status, table.status), (200, 200));
    let token = house.token("op", "operate");

    postgres.halt().await.unwrap();
    // "The last hour" is another one by now, and the same question.
    clock.set(clock.now().plus_millis(180_000));
    // An age of a second is ten times what CACHE_TTL allows while the database is there.
    let age = |answer: &Answer| answer.header("age").map_or(0, |age| age.parse().unwrap());
    let stale = house.until(TRENDING, |answer| age(answer) >= 1).await;
    assert_eq!((stale.status, stale.header("warning")), (200, Some(r#"110 - "response is stale""#)));
    assert!(stale.header("server-timing").unwrap().contains(r#"desc="stale""#), "{stale:?}");
    let mut expected = before.json();
    expected["meta"]["stale"] = true.into();
    assert_eq!(stale.json(), expected, "the same answer, which says when it was made");
    let tag = format!("If-None-Match: {}", before.header("etag").unwrap().replace("w/", "W/"));
    let unchanged = house.ask(Request { header: Some(&tag), ..Request::new("GET", TRENDING) }).await;
    assert_eq!((unchanged.status, is_stale(&unchanged)), (304, true), "{unchanged:?}");
    let answer = house.get(REGIONS).await;
    assert_eq!((answer.status, &answer.json()["meta"]["stale"]), (200, &true.into()));
    let answer = house.ask(csv()).await;
    assert_eq!((answer.status, &answer.body, is_stale(&answer)), (200, &table.body, true));

    let other = "/api/stats/trending?minutes=59";
    let write = Request::new("POST", "/api/annotations").body(r#"{"text": "x"}"#).token(&token);
    for unknown in [house.get(other).await, house.ask(write).await] {
        assert_eq!((unknown.status, unknown.header("retry-after")), (503, Some("1")), "{unknown:?}");
        assert_eq!(unknown.header("content-type"), Some("application/problem+json"));
    }

    postgres.start_again().await.unwrap();
    let back = house.until(TRENDING, |answer| !is_stale(answer)).await;
    assert_eq!((back.status, back.header("age")), (200, None), "{back:?}");
    assert!(back.json()["meta"].get("stale").is_none(), "{back:?}");
    assert_ne!(back.json()["meta"]["as_of"], before.json()["meta"]["as_of"]);
    assert_eq!(house.get(other).await.status, 200);
    // That the tokens cannot be read is believed for half a second.
    let written = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        while house.ask(write).await.status == 503 {
            pace.tick().await;
        }
        house.ask(write).await.status
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), written).await, Ok(201));
    drop(house);
    postgres.stop().await.unwrap();
}
