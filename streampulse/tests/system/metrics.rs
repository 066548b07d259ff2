//! What processes tell of themselves, and the document about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant},
};

use generator::{Source, Workload};

use crate::{
    api::Api,
    http,
    operating::free_port,
    stage::{Stage, troubled},
    tap::Tap,
};

const LIMIT: Duration = Duration::from_secs(60);
const EVENTS: u64 = 2_000;

/// Kind and labels of each metric.
type Described = BTreeMap<String, (String, BTreeSet<String>)>;

/// What `/metrics` says there is.
fn told(text: &str) -> Described {
    let mut described: Described = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| (name.to_owned(), (kind.to_owned(), BTreeSet::new())))
        .collect();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, rest)) = line.split_once('{') else { continue };
        let series = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let name = if described.contains_key(name) { name } else { series.unwrap_or(name) };
        let labels = rest.rsplit_once('}').unwrap().0.split("\",").filter_map(|label| label.split_once('='));
        let labels = labels.map(|(label, _)| label.to_owned()).filter(|label| label != "le");
        described.get_mut(name).unwrap_or_else(|| panic!("{line}")).1.extend(labels);
    }
    described
}

/// What a chapter of the document says there is.
fn documented(chapter: &str) -> Described {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let document = std::fs::read_to_string(document).unwrap();
    let chapter = document.split("\n## ").find(|text| text.starts_with(chapter)).unwrap();
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = chapter.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let cells = &cells[1..cells.len() - 1];
        assert!(
            cells.len() == 6 && !cells[2].is_empty() && cells[4..].iter().all(|cell| !cell.is_empty()),
            "{row}"
        );
        (quoted(cells[0]).pop_first().unwrap(), (cells[1].to_owned(), quoted(cells[3])))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_names_the_metrics_that_there_are_and_no_others() {
    let test = "the_document_names_the_metrics_that_there_are_and_no_others";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let client = stage.client().await;
    let port = free_port();
    let processor = stage.processor(&["--threads", "1", "--monitor-port", &port]);
    let api = Api::start(&mut stage.streampulse(&["api"]));
    let mut pushes = http::Pushes::listen(&api.address, "/api/stream/events").await;
    stage.send_history(troubled(91), EVENTS, 60_000).await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    pushes.until(LIMIT, |push| push["meta"]["data_version"].as_i64() > Some(0)).await;
    http::json(&api.address, "/api/stats/realtime").await;

    let monitor = format!("127.0.0.1:{port}");
    for (address, chapter) in [(&api.address, "API"), (&monitor, "Processor")] {
        let wanted = documented(chapter);
        assert!(wanted.len() > 5, "{wanted:?}");
        // A gauge appears once it was set, a request is counted once it was answered.
        let begin = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        loop {
            pace.tick().await;
            let answer = http::get(address, "/metrics").await;
            let found = told(answer.split_once("\r\n\r\n").unwrap().1);
            if found == wanted {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "{chapter}: {found:#?} is not {wanted:#?}");
        }
    }
    processor.stop().await;
}

/// The highest lag over the partitions.
async fn lag(monitor: &str) -> Option<f64> {
    let answer = http::get(monitor, "/metrics").await;
    let values = answer.lines().filter(|line| line.starts_with("kafka_lag_seconds{"));
    values.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).reduce(f64::max)
}

async fn until_lag(monitor: &str, wanted: impl Fn(f64) -> bool) {
    let begin = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    loop {
        pace.tick().await;
        let found = lag(monitor).await;
        if found.is_some_and(&wanted) {
            return;
        }
        assert!(begin.elapsed() < LIMIT, "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lag_in_time_grows_while_nothing_can_be_committed_and_ends_with_it() {
    let test = "the_lag_in_time_grows_while_nothing_can_be_committed_and_ends_with_it";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let client = stage.client().await;
    let tap = Tap::before(stage.pg.port).await;
    let port = free_port();
    let mut command = stage.processor_command(&["--threads", "1", "--monitor-port", &port]);
    let processor = crate::stage::Processor::spawn(command.env("DATABASE_URL", stage.url_through(tap.port)));
    let workload = |seed| Source::Downloads(Workload { seed, late: 0.0, ..Workload::default() });
    stage.send_history(workload(92), EVENTS, 60_000).await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    let monitor = format!("127.0.0.1:{port}");
    until_lag(&monitor, |lag| lag == 0.0).await;

    tap.refuse(true);
    let away = Instant::now();
    stage.send_history(workload(93), EVENTS, 60_000).await.unwrap();
    until_lag(&monitor, |lag| lag >= 3.0).await;
    // The records are younger than the fault, whatever the age of those before them.
    assert!(away.elapsed() >= Duration::from_millis(2_900), "it grew faster than time");
    let text = http::get(&monitor, "/metrics").await;
    let errors = text.lines().find(|line| line.starts_with("sink_errors_total")).unwrap();
    assert!(!errors.ends_with(" 0"), "{errors}");

    tap.refuse(false);
    stage.until_committed(&client, 2 * EVENTS, LIMIT).await;
    until_lag(&monitor, |lag| lag == 0.0).await;
    processor.stop().await;
}
