//! The broker is gone for longer than a session, and comes back.

use std::time::{Duration, Instant};

use crate::stage::{Stage, troubled};

const LIMIT: Duration = Duration::from_secs(120);
const EVENTS: u64 = 20_000;
/// Three times the session timeout of the processors of a stage.
const AWAY: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_for_longer_than_the_session_costs_nothing() {
    let test = "a_broker_that_is_away_for_longer_than_the_session_costs_nothing";
    let Some(mut stage) = Stage::alone(test, "content-downloads", 4).await else { return };
    let client = stage.client().await;
    let processors = [stage.processor(&["--threads", "2"]), stage.processor(&["--threads", "1"])];
    // Its last tenth takes ten seconds, and the broker goes in the midst of them.
    let sending = stage.send(troubled(71), EVENTS, Some(200.0));
    stage.until_committed(&client, EVENTS * 9 / 10 + 200, LIMIT).await;
    stage.own_kafka().halt().await.unwrap();
    let at_halt = stage.committed(&client).await;
    let begin = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    while begin.elapsed() < AWAY {
        pace.tick().await;
    }
    stage.own_kafka().resume().await.unwrap();
    let truth = sending.await.unwrap();
    assert!(at_halt < EVENTS, "the broker went too late to matter");
    stage.until_committed(&client, EVENTS, LIMIT).await;
    for processor in processors {
        processor.stop().await;
    }
    stage.assert_equals(&truth).await;
}
