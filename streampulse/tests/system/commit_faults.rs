//! Each row of what can go wrong with a commit, made to happen.

use std::{path::Path, time::Duration};

use generator::{GenerateSettings, Truth};
use nix::sys::signal::Signal;

use crate::{
    http,
    stage::{Processor, Stage, troubled},
    tap::{Moment, Tap},
};

const LIMIT: Duration = Duration::from_secs(60);

/// BEGIN, the fence, three rollups, spans, dead letters, late events, the mark for detection, progress.
const STATEMENTS: usize = 9;

/// A stage with one partition whose processors reach the database through a tap.
struct Tapped {
    stage: Stage,
    tap: Tap,
    truth: tempfile::TempPath,
    sent: u64,
}

impl Tapped {
    async fn set(test: &str) -> Option<Self> {
        let stage = Stage::set(test, "content-downloads", 1).await?;
        let tap = Tap::before(stage.pg.port).await;
        let truth = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        Some(Self { stage, tap, truth, sent: 0 })
    }

    fn processor(&self) -> Processor {
        let mut command = self.stage.processor_command(&["--threads", "1"]);
        Processor::spawn(command.env("DATABASE_URL", self.stage.url_through(self.tap.port)))
    }

    /// Sends another hundred events, some of them late, some bad; the truth file covers all that was sent.
    async fn send(&mut self) {
        let path: &Path = &self.truth;
        let settings = GenerateSettings {
            events: Some(100),
            truth: Some(path.to_owned()),
            ..self.stage.generate(troubled(50 + self.sent))
        };
        self.stage.spawn(settings).await.unwrap();
        self.sent += 100;
    }

    /// Sends until a commit is held at `moment`; one without late or dead records has fewer statements.
    async fn until_held_at(&mut self, moment: Moment) {
        self.tap.hold_at(moment);
        for _ in 0..30 {
            self.send().await;
            let client = self.stage.client().await;
            tokio::select! {
                () = self.tap.held() => return,
                () = self.stage.until_committed(&client, self.sent, LIMIT) => {}
            }
        }
        panic!("no commit came to {moment:?}");
    }

    async fn assert_exact(&self) {
        let client = self.stage.client().await;
        self.stage.until_committed(&client, self.sent, LIMIT).await;
        let truth = Truth::load(&self.truth).unwrap();
        self.stage.assert_equals(&truth).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_each_step_of_a_commit_loses_nothing_and_doubles_nothing() {
    let test = "a_crash_at_each_step_of_a_commit_loses_nothing_and_doubles_nothing";
    let Some(mut tapped) = Tapped::set(test).await else { return };
    let mut moments: Vec<Moment> = (0..=STATEMENTS).map(Moment::BeforeStatement).collect();
    moments.extend([Moment::BeforeCommit, Moment::CommitUnanswered]);
    let mut processor = tapped.processor();
    for moment in moments {
        tapped.until_held_at(moment).await;
        processor.kill();
        // The server learns of it, as it does when a process dies.
        tapped.tap.cut();
        processor = tapped.processor();
        tapped.assert_exact().await;
    }
    processor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_commit_is_resolved_whether_it_happened_or_not() {
    let test = "a_lost_answer_to_commit_is_resolved_whether_it_happened_or_not";
    let Some(mut tapped) = Tapped::set(test).await else { return };
    let processor = tapped.processor();
    for moment in [Moment::BeforeCommit, Moment::CommitUnanswered] {
        tapped.until_held_at(moment).await;
        tapped.tap.cut();
        tapped.assert_exact().await;
        tapped.send().await;
        tapped.assert_exact().await;
    }
    processor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_waits_for_the_open_transaction_of_the_former_owner_who_then_writes_nothing_more() {
    let test = "a_claim_waits_for_the_open_transaction_of_the_former_owner_who_then_writes_nothing_more";
    let Some(mut tapped) = Tapped::set(test).await else { return };
    let client = tapped.stage.client().await;
    let former = tapped.processor();
    tapped.until_held_at(Moment::BeforeCommit).await;
    former.signal(Signal::SIGSTOP);
    // It reaches the database directly: only the former owner is held.
    let heir = tapped.stage.processor(&["--threads", "1"]);
    let waiting = "SELECT count(*) > 0 FROM pg_stat_activity
        WHERE application_name = 'streampulse-claim' AND wait_event_type = 'Lock'";
    tapped.stage.until(&client, waiting, LIMIT).await;
    tapped.tap.release();
    // The zombie's COMMIT counts, what it read beyond does not.
    tapped.stage.until(&client, "SELECT owner_epoch > 1 FROM partition_progress", LIMIT).await;
    tapped.send().await;
    tapped.assert_exact().await;
    former.signal(Signal::SIGCONT);
    tapped.send().await;
    tapped.assert_exact().await;
    heir.stop().await;
    former.stop().await;
    tapped.assert_exact().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_costs_nothing_and_is_named_by_readiness() {
    let test = "a_database_that_is_away_costs_nothing_and_is_named_by_readiness";
    let Some(mut tapped) = Tapped::set(test).await else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut command =
        tapped.stage.processor_command(&["--threads", "1", "--monitor-port", &port.to_string()]);
    let url = tapped.stage.url_through(tapped.tap.port);
    let processor = Processor::spawn(command.env("DATABASE_URL", url));
    tapped.send().await;
    tapped.assert_exact().await;
    http::until(&address, "/readyz", "HTTP/1.1 200", LIMIT).await;

    tapped.tap.refuse(true);
    tapped.send().await;
    let answer = http::until(&address, "/readyz", "HTTP/1.1 503", LIMIT).await;
    assert!(answer.contains("database: "), "{answer}");
    // Longer than the session: the group must not notice.
    let begin = std::time::Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(500));
    while begin.elapsed() < Duration::from_secs(5) {
        pace.tick().await;
        tapped.send().await;
    }
    tapped.tap.refuse(false);
    tapped.assert_exact().await;
    http::until(&address, "/readyz", "HTTP/1.1 200", LIMIT).await;
    let metrics = http::get(&address, "/metrics").await;
    for name in [
        "processed_events_total",
        "sink_errors_total",
        "processing_latency_seconds",
        "commit_duration_seconds",
    ] {
        assert!(metrics.contains(name), "{name} is missing in {metrics}");
    }
    let client = tapped.stage.client().await;
    let epochs = tapped.stage.column(&client, "SELECT owner_epoch::text FROM partition_progress").await;
    assert_eq!(epochs, ["1"], "the partition changed hands");
    processor.stop().await;
}

/// Makes each commit's last statement fail with the next of these, one after the other; a sequence survives rollbacks.
async fn fail_commits(stage: &Stage, codes: &[&str]) {
    let cases: String = codes
        .iter()
        .zip(1..)
        .map(|(code, at)| format!("WHEN {at} THEN RAISE EXCEPTION USING ERRCODE = '{code}';"))
        .collect();
    stage
        .client()
        .await
        .batch_execute(&format!(
            "CREATE SEQUENCE failures;
             CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 CASE nextval('failures') {cases} ELSE NULL; END CASE;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER fail BEFORE UPDATE OF next_offset ON partition_progress
                 FOR EACH ROW EXECUTE FUNCTION fail();"
        ))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlocks_serialization_failures_and_shutdowns_are_tried_again() {
    let test = "deadlocks_serialization_failures_and_shutdowns_are_tried_again";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let codes = ["40P01", "40001", "57P01", "40P01"];
    fail_commits(&stage, &codes).await;
    let truth = stage.send(troubled(61), 2_000, None).await.unwrap();
    let processor = stage.processor(&["--threads", "1"]);
    let client = stage.client().await;
    stage.until_committed(&client, 2_000, LIMIT).await;
    processor.stop().await;
    stage.assert_equals(&truth).await;
    let failed = stage.column(&client, "SELECT (last_value >= 4)::text FROM failures").await;
    assert_eq!(failed, ["true"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_other_error_of_the_database_ends_the_processor_with_its_cause() {
    let test = "any_other_error_of_the_database_ends_the_processor_with_its_cause";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    fail_commits(&stage, &["23514"]).await;
    stage.send(troubled(62), 100, None).await.unwrap();
    let output = stage.processor_command(&["--threads", "1"]).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.lines().last().unwrap().contains("23514"), "{printed}");
    assert_eq!(stage.committed(&stage.client().await).await, 0);
}
