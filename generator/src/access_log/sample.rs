//! The sample log against counts made another way.

use std::{collections::BTreeMap, path::Path};

use super::{AccessLog, REQUESTS, send};
use crate::{Cell, Truth, counter::Counter, encode::Encoder, output::Memory};

const SAMPLE: &str = include_str!("../../samples/access.log");

fn read(path: &Path) -> AccessLog {
    AccessLog::read(path).unwrap()
}

fn sample() -> AccessLog {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/access.log"))
}

fn replayed(log: &AccessLog, partitions: usize) -> (Memory, Truth) {
    let (mut memory, mut encoder) = (Memory::of(partitions), Encoder::default());
    let mut counter = Counter::new(&REQUESTS, &memory.next_offsets);
    for request in &log.requests {
        send(request, &mut encoder, &mut counter, &mut memory).unwrap();
    }
    (memory, counter.finish())
}

/// Path, status and bytes by their places between blanks, and the second of May 2015.
fn simple(line: &str) -> (&str, &str, Option<i64>, i64) {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |text: &str| text.parse::<i64>().unwrap();
    let time = words[3].trim_start_matches('[');
    assert_eq!((&time[2..12], words[4]), ("/May/2015:", "+0000]"));
    let seconds = number(&time[..2]) * 86_400
        + number(&time[12..14]) * 3_600
        + number(&time[15..17]) * 60
        + number(&time[18..20]);
    let path = words[6].split('?').next().unwrap();
    (path, words[8], words[9].parse().ok(), seconds)
}

type Totals = BTreeMap<(String, String), (i64, i64)>;

/// Requests and bytes by table and key, over all windows.
fn totals(truth: &Truth) -> Totals {
    let mut totals = Totals::new();
    let number = |cell: &Cell| if let Cell::Number(number) = cell { *number } else { 0 };
    for (table, dimension) in [("web_path_stats", "path"), ("web_status_stats", "status_class")] {
        for row in &truth.tables[table] {
            let Cell::Text(key) = &row[dimension] else { panic!("{row:?}") };
            let total = totals.entry((table.to_owned(), key.clone())).or_default();
            total.0 += number(&row["requests"]);
            total.1 += number(&row["bytes"]);
        }
    }
    totals
}

/// Totals and late offsets of `lines`, read from one partition.
fn counted_simply<'a>(lines: impl Iterator<Item = &'a str>) -> (Totals, Vec<(i32, i64)>) {
    let (mut totals, mut late, mut newest) = (Totals::new(), Vec::new(), 0);
    for (offset, line) in (0_i64..).zip(lines) {
        let (path, status, bytes, second) = simple(line);
        // The minute has ended, and half a minute more.
        if (second / 60 + 1) * 60 + 30 <= newest {
            late.push((0, offset));
            continue;
        }
        newest = newest.max(second);
        let class = format!("{}xx", &status[..1]);
        for (table, key) in [("web_path_stats", path), ("web_status_stats", &class)] {
            let total = totals.entry((table.to_owned(), key.to_owned())).or_default();
            total.0 += 1;
            total.1 += bytes.unwrap_or(0);
        }
    }
    (totals, late)
}

#[test]
fn the_truth_of_the_sample_is_what_a_simple_count_gives() {
    let log = sample();
    assert_eq!((log.requests.len(), log.refused.len()), (500, 0));
    let (memory, truth) = replayed(&log, 1);
    assert_eq!((memory.records.len(), truth.events), (500, 500));
    let (expected, late) = counted_simply(SAMPLE.lines());
    assert!(late.is_empty() && expected.contains_key(&("web_status_stats".to_owned(), "5xx".to_owned())));
    assert_eq!((totals(&truth), &truth.late_events), (expected, &late));
    // Partitions change nothing as long as nothing is late.
    assert_eq!(replayed(&log, 4).1.tables, truth.tables);
}

#[test]
fn so_it_is_when_most_lines_are_late() {
    let mut log = sample();
    log.requests.reverse();
    let (_, truth) = replayed(&log, 1);
    let (expected, late) = counted_simply(SAMPLE.lines().rev());
    assert!(late.len() > 250 && late.len() < 500);
    assert_eq!((totals(&truth), &truth.late_events), (expected, &late));
}

#[test]
fn lines_that_are_none_are_left_out_each_with_its_number_and_the_reason() {
    let mut lines: Vec<&str> = SAMPLE.lines().take(6).collect();
    let cut = &lines[0][..40];
    lines.insert(1, cut);
    lines.insert(4, r#"h - - [18/May/2015:10:05:03 +0000] "GET / HTTP/1.1" OK 1 "-" "-""#);
    lines.push("");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mixed.log");
    std::fs::write(&path, lines.join("\r\n") + "\r\n").unwrap();
    let log = read(&path);
    assert_eq!(log.requests[..], sample().requests[..6]);
    let expected = [(2, "a time in [ ]"), (5, "a status code"), (9, "a client address")];
    assert_eq!(log.refused, expected);
}

#[test]
fn a_gzipped_log_is_read_like_a_plain_one() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log.gz");
    let mut gzip =
        flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    gzip.write_all(SAMPLE.as_bytes()).unwrap();
    gzip.finish().unwrap();
    assert_eq!(read(&path).requests, sample().requests);
}
