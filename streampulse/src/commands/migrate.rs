use common::db;

use crate::cli::MigrateArgs;

pub(super) async fn run(args: &MigrateArgs) -> anyhow::Result<()> {
    let settings = args.postgres.settings()?;
    let definitions = args.streams.definitions()?;
    db::migrate(&settings).await?;
    let mut client = db::connect(&settings, "streampulse-migrate").await?;
    for definition in definitions {
        ::processor::install_stream(&mut client, &definition).await?;
        if let Some(group) = &args.move_to_group {
            ::processor::move_to_group(&client, &definition.name, group).await?;
        }
        tracing::info!(stream = %definition.name, "tables are in place");
    }
    Ok(())
}
