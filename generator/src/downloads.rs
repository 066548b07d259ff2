//! The download workload: seeded, skewed, with the trouble that real traffic has.

use std::fmt::Write as _;

use rand::{RngExt, SeedableRng};

use crate::{
    counter::Counter,
    day::Day,
    encode::Encoder,
    origin::Origin,
    output::{Output, partition_of},
    scenario::{Identity, Scenario},
    spoil::spoil,
    weighted::Random,
    workload::Workload,
};

/// Makes one record after the other.
#[derive(Debug)]
pub(crate) struct Downloads {
    scenario: Scenario,
    origin: Origin,
    random: Random,
    encoder: Encoder,
    event_id: String,
    user: String,
    number: u64,
    /// Event time of the last event that came in time.
    last_time: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    Future,
    Bad,
}

impl Downloads {
    /// `Err` names the setting that is out of range.
    pub fn new(workload: Workload) -> Result<Self, String> {
        let scenario = Scenario::new(workload)?;
        Ok(Self {
            origin: Origin::new(&scenario.workload),
            random: Random::seed_from_u64(scenario.workload.seed.wrapping_add(1)),
            scenario,
            encoder: Encoder::default(),
            event_id: String::new(),
            user: String::new(),
            number: 0,
            last_time: None,
        })
    }

    /// How the traffic of all regions goes through the day.
    pub fn day(&self) -> Day {
        self.origin.day()
    }

    /// Makes the next record with an event time near `now` (milliseconds since 1970), counts it, and sends it.
    pub fn next<O: Output>(
        &mut self,
        now: i64,
        counter: &mut Counter,
        output: &mut O,
    ) -> Result<(), O::Error> {
        self.name_next();
        let fate = self.fate();
        let time = if fate == Fate::Future { now + self.future_by() } else { self.time(now) };
        let Self { scenario, origin, random, encoder, event_id, user, .. } = self;
        let attempt = scenario.attempt(Identity { event_id, user, time }, origin, random);
        attempt.encode(encoder);
        let partition = partition_of(&attempt.content.id, output.next_offsets().len());
        let offset = output.next_offsets()[partition];
        match fate {
            Fate::Bad => counter.bad(partition, offset, spoil(&mut encoder.bytes, random)),
            Fate::Future => counter.bad(partition, offset, Some("future")),
            Fate::Good => {
                if let Some(window) = counter.admit(partition, offset, time) {
                    attempt.count(counter, window);
                }
            }
        }
        output.send(partition, &attempt.content.id, &encoder.bytes)
    }

    fn name_next(&mut self) {
        self.number += 1;
        self.event_id.clear();
        self.user.clear();
        let seed = self.scenario.workload.seed & 0xffff_ffff;
        let user: u32 = self.random.random_range(0..250_000);
        // Writing to a String cannot fail.
        let _ = write!(self.event_id, "{seed:08x}-{:012x}", self.number);
        let _ = write!(self.user, "user-{user:06}");
    }

    fn fate(&mut self) -> Fate {
        let workload = &self.scenario.workload;
        let fate: f64 = self.random.random_range(0.0..1.0);
        if fate < workload.bad {
            Fate::Bad
        } else if fate < workload.bad + workload.future {
            Fate::Future
        } else {
            Fate::Good
        }
    }

    fn future_by(&self) -> i64 {
        self.scenario.workload.future_by
    }

    fn time(&mut self, now: i64) -> i64 {
        let (workload, random) = (&self.scenario.workload, &mut self.random);
        let lag: f64 = random.random_range(0.0..1.0);
        if lag < workload.late {
            return now - random.random_range(workload.late_by.clone());
        }
        if lag < workload.late + workload.delayed {
            return now - random.random_range(workload.delayed_by.clone());
        }
        let same = random.random_range(0.0..1.0) < workload.same_time;
        let time = self.last_time.filter(|_| same).unwrap_or(now);
        self.last_time = Some(time);
        time
    }
}

#[cfg(test)]
mod tests {
    use apache_avro::{Schema, reader::datum::GenericDatumReader, types::Value};

    use super::*;
    use crate::{Cell, Incident, Truth, attempt::DOWNLOADS, output::Memory};

    fn made(workload: &Workload, events: i64) -> (Memory, Truth) {
        let mut downloads = Downloads::new(workload.clone()).unwrap();
        let (mut memory, mut counter) = (Memory::of(4), Counter::new(&DOWNLOADS, &[0; 4]));
        for number in 0..events {
            downloads.next(1_700_000_000_000 + number * 20, &mut counter, &mut memory).unwrap();
        }
        (memory, counter.finish())
    }

    fn sum(truth: &Truth, table: &str, column: &str) -> i64 {
        let rows = truth.tables[table].iter();
        rows.map(|row| if let Cell::Number(number) = row[column] { number } else { 0 }).sum()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
        let first = made(&Workload::default(), 500);
        let other = Workload { seed: 2, ..Workload::default() };
        assert_eq!(first.0.records, made(&Workload::default(), 500).0.records);
        assert_ne!(first.0.records, made(&other, 500).0.records);
    }

    #[test]
    fn avro_reads_what_is_written_and_the_truth_adds_up() {
        let workload = Workload { bad: 0.0, future: 0.0, odd_status: 0.01, ..Workload::default() };
        let (memory, truth) = made(&workload, 2_000);
        let schema = Schema::parse_str(include_str!("../../schema/events/content-download.avsc")).unwrap();
        let field = |fields: &[(String, Value)], name: &str| {
            fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone()).unwrap()
        };
        let (mut odd, mut size) = (0, 0.0);
        for (_, bytes) in &memory.records {
            let mut rest = bytes.as_slice();
            let reader = GenericDatumReader::builder(&schema).build().unwrap();
            let Value::Record(fields) = reader.read_value(&mut rest).unwrap() else { panic!() };
            assert!(rest.is_empty());
            let Value::Record(content) = field(&fields, "content") else { panic!() };
            let Value::Record(download) = field(&fields, "download") else { panic!() };
            let Value::Double(gigabytes) = field(&content, "size_gb") else { panic!() };
            odd += i64::from(field(&download, "status") == Value::String("paused".to_owned()));
            size += gigabytes;
        }
        let late = i64::try_from(truth.late_events.len()).unwrap();
        assert!(late > 0 && odd > 0);
        for (table, column) in [
            ("content_stats", "download_count"),
            ("region_health", "total_downloads"),
            ("device_stats", "total_downloads"),
        ] {
            assert_eq!(sum(&truth, table, column) + late, 2_000, "{table}");
        }
        assert!((0..=late).contains(&(odd - sum(&truth, "region_health", "unknown_status"))));
        let counted = sum(&truth, "content_stats", "total_size_gb") as f64 / 1e6;
        assert!(counted < size && size - counted < 9.0 * late as f64 + 1e-6, "{counted} of {size}");
    }

    #[test]
    fn every_record_is_accounted_for() {
        let (memory, truth) = made(&Workload { bad: 0.1, future: 0.05, ..Workload::default() }, 1_000);
        assert_eq!((memory.records.len(), truth.events), (1_000, 1_000));
        for expected in ["future", "trailing_bytes", "truncated"] {
            let found = truth.dead_letters.iter().any(|(.., reason)| reason.as_deref() == Some(expected));
            assert!(found, "{expected}");
        }
    }

    #[test]
    fn an_incident_fails_its_region_alone_and_while_it_lasts() {
        let start = 1_700_000_000_000;
        let incident = Incident {
            region: "eu-west".to_owned(),
            from: start,
            until: start + 20_000,
            failure: 1.0,
            ..Incident::default()
        };
        let workload = Workload { incidents: vec![incident], late: 0.0, delayed: 0.0, ..Workload::default() };
        let (_, truth) = made(&workload, 2_000);
        let number = |row: &crate::TruthRow, column: &str| {
            if let Cell::Number(number) = row[column] { number } else { 0 }
        };
        for row in &truth.tables["region_health"] {
            let (failed, all) = (number(row, "failed_downloads"), number(row, "total_downloads"));
            if row["region"] == Cell::Text("eu-west".to_owned()) {
                assert!(failed * 3 > all, "{failed} of {all}");
            } else {
                assert!(failed * 4 <= all, "{failed} of {all}");
            }
        }
    }
}
