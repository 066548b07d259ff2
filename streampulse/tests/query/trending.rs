//! `/api/stats/trending`: sums of all rows, titles of the latest.

use serde_json::{Value, json};

use crate::stage::{Stage, at};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_has_its_latest_known_title_and_the_downloads_of_all_its_rows() {
    let stage = Stage::set().await;
    let row = |minute: &str, content: &str, part: i32, title: &str, count: i64| {
        format!("('{}', '{content}', {part}, {title}, {count}, {count} - 1, 1, 0)", at(minute))
    };
    let rows = [
        // Renamed; then without a title, which is not news.
        row("12:01", "renamed", 0, "'Old'", 5),
        row("12:03", "renamed", 0, "'New'", 5),
        row("12:04", "renamed", 0, "NULL", 5),
        // In one window the higher partition's.
        row("12:02", "twice", 0, "'Low'", 4),
        row("12:02", "twice", 1, "'High'", 4),
        row("12:04", "nameless", 0, "NULL", 3),
        // As many: by name. Only two of the three are asked for.
        row("12:04", "tie-b", 0, "'B'", 2),
        row("12:04", "tie-a", 0, "'A'", 2),
        row("12:04", "tie-c", 0, "'C'", 2),
        // Before the time that is asked for: neither counted nor a title.
        row("11:00", "nameless", 0, "'Long ago'", 100),
    ];
    stage.sql(&format!("INSERT INTO content_stats_partial VALUES {}", rows.join(","))).await;
    stage.span("content-downloads", "11:00:00", (0, 999)).await;
    stage.progress("content-downloads", "12:05:10").await;

    let answer = stage.json("/api/stats/trending?minutes=10&limit=5").await;
    let told: Vec<Value> = answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            json!([row["content_id"], row["title"], row["total_downloads"], row["successful_downloads"]])
        })
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["renamed", "New", 15, 12],
            ["twice", "High", 8, 6],
            ["nameless", null, 3, 2],
            ["tie-a", "A", 2, 1],
            ["tie-b", "B", 2, 1],
        ]),
        "{answer}"
    );
}
