//! The download workload: seeded, skewed, with the trouble that real traffic has.

use std::sync::Arc;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, LogNormal, Zipf};

use crate::{
    catalogue::{Content, DEVICES, ERROR_CODES, REGIONS, contents, weighted},
    encode::Encoder,
    truth::{Contribution, Counter, Fact, Windowing},
};

/// How the shipped stream `content-downloads` falls into windows.
pub(crate) const WINDOWING: Windowing = Windowing { size: 60_000, grace: 30_000 };

/// Events this far ahead of now are beyond any `max_future`.
const FAR_AHEAD: i64 = 86_400_000;

/// A time during which a region fails more than usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub region: String,
    /// Milliseconds since 1970.
    pub from: i64,
    pub until: i64,
    /// Share of failed attempts, 0 to 1.
    pub failure: f64,
}

/// What the traffic looks like. The same workload and the same times give the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub seed: u64,
    pub contents: usize,
    /// Exponent of the popularity of contents; 0 makes all equal.
    pub zipf: f64,
    /// Share of events that come late, but within grace.
    pub delayed: f64,
    /// Share of events that come after their window has closed.
    pub late: f64,
    /// Share of events with an event time far in the future.
    pub future: f64,
    /// Share of records that are no event at all.
    pub bad: f64,
    pub incidents: Vec<Incident>,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            seed: 1,
            contents: 100,
            zipf: 1.05,
            delayed: 0.02,
            late: 0.002,
            future: 0.000_2,
            bad: 0.000_5,
            incidents: Vec::new(),
        }
    }
}

/// One record to send, and what it means.
pub(crate) struct Downloads {
    workload: Workload,
    random: StdRng,
    contents: Vec<Arc<Content>>,
    popularity: Zipf<f64>,
    spread: LogNormal<f64>,
    encoder: Encoder,
    number: u64,
}

struct Attempt {
    event_id: String,
    time: i64,
    content: Arc<Content>,
    user: u64,
    region: &'static str,
    device: &'static str,
    os: &'static str,
    status: &'static str,
    duration: f64,
    speed: f64,
    error: Option<&'static str>,
}

impl Downloads {
    /// `Err` names the setting that is out of range.
    pub fn new(workload: Workload) -> Result<Self, String> {
        let mut random = StdRng::seed_from_u64(workload.seed);
        let contents: Vec<_> =
            contents(workload.contents.max(1), &mut random).into_iter().map(Arc::new).collect();
        #[allow(clippy::cast_precision_loss, reason = "contents are few")]
        let popularity = Zipf::new(contents.len() as f64, workload.zipf)
            .map_err(|error| format!("zipf {}: {error}", workload.zipf))?;
        let spread = LogNormal::new(0.0, 0.35).map_err(|error| error.to_string())?;
        Ok(Self { workload, random, contents, popularity, spread, encoder: Encoder::default(), number: 0 })
    }

    /// Makes the next record with an event time near `now` (milliseconds since 1970), counts it, and sends it.
    pub fn next<E>(
        &mut self,
        now: i64,
        partitions: i32,
        counter: &mut Counter,
        mut output: impl Output<Error = E>,
    ) -> Result<(), E> {
        self.number += 1;
        let mut attempt = self.draw(now);
        let partition = partition_of(&attempt.content.id, partitions);
        let offset = output.next_offset(partition);
        let fate: f64 = self.random.random_range(0.0..1.0);
        let is_bad = fate < self.workload.bad;
        let is_future = !is_bad && fate < self.workload.bad + self.workload.future;
        if is_future {
            attempt.time = now + FAR_AHEAD;
        }
        encode(&mut self.encoder, &attempt);
        if is_bad {
            let reason = self.spoil();
            counter.bad(partition, offset, reason);
        } else if is_future {
            counter.bad(partition, offset, Some("future"));
        } else if let Some(window) = counter.admit(partition, offset, attempt.time) {
            count(counter, window, &attempt);
        }
        output.send(partition, &attempt.content.id, &self.encoder.bytes)
    }

    fn draw(&mut self, now: i64) -> Attempt {
        let random = &mut self.random;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to the number of contents"
        )]
        let rank = (self.popularity.sample(random) as usize).clamp(1, self.contents.len());
        let content = Arc::clone(&self.contents[rank - 1]);
        let region = &REGIONS[weighted(random, REGIONS.iter().map(|region| region.weight))];
        let (device, systems, _) = &DEVICES[weighted(random, DEVICES.iter().map(|(.., weight)| *weight))];
        let os = systems[random.random_range(0..systems.len())];

        let lag: f64 = random.random_range(0.0..1.0);
        let age = if lag < self.workload.late {
            random.random_range(120_000..900_000)
        } else if lag < self.workload.late + self.workload.delayed {
            random.random_range(1_000..25_000)
        } else {
            // Coarse on purpose: many events share one millisecond.
            random.random_range(0..5) * 10
        };
        let time = now - age;

        let incident = self.workload.incidents.iter().find(|incident| {
            incident.region == region.name && (incident.from..incident.until).contains(&time)
        });
        let failure = incident.map_or(region.failure, |incident| incident.failure);
        let outcome: f64 = random.random_range(0.0..1.0);
        let (status, error) = if outcome < failure {
            let code = ERROR_CODES[weighted(random, ERROR_CODES.iter().map(|(_, weight)| *weight))].0;
            ("failed", Some(if incident.is_some() { "cdn_timeout" } else { code }))
        } else if outcome < failure + 0.015 {
            ("cancelled", None)
        } else {
            ("success", None)
        };
        let speed = (region.speed * self.spread.sample(random) * 100.0).round() / 100.0;
        // GB to megabits, over the speed.
        let full = content.size_gb * 8_000.0 / speed.max(0.1);
        let part = if status == "success" { 1.0 } else { random.random_range(0.02..0.9) };
        Attempt {
            event_id: format!("{:08x}-{:012x}", self.workload.seed & 0xffff_ffff, self.number),
            time,
            content,
            user: random.random_range(0..250_000),
            region: region.name,
            device,
            os,
            status,
            duration: (full * part * 100.0).round() / 100.0,
            speed,
            error,
        }
    }

    /// Turns a good record into one of the kinds of bad ones, and says which reason it must be given.
    fn spoil(&mut self) -> Option<&'static str> {
        let bytes = &mut self.encoder.bytes;
        match self.random.random_range(0..4) {
            0 => {
                let keep = self.random.random_range(1..bytes.len());
                bytes.truncate(keep);
                // Cut anywhere: which check finds it depends on where.
                None
            }
            1 => {
                bytes.extend_from_slice(b"??");
                Some("trailing_bytes")
            }
            2 => {
                bytes.clear();
                Some("truncated")
            }
            _ => {
                bytes.clear();
                bytes.extend_from_slice(b"{\"not\": \"avro\"}");
                None
            }
        }
    }
}

/// Where records go: a topic, or memory in tests.
pub(crate) trait Output {
    type Error;
    fn next_offset(&self, partition: i32) -> i64;
    fn send(&mut self, partition: i32, key: &str, payload: &[u8]) -> Result<(), Self::Error>;
}

fn encode(encoder: &mut Encoder, attempt: &Attempt) {
    encoder.clear();
    encoder.text(&attempt.event_id);
    encoder.long(attempt.time);
    encoder.text(&attempt.content.id);
    encoder.text(&attempt.content.title);
    encoder.text(attempt.content.kind);
    encoder.double(attempt.content.size_gb);
    encoder.text(&format!("user-{:06}", attempt.user));
    encoder.text(attempt.region);
    encoder.text(attempt.device);
    encoder.text(attempt.os);
    encoder.text(attempt.status);
    encoder.double(attempt.duration);
    encoder.double(attempt.speed);
    encoder.optional_text(attempt.error);
}

fn count(counter: &mut Counter, window: i64, attempt: &Attempt) {
    let (success, failed) = (attempt.status == "success", attempt.status == "failed");
    let micro = |value: f64| (value * 1e6).round();
    #[allow(clippy::cast_possible_truncation, reason = "a few thousand millions at most")]
    let (size, speed, duration) =
        (micro(attempt.content.size_gb) as i64, micro(attempt.speed) as i64, micro(attempt.duration) as i64);
    counter.add(
        window,
        &Fact {
            table: "content_stats",
            dimensions: &[("content_id", &attempt.content.id)],
            label: Some(("title", &attempt.content.title)),
            measures: &[
                ("download_count", Contribution::Count(true)),
                ("successful_downloads", Contribution::Count(success)),
                ("failed_downloads", Contribution::Count(failed)),
                ("total_size_gb", Contribution::Add(Some(size))),
            ],
        },
    );
    counter.add(
        window,
        &Fact {
            table: "region_health",
            dimensions: &[("region", attempt.region)],
            label: None,
            measures: &[
                ("total_downloads", Contribution::Count(true)),
                ("successful_downloads", Contribution::Count(success)),
                ("failed_downloads", Contribution::Count(failed)),
                ("unknown_status", Contribution::Count(false)),
                ("speed_mbps_sum", Contribution::Add(success.then_some(speed))),
                ("duration_seconds_sum", Contribution::Add(success.then_some(duration))),
                ("total_size_gb", Contribution::Add(Some(size))),
            ],
        },
    );
    counter.add(
        window,
        &Fact {
            table: "device_stats",
            dimensions: &[("device", attempt.device), ("os_version", attempt.os)],
            label: None,
            measures: &[
                ("total_downloads", Contribution::Count(true)),
                ("successful_downloads", Contribution::Count(success)),
                ("failed_downloads", Contribution::Count(failed)),
                ("speed_mbps_sum", Contribution::Add(success.then_some(speed))),
                ("total_size_gb", Contribution::Add(Some(size))),
            ],
        },
    );
}

/// FNV-1a: the same partition for the same key, on every machine and in every release.
pub(crate) fn partition_of(key: &str, partitions: i32) -> i32 {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "below the number of partitions"
    )]
    let partition = (hash % u64::from(partitions.max(1).unsigned_abs())) as i32;
    partition
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::convert::Infallible;

    use apache_avro::{Schema, reader::datum::GenericDatumReader, types::Value};

    use super::*;

    #[derive(Default)]
    struct Memory(Vec<(i32, Vec<u8>)>);

    impl Output for &mut Memory {
        type Error = Infallible;
        fn next_offset(&self, partition: i32) -> i64 {
            i64::try_from(self.0.iter().filter(|(of, _)| *of == partition).count()).unwrap()
        }
        fn send(&mut self, partition: i32, _: &str, payload: &[u8]) -> Result<(), Infallible> {
            self.0.push((partition, payload.to_vec()));
            Ok(())
        }
    }

    fn made(workload: &Workload, events: i64) -> (Memory, crate::Truth) {
        let mut downloads = Downloads::new(workload.clone()).unwrap();
        let (mut memory, mut counter) = (Memory::default(), Counter::new("content-downloads", WINDOWING));
        for number in 0..events {
            downloads.next(1_700_000_000_000 + number * 20, 4, &mut counter, &mut memory).unwrap();
        }
        (memory, counter.finish())
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
        let first = made(&Workload::default(), 500);
        assert_eq!(first.0.0, made(&Workload::default(), 500).0.0);
        assert_ne!(first.0.0, made(&Workload { seed: 2, ..Workload::default() }, 500).0.0);
    }

    #[test]
    fn avro_reads_what_is_written_and_the_truth_adds_up() {
        let workload = Workload { bad: 0.0, future: 0.0, ..Workload::default() };
        let (memory, truth) = made(&workload, 2_000);
        let schema = Schema::parse_str(include_str!("../../schema/events/content-download.avsc")).unwrap();
        for (_, bytes) in &memory.0 {
            let mut rest = bytes.as_slice();
            let reader = GenericDatumReader::builder(&schema).build().unwrap();
            let Value::Record(fields) = reader.read_value(&mut rest).unwrap() else { panic!() };
            assert!(rest.is_empty());
            assert_eq!(fields.len(), 5);
        }
        for (table, column) in [
            ("content_stats", "download_count"),
            ("region_health", "total_downloads"),
            ("device_stats", "total_downloads"),
        ] {
            let counted: i64 = truth.tables[table]
                .iter()
                .map(|row| if let crate::Cell::Number(count) = row[column] { count } else { 0 })
                .sum();
            assert_eq!(counted as usize + truth.late_events.len(), 2_000, "{table}");
        }
        assert!(!truth.late_events.is_empty());
    }

    #[test]
    fn every_record_is_accounted_for() {
        let (memory, truth) = made(&Workload { bad: 0.1, future: 0.05, ..Workload::default() }, 1_000);
        assert_eq!((memory.0.len(), truth.events), (1_000, 1_000));
        assert!(truth.dead_letters.iter().any(|(.., reason)| reason.as_deref() == Some("future")));
        assert!(truth.dead_letters.iter().any(|(.., reason)| reason.as_deref() == Some("trailing_bytes")));
    }
}
