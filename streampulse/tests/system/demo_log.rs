//! The demo with a real log: what it shows is counted from the lines.

use std::collections::BTreeMap;

use common::time::Timestamp;
use generator::{Cell, TruthRow};

use crate::{
    demo::{Demo, Place},
    http, page,
};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../generator/samples/access.log");

/// Requests and bytes.
type Sums = (i64, i64);

/// Path, class and bytes of a line, by their places between blanks.
fn simple(line: &str) -> (&str, String, i64) {
    let words: Vec<&str> = line.split(' ').collect();
    let path = words[6].split('?').next().unwrap();
    (path, format!("{}xx", &words[8][..1]), words[9].parse().unwrap_or(0))
}

fn number(row: &TruthRow, column: &str) -> i64 {
    match &row[column] {
        Cell::Number(number) => *number,
        Cell::Null => 0,
        Cell::Text(_) => panic!("{row:?}"),
    }
}

/// What the API tells of a rollup of requests, by window and by this dimension.
async fn told(address: &str, query: &str, dimension: &str) -> BTreeMap<(Option<Timestamp>, String), Sums> {
    let mut sums = BTreeMap::new();
    let mut next = String::new();
    loop {
        let page = http::json(address, &format!("/api/streams/web-requests/{query}{next}")).await;
        for row in page["data"].as_array().unwrap() {
            let window = row["window"]["start"].as_str().map(|start| start.parse().unwrap());
            let key = (window, row["dimensions"][dimension].as_str().unwrap().to_owned());
            let measure = |name: &str| row["measures"][name].as_i64().unwrap_or(0);
            // Minutes without requests are told as well.
            if measure("requests") > 0 {
                assert_eq!(sums.insert(key, (measure("requests"), measure("bytes"))), None, "{row}");
            }
        }
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return sums,
        }
    }
}

/// Sums over all windows, with what each key lacks of `whole`.
fn lacking(told: &BTreeMap<(Option<Timestamp>, String), Sums>, whole: &BTreeMap<String, Sums>) -> Sums {
    let mut left = whole.clone();
    for ((_, key), (requests, bytes)) in told {
        let of_key = left.get_mut(key).unwrap_or_else(|| panic!("no line has {key}"));
        *of_key = (of_key.0 - requests, of_key.1 - bytes);
    }
    assert!(left.values().all(|(requests, bytes)| *requests >= 0 && *bytes >= 0), "counted twice: {left:?}");
    left.values().fold((0, 0), |(requests, bytes), more| (requests + more.0, bytes + more.1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_shows_a_real_log_as_it_was_counted_from_its_lines() {
    let text = std::fs::read_to_string(SAMPLE).unwrap();
    // The log is moved so that it ends in an hour: all but its last hour lies before now, and comes at once.
    let (mut classes, mut paths) = (BTreeMap::<_, Sums>::new(), BTreeMap::<_, Sums>::new());
    let mut lines = 0;
    for line in text.lines().filter(|line| !line.contains("[18/May/2015:15:")) {
        let (path, class, bytes) = simple(line);
        for of_key in [classes.entry(class).or_default(), paths.entry(path.to_owned()).or_default()] {
            *of_key = (of_key.0 + 1, of_key.1 + bytes);
        }
        lines += 1;
    }
    assert!(lines > 400 && lines < text.lines().count(), "{lines}");

    let place = Place::new();
    let mut demo = Demo::start(&place, &["--input", SAMPLE]);
    let client = place.client().await;
    let lines = i64::try_from(lines).unwrap();
    demo.until_committed(&client, lines).await;
    let late: i64 = client.query_one("SELECT count(*) FROM late_events", &[]).await.unwrap().get(0);
    let sql = "SELECT to_char(min(window_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
                      to_char(max(window_start + interval '1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
               FROM web_status_stats_partial";
    let row = client.query_one(sql, &[]).await.unwrap();
    let range = format!("from={}&to={}", row.get::<_, String>(0), row.get::<_, String>(1));
    let address = demo.address.clone();
    let by_minute = format!("web_status_stats?{range}&step=1m&measures=requests,bytes");
    demo.until("the API tells every line", async || {
        let requests = told(&address, &by_minute, "status_class").await.into_values();
        requests.map(|(requests, _)| requests).sum::<i64>() == lines - late
    })
    .await;
    let by_minute = told(&address, &by_minute, "status_class").await;
    let by_path = format!("web_path_stats?{range}&measures=requests,bytes&order=path&limit=100");
    let by_path = told(&address, &by_path, "path").await;
    // A late line is one whose minute had gone where the moved log crosses it; the others are all there.
    let lacks = lacking(&by_minute, &classes);
    assert_eq!(lacks.0, late);
    assert_eq!(lacking(&by_path, &paths), lacks);
    let streams = http::json(&address, "/api/streams").await;
    assert_eq!((&streams["count"], &streams["data"][0]["stream"]), (&1.into(), &"web-requests".into()));
    page::assert_equals_api(&demo.address);
    demo.end();

    let truth = place.truth();
    assert_eq!((truth.events, truth.late_events.len() as u64), (lines.cast_unsigned(), late.cast_unsigned()));
    let rows = truth.tables["web_status_stats"].iter().map(|row| {
        let Cell::Text(class) = &row["status_class"] else { panic!("{row:?}") };
        let window = Timestamp::from_millis(number(row, "window_start"));
        ((Some(window), class.clone()), (number(row, "requests"), number(row, "bytes")))
    });
    assert_eq!(by_minute, rows.collect());
    let (postgres, _) = place.assert_exact("web-requests").await;
    postgres.stop().await.unwrap();
}
