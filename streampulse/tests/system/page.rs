//! A real browser sees the numbers that the API gives, and these are the truth's.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use generator::{Cell, Source, Truth, Workload};

use crate::{api::Api, http, stage::Stage};

const LIMIT: Duration = Duration::from_secs(120);
const EVENTS: u64 = 20_000;

pub fn total(truth: &Truth) -> i64 {
    let count = |row: &generator::TruthRow| match row.get("total_downloads") {
        Some(Cell::Number(number)) => *number,
        _ => 0,
    };
    truth.tables["region_health"].iter().map(count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_what_the_api_says_and_the_api_says_the_truth() {
    let test = "the_page_shows_what_the_api_says_and_the_api_says_the_truth";
    let frontend = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend");
    assert!(frontend.join("dist/index.html").exists(), "the page is not built; run `make page`");
    let Some(stage) = Stage::set(test, "content-downloads", 4).await else { return };
    let client = stage.client().await;
    let processor = stage.processor(&["--threads", "2"]);
    // With late events, up to 15 minutes older, within the last hour, which is the longest the page shows.
    let workload = Workload { seed: 31, late: 0.001, ..Workload::default() };
    let truth = stage.send_history(Source::Downloads(workload), EVENTS, 30 * 60_000).await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;

    let api = Api::start(&mut stage.streampulse(&["api"]));
    let realtime = http::json(&api.address, "/api/stats/realtime?minutes=60").await;
    assert_eq!(realtime["total_downloads"].as_i64(), Some(total(&truth)));

    let browser = Command::new("node")
        .arg("e2e/dashboard.mjs")
        .current_dir(&frontend)
        .env("BASE_URL", format!("http://{}", api.address))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        browser.status.success(),
        "{}{}",
        String::from_utf8_lossy(&browser.stdout),
        String::from_utf8_lossy(&browser.stderr)
    );
    processor.stop().await;
}
