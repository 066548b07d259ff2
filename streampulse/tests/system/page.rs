//! A real browser sees the numbers that the API gives, and these are the truth's.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use common::time::Timestamp;
use generator::{Cell, Source, Truth, Workload};
use serde_json::Value;

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

/// What the page shows of whatever is there equals what the API says, also while it changes.
pub fn assert_equals_api(address: &str) {
    browse("dashboard.mjs", address, &[]);
}

/// What the page shows of the last hour, once no more comes, is the truth.
pub async fn assert_shows(address: &str, truth: &Truth) {
    let begin = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    let version = loop {
        pace.tick().await;
        let told = http::json(address, "/api/stats/realtime?minutes=60").await;
        let shown = Shown::since(truth, &told["meta"]["as_of"]);
        if told["total_downloads"].as_i64() == Some(shown.total("region_health", "total_downloads")) {
            break told["meta"]["data_version"].to_string();
        }
        assert!(begin.elapsed() < LIMIT, "the API does not tell the truth: {told}");
    };
    let page = browse("shown.mjs", address, &[("VERSION", version.as_str()), ("MINUTES", "60")]);
    let page: Value = serde_json::from_str(&page).unwrap();
    let panel = |id: &str| (&page["panels"][id], Shown::since(truth, &page["panels"][id]["asOf"]));

    let (summary, shown) = panel("summary");
    let total = shown.total("region_health", "total_downloads");
    assert!(total > 0);
    assert_eq!(summary["singles"]["total-downloads"]["value"], total.to_string());
    let contents = shown.by("content_stats", "content_id", "download_count");
    assert_eq!(summary["singles"]["unique-content"]["value"], contents.len().to_string());
    let (regions, shown) = panel("regions");
    assert_eq!(rows(regions, "region-downloads"), shown.by("region_health", "region", "total_downloads"));
    let (devices, shown) = panel("devices");
    assert_eq!(rows(devices, "device-downloads"), shown.by("device_stats", "device", "total_downloads"));
    let (trending, shown) = panel("trending");
    let (trending, all) =
        (rows(trending, "trending-downloads"), shown.by("content_stats", "content_id", "download_count"));
    assert_eq!(trending.len(), 5);
    let least = trending.values().min().unwrap();
    assert!(
        all.iter().all(|(content, downloads)| trending.get(content).is_none_or(|shown| shown == downloads))
    );
    assert!(all.iter().all(|(content, downloads)| trending.contains_key(content) || downloads <= least));
    let (timeline, shown) = panel("timeline");
    let minutes = rows(timeline, "minute-downloads");
    assert_eq!(minutes.len(), 60);
    let counted = minutes.into_iter().filter(|(_, downloads)| *downloads > 0).collect::<BTreeMap<_, _>>();
    assert_eq!(counted, shown.by("region_health", "window_start", "total_downloads"));
}

/// By key, the number in this cell of each row; 0 where there is none.
fn rows(panel: &Value, cell: &str) -> BTreeMap<String, i64> {
    let rows = panel["rows"].as_array().unwrap().iter();
    let number = |row: &Value| row["cells"][cell]["value"].as_str().unwrap().parse().unwrap_or(0);
    rows.map(|row| (row["key"].as_str().unwrap().to_owned(), number(row))).collect()
}

/// The windows of the truth that a page of an hour shows.
struct Shown<'a> {
    truth: &'a Truth,
    since: i64,
}

impl<'a> Shown<'a> {
    fn since(truth: &'a Truth, as_of: &Value) -> Self {
        let as_of: Timestamp = as_of.as_str().unwrap().parse().unwrap();
        Self { truth, since: as_of.as_millis() - 3_600_000 }
    }

    fn by(&self, table: &str, key: &str, column: &str) -> BTreeMap<String, i64> {
        let mut sums = BTreeMap::new();
        for row in &self.truth.tables[table] {
            let (Cell::Number(window), Cell::Number(number)) = (&row["window_start"], &row[column]) else {
                panic!("{row:?}")
            };
            if *window > self.since {
                let key = match &row[key] {
                    Cell::Text(text) => text.clone(),
                    // As a browser writes times.
                    Cell::Number(time) => Timestamp::from_millis(*time).to_string().replace("00Z", "00.000Z"),
                    Cell::Null => panic!("{row:?}"),
                };
                *sums.entry(key).or_default() += number;
            }
        }
        sums
    }

    fn total(&self, table: &str, column: &str) -> i64 {
        self.by(table, "window_start", column).values().sum()
    }
}

/// Runs a script of `frontend/e2e` with a real browser, and returns what it prints.
fn browse(script: &str, address: &str, settings: &[(&str, &str)]) -> String {
    let frontend = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend");
    assert!(frontend.join("dist/index.html").exists(), "the page is not built; run `make page`");
    let browser = Command::new("node")
        .arg(format!("e2e/{script}"))
        .current_dir(&frontend)
        .env("BASE_URL", format!("http://{address}"))
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&browser.stdout).into_owned();
    assert!(browser.status.success(), "{printed}{}", String::from_utf8_lossy(&browser.stderr));
    printed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_what_the_api_says_and_the_api_says_the_truth() {
    let test = "the_page_shows_what_the_api_says_and_the_api_says_the_truth";
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

    assert_equals_api(&api.address);
    processor.stop().await;
}
