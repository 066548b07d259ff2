//! From settings to a topic full of events and their truth.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use common::{clock::Clock, shutdown::Shutdown};

use crate::{
    access_log::{self, AccessLog},
    downloads::{self, Downloads, Output, Workload},
    encode::Encoder,
    producer::{ProduceError, Producer},
    truth::{Counter, Truth, TruthError},
};

/// Events could not be made or sent.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    #[error(transparent)]
    Produce(#[from] ProduceError),
    #[error(transparent)]
    Truth(#[from] TruthError),
    #[error("{0}")]
    Workload(String),
    #[error("access log {}: {source}", path.display())]
    Log { path: PathBuf, source: std::io::Error },
    #[error("access log {}: none of its {lines} lines is in the combined format; line {line}: expected {expected}", path.display())]
    NoLog { path: PathBuf, lines: usize, line: usize, expected: &'static str },
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Source {
    Downloads(Workload),
    /// `keep_times`: event times are those of the lines; else the log is moved so that it ends now.
    AccessLog {
        path: PathBuf,
        keep_times: bool,
    },
}

#[derive(Clone, Debug)]
pub struct GenerateSettings {
    pub topic: String,
    pub source: Source,
    /// Events to send; `None` goes on until stopped. A log ends by itself.
    pub events: Option<u64>,
    /// Event time covered before now, sent at once at first. Milliseconds.
    pub history: i64,
    /// Events of the history.
    pub history_events: u64,
    /// Live events per second; `None` sends as fast as the broker takes them. For a log: how many times faster
    /// than it was written, with 0 for at once.
    pub rate: Option<f64>,
    pub truth: Option<PathBuf>,
}

/// What was sent.
#[derive(Clone, Debug)]
pub struct Summary {
    pub sent: u64,
    pub refused_lines: usize,
    pub truth: Truth,
}

/// Sends until done or stopped, waits for delivery, and writes the truth file if one was asked for. Blocking.
///
/// # Errors
/// When the topic cannot be written, or a file cannot be read or written.
pub fn generate(
    settings: &GenerateSettings,
    kafka: &[(String, String)],
    clock: &dyn Clock,
    shutdown: &Shutdown,
) -> Result<Summary, GenerateError> {
    let mut producer = Producer::new(kafka, &settings.topic)?;
    let (truth, refused_lines) = match &settings.source {
        Source::Downloads(workload) => {
            let downloads = Downloads::new(workload.clone()).map_err(GenerateError::Workload)?;
            (send_downloads(settings, downloads, &mut producer, (clock, shutdown))?, 0)
        }
        Source::AccessLog { path, keep_times } => {
            let read = AccessLog::read(path);
            let mut log = read.map_err(|source| GenerateError::Log { path: path.clone(), source })?;
            if let ([], Some(&(line, expected))) = (log.requests.as_slice(), log.refused.first()) {
                return Err(GenerateError::NoLog {
                    path: path.clone(),
                    lines: log.refused.len(),
                    line,
                    expected,
                });
            }
            for (line, expected) in log.refused.iter().take(5) {
                tracing::warn!(file = %path.display(), line, expected, "line left out");
            }
            if !keep_times {
                log.shift_to_end(clock.now().as_millis());
            }
            (send_log(settings, &log, &mut producer, shutdown)?, log.refused.len())
        }
    };
    let sent = producer.finish()?;
    if let Some(path) = &settings.truth {
        truth.save(path)?;
    }
    Ok(Summary { sent, refused_lines, truth })
}

fn send_downloads(
    settings: &GenerateSettings,
    mut downloads: Downloads,
    producer: &mut Producer,
    (clock, shutdown): (&dyn Clock, &Shutdown),
) -> Result<Truth, GenerateError> {
    let mut counter = Counter::new("content-downloads", downloads::WINDOWING);
    let partitions = producer.partitions();
    let mut progress = Progress::default();
    let now = clock.now().as_millis();
    for number in 0..settings.history_events {
        if shutdown.requested() {
            return Ok(counter.finish());
        }
        let passed = i128::from(settings.history) * i128::from(number) / i128::from(settings.history_events);
        let time = now - settings.history + i64::try_from(passed).unwrap_or_default();
        downloads.next(time, partitions, &mut counter, &mut *producer)?;
        progress.note(number + 1);
    }
    let pace = Pace::new(settings.rate);
    let mut number = 0;
    while settings.events.is_none_or(|events| number < events) && !shutdown.requested() {
        pace.wait(number);
        downloads.next(clock.now().as_millis(), partitions, &mut counter, &mut *producer)?;
        number += 1;
        progress.note(settings.history_events + number);
    }
    Ok(counter.finish())
}

fn send_log(
    settings: &GenerateSettings,
    log: &AccessLog,
    producer: &mut Producer,
    shutdown: &Shutdown,
) -> Result<Truth, GenerateError> {
    let mut counter = Counter::new("web-requests", access_log::WINDOWING);
    let (mut encoder, partitions) = (Encoder::default(), producer.partitions());
    let factor = settings.rate.filter(|factor| *factor > 0.0);
    let (began, first) = (Instant::now(), log.requests.first().map_or(0, |request| request.time));
    for request in &log.requests {
        if shutdown.requested() {
            break;
        }
        if let Some(factor) = factor {
            #[allow(clippy::cast_precision_loss, reason = "a log spans far less than 2^53 ms")]
            let due = Duration::from_secs_f64(((request.time - first).max(0) as f64 / 1e3 / factor).min(1e9));
            pause_until(began + due);
        }
        access_log::send(request, &mut encoder, partitions, &mut counter, &mut *producer)?;
    }
    Ok(counter.finish())
}

impl Output for &mut Producer {
    type Error = ProduceError;

    fn next_offset(&self, partition: i32) -> i64 {
        Producer::next_offset(self, partition)
    }

    fn send(&mut self, partition: i32, key: &str, payload: &[u8]) -> Result<(), ProduceError> {
        Producer::send(self, partition, key, payload)
    }
}

/// Spreads live events evenly over time.
struct Pace {
    began: Instant,
    per_second: Option<f64>,
}

impl Pace {
    fn new(per_second: Option<f64>) -> Self {
        Self { began: Instant::now(), per_second: per_second.filter(|rate| *rate > 0.0) }
    }

    fn wait(&self, number: u64) {
        if let Some(rate) = self.per_second {
            #[allow(clippy::cast_precision_loss, reason = "a pace need not be exact")]
            pause_until(self.began + Duration::from_secs_f64((number as f64 / rate).min(1e9)));
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "pacing is this thread's work")]
fn pause_until(due: Instant) {
    let left = due.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        std::thread::sleep(left.min(Duration::from_millis(500)));
    }
}

/// Says once in a while how far a long run has come.
struct Progress {
    said: Instant,
}

impl Default for Progress {
    fn default() -> Self {
        Self { said: Instant::now() }
    }
}

impl Progress {
    fn note(&mut self, sent: u64) {
        if sent.is_multiple_of(4_096) && self.said.elapsed() >= Duration::from_secs(5) {
            self.said = Instant::now();
            tracing::info!(sent, "events sent");
        }
    }
}
