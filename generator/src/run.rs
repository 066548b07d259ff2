//! From settings to a topic full of events and their truth.

use std::path::{Path, PathBuf};

use common::{clock::Clock, shutdown::Shutdown};

use crate::{
    access_log::{self, AccessLog, REQUESTS},
    attempt::DOWNLOADS,
    counter::Counter,
    day::Spread,
    downloads::Downloads,
    encode::Encoder,
    layout::Stream,
    output::Output,
    pace::Pace,
    producer::{ProduceError, Producer},
    progress::Progress,
    truth::{Truth, TruthError},
    workload::Workload,
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
    /// Where the truth is written. A file there that a former run has written is added to: it then holds for both,
    /// provided nobody else has sent to the topic.
    pub truth: Option<PathBuf>,
}

/// What was sent.
#[derive(Clone, Debug)]
pub struct Summary {
    /// By this run.
    pub sent: u64,
    pub refused_lines: usize,
    /// Of this run, and of the former ones where a truth file was added to.
    pub truth: Truth,
}

/// Sends until done or stopped, waits for delivery, and writes or adds to the truth file if one was asked for.
/// Blocking.
///
/// # Errors
/// When the topic cannot be written, or a file cannot be read or written.
pub fn generate(
    settings: &GenerateSettings,
    kafka: &[(String, String)],
    clock: &dyn Clock,
    shutdown: &Shutdown,
) -> Result<Summary, GenerateError> {
    let mut traffic = Traffic::prepare(&settings.source, clock)?;
    let mut producer = Producer::new(kafka, &settings.topic)?;
    let mut counter = counter(settings.truth.as_deref(), traffic.stream(), producer.next_offsets())?;
    let mut run = Run { settings, clock, shutdown, progress: Progress::new(traffic.planned(settings)) };
    match &mut traffic {
        Traffic::Downloads(downloads) => run.send_downloads(downloads, &mut counter, &mut producer)?,
        Traffic::Log(log) => run.send_log(log, &mut counter, &mut producer)?,
    }
    let sent = producer.finish()?;
    let truth = counter.finish();
    if let Some(path) = &settings.truth {
        truth.save(path)?;
    }
    Ok(Summary { sent, refused_lines: traffic.refused_lines(), truth })
}

/// Counts from nothing, or from where the truth file of a former run ends.
fn counter(
    truth: Option<&Path>,
    stream: &'static Stream,
    next_offsets: &[i64],
) -> Result<Counter, GenerateError> {
    if let Some(path) = truth
        && let Some(former) = Truth::load_former(path)?
    {
        tracing::info!(file = %path.display(), events = former.events, "adding to the truth of a former run");
        return Counter::resume(stream, former, next_offsets)
            .map_err(|problem| TruthError::new(path, problem).into());
    }
    let earlier: i64 = next_offsets.iter().sum();
    if truth.is_some() && earlier > 0 {
        tracing::warn!(
            earlier,
            "the topic has held records before; the truth is of those sent from now on only"
        );
    }
    Ok(Counter::new(stream, next_offsets))
}

/// A source that has been looked at.
enum Traffic {
    Downloads(Box<Downloads>),
    Log(AccessLog),
}

impl Traffic {
    fn prepare(source: &Source, clock: &dyn Clock) -> Result<Self, GenerateError> {
        match source {
            Source::Downloads(workload) => {
                let downloads = Downloads::new(workload.clone()).map_err(GenerateError::Workload)?;
                Ok(Self::Downloads(Box::new(downloads)))
            }
            Source::AccessLog { path, keep_times } => {
                let mut log = read_log(path)?;
                if !keep_times {
                    log.shift_to_end(clock.now().as_millis());
                }
                Ok(Self::Log(log))
            }
        }
    }

    const fn stream(&self) -> &'static Stream {
        match self {
            Self::Downloads(_) => &DOWNLOADS,
            Self::Log(_) => &REQUESTS,
        }
    }

    /// How many events it will be, where that is known.
    fn planned(&self, settings: &GenerateSettings) -> Option<u64> {
        match self {
            Self::Downloads(_) => settings.events.map(|events| settings.history_events + events),
            Self::Log(log) => Some(log.requests.len() as u64),
        }
    }

    fn refused_lines(&self) -> usize {
        match self {
            Self::Downloads(_) => 0,
            Self::Log(log) => log.refused.len(),
        }
    }
}

fn read_log(path: &Path) -> Result<AccessLog, GenerateError> {
    let log = AccessLog::read(path).map_err(|source| GenerateError::Log { path: path.to_owned(), source })?;
    if let ([], Some(&(line, expected))) = (log.requests.as_slice(), log.refused.first()) {
        return Err(GenerateError::NoLog { path: path.to_owned(), lines: log.refused.len(), line, expected });
    }
    for (line, expected) in log.refused.iter().take(5) {
        tracing::warn!(file = %path.display(), line, expected, "line left out");
    }
    Ok(log)
}

/// One run from its settings to its end or a stop, whichever comes first.
struct Run<'a> {
    settings: &'a GenerateSettings,
    clock: &'a dyn Clock,
    shutdown: &'a Shutdown,
    progress: Progress,
}

impl Run<'_> {
    fn send_downloads<O: Output>(
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

    fn send_log<O: Output>(
        &mut self,
        log: &AccessLog,
        counter: &mut Counter,
        output: &mut O,
    ) -> Result<(), O::Error> {
        let mut encoder = Encoder::default();
        // Milliseconds of the log in a second.
        let pace = Pace::new(self.settings.rate.map(|factor| factor * 1e3));
        let first = log.requests.first().map_or(0, |request| request.time);
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

impl Output for Producer {
    type Error = ProduceError;

    fn next_offsets(&self) -> &[i64] {
        Self::next_offsets(self)
    }

    fn send(&mut self, partition: usize, key: &str, payload: &[u8]) -> Result<(), ProduceError> {
        Self::send(self, partition, key, payload)
    }
}
