use std::sync::Arc;

use anyhow::bail;
use common::db::{self, DbError, PgSettings, Roles};
use processor::InstallError;
use schema::StreamDefinition;
use tokio_postgres::Client;

use super::Failure;
use crate::cli::MigrateArgs;

pub(super) async fn run(args: &MigrateArgs) -> Result<(), Failure> {
    let prepare = async || -> anyhow::Result<_> {
        let settings = args.postgres.settings()?;
        let definitions = args.streams.definitions()?;
        let client = db::connect(&settings, "streampulse-migrate").await?;
        // Before anything is changed for one of them.
        for definition in &definitions {
            refuse(&client, definition).await?;
        }
        Ok((settings, definitions, client))
    };
    let (settings, definitions, mut client) = prepare().await.map_err(Failure::Refused)?;
    change(args, &settings, (&definitions, &mut client)).await.map_err(Failure::Broken)
}

/// Refuses tables that a newer program has made, and those of another definition of the stream.
async fn refuse(client: &Client, definition: &StreamDefinition) -> anyhow::Result<()> {
    match ::processor::check_stream(client, definition).await {
        Err(InstallError::Db(DbError::SchemaVersion { found, needed })) if found > needed => bail!(
            "the database has schema version {found}, and this program knows none above {needed}; a newer program has \
             migrated it: use that one"
        ),
        // What is missing or older is what this command is for.
        Ok(()) | Err(InstallError::Db(DbError::SchemaVersion { .. }) | InstallError::NotInstalled { .. }) => {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn change(
    args: &MigrateArgs,
    settings: &PgSettings,
    (definitions, client): (&[Arc<StreamDefinition>], &mut Client),
) -> anyhow::Result<()> {
    db::migrate(settings).await?;
    for definition in definitions {
        ::processor::install_stream(client, definition).await?;
        if let Some(group) = &args.move_to_group {
            ::processor::move_to_group(client, &definition.name, group).await?;
        }
        tracing::info!(stream = %definition.name, "tables are in place");
    }
    // Last, as it is about all tables there are.
    if let Roles::NotAllowed(words) = db::grant_roles(client).await? {
        tracing::warn!(
            reason = words,
            "the roles streampulse_processor and streampulse_api do not have their rights; have an administrator run \
             CREATE ROLE streampulse_processor NOLOGIN; CREATE ROLE streampulse_api NOLOGIN; and migrate once more, \
             or run everything as the tables' owner"
        );
    }
    Ok(())
}
