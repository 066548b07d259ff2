//! Logs to standard error, metrics in Prometheus form.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Buckets for everything measured in seconds: 1 ms to 60 s.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("LOG_LEVEL '{level}' is not a level (error, warn, info, debug, trace) or a filter: {source}")]
    Level { level: String, source: tracing_subscriber::filter::ParseError },
    #[error("logging is set up already")]
    Twice,
    #[error("metrics recorder: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Sends logs of `level` and above to standard error: as text to a terminal, else as JSON lines.
///
/// # Errors
/// When `level` cannot be read or a subscriber is installed already.
pub fn init_logs(level: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(level)
        .map_err(|source| TelemetryError::Level { level: level.to_owned(), source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).try_init().map_err(|_| TelemetryError::Twice)
    } else {
        builder.json().flatten_event(true).try_init().map_err(|_| TelemetryError::Twice)
    }
}

/// Installs the process-wide recorder; the handle renders what `/metrics` answers.
///
/// # Errors
/// When a recorder is installed already.
pub fn init_metrics() -> Result<PrometheusHandle, TelemetryError> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?)
}
