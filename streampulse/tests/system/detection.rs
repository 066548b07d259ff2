//! What is final, and what is judged again.

use std::{io::Write, time::Duration};

use generator::{LogTimes, Source};

use crate::stage::Stage;

const LIMIT: Duration = Duration::from_secs(60);
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../generator/samples/access.log");

/// Everything that was counted is judged.
const ALL_JUDGED: &str = "SELECT coalesce(through_window >= (SELECT max(window_start) FROM window_span)
    AND refold_from IS NULL, false) FROM detector_progress";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_stream_closes_its_last_window_and_one_that_changes_is_judged_again() {
    let test = "an_idle_stream_closes_its_last_window_and_one_that_changes_is_judged_again";
    // More partitions than the log has clients for: some stay empty, and hold nothing up.
    let Some(stage) = Stage::set(test, "web-requests", 6).await else { return };
    let client = stage.client().await;
    let log = |path: &str| Source::AccessLog { path: path.into(), times: LogTimes::Kept };
    let sent = stage.send(log(SAMPLE), 0, None).await.unwrap().events;
    let processor = stage.processor(&["--threads", "2"]);
    stage.until_committed(&client, sent, LIMIT).await;
    stage.until(&client, ALL_JUDGED, LIMIT).await;

    let last = "SELECT to_char(max(window_start) AT TIME ZONE 'UTC', 'DD/Mon/YYYY:HH24:MI') FROM window_span";
    let minute = stage.column(&client, last).await.remove(0);
    let alerts = "SELECT dimension || ' ' || severity || ' ' || metric_value FROM alerts
        WHERE dimension = 'curl/wget' AND window_start = (SELECT max(window_start) FROM window_span)";
    assert_eq!(stage.column(&client, alerts).await, Vec::<String>::new());

    // Twenty errors of a kind of client that was not there, in a minute that is final.
    let mut failures = tempfile::NamedTempFile::new().unwrap();
    for second in 0..20 {
        let time = format!("{minute}:{second:02} +0000");
        writeln!(failures, r#"10.0.0.{second} - - [{time}] "GET / HTTP/1.1" 500 0 "-" "curl/8.0""#).unwrap();
    }
    let more = stage.send(log(failures.path().to_str().unwrap()), 0, None).await.unwrap();
    stage.until_committed(&client, sent + more.events, LIMIT).await;
    stage.until(&client, ALL_JUDGED, LIMIT).await;
    assert_eq!(stage.column(&client, alerts).await, ["curl/wget CRITICAL 0"]);
    processor.stop().await;
}
