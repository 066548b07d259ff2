use std::{net::SocketAddr, sync::Arc};

use ::api::Monitor;
use anyhow::Context;
use common::telemetry;

use super::{Failure, shutdown_on_signals};
use crate::cli::ProcessorArgs;

pub(super) async fn run(args: &ProcessorArgs) -> Result<(), Failure> {
    let prepare = async || -> anyhow::Result<_> {
        // First, as a container's first process is deaf to signals that it does not handle.
        let shutdown = shutdown_on_signals()?;
        let settings = Arc::new(args.processing.settings(
            args.streams.definitions()?,
            args.kafka.properties(),
            args.postgres.settings()?,
        ));
        let metrics = telemetry::init_metrics()?;
        let monitor = match args.processing.monitor_port {
            Some(port) => {
                let address = SocketAddr::new(args.processing.monitor_host, port);
                Some(Monitor::bind(address).await.context("MONITOR_PORT")?)
            }
            None => None,
        };
        ::processor::preflight(&settings).await?;
        Ok((settings, metrics, monitor, shutdown))
    };
    let (settings, metrics, monitor, shutdown) = prepare().await.map_err(Failure::Refused)?;
    let monitoring = monitor.map(|monitor| {
        let health = settings.health.clone();
        tokio::spawn(monitor.serve(metrics, Arc::new(move || health.reasons()), shutdown.clone()))
    });
    let outcome = ::processor::run(settings, args.processing.clock(), shutdown).await;
    if let Some(monitoring) = monitoring {
        monitoring.abort();
    }
    outcome.map_err(|error| Failure::Broken(error.into()))
}
