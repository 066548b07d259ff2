use std::sync::Arc;

use common::clock::SystemClock;

use super::{Failure, shutdown_on_signals};
use crate::cli::ProcessorArgs;

pub(super) async fn run(args: &ProcessorArgs) -> Result<(), Failure> {
    let prepare = async || -> anyhow::Result<_> {
        let settings = Arc::new(args.processing.settings(
            args.streams.definitions()?,
            args.kafka.properties(),
            args.postgres.settings()?,
        ));
        ::processor::preflight(&settings).await?;
        Ok((settings, shutdown_on_signals()?))
    };
    let (settings, shutdown) = prepare().await.map_err(Failure::Refused)?;
    ::processor::run(settings, Arc::new(SystemClock), shutdown)
        .await
        .map_err(|error| Failure::Broken(error.into()))
}
