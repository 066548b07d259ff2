use std::path::Path;

use common::clock::Clock;

use crate::{
    access_log::{AccessLog, REQUESTS},
    attempt::DOWNLOADS,
    downloads::Downloads,
    generate::{GenerateError, GenerateSettings, LogTimes, Source},
    layout::Stream,
};

/// A source that has been looked at.
pub(crate) enum Traffic {
    Downloads(Box<Downloads>),
    Log(AccessLog),
}

impl Traffic {
    pub fn prepare(source: &Source, clock: &dyn Clock) -> Result<Self, GenerateError> {
        match source {
            Source::Downloads(workload) => {
                let downloads = Downloads::new(workload.clone()).map_err(GenerateError::Workload)?;
                Ok(Self::Downloads(Box::new(downloads)))
            }
            Source::AccessLog { path, times } => {
                let mut log = read_log(path)?;
                match times {
                    LogTimes::Kept => {}
                    LogTimes::EndNow => log.shift_to_end(clock.now().as_millis()),
                    LogTimes::EndIn(millis) => log.shift_to_end(clock.now().as_millis() + millis),
                }
                Ok(Self::Log(log))
            }
        }
    }

    pub const fn stream(&self) -> &'static Stream {
        match self {
            Self::Downloads(_) => &DOWNLOADS,
            Self::Log(_) => &REQUESTS,
        }
    }

    /// How many events it will be, where that is known.
    pub fn planned(&self, settings: &GenerateSettings) -> Option<u64> {
        match self {
            Self::Downloads(_) => settings.events.map(|events| settings.history_events + events),
            Self::Log(log) => Some(log.requests.len() as u64),
        }
    }

    pub fn refused_lines(&self) -> usize {
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
