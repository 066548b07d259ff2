//! From settings to a topic full of events and their truth.

use std::path::{Path, PathBuf};

use common::{clock::Clock, shutdown::Shutdown};

use crate::{
    counter::Counter,
    layout::Stream,
    lead::Lead,
    producer::{ProduceError, Producer},
    progress::Progress,
    run::Run,
    traffic::Traffic,
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
    AccessLog { path: PathBuf, times: LogTimes },
}

/// Which event times the lines of a log get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTimes {
    /// Their own.
    Kept,
    /// Moved, so that the log ends now.
    EndNow,
    /// Moved, so that the log ends in so many milliseconds: what lies before now is sent at once, the rest as its time
    /// comes.
    EndIn(i64),
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
    Prepared::look(settings, kafka, clock)?.send(clock, shutdown)
}

/// Everything is there that is needed, and nothing was sent yet.
#[allow(missing_debug_implementations, reason = "a client has no useful Debug")]
pub struct Prepared<'a> {
    settings: &'a GenerateSettings,
    traffic: Traffic,
    producer: Producer,
    counter: Counter,
}

impl<'a> Prepared<'a> {
    /// Looks at source, topic and truth file. Blocking.
    ///
    /// # Errors
    /// When one of them is not as it must be.
    pub fn look(
        settings: &'a GenerateSettings,
        kafka: &[(String, String)],
        clock: &dyn Clock,
    ) -> Result<Self, GenerateError> {
        let traffic = Traffic::prepare(&settings.source, clock)?;
        let producer = Producer::new(kafka, &settings.topic)?;
        let counter = counter(settings.truth.as_deref(), traffic.stream(), producer.next_offsets())?;
        Ok(Self { settings, traffic, producer, counter })
    }

    /// Never further ahead of the reader than `lead` allows.
    #[must_use]
    pub fn within(self, lead: Lead) -> Self {
        Self { producer: self.producer.within(lead), ..self }
    }

    /// As [`generate`] does.
    ///
    /// # Errors
    /// When the reader of a lead is gone, a record cannot be delivered, or the truth cannot be written.
    pub fn send(self, clock: &dyn Clock, shutdown: &Shutdown) -> Result<Summary, GenerateError> {
        let Self { settings, mut traffic, mut producer, mut counter } = self;
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
