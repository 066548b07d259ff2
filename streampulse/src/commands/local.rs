//! Servers for development and for the demo.

use crate::{
    cli::MockBrokerArgs,
    local::{broker, kafka},
};

use super::shutdown_on_signals;

/// A real Kafka, until Ctrl-C.
pub(super) async fn kafka(port: u16) -> anyhow::Result<()> {
    let shutdown = shutdown_on_signals()?;
    Ok(kafka::run_in_foreground(port, async move { shutdown.wait().await }).await?)
}

/// The demo's broker, until standard input ends.
pub(super) async fn mock_broker(args: &MockBrokerArgs) -> anyhow::Result<()> {
    let topics: Vec<_> = args.topics.iter().map(|topic| (topic.clone(), args.partitions)).collect();
    Ok(tokio::task::spawn_blocking(move || broker::run_mock_broker(&topics)).await??)
}
