use common::db::{self, Roles};

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
    // Last, as it is about all tables there are.
    if let Roles::NotAllowed(words) = db::grant_roles(&client).await? {
        tracing::warn!(
            reason = words,
            "the roles streampulse_processor and streampulse_api do not have their rights; have an administrator run \
             CREATE ROLE streampulse_processor NOLOGIN; CREATE ROLE streampulse_api NOLOGIN; and migrate once more, \
             or run everything as the tables' owner"
        );
    }
    Ok(())
}
