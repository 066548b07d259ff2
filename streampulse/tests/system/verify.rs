//! `streampulse verify` as a script meets it: what it prints, and its exit codes.

use std::process::Output;

use crate::stage::Stage;

const EVENTS: &str = "2000";

fn verify(stage: &Stage, truth: &str, wait: &str) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        stage.streampulse(&["verify", "--truth", truth, "--wait", wait]).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_tables_are_code_0_and_others_code_1_with_the_first_differences() {
    let test = "equal_tables_are_code_0_and_others_code_1_with_the_first_differences";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.json").display().to_string();
    let processor = stage.processor(&[]);
    let history =
        ["--history", "30m", "--history-events", EVENTS, "--events", "0", "--late", "0.01", "--bad", "0.01"];
    let sent =
        stage.streampulse(&[&["generate", "--truth", &truth], &history[..]].concat()).status().unwrap();
    assert!(sent.success(), "{sent}");

    // It waits until they are equal, and no longer.
    let (code, printed, errors) = verify(&stage, &truth, "60s");
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{printed}");
    let words: Vec<&str> = printed.split_whitespace().collect();
    let ["equal:", cells, "cells", "of", EVENTS, "events"] = words[..] else { panic!("{printed}") };
    assert!(cells.parse::<u64>().unwrap() > 1_000, "{printed}");
    processor.stop().await;

    // One cell of one row.
    let client = stage.client().await;
    let wrong = "UPDATE region_health_partial SET total_downloads = total_downloads + 1000000
                 WHERE (window_start, region, source_partition) =
                     (SELECT window_start, region, source_partition FROM region_health_partial ORDER BY 1, 2, 3 LIMIT 1)
                 RETURNING region";
    let rows = client.query(wrong, &[]).await.unwrap();
    let region: String = rows[0].get(0);
    let (code, printed, errors) = verify(&stage, &truth, "0ms");
    assert_eq!(code, Some(1), "{printed}{errors}");
    assert!(
        printed.lines().all(|line| line.starts_with("region_health [") && line.contains(&region)),
        "{printed}"
    );
    assert!(printed.contains(" total_downloads: expected ") && printed.contains(", found 100"), "{printed}");
    assert_eq!(errors, format!("streampulse: 1 of {cells} cells differ from the truth\n"), "{printed}");

    // Many: the first are printed, all are counted.
    client.batch_execute("DELETE FROM device_stats_partial").await.unwrap();
    let (code, printed, errors) = verify(&stage, &truth, "1ms");
    assert_eq!(code, Some(1), "{printed}{errors}");
    assert_eq!(printed.lines().count(), 20, "{printed}");
    assert!(printed.contains("device_stats [") && printed.contains("the row is missing"), "{printed}");
    let counted: u64 = errors.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(counted > 20, "{errors}");
}
