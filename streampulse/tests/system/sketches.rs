//! Quantiles and distinct counts are as exact as sums are: no kill, claim or replay changes a bucket or a register.

use std::{fmt::Write, path::Path, time::Duration};

use generator::{Cell, GenerateSettings, LogTimes, Source, Truth};

use crate::{exactly_once::assert_same, stage::Stage};

const LIMIT: Duration = Duration::from_secs(120);
const LINES: u64 = 36_000;
/// Of the log; sent this many times faster.
const SECONDS: u64 = 9 * 60;
const FASTER: f64 = 60.0;

/// Nine minutes of a busy site: thousands of clients, bodies of every size, some without any, and lines that come up
/// to three minutes late.
fn write_log(file: &Path) {
    let mut state = 11_u64;
    let mut below = move |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut text = String::new();
    for line in 0..LINES {
        let behind = if below(50) == 0 { below(180) } else { below(5) };
        let second = (line * SECONDS / LINES).saturating_sub(behind);
        let client = below(5_000);
        let status = [200, 200, 200, 200, 304, 404, 500][usize::try_from(below(7)).unwrap()];
        let size = 1_u64 << below(34);
        let bytes = if status == 304 { "-".to_owned() } else { below(size).to_string() };
        writeln!(
            text,
            "10.0.{}.{} - - [18/May/2015:10:{:02}:{:02} +0000] \"GET /page/{} HTTP/1.1\" {status} {bytes} \"-\" \"curl/7\"",
            client / 256,
            client % 256,
            second / 60,
            second % 60,
            below(12),
        )
        .unwrap();
    }
    std::fs::write(file, text).unwrap();
}

/// The longest cells of both kinds in a table of the truth, in entries.
fn most_entries(truth: &Truth, table: &str) -> [usize; 2] {
    ["clients", "response_bytes"].map(|column| {
        let entries = truth.tables[table].iter().map(|row| match &row[column] {
            Cell::Text(text) => text.split(' ').count(),
            Cell::Null => 0,
            Cell::Number(number) => panic!("{column} is {number}"),
        });
        entries.max().unwrap()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sketches_survive_kills_in_mid_window_and_are_rebuilt_by_a_replay() {
    let test = "sketches_survive_kills_in_mid_window_and_are_rebuilt_by_a_replay";
    let Some(stage) = Stage::set(test, "web-requests", 4).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    write_log(&log);
    let client = stage.client().await;
    let arguments = ["--threads", "2", "--commit-events", "400", "--commit-interval", "25ms"];
    let mut processor = stage.processor(&arguments);
    let source = Source::AccessLog { path: log, times: LogTimes::Kept };
    let sending = stage.spawn(GenerateSettings { rate: Some(FASTER), ..stage.generate(source) });
    for share in 1..=4 {
        stage.until_committed(&client, LINES * share / 5, LIMIT).await;
        processor.kill();
        assert!(stage.committed(&client).await < LINES, "kill {share} came too late to matter");
        // What the next owner has to go on from.
        let open = "SELECT count(*) > 0 FROM web_status_stats_partial r JOIN partition_progress p USING (source_partition)
             WHERE r.clients IS NOT NULL AND r.window_start + interval '90 seconds' > p.stream_time";
        assert!(client.query_one(open, &[]).await.unwrap().get::<_, bool>(0));
        processor = stage.processor(&arguments);
    }
    let truth = sending.await.unwrap();
    stage.until_committed(&client, LINES, LIMIT).await;
    assert!(!truth.late_events.is_empty());
    let [clients, buckets] = most_entries(&truth, "web_agent_stats");
    assert!(clients > 1_500 && buckets > 500, "{clients} registers and {buckets} buckets are no test");
    stage.assert_equals(&truth).await;

    let before = stage.contents().await;
    let from = "SELECT (next_offset / 3)::text FROM partition_progress WHERE source_partition = 1";
    let from = stage.column(&client, from).await.remove(0);
    let replay = stage
        .streampulse(&["replay", "--from", &from, "--partitions", "1", "--apply", "--wait"])
        .output()
        .unwrap();
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
    processor.stop().await;
    stage.assert_equals(&truth).await;
    assert_same(&before, &stage.contents().await, "after the replay");

    // The comparison itself finds a single count, a single register, and bytes that are no sketch.
    for change in [
        r"response_bytes = '\x1101801801'",
        r"response_bytes = NULL",
        r"clients = '\x2100010101'",
        r"clients = '\x11'",
    ] {
        let change = format!(
            "UPDATE web_status_stats_partial SET {change} WHERE ctid = (SELECT ctid FROM web_status_stats_partial
             WHERE status_class = '2xx' ORDER BY window_start LIMIT 1) AND tableoid = (SELECT tableoid
             FROM web_status_stats_partial WHERE status_class = '2xx' ORDER BY window_start LIMIT 1)"
        );
        let changing = stage.client().await;
        changing.batch_execute("BEGIN").await.unwrap();
        assert_eq!(changing.execute(&change, &[]).await.unwrap(), 1);
        let report = generator::verify(&changing, &truth, &stage.definition).await.unwrap();
        assert_eq!(report.differing, 1, "{change}: {:?}", report.differences);
    }
}
