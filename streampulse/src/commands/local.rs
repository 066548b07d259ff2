//! Servers for development and for the demo.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener},
};

use anyhow::Context;
use common::shutdown::Shutdown;

use super::{Failure, shutdown_on_signals};
use crate::{
    cli::MockBrokerArgs,
    local::{broker, kafka::RealKafka},
};

/// A real Kafka, until Ctrl-C; leaves nothing behind.
pub(super) async fn kafka(port: u16) -> Result<(), Failure> {
    let prepare = async || -> anyhow::Result<_> {
        let shutdown = shutdown_on_signals()?;
        // Kafka itself takes seconds to find that out, and whoever has the port may answer in its name meanwhile.
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("cannot listen on 127.0.0.1:{port}; choose another port with --port"))?;
        Ok((RealKafka::start_on(port).await?, shutdown))
    };
    let (kafka, shutdown) = prepare().await.map_err(Failure::Refused)?;
    serve(kafka, &shutdown).await.map_err(Failure::Broken)
}

async fn serve(mut kafka: RealKafka, shutdown: &Shutdown) -> anyhow::Result<()> {
    // Not println!, which panics when nobody reads it.
    writeln!(std::io::stdout(), "KAFKA_BOOTSTRAP_SERVERS={}", kafka.bootstrap_servers())
        .context("cannot print the address")?;
    tokio::select! {
        () = shutdown.wait() => Ok(kafka.stop().await?),
        ended = kafka.ended() => Err(ended.into()),
    }
}

/// The demo's broker, until standard input ends.
pub(super) async fn mock_broker(args: &MockBrokerArgs) -> anyhow::Result<()> {
    let topics: Vec<_> = args.topics.iter().map(|topic| (topic.clone(), args.partitions)).collect();
    Ok(tokio::task::spawn_blocking(move || broker::run_mock_broker(&topics)).await??)
}
