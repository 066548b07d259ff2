use anyhow::Context;
use common::{db, telemetry};

use super::{Failure, shutdown_on_signals};
use crate::cli::ApiArgs;

/// The database and the tables of the streams must be there at the start; later the database may be away for a while.
pub(super) async fn run(args: &ApiArgs) -> Result<(), Failure> {
    let prepare = async || -> anyhow::Result<_> {
        // First, as a container's first process is deaf to signals that it does not handle.
        let shutdown = shutdown_on_signals()?;
        let postgres = args.postgres.settings()?;
        let streams = args.streams.definitions()?;
        let client = db::connect(&postgres, "streampulse-preflight").await?;
        for stream in &streams {
            ::processor::check_stream(&client, stream).await?;
        }
        let pool = db::pool(&postgres, usize::from(args.serving.db_connections), "streampulse-api")?;
        let streams = streams.iter().map(|stream| (**stream).clone()).collect();
        let settings = args.serving.settings(streams, telemetry::init_metrics()?);
        let bound = ::api::bind(settings).await.context("API_PORT")?;
        Ok((bound, pool, shutdown))
    };
    let (bound, pool, shutdown) = prepare().await.map_err(Failure::Refused)?;
    bound.serve(pool, shutdown).await.map_err(|error| Failure::Broken(error.into()))
}
