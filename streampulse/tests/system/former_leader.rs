//! Who led detection before writes nothing, whatever became of the lock and whatever it believes.

use std::{path::Path, time::Duration};

use generator::Truth;
use nix::sys::signal::Signal;
use tokio_postgres::Client;

use crate::{
    exactly_once::assert_same,
    stage::{Processor, Stage, troubled},
    tap::{Moment, Tap, Whose},
};

const LIMIT: Duration = Duration::from_secs(90);
const EVENTS: u64 = 20_000;

/// Where a judgement has read the windows' rows and has written nothing: alerts are withdrawn next.
const READ_NOT_WRITTEN: Moment = Moment::BeforeStatement(3);

/// As a commit does that changes the first window after it was judged.
const JUDGE_AGAIN: &str = "UPDATE detector_progress
    SET refold_from = (SELECT min(window_start) FROM window_span), epoch = epoch + 1";

/// Sessions that hold an advisory lock as leaders.
const LEADERS: &str = "SELECT a.pid::text FROM pg_stat_activity a JOIN pg_locks l USING (pid)
    WHERE a.application_name = 'streampulse-leader' AND a.datname = current_database()
        AND l.locktype = 'advisory' AND l.granted";

async fn until_someone_leads(stage: &Stage, client: &Client) {
    stage.until(client, &format!("SELECT EXISTS ({LEADERS})"), LIMIT).await;
}

/// Both the tables and the alerts are those of a run of its own over the same log.
async fn assert_as_from_scratch(stage: &Stage, truth: &Path, events: u64) {
    stage.assert_equals(&Truth::load(truth).unwrap()).await;
    let again = stage.read_again().await;
    let client = again.client().await;
    let processor = again.processor(&["--threads", "1"]);
    again.until_committed(&client, events, LIMIT).await;
    again.until_judged(&client, LIMIT).await;
    processor.stop().await;
    assert!(!again.column(&client, "SELECT dimension FROM alerts").await.is_empty());
    assert_same(&again.contents().await, &stage.contents().await, "after the lead changed hands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_does_not_know_that_another_leads_writes_nothing() {
    let test = "a_leader_that_does_not_know_that_another_leads_writes_nothing";
    let Some(stage) = Stage::set(test, "content-downloads", 4).await else { return };
    let client = stage.client().await;
    let truth = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    stage.send_between(&truth, troubled(31), EVENTS, (60, 0)).await;
    let tap = Tap::before_transactions(stage.pg.port, Whose::MisledLeader).await;
    let mut command = stage.processor_command(&["--threads", "1"]);
    let former = Processor::spawn(command.env("DATABASE_URL", stage.url_through(tap.port)));
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;

    tap.hold_at(READ_NOT_WRITTEN);
    client.execute(JUDGE_AGAIN, &[]).await.unwrap();
    tap.held().await;
    let heir = stage.processor(&["--threads", "1"]);
    stage.until_judged(&client, LIMIT).await;
    // As if the later leader had found these; the former one's writing would undo both.
    client
        .batch_execute(
            "UPDATE alerts SET message = 'found later' WHERE id = (SELECT min(id) FROM alerts);
             INSERT INTO alerts (stream, alert_type, dimension, window_start, severity, message, metric_name,
                 metric_value, threshold_value)
             SELECT stream, alert_type, 'found later', window_start, severity, message, metric_name, metric_value,
                 threshold_value
             FROM alerts ORDER BY id LIMIT 1",
        )
        .await
        .unwrap();
    let written = "SELECT t::text || ' ' || xmin FROM alerts t
        UNION ALL SELECT t::text || ' ' || xmin FROM detector_progress t ORDER BY 1";
    let before = stage.column(&client, written).await;
    let session = "SELECT pid::text FROM pg_stat_activity WHERE application_name = 'streampulse-leader'
        AND datname = current_database() AND xact_start IS NOT NULL";
    let session = stage.column(&client, session).await;
    assert_eq!(session.len(), 1, "the former leader is still in the midst of its transaction");
    tap.release();
    let ended = format!(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = {} AND xact_start IS NULL",
        session[0]
    );
    stage.until(&client, &ended, LIMIT).await;
    assert_eq!(stage.column(&client, written).await, before, "the former leader wrote");

    // Both believe that they lead from here on.
    client.execute(JUDGE_AGAIN, &[]).await.unwrap();
    stage.until_judged(&client, LIMIT).await;
    former.stop().await;
    heir.stop().await;
    assert_as_from_scratch(&stage, &truth, EVENTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_frozen_and_loses_its_session_is_followed_by_another() {
    let test = "a_leader_that_is_frozen_and_loses_its_session_is_followed_by_another";
    let Some(stage) = Stage::set(test, "content-downloads", 4).await else { return };
    let client = stage.client().await;
    let truth = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let former = stage.processor(&["--threads", "1"]);
    until_someone_leads(&stage, &client).await;
    let heir = stage.processor(&["--threads", "1"]);
    stage.send_between(&truth, troubled(32), EVENTS, (60, 40)).await;
    stage.until_committed(&client, EVENTS / 2, LIMIT).await;

    let session = stage.column(&client, LEADERS).await.remove(0);
    former.signal(Signal::SIGSTOP);
    client.execute(&format!("SELECT pg_terminate_backend({session})"), &[]).await.unwrap();
    stage.until(&client, &format!("SELECT NOT EXISTS ({LEADERS} AND a.pid = {session})"), LIMIT).await;
    until_someone_leads(&stage, &client).await;
    stage.send_between(&truth, troubled(33), EVENTS, (40, 20)).await;
    stage.until_committed(&client, 2 * EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    let leader = stage.column(&client, LEADERS).await;
    assert_eq!(leader.len(), 1);

    former.signal(Signal::SIGCONT);
    stage.send_between(&truth, troubled(34), EVENTS, (20, 0)).await;
    stage.until_committed(&client, 3 * EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    assert_eq!(stage.column(&client, LEADERS).await, leader, "the lead changed hands without need");
    former.stop().await;
    heir.stop().await;
    assert_as_from_scratch(&stage, &truth, 3 * EVENTS).await;
}
