use common::{clock::Clock, shutdown::Shutdown};

use crate::{
    access_log::{self, AccessLog},
    counter::Counter,
    day::Spread,
    downloads::Downloads,
    encode::Encoder,
    generate::{GenerateSettings, LogTimes, Source},
    output::Output,
    pace::Pace,
    progress::Progress,
};

/// One run from its settings to its end or a stop, whichever comes first.
pub(crate) struct Run<'a> {
    pub settings: &'a GenerateSettings,
    pub clock: &'a dyn Clock,
    pub shutdown: &'a Shutdown,
    pub progress: Progress,
}

impl Run<'_> {
    pub fn send_downloads<O: Output>(
        &mut self,
        downloads: &mut Downloads,
        counter: &mut Counter,
        output: &mut O,
    ) -> Result<(), O::Error> {
        let settings = self.settings;
        let now = self.clock.now().as_millis();
        let history = Spread::new(downloads.day(), now - settings.history, now, settings.history_events);
        for time in history {
            if self.shutdown.requested() {
                return Ok(());
            }
            downloads.next(time, counter, output)?;
            self.progress.step();
        }
        let pace = Pace::new(settings.rate);
        let mut number = 0;
        while settings.events.is_none_or(|events| number < events) && pace.wait(number, self.shutdown) {
            downloads.next(self.clock.now().as_millis(), counter, output)?;
            self.progress.step();
            number += 1;
        }
        Ok(())
    }

    pub fn send_log<O: Output>(
        &mut self,
        log: &AccessLog,
        counter: &mut Counter,
        output: &mut O,
    ) -> Result<(), O::Error> {
        let mut encoder = Encoder::default();
        let as_they_come =
            matches!(self.settings.source, Source::AccessLog { times: LogTimes::EndIn(_), .. });
        // Milliseconds of the log in a second, counted from `first`; what lies before it is due at once.
        let (rate, first) = if as_they_come {
            (Some(1e3), self.clock.now().as_millis())
        } else {
            let first = log.requests.first().map_or(0, |request| request.time);
            (self.settings.rate.map(|factor| factor * 1e3), first)
        };
        let pace = Pace::new(rate);
        for request in &log.requests {
            if !pace.wait(u64::try_from(request.time - first).unwrap_or(0), self.shutdown) {
                break;
            }
            access_log::send(request, &mut encoder, counter, output)?;
            self.progress.step();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        time::{Duration, Instant},
    };

    use common::{clock::ManualClock, time::Timestamp};

    use super::*;
    use crate::{Truth, Workload, output::Memory, traffic::Traffic};

    const NOW: i64 = 1_700_000_000_000;

    fn settings(source: Source, rate: Option<f64>) -> GenerateSettings {
        GenerateSettings {
            topic: String::new(),
            source,
            events: Some(50),
            history: 3_600_000,
            history_events: 1_000,
            rate,
            truth: None,
        }
    }

    fn sample(times: LogTimes) -> Source {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/access.log");
        Source::AccessLog { path, times }
    }

    /// What is sent, and its truth; with a stop after so many events.
    fn ran(settings: &GenerateSettings, stop: Option<usize>) -> (Memory, Truth) {
        let (clock, shutdown) = (ManualClock::at(Timestamp::from_millis(NOW)), Shutdown::default());
        let mut traffic = Traffic::prepare(&settings.source, &clock).unwrap();
        let mut memory = Memory { stop: stop.map(|after| (after, shutdown.clone())), ..Memory::of(3) };
        let mut counter = Counter::new(traffic.stream(), &memory.next_offsets);
        let mut run = Run { settings, clock: &clock, shutdown: &shutdown, progress: Progress::new(None) };
        match &mut traffic {
            Traffic::Downloads(downloads) => run.send_downloads(downloads, &mut counter, &mut memory),
            Traffic::Log(log) => run.send_log(log, &mut counter, &mut memory),
        }
        .unwrap();
        (memory, counter.finish())
    }

    fn assert_truth_of(truth: &Truth, memory: &Memory) {
        assert_eq!(truth.events, memory.records.len() as u64);
        let ends: Vec<i64> = truth.partitions.iter().map(|end| end.next_offset).collect();
        assert_eq!(ends, memory.next_offsets);
        let first = truth.tables.values().next().unwrap();
        let counted: i64 = first
            .iter()
            .flat_map(|row| row.get("download_count").or(row.get("requests")))
            .map(|cell| if let crate::Cell::Number(number) = cell { *number } else { 0 })
            .sum();
        let others = truth.late_events.len() + truth.dead_letters.len();
        assert_eq!(usize::try_from(counted).unwrap() + others, memory.records.len());
    }

    #[test]
    fn history_comes_first_and_ends_now_and_live_events_follow() {
        let settings = settings(Source::Downloads(Workload::default()), None);
        let (memory, truth) = ran(&settings, None);
        assert_eq!(memory.records.len(), 1_050);
        assert_truth_of(&truth, &memory);
        let newest = truth.partitions.iter().filter_map(|end| end.stream_time).max();
        assert_eq!(newest, Some(NOW));
    }

    #[test]
    fn a_stop_in_the_history_leaves_the_truth_of_what_was_sent() {
        let settings = settings(Source::Downloads(Workload::default()), None);
        let (memory, truth) = ran(&settings, Some(333));
        assert_eq!(memory.records.len(), 333);
        assert_truth_of(&truth, &memory);
        // It is the beginning of the whole run, record by record.
        assert_eq!(memory.records, ran(&settings, None).0.records[..333]);
    }

    #[test]
    fn a_stop_between_slow_events_is_prompt() {
        let mut settings = settings(Source::Downloads(Workload::default()), Some(0.001));
        settings.history_events = 0;
        let began = Instant::now();
        let (memory, truth) = ran(&settings, Some(1));
        assert!(began.elapsed() < Duration::from_secs(30));
        assert_eq!(memory.records.len(), 1);
        assert_truth_of(&truth, &memory);
    }

    #[test]
    fn a_stop_in_a_log_leaves_the_truth_of_what_was_sent() {
        for (rate, stop) in [(None, 120), (Some(1e9), 120), (Some(0.001), 1)] {
            let (memory, truth) = ran(&settings(sample(LogTimes::EndNow), rate), Some(stop));
            assert_eq!(memory.records.len(), stop);
            assert_truth_of(&truth, &memory);
        }
    }

    #[test]
    fn a_log_that_ends_later_sends_what_lies_before_now_at_once() {
        let began = Instant::now();
        let (memory, _) = ran(&settings(sample(LogTimes::EndIn(5_000)), None), Some(400));
        assert_eq!(memory.records.len(), 400);
        // At the log's own pace it would be hours.
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_log_ends_now_or_keeps_its_own_times() {
        let newest = |times| {
            let (memory, truth) = ran(&settings(sample(times), None), None);
            assert_truth_of(&truth, &memory);
            truth.partitions.iter().filter_map(|end| end.stream_time).max().unwrap()
        };
        assert_eq!(newest(LogTimes::EndNow), NOW);
        assert_eq!(newest(LogTimes::Kept), 1_431_961_558_000);
    }
}
