//! The broker is gone for longer than a session, and comes back.

use std::time::{Duration, Instant};

use crate::{
    http,
    stage::{Stage, troubled},
};

const LIMIT: Duration = Duration::from_secs(120);
const EVENTS: u64 = 20_000;
/// Three times the session timeout of the processors of a stage.
const AWAY: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_for_longer_than_the_session_costs_nothing_and_is_named_by_readiness() {
    let test = "a_broker_that_is_away_for_longer_than_the_session_costs_nothing_and_is_named_by_readiness";
    let Some(mut stage) = Stage::alone(test, "content-downloads", 4).await else { return };
    let client = stage.client().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let watched = stage.processor(&["--threads", "2", "--monitor-port", &port.to_string()]);
    let processors = [watched, stage.processor(&["--threads", "1"])];
    // Its last tenth takes ten seconds, and the broker goes in the midst of them.
    let sending = stage.send(troubled(71), EVENTS, Some(200.0));
    stage.until_committed(&client, EVENTS * 9 / 10 + 200, LIMIT).await;
    stage.own_kafka().halt().await.unwrap();
    let at_halt = stage.committed(&client).await;
    let begin = Instant::now();
    let answer = http::until(&address, "/readyz", "HTTP/1.1 503", LIMIT).await;
    assert!(answer.contains("Kafka: no broker answers"), "{answer}");
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    while begin.elapsed() < AWAY {
        pace.tick().await;
    }
    stage.own_kafka().resume().await.unwrap();
    let truth = sending.await.unwrap();
    http::until(&address, "/readyz", "HTTP/1.1 200", LIMIT).await;
    assert!(at_halt < EVENTS, "the broker went too late to matter");
    stage.until_committed(&client, EVENTS, LIMIT).await;
    for processor in processors {
        processor.stop().await;
    }
    stage.assert_equals(&truth).await;
}
