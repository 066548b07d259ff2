//! No figure counts unless the tables are right.

use anyhow::Context;
use generator::Truth;
use schema::StreamDefinition;

/// Every cell of the definition's tables is as the generator counted it.
pub async fn assert_equal(
    client: &tokio_postgres::Client,
    definition: &StreamDefinition,
    truth: &Truth,
) -> anyhow::Result<()> {
    let report = generator::verify(client, truth, definition).await.context("comparing with the truth")?;
    anyhow::ensure!(
        report.is_equal() && report.cells > 0,
        "{} of {} cells differ from the truth: {:?}",
        report.differing,
        report.cells,
        report.differences
    );
    Ok(())
}
