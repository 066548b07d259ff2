//! Log lines as `web-requests` events, with their truth.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{AgentFamily, parse_line};
use crate::{
    counter::Counter,
    encode::Encoder,
    layout::{Measure, Stream, Table},
    output::{Output, partition_of},
    sketch::xxh64,
    tally::Fact,
};

pub(crate) const REQUESTS: Stream = Stream {
    name: "web-requests",
    size: 60_000,
    grace: 30_000,
    tables: &[
        table(
            "web_path_stats",
            &["path"],
            &[REQUEST, Measure::Count("errors"), BYTES, CLIENTS, RESPONSE_BYTES],
        ),
        table(
            "web_status_stats",
            &["status_class"],
            &[REQUEST, Measure::Count("good"), BYTES, CLIENTS, RESPONSE_BYTES],
        ),
        table(
            "web_agent_stats",
            &["agent_family"],
            &[REQUEST, Measure::Count("good"), BYTES, CLIENTS, RESPONSE_BYTES],
        ),
    ],
};

const REQUEST: Measure = Measure::Count("requests");
const BYTES: Measure = Measure::Sum("bytes");
const CLIENTS: Measure = Measure::Distinct("clients");
const RESPONSE_BYTES: Measure = Measure::Quantiles("response_bytes");

const fn table(
    name: &'static str,
    dimensions: &'static [&'static str],
    measures: &'static [Measure],
) -> Table {
    Table { name, dimensions, label: None, measures }
}

/// One request of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub time: i64,
    method: String,
    path: String,
    status: i32,
    bytes: Option<i64>,
    client: String,
    agent: AgentFamily,
}

/// A whole log in memory, in the order of its lines.
#[derive(Clone, Debug, Default)]
pub struct AccessLog {
    pub(crate) requests: Vec<Request>,
    /// Line number and what was expected there.
    pub refused: Vec<(usize, &'static str)>,
}

impl AccessLog {
    /// Reads a log, plain or gzipped. Lines that are none are listed, not fatal.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let gzipped = path.extension().is_some_and(|extension| extension == "gz");
        let reader: Box<dyn Read> =
            if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut log = Self::default();
        let mut reader = BufReader::new(reader);
        let (mut line, mut number) = (Vec::new(), 0);
        while {
            line.clear();
            reader.read_until(b'\n', &mut line)?
        } > 0
        {
            number += 1;
            // Foreign bytes in a path or agent are data too.
            let text = String::from_utf8_lossy(&line).replace('\0', "\u{fffd}");
            log.push(text.trim_end(), number);
        }
        Ok(log)
    }

    fn push(&mut self, line: &str, number: usize) {
        match parse_line(line) {
            Ok(parsed) => self.requests.push(Request {
                time: parsed.time,
                method: parsed.method.to_owned(),
                path: cut(parsed.path),
                status: parsed.status,
                bytes: parsed.bytes,
                client: hashed(parsed.client),
                agent: AgentFamily::of(parsed.agent),
            }),
            Err(expected) => self.refused.push((number, expected)),
        }
    }

    /// Moves all times so that the newest is `end`, in milliseconds since 1970.
    pub fn shift_to_end(&mut self, end: i64) {
        if let Some(newest) = self.requests.iter().map(|request| request.time).max() {
            for request in &mut self.requests {
                request.time += end - newest;
            }
        }
    }
}

/// Counts one request and sends it.
pub(crate) fn send<O: Output>(
    request: &Request,
    encoder: &mut Encoder,
    counter: &mut Counter,
    output: &mut O,
) -> Result<(), O::Error> {
    let partition = partition_of(&request.path, output.next_offsets().len());
    if let Some(window) = counter.admit(partition, output.next_offsets()[partition], request.time) {
        count(counter, window, request);
    }
    encoder.clear();
    encoder.long(request.time);
    encoder.text(&request.method);
    encoder.text(&request.path);
    encoder.long(i64::from(request.status));
    encoder.optional_long(request.bytes);
    encoder.text(&request.client);
    encoder.text(request.agent.as_str());
    output.send(partition, &request.path, &encoder.bytes)
}

fn count(counter: &mut Counter, window: i64, request: &Request) {
    let class = match request.status {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500..600 => "5xx",
        _ => "other",
    };
    let error = request.status >= 500;
    let client = xxh64(request.client.as_bytes()).cast_signed();
    let rows = [(request.path.as_str(), error), (class, !error), (request.agent.as_str(), !error)];
    for (table, (dimension, holds)) in rows.into_iter().enumerate() {
        let amounts = [Some(1), Some(i64::from(holds)), request.bytes, Some(client), request.bytes];
        counter.add(table, &Fact { window, dimensions: &[dimension], label: None, amounts: &amounts });
    }
}

fn hashed(client: &str) -> String {
    Sha256::digest(client.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A path is a key of a table: cut to 1,000 bytes, at a character's end.
fn cut(path: &str) -> String {
    let mut end = path.len().min(1_000);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    path[..end].to_owned()
}
