use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use common::db;
use generator::{Truth, verify};

use super::Failure;
use crate::cli::VerifyArgs;

/// Between two comparisons while waiting.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

pub(super) async fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let prepare = async || -> anyhow::Result<_> {
        let truth = Truth::load(&args.truth)?;
        let definitions = args.streams.definitions()?;
        let definition = definitions
            .into_iter()
            .find(|definition| definition.name == truth.stream)
            .with_context(|| format!("the truth is of stream '{0}'; give --stream {0}", truth.stream))?;
        let client = db::connect(&args.postgres.settings()?, "streampulse-verify").await?;
        ::processor::check_stream(&client, &definition).await?;
        let report = verify(&client, &truth, &definition).await?;
        Ok((truth, definition, client, report))
    };
    let (truth, definition, client, mut report) = prepare().await.map_err(Failure::Refused)?;
    let deadline = Instant::now() + args.wait.as_duration();
    while !report.is_equal() && Instant::now() < deadline {
        tokio::time::sleep(LOOK_AGAIN).await;
        report = verify(&client, &truth, &definition).await.map_err(|error| Failure::Broken(error.into()))?;
    }
    if report.is_equal() {
        println!("equal: {} cells of {} events", report.cells, truth.events);
        return Ok(());
    }
    for difference in &report.differences {
        println!("{difference}");
    }
    Err(Failure::Broken(anyhow!("{} of {} cells differ from the truth", report.differing, report.cells)))
}
