//! A web server's log that is longer than the one we ship, with the trouble that records of real logs have.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use common::{
    clock::{Clock, SystemClock},
    time::Timestamp,
};
use generator::{GenerateSettings, LogTimes, Source, Truth};
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer},
};

use crate::stage::Stage;

pub const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../generator/samples/access.log");

const LIMIT: Duration = Duration::from_secs(60);
const MINUTE: i64 = 60_000;
/// The first minute of the long log: 1 June 2015.
const BEGIN: i64 = 1_433_116_800_000;
/// Each copy of the sample is as long as it has hours, whose lines all fall into one minute.
const COPY: i64 = 5 * MINUTE;
/// One of so many requests took ten minutes, and is written after others that began later.
const SLOW_ONE_IN: usize = 61;

/// The long log in parts, in the order of its lines.
pub struct LongLog {
    folder: tempfile::TempDir,
    parts: Vec<PathBuf>,
    pub lines: u64,
}

impl LongLog {
    /// The sample again and again, one copy after the other.
    pub fn write(parts: i64, copies_in_each: i64) -> Self {
        let sample = std::fs::read_to_string(SAMPLE).unwrap();
        let mut log = Self { folder: tempfile::tempdir().unwrap(), parts: Vec::new(), lines: 0 };
        for part in 0..parts {
            let mut text = String::new();
            for copy in part * copies_in_each..(part + 1) * copies_in_each {
                for (number, line) in sample.lines().enumerate() {
                    let slow = if number % SLOW_ONE_IN == 0 { 10 * MINUTE } else { 0 };
                    moved(line, BEGIN + copy * COPY - slow, &mut text);
                    log.lines += 1;
                }
            }
            let path = log.folder.path().join(format!("access-{part}.log"));
            std::fs::write(&path, text).unwrap();
            log.parts.push(path);
        }
        log
    }

    /// Sends it part by part, `speed` times as fast as it was written, with records after each that no log has.
    /// Gives the truth of all, counted from lines and records, and how many late ones are among the latter.
    pub async fn send(&self, stage: &Stage, speed: f64) -> (Truth, u64) {
        let file = self.folder.path().join("truth.json");
        let trouble = Trouble::of(stage);
        let mut late = 0;
        for part in &self.parts {
            let source = Source::AccessLog { path: part.clone(), times: LogTimes::Kept };
            let settings =
                GenerateSettings { rate: Some(speed), truth: Some(file.clone()), ..stage.generate(source) };
            let mut truth = stage.spawn(settings).await.unwrap();
            late += trouble.send(&mut truth);
            truth.save(&file).unwrap();
        }
        (Truth::load(Path::new(&file)).unwrap(), late)
    }
}

/// Writes `line` with another time: hour and second of the sample's are minute and second after `begin`.
fn moved(line: &str, begin: i64, text: &mut String) {
    let (before, rest) = line.split_once('[').unwrap();
    let (time, after) = rest.split_once(']').unwrap();
    let number = |range: std::ops::Range<usize>| time.get(range).unwrap().parse::<i64>().unwrap();
    let time = Timestamp::from_millis(begin + (number(12..14) - 11) * MINUTE + number(18..20) * 1_000);
    // 2015-06-01T11:05:00Z; the long log is shorter than June.
    let time = time.to_string();
    let (day, clock) = (&time[8..10], &time[11..19]);
    let month = if &time[5..7] == "06" { "Jun" } else { "May" };
    writeln!(text, "{before}[{day}/{month}/2015:{clock} +0000]{after}").unwrap();
}

/// Sends what no log has: events of tomorrow and of long ago, and records that are no events.
struct Trouble {
    producer: BaseProducer,
    topic: String,
}

impl Trouble {
    fn of(stage: &Stage) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", stage.servers.kafka.bootstrap_servers());
        let producer = config.set("enable.idempotence", "true").create().unwrap();
        Self { producer, topic: stage.topic.clone() }
    }

    /// Some to each partition, and adds them to the truth of what was sent before. Gives how many are late.
    fn send(&self, truth: &mut Truth) -> u64 {
        let tomorrow = SystemClock.now().as_millis() + 24 * 60 * MINUTE;
        let mut spoiled = request(BEGIN);
        spoiled.extend_from_slice(b"??");
        let records = [
            (request(tomorrow), Some("future")),
            (Vec::new(), Some("truncated")),
            (spoiled, Some("trailing_bytes")),
            (request(BEGIN - 24 * 60 * MINUTE), None),
        ];
        let mut late = 0;
        for (number, end) in (0..).zip(&mut truth.partitions) {
            assert!(end.stream_time.is_some(), "partition {number} is empty: nothing is late there");
            for (record, reason) in &records {
                let to = BaseRecord::<(), _>::to(&self.topic).partition(number).payload(record);
                self.producer.send(to).map_err(|(error, _)| error).unwrap();
                match reason {
                    Some(reason) => {
                        truth.dead_letters.push((number, end.next_offset, Some((*reason).to_owned())));
                    }
                    None => {
                        truth.late_events.push((number, end.next_offset));
                        late += 1;
                    }
                }
                end.next_offset += 1;
                truth.events += 1;
            }
        }
        self.producer.flush(LIMIT).unwrap();
        late
    }
}

/// One request as bytes, as the schema says.
fn request(time: i64) -> Vec<u8> {
    let mut record = Vec::new();
    let long = |record: &mut Vec<u8>, number: i64| {
        let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
        while rest >= 0x80 {
            record.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        record.push(rest as u8);
    };
    let text = |record: &mut Vec<u8>, text: &str| {
        long(record, i64::try_from(text.len()).unwrap());
        record.extend_from_slice(text.as_bytes());
    };
    long(&mut record, time);
    text(&mut record, "GET");
    text(&mut record, "/by/hand");
    long(&mut record, 200);
    // The union's second branch, and 512 bytes.
    long(&mut record, 1);
    long(&mut record, 512);
    text(&mut record, "0123456789abcdef");
    text(&mut record, "Other");
    record
}
